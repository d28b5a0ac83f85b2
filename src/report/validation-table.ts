// The validations of a run as a table, for those who want the numbers.
import { numberOf } from './history.js';
import { escapeHtml, grouped } from './html.js';
import type { ReportRecord } from './types.js';

/** Rows that a page holds; of more, every so many are shown, and the best ones. */
const MOST_ROWS = 400;

const NO_COLUMN = new Set(['step', 'event', 'time', 'best']);

/** A folded table; nothing where there are no validations. */
export function validationTable(validations: readonly ReportRecord[]): string {
  if (validations.length === 0) return '';
  const names = [...new Set(validations.flatMap(Object.keys))].filter((name) => !NO_COLUMN.has(name));
  const every = Math.ceil(validations.length / MOST_ROWS);
  const shown = validations.filter(({ best }, i) => i % every === 0 || best === true || i === validations.length - 1);
  const cell = (value: unknown): string => {
    const number = numberOf(value);
    if (value === undefined) return '<td></td>';
    return `<td>${Number.isFinite(number) ? number.toFixed(4) : escapeHtml(String(value))}</td>`;
  };
  const rows = shown.map((record) => {
    const cells = names.map((name) => cell(record[name])).join('');
    return `<tr${record.best === true ? ' class="is-best"' : ''}><th scope="row">${record.step}</th>${cells}</tr>`;
  });
  const count =
    shown.length === validations.length
      ? `All ${grouped(shown.length)} validations`
      : `${grouped(shown.length)} of ${grouped(validations.length)} validations: every ${grouped(every)}th, and those that were the best`;
  return `
<details><summary>${count} as a table</summary>
<div class="card"><p class="about">Coloured rows were the best so far.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Validations"><table class="numbers">
<thead><tr><th scope="col">step</th>${names.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div></div>
</details>`;
}
