// Fundamental frequency of a voice, frame by frame, with the YIN algorithm, and which frames are voiced at all.
import { DataError } from '../../errors.js';

/** How the fundamental frequency is looked for. */
export interface PitchOptions {
  /** Samples from frame to frame. */
  readonly hop: number;
  /** Lowest and highest frequency looked for, Hz; 60 and 500 unless told. */
  readonly minFrequency?: number | undefined;
  readonly maxFrequency?: number | undefined;
  /**
   * Samples that a frame sees: the longest period and the window that is compared with itself that much later. The window is 25 ms,
   * or the longest period where that is longer, unless told.
   */
  readonly frameLength?: number | undefined;
  /** The first lag whose aperiodicity is a local minimum below this is the period; 0.1 unless told. */
  readonly troughThreshold?: number | undefined;
  /** A frame is voiced if the aperiodicity at its period is less than this; 0.25 unless told. */
  readonly voicingThreshold?: number | undefined;
  /** Frames this much (dB) below the loudest one are unvoiced; 40 unless told. */
  readonly silenceDecibels?: number | undefined;
  /** Frames to compute, for a grid that something else gives: beyond the end is silence. ⌊samples / hop⌋ + 1 unless told. */
  readonly frames?: number | undefined;
}

/** The fundamental frequency of an utterance; frame t is centred at sample t·hop. */
export interface PitchTrack {
  /** Hz; 0 where unvoiced. */
  readonly f0: Float32Array;
  /** 0 for a periodic frame, about 1 for noise; 1 for frames that are too quiet to be looked at. */
  readonly aperiodicity: Float32Array;
  /** Samples from frame to frame. */
  readonly hop: number;
  /** Samples a second (Hz). */
  readonly sampleRate: number;
}

const WINDOW_SECONDS = 0.025;

interface Sizes {
  readonly frames: number;
  readonly frameLength: number;
  /** Samples compared with those a lag later. */
  readonly window: number;
  /** Periods looked for, in samples. */
  readonly minLag: number;
  readonly maxLag: number;
}

function sizesOf(samples: number, sampleRate: number, options: PitchOptions): Sizes {
  const { hop, minFrequency = 60, maxFrequency = 500 } = options;
  const { frames = Math.floor(samples / hop) + (samples > 0 ? 1 : 0) } = options;
  if (!(sampleRate > 0 && Number.isFinite(sampleRate))) {
    throw new RangeError(`sampleRate: expected a positive number, found ${sampleRate}`);
  }
  if (!(Number.isInteger(hop) && hop >= 1)) {
    throw new RangeError(`hop: expected a whole number of samples from 1 on, found ${hop}`);
  }
  if (!(minFrequency > 0 && minFrequency < maxFrequency && maxFrequency <= sampleRate / 2)) {
    throw new RangeError(
      `minFrequency and maxFrequency: expected 0 < minFrequency < maxFrequency ≤ sampleRate / 2 (${sampleRate / 2}), found ${minFrequency} and ${maxFrequency}`,
    );
  }
  if (!(Number.isInteger(frames) && frames >= 0)) {
    throw new RangeError(`frames: expected a whole number from 0 on, found ${frames}`);
  }
  for (const name of ['troughThreshold', 'voicingThreshold', 'silenceDecibels'] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0))
      throw new RangeError(`${name}: expected a positive number, found ${value}`);
  }
  const minLag = Math.floor(sampleRate / maxFrequency);
  const maxLag = Math.ceil(sampleRate / minFrequency);
  const { frameLength = maxLag + Math.max(maxLag, Math.round(WINDOW_SECONDS * sampleRate)) } = options;
  if (!(Number.isInteger(frameLength) && frameLength >= 2 * maxLag)) {
    throw new RangeError(
      `frameLength: expected a whole number of samples, at least two of the longest period (${2 * maxLag}), found ${frameLength}; raise it or minFrequency`,
    );
  }
  return { frames, frameLength, window: frameLength - maxLag, minLag, maxLag };
}

/**
 * The fundamental frequency by YIN (A. de Cheveigné, H. Kawahara, "YIN, a fundamental frequency estimator for speech and music",
 * 2002): the difference function of equation 6 over a window of constant length, its cumulative mean normalization, the first
 * trough below a threshold or else the lowest point, and a parabola through the raw differences around it.
 *
 * Frames lie as in `librosa.yin`: frame t is centred at sample t·hop, beyond the ends are zeros. (librosa 0.11 differs in that a
 * frame is compared with itself padded with zeros, which raises the aperiodicity of long periods.) YIN gives each frame a
 * frequency; here a frame counts as voiced if what repeats is most of it (`voicingThreshold`) and it is loud enough beside the loudest
 * frame (`silenceDecibels`), so that the level of the recording does not matter.
 *
 * @param samples one channel
 * @param sampleRate samples a second (Hz)
 * @throws RangeError naming the option that cannot be used; DataError when samples are not finite
 */
