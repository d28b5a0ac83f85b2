// Changes of loudness, and mixing of two sounds at a ratio of loudness; both without clipping.

/** The mean square of samples. */
function powerOf(samples: Float32Array): number {
  let sum = 0;
  for (const value of samples) sum += value * value;
  return samples.length === 0 ? 0 : sum / samples.length;
}

function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  return peak;
}

/** Makes samples softer as a whole, in place, so that none is beyond `limit`. */
function limitPeak(samples: Float32Array, limit: number): Float32Array {
  const peak = peakOf(samples);
  if (peak <= limit) return samples;
  for (let i = 0; i < samples.length; i++) {
    // Rounding to 32 bits must not lead beyond the limit again.
    samples[i] = Math.max(-limit, Math.min(limit, (samples[i]! * limit) / peak));
  }
  return samples;
}

/** Full scale, or more where samples are beyond it already. */
const limitOf = (samples: Float32Array): number => Math.max(1, peakOf(samples));

/**
 * Changes loudness by so many decibels, or by fewer where samples would go beyond ±1.
 * @returns a copy
 */
export function changeGain(samples: Float32Array, decibels: number): Float32Array {
  const factor = 10 ** (decibels / 20);
  return limitPeak(
    samples.map((value) => value * factor),
    limitOf(samples),
  );
}

/**
 * Adds noise at a signal-to-noise ratio: that of the mean squares of both, over all samples. Where the sum goes beyond ±1 the
 * whole is made softer, which leaves the ratio as it is. Silence has no such ratio: it stays silence, and silent noise adds nothing.
 *
 * @param noise as many samples as there are of the signal
 * @param snr dB
 * @returns a copy
 * @throws RangeError when the lengths differ
 */
export function mixAtSnr(samples: Float32Array, noise: Float32Array, snr: number): Float32Array {
  if (noise.length !== samples.length) {
    throw new RangeError(
      `mixAtSnr: expected noise of ${samples.length} samples, as the signal has, found ${noise.length}`,
    );
  }
  const noisePower = powerOf(noise);
  if (noisePower === 0) return samples.slice();
  const factor = Math.sqrt(powerOf(samples) / noisePower / 10 ** (snr / 10));
  return limitPeak(
    samples.map((value, i) => value + factor * noise[i]!),
    limitOf(samples),
  );
}
