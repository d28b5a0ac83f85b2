// Where sound begins and ends: silence at both ends by the loudness of frames.

/** What counts as silence. */
export interface SilenceOptions {
  /** Decibels below the loudest frame. */
  readonly topDb: number;
  /** Samples of a frame, 1024 unless told. */
  readonly frameLength?: number | undefined;
  /** Samples from frame to frame, 256 unless told. */
  readonly hopLength?: number | undefined;
}

/** Mean squares less than this count as this much (an amplitude of 1e-5), so that silence is as loud as itself everywhere. */
const LEAST_POWER = 1e-10;

/**
 * The samples `start` … `end` − 1 that are left when silence at both ends is cut, as librosa's `effects.trim` has it: from the
 * first frame whose power (RMS, centred, with zeros beyond the ends) is less than `topDb` below the greatest, to the shift after
 * the last. Samples that are all silent are kept, as are samples of which some are not finite, so that whoever uses them can say so.
 *
 * @param samples in [−1, 1]
 * @throws RangeError when options are not positive numbers
 */
export function silenceBounds(
  samples: Float32Array,
  { topDb, frameLength = 1024, hopLength = 256 }: SilenceOptions,
): { start: number; end: number } {
  for (const [name, value] of Object.entries({ topDb, frameLength, hopLength })) {
    if (!(value > 0 && (name === 'topDb' || Number.isInteger(value)))) {
      throw new RangeError(
        `${name}: expected a positive number${name === 'topDb' ? '' : ' of samples'}, found ${value}`,
      );
    }
  }
  const count = samples.length;
  const half = Math.floor(frameLength / 2);
  const frames = 1 + Math.floor((count + 2 * half - frameLength) / hopLength);
  if (count === 0 || frames < 1) return { start: 0, end: 0 };
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] as number) + (samples[i] as number) ** 2;
  if (!Number.isFinite(sums[count] as number)) return { start: 0, end: count };
  const decibels = Float64Array.from({ length: frames }, (_, t) => {
    const from = Math.min(Math.max(t * hopLength - half, 0), count);
    const to = Math.min(Math.max(t * hopLength - half + frameLength, 0), count);
    const power = ((sums[to] as number) - (sums[from] as number)) / frameLength;
    return 10 * Math.log10(Math.max(power, LEAST_POWER));
  });
  const threshold = decibels.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - topDb;
  const first = decibels.findIndex((value) => value > threshold);
  const last = decibels.findLastIndex((value) => value > threshold);
  return { start: first * hopLength, end: Math.min(count, (last + 1) * hopLength) };
}
