// Frames of sound as Kaldi takes them for a transform (feature-window.cc): cut, centred around 0, preemphasised, windowed.
import { Random } from '../../random.js';
import { type FeaturesConfig, frameSizes } from '../config.js';
import { windowValues } from './windows.js';

/** The smallest number that a logarithm is taken of: float32's epsilon. */
export const EPSILON = 2 ** -23;
/** Blocks shorter than this are not worth their sums. */
const LEAST_BLOCK = 8;

/** Writes frame `t` into the beginning of `out`. @returns its log energy, or 0 where the configuration uses none */
export type FrameWriter = (t: number, out: Float32Array) => number;

/** Cuts sounds into frames. */
export interface Framing {
  /** Samples of a frame. */
  readonly length: number;
  readonly framesPerSecond: number;
  /** Frames of so many samples. */
  count(samples: number): number;
  open(samples: Float32Array): FrameWriter;
}

/**
 * Frames by the settings of fbank and mfcc. Samples in [−1, 1] are first multiplied by `scale`. Dither, where there is any, is
 * the same for all sounds of one length.
 */
export function createFraming(config: FeaturesConfig): Framing {
  const { sampleRate, scale, dither, snipEdges, removeDcOffset, preemphasis, useEnergy, rawEnergy } = config;
  const { length, shift } = frameSizes(config);
  const window = windowValues(config.windowType, length);
  const energyFloor = config.energyFloor > 0 ? Math.log(config.energyFloor) : Number.NEGATIVE_INFINITY;
  const first = snipEdges ? 0 : Math.floor(shift / 2) - Math.floor(length / 2);
  const block = greatestDivisor(length, shift);
  const origin = ((first % block) + block) % block;
  const scratch = new Float32Array(length);

  /** A scaled copy of a frame with noise; beyond the ends the sound is mirrored. */
  const copy = (samples: Float32Array, start: number, noise: Random | undefined): void => {
    for (let i = 0; i < length; i++) {
      let at = start + i;
      while (at < 0 || at >= samples.length) at = at < 0 ? -at - 1 : 2 * samples.length - 1 - at;
      scratch[i] = (samples[at] as number) * scale + (noise ? noise.normal() * dither : 0);
    }
  };

  const write = (samples: Float32Array, start: number, factor: number, sum: number, out: Float32Array): number => {
    const offset = removeDcOffset ? (factor * sum) / length : 0;
    shape(samples, start, factor, offset, preemphasis, window, out);
    if (!useEnergy) return 0;
    let energy = 0;
    for (let i = 0; i < length; i++) {
      const value = rawEnergy ? (samples[start + i] as number) * factor - offset : (out[i] as number);
      energy += value * value;
    }
    return Math.max(Math.log(Math.max(energy, EPSILON)), energyFloor);
  };

  return {
    length,
    framesPerSecond: sampleRate / shift,
    count(samples) {
      if (!snipEdges) return Math.floor((samples + Math.floor(shift / 2)) / shift);
      return samples < length ? 0 : 1 + Math.floor((samples - length) / shift);
    },
    open(samples) {
      const noise = dither > 0 ? new Random(samples.length, 'dither') : undefined;
      // Frames overlap, and their sums are made of those of the blocks that they share.
      const blocks =
        removeDcOffset && !noise && block >= LEAST_BLOCK
          ? Float64Array.from({ length: Math.floor((samples.length - origin) / block) }, (_, i) =>
              sumOf(samples, origin + i * block, block),
            )
          : undefined;
      return (t, out) => {
        const start = first + t * shift;
        if (noise || start < 0 || start + length > samples.length) {
          copy(samples, start, noise);
          return write(scratch, 0, 1, sumOf(scratch, 0, length), out);
        }
        const sum = blocks ? sumOf(blocks, (start - origin) / block, length / block) : sumOf(samples, start, length);
        return write(samples, start, scale, sum, out);
      };
    },
  };
}

/** Scales, subtracts the offset, emphasises and windows a frame; the first sample counts as the one before it, too. */
function shape(
  samples: Float32Array,
  start: number,
  factor: number,
  offset: number,
  preemphasis: number,
  window: Float64Array,
  out: Float32Array,
): void {
  let before = (samples[start] as number) * factor - offset;
  for (let i = 0; i < window.length; i++) {
    const value = (samples[start + i] as number) * factor - offset;
    out[i] = (value - preemphasis * before) * (window[i] as number);
    before = value;
  }
}

function sumOf(numbers: Float32Array | Float64Array, start: number, count: number): number {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += numbers[i] as number;
  return sum;
}

/** Euclid's algorithm. */
const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));
