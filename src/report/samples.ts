// Sampled outputs over time: what the model made of the same few inputs at every validation.
import { escapeHtml } from './html.js';
import type { ReportRecord } from './types.js';
import { agreement } from './words.js';

/** An output that stayed the same from one step to another. */
interface Stage {
  from: number;
  to: number;
  readonly output: string;
}

interface Sample {
  readonly source: string;
  readonly reference: string;
  /** In the order of steps. */
  readonly stages: Stage[];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The samples of all records, each with what became of it. */
export function samplesOf(records: readonly ReportRecord[]): Sample[] {
  const found = new Map<string, Sample>();
  for (const { step, samples } of records) {
    for (const item of Array.isArray(samples) ? samples : []) {
      if (typeof item !== 'object' || item === null) continue;
      const { source, reference, output } = item as Record<string, unknown>;
      const key = JSON.stringify([source, reference]);
      const sample = found.get(key) ?? { source: textOf(source), reference: textOf(reference), stages: [] };
      found.set(key, sample);
      const last = sample.stages.at(-1);
      if (last && last.output === textOf(output)) last.to = step;
      else sample.stages.push({ from: step, to: step, output: textOf(output) });
    }
  }
  return [...found.values()];
}

function outputHtml(reference: string, output: string): string {
  if (output.trim() === '') return '<span class="nothing">nothing</span>';
  return agreement(reference, output)
    .map(({ text, agrees }) => (agrees ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text)))
    .join('');
}

function panelHtml({ source, reference, stages }: Sample, index: number): string {
  const rows = stages.toReversed().map(({ from, to, output }) => {
    const steps = from === to ? String(from) : `${from} – ${to}`;
    return `<tr><th scope="row">${steps}</th><td dir="auto">${outputHtml(reference, output)}</td></tr>`;
  });
  return `<div class="panel" id="sample-${index + 1}">
<h3>Sample ${index + 1}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Outputs of sample ${index + 1}">
<table class="outputs">
<thead><tr><th scope="row">source</th><td dir="auto">${escapeHtml(source)}</td></tr>
<tr class="reference"><th scope="row">reference</th><td dir="auto">${escapeHtml(reference)}</td></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>
</div>
</div>`;
}

/** The section's inside. */
export function samplesHtml(samples: readonly Sample[]): string {
  return `<p class="about">The same inputs at every validation, by step, the latest first; equal outputs in a row are one line.
<mark>Marked words</mark> agree with the reference, in order.</p>
<div class="tabs" data-tabs>
${samples.map(panelHtml).join('\n')}
</div>`;
}
