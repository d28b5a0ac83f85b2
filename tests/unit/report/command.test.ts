// `s2s report` on the command line: what the library is asked, and what is printed where.
import { describe, expect, it } from 'vitest';
import { record } from '../cli/recording.js';

describe('s2s report', () => {
  it('passes its options on and prints where the page is', async () => {
    const { code, calls, stdout, stderr } = await record(['report', 'run']);
    expect({ code, calls, stdout }).toEqual({
      code: 0,
      calls: [{ engine: 'auto', run: 'run' }],
      stdout: 'run/report.html\n',
    });
    expect(stderr).toBe('7 charts, 3 samples, attention of 1 example; 212 kB\n');
    const line = 'report run --output page.html --examples 0 --checkpoint latest --engine cpu --quiet';
    const all = await record(line.split(' '));
    expect(all.calls).toEqual([
      { run: 'run', output: 'page.html', examples: 0, checkpoint: 'latest', engine: 'cpu', quiet: true },
    ]);
    expect(all.stderr).toBe('');
  });

  it('reports as JSON, and leaves standard output to the page where that goes there', async () => {
    expect(JSON.parse((await record(['report', 'run', '--json'])).stdout)).toMatchObject({
      output: 'run/report.html',
      charts: 7,
    });
    expect((await record(['report', 'run', '--output', '-'])).stdout).toBe('');
    const both = await record(['report', 'run', '--output', '-', '--json']);
    expect(both).toMatchObject({ code: 2, calls: [] });
    expect(both.stderr).toContain('both want standard output');
  });

  it('refuses what makes no sense', async () => {
    expect(await record(['report'])).toMatchObject({ code: 2, calls: [] });
    expect(await record(['report', 'run', '--examples', 'all'])).toMatchObject({ code: 2, calls: [] });
  });
});
