// Sound from magnitudes: the fast Griffin-Lim algorithm.
import { ConfigError } from '../../errors.js';
import { Random } from '../../random.js';
import { type FeaturesConfig, isPlannable } from '../config.js';
import { createRealTransform, type RealTransform } from '../features/fft.js';
import { mirrored } from '../features/log-mel.js';
import { windowValues } from '../features/windows.js';

/** How phases are found. */
export interface GriffinLimOptions {
  /** Samples of the transform: a multiple of 32 without other prime factors than 2, 3 and 5. */
  readonly fftSize: number;
  /** Samples from frame to frame. */
  readonly hopLength: number;
  /** Samples of the periodic Hann window, which stands in the middle of the transform. */
  readonly windowLength: number;
  /** Where the frames are, as `features.framing` says. */
  readonly framing: FeaturesConfig['framing'];
  /** 60 unless told; 0 keeps the phases of the beginning. */
  readonly iterations?: number | undefined;
  /** 0.99 unless told; 0 is the plain algorithm of Griffin and Lim. */
  readonly momentum?: number | undefined;
  /** Of the random phases at the beginning. */
  readonly seed: number;
  /** `random` unless told. */
  readonly initialPhase?: 'random' | 'zero' | undefined;
}

/** What phases are divided by besides their size, so that nothing is divided by 0. */
const TINY = 2 ** -126;

/**
 * Sound whose spectrogram has, as nearly as can be found, given magnitudes: the fast Griffin-Lim algorithm (Griffin & Lim,
 * 1984; with momentum, Perraudin, Balazs & Søndergaard, 2013), as librosa's `griffinlim` with `pad_mode="reflect"`.
 *
 * @param magnitudes `[frames, fftSize/2 + 1]`; of sound in [−1, 1], by the unscaled transform
 * @returns (frames − 1) × hopLength samples of centred frames (so none of one frame), frames × hopLength of frames between;
 *   the same bytes for the same seed
 * @throws ConfigError when the settings contradict each other; RangeError when there are not as many magnitudes
 */
export async function griffinLim(
  magnitudes: Float32Array,
  frames: number,
  options: GriffinLimOptions,
): Promise<Float32Array> {
  return (await createGriffinLim(options))(magnitudes, frames);
}

/** {@link griffinLim} for many sounds; each begins with the same random numbers. */
export async function createGriffinLim(
  options: GriffinLimOptions,
): Promise<(magnitudes: Float32Array, frames: number) => Float32Array> {
  const { fftSize, hopLength, framing, iterations = 60, momentum = 0.99, seed, initialPhase = 'random' } = options;
  checkOptions(options, iterations, momentum);
  const transform = await createRealTransform(fftSize);
  const width = fftSize / 2 + 1;
  const windows = windowsOf(options);
  const padding = framing === 'centred' ? fftSize / 2 : (fftSize - hopLength) / 2;

  return (magnitudes, frames) => {
    if (magnitudes.length !== frames * width) {
      throw new RangeError(
        `magnitudes: expected ${frames} frames of ${width} numbers (fftSize / 2 + 1), found ${magnitudes.length} numbers`,
      );
    }
    const padded = fftSize + (frames - 1) * hopLength;
    const length = padded - 2 * padding;
    if (frames === 0 || length <= 0) return new Float32Array(0);
    const views = transform.views();
    // Beside the window there may be what another user left.
    views.input.fill(0);
    const work: Work = {
      transform,
      ...views,
      hopLength,
      ...windows,
      ...slotted(magnitudes, frames, transform),
      before: new Float32Array(frames * fftSize),
      factor: Math.fround(momentum / (1 + momentum)),
    };
    const gains = gainsOf(windows.synthesis, windows.margin, hopLength, frames, fftSize);
    const finish = (sound: Float32Array): void => {
      for (let n = 0; n < sound.length; n++) sound[n] = (sound[n] as number) * (gains[n] as number);
      mirrorEnds(sound, padding, length);
    };
    let sound = new Float32Array(padded);
    let next = new Float32Array(padded);
    const random = initialPhase === 'random' ? new Random(seed, 'griffin-lim') : undefined;
    for (let t = 0; t < frames; t++) begin(work, t, random, sound);
    finish(sound);
    for (let iteration = 0; iteration < iterations; iteration++) {
      next.fill(0);
      for (let t = 0; t < frames; t++) improve(work, t, sound, next);
      finish(next);
      [sound, next] = [next, sound];
    }
    return sound.slice(padding, padding + length);
  };
}

