// From features to sound.
import { type FeaturesConfig, frameSizes } from '../config.js';
import type { Features } from '../types.js';
import { createGriffinLim, type GriffinLimOptions } from './griffin-lim.js';
import { createMelInverter } from './mel-inverter.js';

/** How phases are found; see {@link GriffinLimOptions}. */
export type VocoderOptions = Pick<GriffinLimOptions, 'iterations' | 'momentum' | 'seed'>;

/**
 * Prepares sound of mel spectrograms, by the inverse of the filters and Griffin-Lim.
 *
 * @param config of kind `logMel`
 * @returns a function from features `[frames, numMelBins]`, not normalised, to samples at the configuration's rate, about in
 *   [−1, 1] but not clipped: (frames − 1) × shift of centred frames, frames × shift of frames between; none of no frames
 * @throws ConfigError when no sound can be made of such features
 */
export async function createVocoder(
  config: FeaturesConfig,
  { iterations, momentum, seed }: VocoderOptions,
): Promise<(features: Features) => Float32Array> {
  const invert = createMelInverter(config);
  const { length, shift } = frameSizes(config);
  const { fftSize, framing } = config;
  const sound = await createGriffinLim({
    fftSize,
    hopLength: shift,
    windowLength: length,
    framing,
    iterations,
    momentum,
    seed,
  });
  return (features) => {
    const { magnitudes, frames } = invert(features);
    return sound(magnitudes, frames);
  };
}
