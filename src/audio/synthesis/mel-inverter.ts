// From mel spectrograms back to magnitudes of the transform.
import { ConfigError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import { logMelBank, melBank } from '../features/mel.js';
import type { Features } from '../types.js';

/** Improvements of each frame; magnitudes then have the sums wanted, to 1e-3 in the logarithm. Powers spread wider. */
const STEPS = { magnitude: 20, power: 60 };
/** What quotients are made of at least. */
const TINY = 1e-30;

/** Magnitudes of the transform, before any filters. */
export interface Magnitudes {
  /** `[frames, fftSize/2 + 1]` */
  readonly magnitudes: Float32Array;
  readonly frames: number;
}

/**
 * Prepares the way back from features of kind `logMel` to magnitudes: undoes the logarithm, finds spectra that are nowhere
 * negative and have these sums under the filters, and undoes the power.
 *
 * Many spectra have the same sums. The one found begins with what each filter says of its bins, and is improved by Lee and
 * Seung's multiplicative rule (2001) for the Kullback–Leibler divergence; on speech it is nearer to the truth by a quarter than
 * the pseudo-inverse without its negative numbers, which librosa's `mel_to_stft` gives. Bins of no filter become 0.
 *
 * @returns a function of features as the extractor makes them, not normalised; it throws a RangeError when they are of another width
 * @throws ConfigError when there is no way back from such features
 */
export function createMelInverter(config: FeaturesConfig): (features: Features) => Magnitudes {
  checkInvertible(config);
  const { numMelBins: filters, usePower } = config;
  const width = Math.floor(config.fftSize / 2) + 1;
  const bank = bankByBins(config, width);
  const linear = linearOf(config);
  const steps = usePower ? STEPS.power : STEPS.magnitude;
  const target = new Float64Array(filters);
  const spectrum = new Float64Array(width);

  return ({ data, frames, dim }) => {
    if (dim !== filters || data.length !== frames * dim) {
      throw new RangeError(`features: expected frames of ${filters} mel bins, found ${data.length} numbers of ${dim}`);
    }
    const magnitudes = new Float32Array(frames * width);
    for (let t = 0; t < frames; t++) {
      for (let i = 0; i < filters; i++) target[i] = linear(data[t * dim + i] as number);
      invertFrame(bank, target, spectrum, steps);
      for (let k = 0; k < width; k++) {
        const value = spectrum[k] as number;
        magnitudes[t * width + k] = usePower ? Math.sqrt(value) : value;
      }
    }
    return { magnitudes, frames };
  };
}

function checkInvertible({ kind, log, deltas }: FeaturesConfig): void {
  const refuse = (found: string): never => {
    throw new ConfigError(
      `features: expected a mel spectrogram that sound can be made of (kind: logMel, log: natural, log10 or decibel, ` +
        `deltas: 0), found ${found}; choose such features`,
    );
  };
  if (kind !== 'logMel') refuse(`kind: ${kind}`);
  if (log === 'whisper') refuse('log: whisper');
  if (deltas > 0) refuse(`deltas: ${deltas}`);
}

/** Undoes the logarithm. */
function linearOf({ log, usePower }: FeaturesConfig): (value: number) => number {
  if (log === 'natural') return Math.exp;
  const tens = log === 'decibel' ? (usePower ? 10 : 20) : 1;
  return (value) => Math.exp((value / tens) * Math.LN10);
}

/** The filters as bins see them: at most two look at a bin, and the same two at a run of neighbours. */
interface Bank {
  /** Runs of bins, each with the end of its bins and its two filters; `first` and `second` may be the same. */
  readonly runs: readonly { readonly end: number; readonly first: number; readonly second: number }[];
  /** Weights of each bin under the two filters of its run; 0 where there is none. */
  readonly weights: readonly [Float64Array, Float64Array];
  /** Weights divided by their sum over the bin's filters. */
  readonly shares: readonly [Float64Array, Float64Array];
  /** Sum of each filter's weights. */
  readonly areas: Float64Array;
  /** The filters' sums of a spectrum, and then what is wanted of them in relation to those. */
  readonly sums: Float64Array;
}

function bankByBins(config: FeaturesConfig, width: number): Bank {
  const { numMelBins } = config;
  const all = melBank(logMelBank(config));
  const filters = [new Int32Array(width), new Int32Array(width)] as const;
  const weights = [new Float64Array(width), new Float64Array(width)] as const;
  const areas = new Float64Array(numMelBins);
  all.forEach((filter, i) => {
    filter.weights.forEach((weight, j) => {
      const k = filter.start + j;
      const isSecond = (weights[0][k] as number) > 0;
      if (!isSecond) {
        filters[0][k] = i;
        weights[0][k] = weight;
      } else weights[1][k] = weight;
      filters[1][k] = i;
      areas[i] = (areas[i] as number) + weight;
    });
  });
  const share = (which: 0 | 1) =>
    weights[which].map((weight, k) => {
      const sum = (weights[0][k] as number) + (weights[1][k] as number);
      return sum > 0 ? weight / sum : 0;
    });
  const runs: { end: number; first: number; second: number }[] = [];
  for (let k = 0; k < width; k++) {
    const [first, second] = [filters[0][k] as number, filters[1][k] as number];
    const last = runs.at(-1);
    if (last?.first === first && last.second === second) last.end = k + 1;
    else runs.push({ end: k + 1, first, second });
  }
  return { runs, weights, shares: [share(0), share(1)], areas, sums: new Float64Array(numMelBins) };
}

/** Writes a spectrum whose sums under the filters are `target`. */
function invertFrame(bank: Bank, target: Float64Array, spectrum: Float64Array, steps: number): void {
  const { areas, sums } = bank;
  for (let i = 0; i < sums.length; i++) sums[i] = (target[i] as number) / (areas[i] as number);
  spectrum.fill(1);
  multiply(bank, spectrum);
  for (let step = 0; step < steps; step++) {
    sum(bank, spectrum);
    for (let i = 0; i < sums.length; i++) sums[i] = (target[i] as number) / Math.max(sums[i] as number, TINY);
    multiply(bank, spectrum);
  }
}

/** Multiplies each bin by the mean, weighted, of what its filters ask for in `sums`. */
function multiply({ runs, shares: [firsts, seconds], sums }: Bank, spectrum: Float64Array): void {
  let k = 0;
  for (const { end, first, second } of runs) {
    const [a, b] = [sums[first] as number, sums[second] as number];
    for (; k < end; k++) {
      spectrum[k] = (spectrum[k] as number) * ((firsts[k] as number) * a + (seconds[k] as number) * b);
    }
  }
}

/** Puts the filters' sums of a spectrum into `sums`. */
function sum({ runs, weights: [firsts, seconds], sums }: Bank, spectrum: Float64Array): void {
  sums.fill(0);
  let k = 0;
  for (const { end, first, second } of runs) {
    let [a, b] = [0, 0];
    for (; k < end; k++) {
      const value = spectrum[k] as number;
      a += (firsts[k] as number) * value;
      b += (seconds[k] as number) * value;
    }
    sums[first] = (sums[first] as number) + a;
    sums[second] = (sums[second] as number) + b;
  }
}
