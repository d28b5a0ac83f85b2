// Noise: white, pink, and stretches of recordings.
import type { Random } from '../../random.js';

/** Samples of independent standard normal noise: the same power at all frequencies. */
export function whiteNoise(length: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => random.normal());
}

/** Sections of the filter that makes noise pink, and the frequency of the highest one's pole, in cycles a sample. */
const SECTIONS = 8;
const HIGHEST_POLE = 0.2;

/** From one section's pole to the next one's. A zero halfway makes 3 dB an octave of a pole's 6. */
const SPACING = 4;

/** Samples that the filter runs before its output counts. */
const SETTLING = 4096;

/**
 * Noise of about unit power whose power falls by 3 dB an octave, the same power in all octaves, from a few cycles in 100,000
 * samples up: white noise through poles and zeros that alternate at equal steps of a logarithmic frequency axis.
 */
export function pinkNoise(length: number, random: Random): Float32Array {
  const poles = new Float64Array(SECTIONS);
  const zeros = new Float64Array(SECTIONS);
  for (let k = 0; k < SECTIONS; k++) {
    const frequency = HIGHEST_POLE / SPACING ** k;
    poles[k] = Math.exp(-2 * Math.PI * frequency);
    zeros[k] = Math.exp(-2 * Math.PI * frequency * Math.sqrt(SPACING));
  }
  const before = new Float64Array(SECTIONS);
  const after = new Float64Array(SECTIONS);
  const result = new Float32Array(length);
  let power = 0;
  for (let i = -SETTLING; i < length; i++) {
    let value = random.normal();
    for (let k = 0; k < SECTIONS; k++) {
      const next = value - zeros[k]! * before[k]! + poles[k]! * after[k]!;
      before[k] = value;
      after[k] = next;
      value = next;
    }
    if (i < 0) continue;
    result[i] = value;
    power += value * value;
  }
  const scale = power > 0 ? Math.sqrt(length / power) : 1;
  for (let i = 0; i < length; i++) result[i]! *= scale;
  return result;
}

/**
 * A stretch of a recording, from a place that is drawn: a part of a longer one; a shorter one goes round as often as it takes.
 * @throws RangeError when the recording has no samples
 */
export function stretchOf(recording: Float32Array, length: number, random: Random): Float32Array {
  const { length: size } = recording;
  if (size === 0) throw new RangeError('stretchOf: expected a recording of at least one sample, found none');
  const start = size > length ? random.integer(size - length + 1) : random.integer(size);
  const result = new Float32Array(length);
  for (let done = 0, at = start; done < length; at = 0) {
    const part = recording.subarray(at, Math.min(size, at + length - done));
    result.set(part, done);
    done += part.length;
  }
  return result;
}
