// Mel-cepstral distortion: how far the spectral envelopes of two utterances are apart, in decibels.
import { DataError } from '../../errors.js';
import type { Features } from '../types.js';
import { dynamicTimeWarping, identityPath, type WarpingPath } from './dtw.js';
import { type MelCepstra, melCepstra } from './mel-cepstrum.js';

/** How distortion is measured. */
export interface MelCepstralDistortionOptions {
  /** Cepstral coefficients, from the first after the energy on; 13 unless told. */
  readonly coefficients?: number | undefined;
}

/** The distortion and the path that it was measured along. */
export interface MelCepstralDistortion {
  /** Mean over the pairs of the path, dB. */
  readonly distortion: number;
  /** Pairs of frames: `a` of the reference, `b` of the synthetic sound. */
  readonly path: WarpingPath;
  readonly referenceFrames: number;
  readonly syntheticFrames: number;
}

/** Turns distances of orthonormal natural-log cepstra into the decibels that spectra are apart (R. Kubichek, 1993). */
const decibels = (filters: number): number => 20 / Math.LN10 / Math.sqrt(filters);

/**
 * Mel-cepstral distortion after dynamic time warping: the mean over the warping path of (10 / ln 10)·√(2·Σ (c − c′)²), the sum over
 * coefficients 1 … 13 of cepstra such that ln |S| = c₀ + Σ c·cos (R. Kubichek, "Mel-cepstral distance measure for objective speech
 * quality assessment", 1993), the path being the one of the least such sum. That is the root mean square, over the mel filters, of how
 * many decibels the smoothed spectra of two frames are apart, their levels put equal. 0 for equal sounds; smaller is better.
 *
 * The cepstra are MFCCs, as in R. Skerry-Ryan et al. ("Towards End-to-End Prosody Transfer for Expressive Speech Synthesis with
 * Tacotron", 2018, MCD₁₃); with the orthonormal transform of librosa they would be larger by √(filters / 2).
 *
 * The number depends on the analysis: sample rate, window, hop, filters (how many, from where to where, which scale), the floor of
 * the logarithm, silence at the ends, and whether the spectrogram is of magnitudes or of powers, which doubles it. Compare only
 * numbers of one analysis, and none of them with those of mel cepstra of WORLD or SPTK (mgc, mcep), which are different features.
 *
 * @param reference natural logarithms of mel magnitudes, frames of the recording
 * @param synthetic the same analysis of the synthetic sound, of any length
 * @throws DataError when a side has no frames, numbers that are not finite, another number of filters than the other, or no more of
 *   them than coefficients; RangeError when `coefficients` is not a whole number from 1 on
 */
export function melCepstralDistortion(
  reference: Features,
  synthetic: Features,
  options: MelCepstralDistortionOptions = {},
): MelCepstralDistortion {
  const [a, b] = cepstraOfBoth(reference, synthetic, options);
  const { path, cost } = dynamicTimeWarping(a.data, b.data, a.dim);
  return {
    distortion: (decibels(reference.dim) * cost) / path.a.length,
    path,
    referenceFrames: a.frames,
    syntheticFrames: b.frames,
  };
}

/**
 * Mel-cepstral distortion of frames that belong together as they are, for outputs made under teacher forcing or with the
 * reference's durations: {@link melCepstralDistortion} with frame t beside frame t.
 * It is no less than the warped one as a sum, and not comparable with it as a mean.
 *
 * @throws DataError also when the numbers of frames differ
 */
export function framewiseMelCepstralDistortion(
  reference: Features,
  synthetic: Features,
  options: MelCepstralDistortionOptions = {},
): MelCepstralDistortion {
  if (reference.frames !== synthetic.frames) {
    throw new DataError(
      `mel-cepstral distortion without warping: expected as many frames as the reference has (${reference.frames}), found ${synthetic.frames}; make them with teacher forcing, or compare with warping`,
    );
  }
  const [a, b] = cepstraOfBoth(reference, synthetic, options);
  let cost = 0;
  for (let t = 0; t < a.frames; t++) {
    let sum = 0;
    for (let i = t * a.dim; i < (t + 1) * a.dim; i++) sum += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
    cost += Math.sqrt(sum);
  }
  return {
    distortion: (decibels(reference.dim) * cost) / a.frames,
    path: identityPath(a.frames),
    referenceFrames: a.frames,
    syntheticFrames: b.frames,
  };
}

function cepstraOfBoth(
  reference: Features,
  synthetic: Features,
  { coefficients }: MelCepstralDistortionOptions,
): [MelCepstra, MelCepstra] {
  if (reference.dim !== synthetic.dim) {
    throw new DataError(
      `mel-cepstral distortion: expected both sounds to have the same number of mel filters, found ${reference.dim} in the reference and ${synthetic.dim} in the synthetic one; use one analysis for both`,
    );
  }
  for (const [name, { frames }] of [['reference', reference] as const, ['synthetic sound', synthetic] as const]) {
    if (frames === 0) {
      throw new DataError(
        `mel-cepstral distortion: expected at least one frame, found none in the ${name}; leave empty sounds out`,
      );
    }
  }
  return [melCepstra(reference, coefficients), melCepstra(synthetic, coefficients)];
}
