// Reads the numbers that PyTorch computed; see tests/reference/torch/README.md.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HostTensor } from '../../../src/engine/types.js';

/** A tensor as the files hold it: flat and row-major, float64. */
export interface ReferenceTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Parses `tests/reference/torch/<name>.json`. */
export function reference<T>(name: string): T {
  const file = fileURLToPath(new URL(`../../reference/torch/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** As float32. */
export const floatTensor = ({ shape, data }: ReferenceTensor): HostTensor => ({ shape, data: Float32Array.from(data) });

/** As int32. */
export const intTensor = ({ shape, data }: ReferenceTensor): HostTensor => ({ shape, data: Int32Array.from(data) });

/** Largest |ours − theirs|, relative to the largest of theirs where that is above 1; infinite where the shapes differ. */
export function distance(ours: HostTensor | undefined, theirs: ReferenceTensor): number {
  if (ours?.shape.join() !== theirs.shape.join()) return Number.POSITIVE_INFINITY;
  const scale = theirs.data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1);
  return theirs.data.reduce((most, x, i) => Math.max(most, Math.abs(x - (ours.data[i] ?? Number.NaN)) / scale), 0);
}
