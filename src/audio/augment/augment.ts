// What is done to the samples and to the features of a training utterance.
import type { Random } from '../../random.js';
import type { Features } from '../types.js';
import type { AugmentationConfig } from './config.js';
import { changeGain, mixAtSnr } from './mix.js';
import { pinkNoise, stretchOf, whiteNoise } from './noise.js';
import { specAugment } from './spec-augment.js';

export { speedFactor } from './speed.js';

/** Whether {@link augmentSamples} does anything, so that features made once cannot be used. */
export function changesSamples({ gain, noise }: AugmentationConfig): boolean {
  return gain !== undefined || (noise.kind !== 'none' && noise.share > 0);
}

const between = (low: number, high: number, random: Random): number => low + random.uniform() * (high - low);

/**
 * Samples with the configured noise, then the configured change of loudness. Their number stays the same.
 *
 * @param samples one channel, left unchanged
 * @param recordings samples of `noise.files`, at the sample rate of the utterance; for `noise.kind: files` only
 * @returns the samples themselves where nothing is done; a function of the arguments alone
 * @throws RangeError when a recording is needed and there is none, or an empty one
 */
export function augmentSamples(
  samples: Float32Array,
  config: AugmentationConfig,
  random: Random,
  recordings: readonly Float32Array[] = [],
): Float32Array {
  const { gain, noise } = config;
  let result = samples;
  if (noise.kind !== 'none' && random.uniform() < noise.share) {
    const snr = between(noise.lowSnr, noise.highSnr, random);
    result = mixAtSnr(samples, noiseFor(samples.length, noise.kind, random, recordings), snr);
  }
  return gain === undefined ? result : changeGain(result, between(gain.low, gain.high, random));
}

function noiseFor(
  length: number,
  kind: 'white' | 'pink' | 'files',
  random: Random,
  recordings: readonly Float32Array[],
): Float32Array {
  if (kind === 'white') return whiteNoise(length, random);
  if (kind === 'pink') return pinkNoise(length, random);
  if (recordings.length === 0) {
    throw new RangeError('augmentSamples: expected recordings of noise for `noise.kind: files`, found none');
  }
  return stretchOf(recordings[random.integer(recordings.length)]!, length, random);
}

/** Normalised features with the configured augmentation; the same ones where there is none. */
export function augmentFeatures(
  features: Features,
  { specAugment: config }: AugmentationConfig,
  random: Random,
): Features {
  const { timeWarp, frequencyMasks, timeMasks } = config;
  if (features.frames === 0 || (timeWarp === 0 && frequencyMasks === 0 && timeMasks === 0)) return features;
  return specAugment(features, config, random);
}
