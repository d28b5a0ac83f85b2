// Reading the reference numbers of other programs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Features } from '../../../../src/audio/types.js';

/** Some rows of a matrix. */
export interface Rows {
  readonly shape: readonly [number, number];
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

/** A file of `tests/reference/audio-features`. */
export const reference = <T>(name: string): T =>
  JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../../reference/audio-features/${name}.json`, import.meta.url)), 'utf8'),
  ) as T;

/** Samples in [−1, 1] of base64 of 16-bit samples. */
export function samplesOf(pcm16: string): Float32Array {
  const bytes = Buffer.from(pcm16, 'base64');
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i) / 32768);
}

/** Largest difference of the rows given; NaN if a number is missing. */
export function distance({ rows }: Pick<Rows, 'rows'>, { data, dim }: Features): number {
  let largest = 0;
  for (const [row, values] of Object.entries(rows)) {
    values.forEach((value, j) => {
      largest = Math.max(largest, Math.abs((data[Number(row) * dim + j] ?? Number.NaN) - value));
    });
  }
  return largest;
}
