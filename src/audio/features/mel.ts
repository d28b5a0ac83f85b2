// Triangular mel filter banks, as Kaldi, HTK and Slaney's Auditory Toolbox define them.

import { type FeaturesConfig, hertzToMel, highestFrequency, type MelScale, melToHertz } from '../config.js';

/** One triangular filter: the weights of the bins from `start` on; the others are 0. */
export interface MelFilter {
  readonly start: number;
  readonly weights: Float32Array;
}

/** What a bank of filters is made of. */
export interface MelBankOptions {
  readonly filters: number;
  /** Samples of a spectrum's frame. */
  readonly fftSize: number;
  /** Hz */
  readonly sampleRate: number;
  /** Lower and upper edge in Hz. */
  readonly low: number;
  readonly high: number;
  readonly scale: MelScale;
  /** `slaney` gives every filter the same area. */
  readonly norm?: 'slaney' | 'none' | undefined;
}

/** The bank of features of kind logMel. */
export function logMelBank(config: FeaturesConfig): MelBankOptions {
  const { numMelBins, fftSize, sampleRate, lowFreq, melScale, melNorm } = config;
  const high = highestFrequency(config);
  return { filters: numMelBins, fftSize, sampleRate, low: lowFreq, high, scale: melScale, norm: melNorm };
}

/** Edges of the triangles, equally spaced in mel, and the places of the bins on the same axis. */
function geometry({ filters, fftSize, sampleRate, low, high, scale }: MelBankOptions) {
  const isKaldi = scale === 'kaldi';
  const [lowest, highest] = [hertzToMel(low, scale), hertzToMel(high, scale)];
  const step = (highest - lowest) / (filters + 1);
  const edges = Float64Array.from({ length: filters + 2 }, (_, i) => {
    // Rounding must not put the highest bin below the upper edge.
    if (i > filters) return isKaldi ? highest : high;
    return isKaldi ? lowest + i * step : melToHertz(lowest + i * step, scale);
  });
  const place = (bin: number): number => {
    const hertz = (bin * sampleRate) / fftSize;
    return isKaldi ? hertzToMel(hertz, scale) : hertz;
  };
  return { edges, place, bins: Math.floor(fftSize / 2) + (isKaldi ? 0 : 1) };
}

/** What the triangle of filter `i` is multiplied by. */
function filterScale(edges: Float64Array, i: number, norm: MelBankOptions['norm']): number {
  return norm === 'slaney' ? 2 / ((edges[i + 2] as number) - (edges[i] as number)) : 1;
}

/**
 * Triangular filters whose edges are equally spaced in mel. Kaldi's triangles are straight in mel and leave the highest bin
 * out, the others' are straight in hertz (librosa's `filters.mel`, torchaudio's `melscale_fbanks`).
 */
export function melBank(options: MelBankOptions): MelFilter[] {
  const { edges, place, bins } = geometry(options);
  return Array.from({ length: options.filters }, (_, i) => {
    const [left, centre, right] = [edges[i] as number, edges[i + 1] as number, edges[i + 2] as number];
    const scale = filterScale(edges, i, options.norm);
    const weights = Array.from({ length: bins }, (_bin, bin) => {
      const at = place(bin);
      return Math.max(0, Math.min((at - left) / (centre - left), (right - at) / (right - centre))) * scale;
    });
    const start = weights.findIndex((weight) => weight > 0);
    const end = weights.findLastIndex((weight) => weight > 0) + 1;
    return { start: Math.max(start, 0), weights: Float32Array.from(weights.slice(Math.max(start, 0), end)) };
  });
}

/**
 * Prepares the sums of a spectrum under all filters of {@link melBank}. Where the triangle of one filter falls, that of the next
 * rises, and both make up 1; so each bin is looked at once: what does not go to the next filter goes to this one.
 *
 * @returns a function that writes the sums into `out` from `at` on
 */
export function melProjection(
  options: MelBankOptions,
): (spectrum: Float32Array, out: Float32Array, at: number) => void {
  const { filters, norm } = options;
  const { edges, place, bins } = geometry(options);
  // Bins bounds[i] … bounds[i + 1] − 1 lie from edge i to edge i + 1.
  const bounds = Int32Array.from(edges, (edge) => {
    let bin = 0;
    while (bin < bins && place(bin) < edge) bin++;
    return bin;
  });
  const rises = new Float64Array(bins);
  for (let i = 0; i <= filters; i++) {
    const [left, right] = [edges[i] as number, edges[i + 1] as number];
    for (let k = bounds[i] as number; k < (bounds[i + 1] as number); k++) rises[k] = (place(k) - left) / (right - left);
  }
  const scales = Float64Array.from({ length: filters }, (_, i) => filterScale(edges, i, norm));
  return (spectrum, out, at) => {
    let rising = 0;
    for (let i = 0; i <= filters; i++) {
      const end = bounds[i + 1] as number;
      let all = 0;
      let next = 0;
      for (let k = bounds[i] as number; k < end; k++) {
        const value = spectrum[k] as number;
        all += value;
        next += (rises[k] as number) * value;
      }
      if (i > 0) out[at + i - 1] = (rising + (all - next)) * (scales[i - 1] as number);
      rising = next;
    }
  };
}
