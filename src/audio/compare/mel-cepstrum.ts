// Mel cepstra: what is left of log-mel frames when the shape of the spectrum is kept and the energy is dropped.
import { DataError } from '../../errors.js';
import type { Features } from '../types.js';

/** A matrix of cepstral coefficients 1, 2, …, a row a frame. */
export interface MelCepstra {
  /** `[frames, dim]`, row after row, in double precision. */
  readonly data: Float64Array;
  readonly frames: number;
  /** Coefficients a frame; column k is coefficient k + 1. */
  readonly dim: number;
}

/** Coefficients unless told, as in MCD₁₃. */
const COEFFICIENTS = 13;

/**
 * Coefficients 1 … `coefficients` of the orthonormal discrete cosine transform (DCT-II) of log-mel frames: rows 1 and on of
 * `librosa.feature.mfcc(S=logMel, n_mfcc=coefficients + 1, norm='ortho')`. Coefficient 0, the mean of the frame and thus its
 * energy, is left out. They are cepstra of whatever the frames are logarithms of: mel magnitudes, or powers, which make them
 * twice as large.
 *
 * @param logMel natural logarithms of a mel spectrogram
 * @throws RangeError when the coefficients are not a whole number from 1 on; DataError when the spectrogram has no more filters
 *   than coefficients, or holds numbers that are not finite
 */
export function melCepstra(logMel: Features, coefficients: number = COEFFICIENTS): MelCepstra {
  const { data, frames, dim: filters } = logMel;
  checkCoefficients(coefficients);
  if (filters <= coefficients) {
    throw new DataError(
      `mel cepstra: expected more mel filters than coefficients (${coefficients}), found ${filters}; set numMelBins to ${coefficients + 1} or more`,
    );
  }
  const basis = cosines(filters, coefficients);
  const cepstra = new Float64Array(frames * coefficients);
  for (let t = 0; t < frames; t++) {
    for (let k = 0; k < coefficients; k++) {
      let sum = 0;
      for (let m = 0; m < filters; m++) sum += (basis[k * filters + m] as number) * (data[t * filters + m] as number);
      if (!Number.isFinite(sum)) {
        throw new DataError(
          `mel cepstra: expected a mel spectrogram of finite numbers, found others in frame ${t}; look at the model or the sound that it comes from`,
        );
      }
      cepstra[t * coefficients + k] = sum;
    }
  }
  return { data: cepstra, frames, dim: coefficients };
}

/** @throws RangeError when there cannot be so many coefficients; that of {@link melCepstra}, before there is a spectrogram */
export function checkCoefficients(coefficients: number): void {
  if (!(Number.isInteger(coefficients) && coefficients >= 1)) {
    throw new RangeError(`coefficients: expected a whole number from 1 on, found ${coefficients}`);
  }
}

/** Rows 1 and on of the matrix of the orthonormal DCT-II. */
function cosines(filters: number, coefficients: number): Float64Array {
  const basis = new Float64Array(coefficients * filters);
  for (let k = 1; k <= coefficients; k++) {
    for (let m = 0; m < filters; m++) {
      basis[(k - 1) * filters + m] = Math.sqrt(2 / filters) * Math.cos((Math.PI * k * (m + 0.5)) / filters);
    }
  }
  return basis;
}
