// Time derivatives of features, as Kaldi's add-deltas and torchaudio's compute_deltas make them.
import type { Features } from '../types.js';

/**
 * Appends derivatives of orders 1 … `order`: `d[t] = Σ_n n·(c[t+n] − c[t−n]) / (2·Σ_n n²)`, n = 1 … window, with the first and
 * last frames repeated beyond the ends. A derivative of order 2 is that of the first with the composed filter, as in Kaldi.
 */
export function addDeltas({ data, frames, dim }: Features, order: number, window: number): Features {
  if (order === 0) return { data, frames, dim };
  const width = dim * (order + 1);
  const result = new Float32Array(frames * width);
  let filter = Float64Array.of(1);
  for (let k = 0; k <= order; k++) {
    if (k > 0) filter = derived(filter, window);
    const reach = (filter.length - 1) / 2;
    for (let t = 0; t < frames; t++) {
      for (let j = 0; j < dim; j++) {
        let sum = 0;
        for (let n = -reach; n <= reach; n++) {
          const at = Math.min(Math.max(t + n, 0), frames - 1);
          sum += (filter[n + reach] as number) * (data[at * dim + j] as number);
        }
        result[t * width + k * dim + j] = sum;
      }
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
