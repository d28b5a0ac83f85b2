// Triangular mel filter banks, as Kaldi, HTK and Slaney's Auditory Toolbox define them.

import { hertzToMel, type MelScale, melToHertz } from '../config.js';

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

/**
 * Triangular filters whose edges are equally spaced in mel. Kaldi's triangles are straight in mel and leave the highest bin
 * out, the others' are straight in hertz (librosa, torchaudio).
 */
export function melBank(options: MelBankOptions): MelFilter[] {
  const { filters, fftSize, sampleRate, low, high, scale, norm } = options;
  const lowest = hertzToMel(low, scale);
  const step = (hertzToMel(high, scale) - lowest) / (filters + 1);
  const isKaldi = scale === 'kaldi';
  const bins = isKaldi ? fftSize / 2 : Math.floor(fftSize / 2) + 1;
  const place = isKaldi
    ? (bin: number) => hertzToMel((bin * sampleRate) / fftSize, scale)
    : (bin: number) => (bin * sampleRate) / fftSize;
  const edge = (i: number): number => (isKaldi ? lowest + i * step : melToHertz(lowest + i * step, scale));
  return Array.from({ length: filters }, (_, i) => {
    const [left, centre, right] = [edge(i), edge(i + 1), edge(i + 2)];
    const scaleBy = norm === 'slaney' ? 2 / (right - left) : 1;
    const weights = Array.from({ length: bins }, (_bin, bin) => {
      const at = place(bin);
      const rising = (at - left) / (centre - left);
      const falling = (right - at) / (right - centre);
      return Math.max(0, Math.min(rising, falling)) * scaleBy;
    });
    const start = weights.findIndex((weight) => weight > 0);
    const end = weights.findLastIndex((weight) => weight > 0) + 1;
    return { start: Math.max(start, 0), weights: Float32Array.from(weights.slice(Math.max(start, 0), end)) };
  });
}

/** Σ weights · spectrum of every filter, written into `out` from `at` on. */
export function applyMelBank(bank: readonly MelFilter[], spectrum: Float32Array, out: Float32Array, at: number): void {
  for (let i = 0; i < bank.length; i++) {
    const { start, weights } = bank[i] as MelFilter;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (spectrum[start + k] as number);
    out[at + i] = sum;
  }
}
