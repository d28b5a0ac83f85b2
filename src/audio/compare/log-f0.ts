// How the melodies of two utterances differ: their fundamental frequencies and which frames are voiced.
import { DataError } from '../../errors.js';
import type { WarpingPath } from './dtw.js';
import type { PitchTrack } from './pitch.js';

/** Part of a frequency by which a gross error is off at least. */
const GROSS = 0.2;

/** Two melodies compared along a path. */
export interface PitchComparison {
  /**
   * Root mean square of 12·log₂ (synthetic / reference) over the pairs of frames that are voiced in both; undefined where there is no
   * such pair.
   */
  readonly logF0RmseSemitones: number | undefined;
  /**
   * Pairs whose frequencies differ by more than a fifth of the reference's, as a part of those voiced in both (T. Nakatani et al.,
   * 2008, GPE): mostly octaves taken for one another, by the speaker or by YIN. A few of them rule the mean square.
   */
  readonly grossPitchErrorRate: number | undefined;
  /** Pairs of which one frame is voiced and the other is not, as a part of all pairs (VDE). */
  readonly voicingErrorRate: number;
  /** Pairs voiced in both. */
  readonly voicedPairs: number;
  readonly pairs: number;
}

/**
 * Compares two melodies along a warping path, which mostly was found on mel frames: frame i of a track must be the same moment as frame
 * i of that spectrogram. So all must have the same hop, and as many frames as the path walks through.
 *
 * @param path pairs of frames, `a` of the reference, `b` of the synthetic sound
 * @param hopSeconds seconds from frame to frame in what the path was found on
 * @throws DataError when the hop of a track is another, or its number of frames is not that of the path
 */
export function comparePitch(
  reference: PitchTrack,
  synthetic: PitchTrack,
  path: WarpingPath,
  hopSeconds: number,
): PitchComparison {
  checkGrid('reference', reference, path.a, hopSeconds);
  checkGrid('synthetic sound', synthetic, path.b, hopSeconds);
  const pairs = path.a.length;
  let voicedPairs = 0;
  let errors = 0;
  let grossErrors = 0;
  let squares = 0;
  for (let i = 0; i < pairs; i++) {
    const recorded = reference.f0[path.a[i] as number] as number;
    const made = synthetic.f0[path.b[i] as number] as number;
    if (recorded > 0 && made > 0) {
      voicedPairs += 1;
      if (Math.abs(made / recorded - 1) > GROSS) grossErrors += 1;
      squares += (12 * Math.log2(made / recorded)) ** 2;
    } else if (recorded > 0 || made > 0) {
      errors += 1;
    }
  }
  return {
    logF0RmseSemitones: voicedPairs > 0 ? Math.sqrt(squares / voicedPairs) : undefined,
    grossPitchErrorRate: voicedPairs > 0 ? grossErrors / voicedPairs : undefined,
    voicingErrorRate: errors / pairs,
    voicedPairs,
    pairs,
  };
}

function checkGrid(name: string, { f0, hop, sampleRate }: PitchTrack, side: Int32Array, hopSeconds: number): void {
  const seconds = hop / sampleRate;
  if (!(Math.abs(seconds - hopSeconds) <= 1e-9 * hopSeconds)) {
    throw new DataError(
      `pitch of the ${name}: expected a frame every ${hopSeconds} s, as in the mel spectrogram, found one every ${seconds} s; compute both with the same hop`,
    );
  }
  const frames = (side.at(-1) ?? -1) + 1;
  if (frames === 0 || f0.length !== frames) {
    throw new DataError(
      `pitch of the ${name}: expected as many frames as the warping path has (${frames}, at least 1), found ${f0.length}; compute it for the frames of the mel spectrogram`,
    );
  }
}
