// Sound as bytes of a WAV file.
import wavefile from 'wavefile';
import { DataError } from '../../errors.js';

/** A WAV file, and how much of its sound was too loud for it. */
export interface EncodedWav {
  readonly bytes: Uint8Array;
  /** Samples beyond ±1, which were cut. */
  readonly clipped: number;
}

/**
 * One channel of sound as a WAV file of 16-bit integers: sample s becomes the integer nearest to 32768·s, which is read back as
 * s again by `readAudio`. Samples beyond ±1 are cut; 1 itself becomes 32767.
 *
 * @param sampleRate Hz, an integer
 * @throws DataError when a sample is not finite; RangeError when the rate is no positive integer
 */
export function encodeWav(samples: Float32Array, sampleRate: number): EncodedWav {
  if (!(Number.isInteger(sampleRate) && sampleRate > 0)) {
    throw new RangeError(`sampleRate: expected a positive integer, found ${sampleRate}`);
  }
  const integers = new Int16Array(samples.length);
  let clipped = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    if (!Number.isFinite(sample)) {
      throw new DataError(`samples: expected finite numbers, found ${sample} in place ${i}; no sound can be written`);
    }
    if (sample > 1 || sample < -1) clipped++;
    integers[i] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
  }
  const file = new wavefile.WaveFile();
  file.fromScratch(1, sampleRate, '16', integers);
  return { bytes: file.toBuffer(), clipped };
}
