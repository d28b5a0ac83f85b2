// The whole page: what is on it, what is not, and that nothing gets out of its place or in from elsewhere.
import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/report/render.js';
import type { ReportRecord } from '../../../src/report/types.js';
import { HOSTILE, reportData } from './data.js';

const headings = (html: string): string[] => [...html.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map((match) => match[1] ?? '');

describe('renderReport', () => {
  const page = renderReport(reportData());

  it('shows everything there is', () => {
    expect(headings(page.html)).toEqual([
      'Learning',
      'Validation',
      'Optimizer and speed',
      'Sampled outputs',
      'Attention',
      'Configuration',
    ]);
    expect(page).toMatchObject({ charts: 12, samples: 2 });
    expect(page.html).toMatch(/<dt>Best BLEU<\/dt><dd>35<small>validation at step 1,750<\/small>/);
    expect(page.html).toContain('<dt>Steps</dt><dd>2,000<small>in epoch 5, 1 skipped</small>');
    // 100 s before the resume and 100 s after it.
    expect(page.html).toContain('<dt>Training time</dt><dd>3 min 20 s</dd>');
    expect(page.html).toContain('<td dir="auto"><mark>ein</mark> ein</td>');
    expect(page.html).toContain('All 8 validations as a table');
    expect(page.html).toMatch(/aria-label="Loss: training from 5\.9000 at step 50 to 2\.0000 at step 2000;/);
  });

  it('shows nothing where there is nothing', () => {
    const records: ReportRecord[] = [{ step: 10, event: 'train', loss: 2 }];
    const { html, charts, samples } = renderReport(reportData({ records, attention: [] }));
    expect(headings(html)).toEqual(['Learning', 'Configuration']);
    expect({ charts, samples }).toEqual({ charts: 1, samples: 0 });
    expect(html).not.toContain('<dialog');
    const empty = renderReport(reportData({ records: [], attention: [] }));
    expect(headings(empty.html)).toEqual(['Configuration']);
    expect(empty.html).toContain('Nothing has been logged yet');
  });

  it('writes the same page for the same data', () => {
    expect(renderReport(reportData()).html).toBe(page.html);
  });

  it('keeps text from data what it is', () => {
    const records = [...reportData().records, { step: 3000, event: 'validation', [HOSTILE]: 1, best: false }];
    const { html } = renderReport(
      reportData({ records, name: HOSTILE, task: HOSTILE, notes: [HOSTILE], writtenBy: HOSTILE }),
    );
    // Our two scripts and nothing that data brought along.
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp;');
  });

  it('lets only its own script run and loads nothing', () => {
    const program = /<script>([\s\S]*?)<\/script>/.exec(page.html)?.[1] ?? '';
    expect(() => new Script(program)).not.toThrow();
    const hash = createHash('sha256').update(program).digest('base64');
    expect(page.html).toContain(`script-src 'sha256-${hash}'`);
    expect(page.html).toContain("default-src 'none'");
    expect(page.html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    expect(
      [...page.html.matchAll(/ (?:src|href)="([^"]{0,5})/g)].every(([, url]) => /^(data:|#)/.test(url ?? '')),
    ).toBe(true);
  });

  it('gives the page data that it can read back', () => {
    const text = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(page.html)?.[1] ?? '';
    const data = JSON.parse(text);
    expect(data).toMatchObject({ span: [0, 2000], skipped: [690], resumed: [1050] });
    expect(data.charts).toHaveLength(12);
    expect(page.html.match(/data-chart=/g)).toHaveLength(12);
  });

  it('stays below 3 MB for a long run', () => {
    const records = Array.from({ length: 40_000 }, (_, i): ReportRecord => {
      const value = 1 + Math.sin(i) / 3;
      const time = { seconds: i / 3, tokensPerSecond: 6000 * value, dataWait: value / 100 };
      return {
        ...{ step: (i + 1) * 50, event: 'train', loss: value, learningRate: value / 1000, gradientNorm: value, time },
        ...{ reward: value, rewardDeviation: value / 5, baseline: value, sampleLength: 20 * value },
      };
    });
    const { html } = renderReport(reportData({ records }));
    expect(html.length).toBeLessThan(3e6);
    expect(html).toContain('all are in metrics.jsonl');
  });
});
