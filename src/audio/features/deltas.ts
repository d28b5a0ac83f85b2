// Time derivatives of features, as Kaldi's add-deltas makes them.
import type { Features } from '../types.js';

/**
 * Appends derivatives of orders 1 … `order`: `d[t] = Σ_n n·(c[t+n] − c[t−n]) / (2·Σ_n n²)`, n = 1 … window, with the first and
 * last frames repeated beyond the ends. A derivative of order 2 is that of the first with the composed filter, as in Kaldi;
 * torchaudio's `compute_deltas` (win_length = 2·window + 1), applied twice, differs within 2·window frames of the ends, where it
 * repeats derivatives in place of frames.
 *
 * @returns `[frames, (order + 1)·dim]`; the features themselves for order 0
 */
export function addDeltas(features: Features, order: number, window: number): Features {
  if (order === 0) return features;
  const { data, frames, dim } = features;
  const width = dim * (order + 1);
  const result = new Float32Array(frames * width);
  for (let t = 0; t < frames; t++) result.set(data.subarray(t * dim, (t + 1) * dim), t * width);
  const row = new Float64Array(dim);
  let filter = Float64Array.of(1);
  for (let k = 1; k <= order; k++) {
    filter = derived(filter, window);
    const reach = (filter.length - 1) / 2;
    for (let t = 0; t < frames; t++) {
      row.fill(0);
      for (let n = -reach; n <= reach; n++) {
        const weight = filter[n + reach] as number;
        const at = Math.min(Math.max(t + n, 0), frames - 1) * dim;
        for (let j = 0; j < dim; j++) row[j] = (row[j] as number) + weight * (data[at + j] as number);
      }
      result.set(row, t * width + k * dim);
    }
  }
  return { data: result, frames, dim: width };
}

/** The filter of the next order. */
function derived(filter: Float64Array, window: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(filter.length + 2 * window);
  let norm = 0;
  for (let n = 1; n <= window; n++) norm += 2 * n * n;
  for (let n = -window; n <= window; n++) {
    filter.forEach((value, i) => {
      result[i + n + window] = (result[i + n + window] as number) + (n * value) / norm;
    });
  }
  return result;
}
