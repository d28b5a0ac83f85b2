// For the tests of sampling: the exact distribution of outputs, and how far counts may be from it.
import type { Table } from './table-model.js';
import { END } from './table-model.js';

/** An output with its probability. */
export interface Likely {
  readonly tokens: readonly number[];
  readonly probability: number;
}

/**
 * Every output and its probability when tokens are drawn from `reshape`d distributions and outputs are ended at `maxLength`; found
 * without any of the code under test.
 */
export function allOutputs(
  table: Table,
  maxLength: number,
  reshape: (probabilities: number[], prefix: readonly number[]) => number[] = (it) => it,
): Likely[] {
  const outputs: Likely[] = [];
  const visit = (prefix: number[], probability: number): void => {
    if (prefix.length === maxLength) {
      outputs.push({ tokens: prefix, probability });
      return;
    }
    const raw = reshape(Array.from(table(prefix), Math.exp), prefix);
    const sum = raw.reduce((a, b) => a + b);
    for (const [token, value] of raw.entries()) {
      if (value === 0) continue;
      const product = (probability * value) / sum;
      if (token === END) outputs.push({ tokens: prefix, probability: product });
      else visit([...prefix, token], product);
    }
  };
  visit([], 1);
  return outputs;
}

/**
 * How unlikely it is that counts come from probabilities: Pearson's chi-square as standard deviations from what is expected (Wilson and
 * Hilferty's approximation). Cells that expect fewer than 5 are put together.
 */
export function chiSquareZ(counts: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>): number {
  const draws = [...counts.values()].reduce((a, b) => a + b);
  let [square, cells, restExpected, restFound] = [0, 0, 0, 0];
  for (const [key, probability] of expected) {
    const mean = draws * probability;
    const found = counts.get(key) ?? 0;
    if (mean < 5) {
      restExpected += mean;
      restFound += found;
      continue;
    }
    square += (found - mean) ** 2 / mean;
    cells++;
  }
  if (restExpected > 0) {
    square += (restFound - restExpected) ** 2 / restExpected;
    cells++;
  }
  const freedom = cells - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(square / freedom) - (1 - spread)) / Math.sqrt(spread);
}

/** Counts how often each key occurs. */
export function countsOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
