// How scores are printed.
import type { EvaluateResult } from '../run/types.js';
import type { Table } from './output.js';

/** A score with enough digits for percentages as well as for rates below 1. */
export function scoreText(score: number): string {
  return Math.abs(score) >= 1 ? score.toFixed(2) : score.toFixed(4);
}

/** Scores with what makes them comparable, one metric a row. */
export function scoreTable(metrics: EvaluateResult['metrics']): Table {
  const rows = Object.entries(metrics).map(([name, { score, signature }]) => [name, scoreText(score), signature ?? '']);
  return { heading: ['METRIC', 'SCORE', 'SIGNATURE'], rows, right: [1] };
}
