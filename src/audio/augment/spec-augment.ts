// SpecAugment: time warping and masks on the features of an utterance.
import type { Random } from '../../random.js';
import type { Features } from '../types.js';
import type { SpecAugmentConfig } from './config.js';

/**
 * Hides parts of features (D. S. Park et al., "SpecAugment", Interspeech 2019): a warp of the time axis, then masks over
 * features and over frames. Widths are drawn from 0 to the greatest one, both included; a time mask is no wider than its share
 * of the frames; masks may overlap.
 *
 * @param features `[frames, F]`, left unchanged
 * @returns new features of the same shape, a function of the arguments alone
 */
export function specAugment(features: Features, config: SpecAugmentConfig, random: Random): Features {
  const { frames, dim } = features;
  const data = timeWarp(features, config.timeWarp, random).data;
  const value = config.maskValue === 'mean' ? meanOf(data) : 0;
  for (let i = 0; i < config.frequencyMasks; i++) {
    const [start, end] = mask(dim, config.frequencyMaskWidth, random);
    for (let t = 0; t < frames; t++) data.fill(value, t * dim + start, t * dim + end);
  }
  const widest = Math.min(config.timeMaskWidth, Math.floor(config.timeMaskShare * frames));
  for (let i = 0; i < config.timeMasks; i++) {
    const [start, end] = mask(frames, widest, random);
    data.fill(value, start * dim, end * dim);
  }
  return { data, frames, dim };
}

/** A stretch of 0 … `widest` of `size` places. */
function mask(size: number, widest: number, random: Random): [start: number, end: number] {
  const width = random.integer(Math.min(widest, size) + 1);
  const start = random.integer(size - width + 1);
  return [start, start + width];
}

function meanOf(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value;
  return data.length === 0 ? 0 : sum / data.length;
}

/**
 * Moves a point in time by up to `most` frames; what is before and behind it is stretched or compressed to fit, with linear
 * interpolation between frames. The first and the last frame stay as they are. As in ESPnet's `time_warp`, the point is at least
 * `most` frames from both ends, and utterances that have no such point are not warped.
 *
 * @param features `[frames, F]`, left unchanged
 * @returns a copy of the same shape
 */
export function timeWarp({ data, frames, dim }: Features, most: number, random: Random): Features {
  if (most === 0 || frames <= 2 * most) return { data: data.slice(), frames, dim };
  const centre = most + random.integer(frames - 2 * most);
  const drawn = centre - most + random.integer(2 * most + 1);
  // The ends stay where they are, so that both parts have a length.
  const target = Math.min(Math.max(drawn, 1), frames - 2);
  const result = new Float32Array(data.length);
  for (let t = 0; t < frames; t++) {
    const place =
      t < target ? (t * centre) / target : centre + ((t - target) * (frames - 1 - centre)) / (frames - 1 - target);
    const before = Math.min(Math.floor(place), frames - 1);
    const after = Math.min(before + 1, frames - 1);
    const share = place - before;
    for (let j = 0; j < dim; j++) {
      const value = data[before * dim + j]!;
      result[t * dim + j] = value + share * (data[after * dim + j]! - value);
    }
  }
  return { data: result, frames, dim };
}
