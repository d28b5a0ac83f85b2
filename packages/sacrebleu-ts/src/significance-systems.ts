// Scores of several systems beside each other, without a test, as sacreBLEU's command prints them.
import type { Metric, Reference } from './metric.js';
import type { System } from './significance.js';
import { drawGrid, drawLatex, layOut, listSignatures, type Table } from './significance-grid.js';
import { pythonText } from './significance-json.js';
import type { PairedTestFormat } from './significance-table.js';

type Streams = readonly (readonly Reference[])[];

/** Signatures of the metrics and, a row a system, the scores as they are printed. */
function scoreAll(systems: readonly System[], references: Streams, metrics: readonly Metric[], width: number) {
  if (systems.length === 0) throw new RangeError('systems: expected at least one, found none');
  if (metrics.length === 0) throw new RangeError('metrics: expected at least one, found none');
  const scores = systems.map(({ hypotheses }) => metrics.map((metric) => metric.corpusScore(hypotheses, references)));
  return {
    signatures: scores[0]!,
    rows: scores.map((row, i) => [systems[i]!.name, ...row.map((score) => score.format({ width, scoreOnly: true }))]),
  };
}

function write(
  draw: (table: Table) => string,
  { signatures, rows }: ReturnType<typeof scoreAll>,
  short: boolean,
): string {
  const titles = ['System', ...signatures.map(({ name }) => name)];
  const table = layOut([titles, ...rows].map((row) => row.map((cell) => [cell.trim()])));
  return `${draw(table)}\n\n${listSignatures(signatures, short)}`;
}

/**
 * A table of systems' scores and the signatures, as sacreBLEU's command prints them without colours for `--format text`.
 *
 * @param references one array a reference stream, as in {@link Metric.corpusScore}.
 * @throws RangeError without systems or metrics, or as {@link Metric.corpusScore}
 */
export function systemsText(
  systems: readonly System[],
  references: Streams,
  metrics: readonly Metric[],
  { width = 1, short = false }: PairedTestFormat = {},
): string {
  return write(drawGrid, scoreAll(systems, references, metrics, width), short);
}

/** The same with the table in LaTeX, as for `--format latex`. @throws RangeError as {@link systemsText} */
export function systemsLatex(
  systems: readonly System[],
  references: Streams,
  metrics: readonly Metric[],
  { width = 1, short = false }: PairedTestFormat = {},
): string {
  return write(drawLatex, scoreAll(systems, references, metrics, width), short);
}

/**
 * Systems' scores as sacreBLEU's command prints them for `--format json`: an array with an object a system, in which scores
 * are rounded and texts. @throws RangeError as {@link systemsText}
 */
export function systemsJson(
  systems: readonly System[],
  references: Streams,
  metrics: readonly Metric[],
  { width = 1 }: PairedTestFormat = {},
): string {
  const { signatures, rows } = scoreAll(systems, references, metrics, width);
  const keys = ['system', ...signatures.map(({ name }) => name)];
  const objects = rows.map((row) => {
    const fields = row.map((cell, i) => `        ${pythonText(keys[i]!)}: ${pythonText(cell)}`);
    return `    {\n${fields.join(',\n')}\n    }`;
  });
  return `[\n${objects.join(',\n')}\n]`;
}
