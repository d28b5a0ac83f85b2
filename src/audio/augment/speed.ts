// Speed perturbation.
import type { Random } from '../../random.js';
import { resample } from '../resample.js';

/** Steps in which speeds are told apart. */
const STEPS = 100;

/**
 * Sound played at another speed, which changes tempo and pitch (T. Ko et al., "Audio augmentation for speech recognition",
 * Interspeech 2015).
 *
 * @param factor 1.1 is faster; rounded to hundredths
 * @returns about n / factor samples; the samples themselves for a factor of 1
 */
export function perturbSpeed(samples: Float32Array, factor: number): Float32Array {
  return resample(samples, Math.round(factor * STEPS), STEPS);
}

/** One of the factors, all equally likely; 1 where there are none. */
export function speedFactor(random: Random, factors: readonly number[]): number {
  return factors.length === 0 ? 1 : factors[random.integer(factors.length)]!;
}