function checkOptions(
  { fftSize, hopLength, windowLength, framing }: GriffinLimOptions,
  iterations: number,
  momentum: number,
): void {
  const check = (holds: boolean, what: string, found: string): void => {
    if (!holds) throw new ConfigError(`Griffin-Lim: expected ${what}, found ${found}`);
  };
  check(isPlannable(fftSize, 32), 'fftSize of 32 × 2ᵃ × 3ᵇ × 5ᶜ samples', `${fftSize}`);
  check(
    Number.isInteger(windowLength) && windowLength >= 2 && windowLength <= fftSize,
    `windowLength of 2 to ${fftSize} samples (fftSize)`,
    `${windowLength}`,
  );
  check(
    Number.isInteger(hopLength) && hopLength >= 1 && 2 * hopLength <= windowLength,
    `hopLength of at most half of windowLength (${windowLength}), so that frames overlap`,
    `${hopLength}`,
  );
  check(
    framing === 'centred' || (fftSize - hopLength) % 2 === 0,
    `an even difference of fftSize (${fftSize}) and hopLength where framing is between`,
    `hopLength ${hopLength}`,
  );
  check(Number.isInteger(iterations) && iterations >= 0, 'a number of iterations of 0 or more', `${iterations}`);
  check(momentum >= 0 && momentum < Number.POSITIVE_INFINITY, 'a momentum of 0 or more', `${momentum}`);
}

/** What all iterations over a sound share. */
interface Work {
  readonly transform: RealTransform;
  readonly input: Float32Array;
  readonly spectrum: Float32Array;
  readonly output: Float32Array;
  readonly hopLength: number;
  /** Samples of the transform before the window. */
  readonly margin: number;
  readonly analysis: Float32Array;
  /** The window divided by the size of the transform. */
  readonly synthesis: Float32Array;
  /** Magnitudes by slots of the transform, `[frames, fftSize/2]`; slot 0 holds the lowest bin. */
  readonly slots: Float32Array;
  /** Magnitudes of the highest bin. */
  readonly highest: Float32Array;
  /** The spectra of the iteration before, as the transform leaves them, `[frames, fftSize]`. */
  readonly before: Float32Array;
  readonly factor: number;
}

function windowsOf({ windowLength, fftSize }: GriffinLimOptions) {
  const window = windowValues('periodicHann', windowLength);
  return {
    analysis: Float32Array.from(window),
    synthesis: Float32Array.from(window, (value) => value / fftSize),
    margin: Math.floor((fftSize - windowLength) / 2),
  };
}

/** Magnitudes in the order of the transform. */
function slotted(magnitudes: Float32Array, frames: number, { size, bins }: RealTransform) {
  const half = size / 2;
  const slots = new Float32Array(frames * half);
  const highest = new Float32Array(frames);
  for (let t = 0; t < frames; t++) {
    const from = t * (half + 1);
    for (let slot = 0; slot < half; slot++) {
      slots[t * half + slot] = magnitudes[from + (bins[slot] as number)] as number;
    }
    highest[t] = magnitudes[from + half] as number;
  }
  return { slots, highest };
}

/** What the sum of windowed frames is multiplied by: one over the sum of the squared windows, where there are any. */
function gainsOf(synthesis: Float32Array, margin: number, hop: number, frames: number, fftSize: number): Float32Array {
  const sums = new Float64Array(fftSize + (frames - 1) * hop);
  const squares = Float64Array.from(synthesis, (value) => (value * fftSize) ** 2);
  for (let t = 0; t < frames; t++) {
    const start = t * hop + margin;
    for (let i = 0; i < squares.length; i++) sums[start + i] = (sums[start + i] as number) + (squares[i] as number);
  }
  const gains = new Float32Array(sums.length);
  for (let n = 0; n < sums.length; n++) gains[n] = (sums[n] as number) > TINY ? 1 / (sums[n] as number) : 1;
  return gains;
}