export function fundamentalFrequency(samples: Float32Array, sampleRate: number, options: PitchOptions): PitchTrack {
  const sizes = sizesOf(samples.length, sampleRate, options);
  const { hop, troughThreshold = 0.1, voicingThreshold = 0.25, silenceDecibels = 40 } = options;
  const { frames, frameLength, window, minLag, maxLag } = sizes;
  const f0 = new Float32Array(frames);
  const aperiodicity = new Float32Array(frames).fill(1);
  // One lag more than is looked at, for the parabola around the longest, and a multiple of four of them.
  const lags = 4 * Math.ceil((maxLag + 1) / 4);
  const frame = new Float64Array(window + lags);
  const differences = new Float64Array(lags + 1);
  const normalized = new Float64Array(maxLag + 2);
  const start = (t: number): number => t * hop - Math.floor(frameLength / 2);
  const energies = Float64Array.from({ length: frames }, (_, t) => energyOf(samples, start(t), frameLength));
  const loudest = energies.reduce((a, b) => Math.max(a, b), 0);
  const quiet = loudest * 10 ** (-silenceDecibels / 10);
  for (let t = 0; t < frames; t++) {
    const energy = energies[t] as number;
    if (energy === 0 || energy < quiet) continue;
    for (let i = 0; i < frame.length; i++) frame[i] = samples[start(t) + i] ?? 0;
    writeDifferences(frame, window, differences);
    normalize(differences, normalized);
    const lag = periodOf(normalized, minLag, maxLag, troughThreshold);
    aperiodicity[t] = normalized[lag] as number;
    if ((normalized[lag] as number) < voicingThreshold) f0[t] = sampleRate / refine(differences, lag);
  }
  return { f0, aperiodicity, hop, sampleRate };
}

/** The energy of samples without their mean; beyond the ends are zeros. */
function energyOf(samples: Float32Array, start: number, length: number): number {
  let sum = 0;
  let squares = 0;
  for (let i = Math.max(0, start); i < Math.min(samples.length, start + length); i++) {
    const value = samples[i] as number;
    sum += value;
    squares += value * value;
  }
  if (!Number.isFinite(squares)) {
    throw new DataError(
      `samples: expected finite numbers, found others from place ${Math.max(0, start)} on; look at what made the sound`,
    );
  }
  return Math.max(0, squares - (sum * sum) / length);
}

/** Writes Σ_j (x_j − x_{j + lag})² over the window for lags 1 and on, a multiple of four of them. */
function writeDifferences(frame: Float64Array, window: number, out: Float64Array): void {
  // Four lags at a time: every sample is loaded once for all of them.
  for (let lag = 1; lag < out.length; lag += 4) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let later0 = frame[lag] as number;
    let later1 = frame[lag + 1] as number;
    let later2 = frame[lag + 2] as number;
    for (let j = 0; j < window; j++) {
      const value = frame[j] as number;
      const later3 = frame[j + lag + 3] as number;
      sum0 += (value - later0) * (value - later0);
      sum1 += (value - later1) * (value - later1);
      sum2 += (value - later2) * (value - later2);
      sum3 += (value - later3) * (value - later3);
      later0 = later1;
      later1 = later2;
      later2 = later3;
    }
    out[lag] = sum0;
    out[lag + 1] = sum1;
    out[lag + 2] = sum2;
    out[lag + 3] = sum3;
  }
}

/** Writes differences over the mean of those of all lags up to their own: the cumulative mean normalized difference, 1 at lag 0. */
function normalize(differences: Float64Array, out: Float64Array): void {
  out[0] = 1;
  let sum = 0;
  for (let lag = 1; lag < out.length; lag++) {
    const difference = differences[lag] as number;
    sum += difference;
    // Nothing differs in a frame that is constant so far: no period can be told.
    out[lag] = sum > 0 ? (difference * lag) / sum : 1;
  }
}

/** The first local minimum below the threshold, or else the lag of the least value. */
function periodOf(normalized: Float64Array, minLag: number, maxLag: number, threshold: number): number {
  let lowest = minLag;
  for (let lag = minLag; lag <= maxLag; lag++) {
    const value = normalized[lag] as number;
    const isTrough = value < (normalized[lag - 1] as number) && value <= (normalized[lag + 1] as number);
    if (isTrough && value < threshold) return lag;
    if (value < (normalized[lowest] as number)) lowest = lag;
  }
  return lowest;
}

/**
 * The place of the minimum near a lag, between the samples. The raw differences have it where the period is; the normalization, which
 * rises less and less, shifts it.
 */
function refine(differences: Float64Array, lag: number): number {
  let centre = lag;
  for (const near of [lag - 1, lag + 1]) {
    // Lag 0 differs in nothing and is no period.
    const isCandidate = near >= 2 && near < differences.length - 1;
    if (isCandidate && (differences[near] as number) < (differences[centre] as number)) centre = near;
  }
  const [left, middle, right] = [centre - 1, centre, centre + 1].map((i) => differences[i] as number) as [
    number,
    number,
    number,
  ];
  const curvature = left - 2 * middle + right;
  const shift = curvature > 0 ? (left - right) / (2 * curvature) : 0;
  // A parabola whose bottom lies elsewhere says nothing of this minimum.
  return Math.abs(shift) < 1 ? centre + shift : lag;
}
