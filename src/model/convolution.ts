// Convolution over time with the whole width, as one matrix product.
import { add, concat, matMul, pad, reshape, slice, type Tensor } from '../engine/ops.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** Weight `[k·C, C′]` and bias of a convolution; row `i·C + c` of the weight belongs to tap i and input channel c. */
export const convolutionEntries = (name: string, kernel: number, from: number, to: number): ParameterEntry[] =>
  linearEntries(name, kernel * from, to);

/**
 * `y[b, t] = bias + Σᵢ x[b, t + i − (k−1)/2] · Wᵢ`, zeros before and behind (as PyTorch's `Conv1d` with `padding = (k−1)/2`).
 * @param x `[B, L, C]`, zeros at padding
 * @param kernel k, odd
 * @returns `[B·L, C′]`
 */
export function convolve(scope: Scope, name: string, x: Tensor, kernel: number): Tensor {
  const [batch, length, channels] = x.shape as [number, number, number];
  const margin = (kernel - 1) / 2;
  const padded = pad(x, [
    [0, 0],
    [margin, margin],
    [0, 0],
  ]);
  const taps = Array.from({ length: kernel }, (_, i) => slice(padded, [0, i, 0], x.shape));
  // [B·L, k·C]
  const patches = reshape(concat(taps, 2), [batch * length, kernel * channels]);
  return add(matMul(patches, scope.parameter(`${name}.weight`)), scope.parameter(`${name}.bias`));
}