/** Replaces what is beyond the ends of a sound by its mirror image. */
function mirrorEnds(sound: Float32Array, padding: number, length: number): void {
  for (let i = 1; i <= padding; i++) {
    sound[padding - i] = sound[padding + mirrored(-i, length)] as number;
    sound[padding + length - 1 + i] = sound[padding + mirrored(length - 1 + i, length)] as number;
  }
}

/** Adds frame `t` with the phases of the beginning to `out`. */
function begin(work: Work, t: number, random: Random | undefined, out: Float32Array): void {
  const { transform, spectrum, slots, highest } = work;
  const { size, lanes, bins } = transform;
  const half = size / 2;
  // Drawn by bins, so that the sound does not depend on the order of the slots.
  const phases = new Float64Array(half + 1);
  if (random) for (let bin = 0; bin <= half; bin++) phases[bin] = 2 * Math.PI * random.uniform();
  for (let slot = 0; slot < half; slot++) {
    const at = 2 * slot - (slot % lanes);
    const magnitude = slots[t * half + slot] as number;
    const phase = phases[bins[slot] as number] as number;
    spectrum[at] = magnitude * Math.cos(phase);
    spectrum[at + lanes] = magnitude * Math.sin(phase);
  }
  spectrum[lanes] = (highest[t] as number) * Math.cos(phases[half] as number);
  transform.inverse();
  addFrame(work, t, out);
}

/** Takes frame `t` of a sound, gives it the magnitudes wanted, and adds it to `out`. */
function improve(work: Work, t: number, sound: Float32Array, out: Float32Array): void {
  const { transform, input, spectrum, hopLength, margin, analysis, slots, highest, before, factor } = work;
  const { size, lanes } = transform;
  const start = t * hopLength + margin;
  for (let i = 0; i < analysis.length; i++) {
    input[margin + i] = (sound[start + i] as number) * (analysis[i] as number);
  }
  transform.forward();
  const from = t * size;
  const low = (spectrum[0] as number) - factor * (before[from] as number);
  const high = (spectrum[lanes] as number) - factor * (before[from + lanes] as number);
  rephase(spectrum, before, from, slots, from / 2, size, lanes, factor);
  spectrum[0] = (low / (Math.abs(low) + TINY)) * (slots[from / 2] as number);
  spectrum[lanes] = (high / (Math.abs(high) + TINY)) * (highest[t] as number);
  transform.inverse();
  addFrame(work, t, out);
}

/** The new spectrum: the phases of the difference from what was before, the magnitudes wanted. Slot 0 is put right later. */
function rephase(
  spectrum: Float32Array,
  before: Float32Array,
  from: number,
  magnitudes: Float32Array,
  first: number,
  size: number,
  lanes: number,
  factor: number,
): void {
  let slot = first;
  for (let block = 0; block < size; block += 2 * lanes) {
    for (let at = block; at < block + lanes; at++) {
      const re = spectrum[at] as number;
      const im = spectrum[at + lanes] as number;
      const a = re - factor * (before[from + at] as number);
      const b = im - factor * (before[from + at + lanes] as number);
      before[from + at] = re;
      before[from + at + lanes] = im;
      const scale = (magnitudes[slot++] as number) / (Math.sqrt(a * a + b * b) + TINY);
      spectrum[at] = a * scale;
      spectrum[at + lanes] = b * scale;
    }
  }
}

/** Adds the frame that the transform gave, under its window. */
function addFrame({ hopLength, margin, synthesis, output: frame }: Work, t: number, out: Float32Array): void {
  const start = t * hopLength + margin;
  for (let i = 0; i < synthesis.length; i++) {
    out[start + i] = (out[start + i] as number) + (frame[margin + i] as number) * (synthesis[i] as number);
  }
}
