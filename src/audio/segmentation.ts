// Cuts long audio into pieces where it is quietest, whole or as a stream of windows.

/** How long the pieces are. */
export interface SegmentationOptions {
  /** Longest piece. */
  readonly maxSeconds: number;
  /** Shortest piece, at most half of the longest; a quarter of it unless told. Audio that is shorter as a whole is one piece. */
  readonly minSeconds?: number | undefined;
}

/** A piece of audio, in seconds from its beginning. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Length of the frames whose power is measured; cuts lie between two of them. */
const FRAME_SECONDS = 0.01;

/** Frames on each side of a cut whose mean power is the level there. */
const REACH = 5;

/**
 * A pause goes as far as levels are within so much of the lowest one, dB; within half of the range of levels where that is less, so
 * that a dip in sound without pauses counts too.
 */
const TOLERANCE = 3;

/** Power below which all is silence: −100 dB of full scale. */
const SILENCE = 1e-10;

/** Lengths in samples and frames. */
interface Sizes {
  /** Samples a frame. */
  readonly hop: number;
  readonly minFrames: number;
  readonly maxFrames: number;
  readonly maxSamples: number;
  /** Samples from the beginning of a piece that decide about its end. */
  readonly lookahead: number;
}

/** @throws RangeError naming the option that cannot be used */
function sizesOf(sampleRate: number, { maxSeconds, minSeconds = maxSeconds / 4 }: SegmentationOptions): Sizes {
  const positive = (name: string, value: number) => {
    if (!(value > 0 && Number.isFinite(value)))
      throw new RangeError(`${name}: expected a positive number, found ${value}`);
  };
  positive('sampleRate', sampleRate);
  positive('maxSeconds', maxSeconds);
  if (!(minSeconds >= 0 && minSeconds <= maxSeconds / 2)) {
    throw new RangeError(
      `minSeconds: expected at most half of maxSeconds (${maxSeconds}), so that a rest can be divided, found ${minSeconds}`,
    );
  }
  const hop = Math.max(1, Math.round(sampleRate * FRAME_SECONDS));
  const maxSamples = Math.floor(maxSeconds * sampleRate);
  const maxFrames = Math.floor(maxSamples / hop);
  if (maxFrames < 2) throw new RangeError(`maxSeconds: expected at least 0.02, found ${maxSeconds}`);
  // Half of an odd number of frames is rounded down: the piece may be shorter by a part of a frame.
  const minFrames = Math.max(1, Math.min(Math.ceil((minSeconds * sampleRate) / hop), Math.floor(maxFrames / 2)));
  return { hop, minFrames, maxFrames, maxSamples, lookahead: maxSamples + (minFrames + REACH) * hop };
}

/** Levels (dB) where cuts may be: entry i is the one after `first + i` frames. */
function levelsOf(samples: Float32Array, hop: number, first: number, last: number): Float64Array {
  const from = Math.max(0, first - REACH);
  const to = Math.min(Math.ceil(samples.length / hop), last + REACH);
  // sums[i]: squares of the frames before from + i.
  const sums = new Float64Array(to - from + 1);
  for (let frame = from; frame < to; frame++) {
    const end = Math.min(samples.length, (frame + 1) * hop);
    let sum = 0;
    for (let i = frame * hop; i < end; i++) sum += samples[i]! ** 2;
    sums[frame - from + 1] = sums[frame - from]! + sum / (end - frame * hop);
  }
  return Float64Array.from({ length: last - first + 1 }, (_, i) => {
    const a = Math.max(from, first + i - REACH);
    const b = Math.min(to, first + i + REACH);
    // The difference of the sums of silence may be a little below 0.
    const power = Math.max(0, (sums[b - from]! - sums[a - from]!) / (b - a));
    return 10 * Math.log10(power + SILENCE);
  });
}

/**
 * Where the piece ends that begins with the samples: in the middle of the longest stretch that is about as quiet as the quietest
 * place, and of equally long ones of the last.
 *
 * @param samples `lookahead` samples, or all that there are
 * @returns samples of the piece
 */
function cut(samples: Float32Array, { hop, minFrames, maxFrames, maxSamples }: Sizes): number {
  if (samples.length <= maxSamples) return samples.length;
  const last = Math.min(maxFrames, Math.floor(samples.length / hop) - minFrames);
  const levels = levelsOf(samples, hop, minFrames, last);
  const lowest = levels.reduce((a, b) => Math.min(a, b));
  const range = levels.reduce((a, b) => Math.max(a, b)) - lowest;
  const highest = lowest + Math.min(TOLERANCE, range / 2);
  let longest = 0;
  let end = 0;
  for (let i = 0, length = 0; i < levels.length; i++) {
    length = levels[i]! <= highest ? length + 1 : 0;
    if (length > 0 && length >= longest) {
      longest = length;
      end = i;
    }
  }
  return (minFrames + end - Math.floor((longest - 1) / 2)) * hop;
}

/**
 * Cuts audio into pieces that cover it without gaps or overlaps, none longer than `maxSeconds` and none shorter than `minSeconds`,
 * unless all of it is. A piece ends in the longest pause that there is between these lengths: the power of 10 ms frames, averaged
 * over 100 ms, tells pauses from the rest. Where there is no pause it ends at the quietest place. What fits into one piece is not
 * cut.
 *
 * @param samples one channel
 * @param sampleRate Hz
 * @returns no piece of no samples
 * @throws RangeError when an option is not a positive number, or `minSeconds` more than half of `maxSeconds`
 */
export function segmentOnSilence(samples: Float32Array, sampleRate: number, options: SegmentationOptions): Segment[] {
  const sizes = sizesOf(sampleRate, options);
  const segments: Segment[] = [];
  for (let at = 0; at < samples.length; ) {
    const end = at + cut(samples.subarray(at, at + sizes.lookahead), sizes);
    segments.push({ start: at / sampleRate, end: end / sampleRate });
    at = end;
  }
  return segments;
}

/**
 * The pieces of {@link segmentOnSilence} of audio that comes in windows, each as soon as it is decided: the same ones whatever the
 * windows are. Memory holds 1¼ times the longest piece (1½ with the longest `minSeconds`) and a window.
 *
 * @param windows one channel, window after window
 * @throws RangeError as {@link segmentOnSilence} does
 */
export async function* segmentStream(
  windows: AsyncIterable<Float32Array>,
  sampleRate: number,
  options: SegmentationOptions,
): AsyncGenerator<Segment & { readonly samples: Float32Array }, void, undefined> {
  const sizes = sizesOf(sampleRate, options);
  const { lookahead } = sizes;
  const held = new Float32Array(lookahead);
  let count = 0;
  let start = 0;
  const next = () => {
    const length = cut(held.subarray(0, count), sizes);
    const samples = held.slice(0, length);
    held.copyWithin(0, length, count);
    count -= length;
    const from = start;
    start += length;
    return { start: from / sampleRate, end: start / sampleRate, samples };
  };
  for await (const window of windows) {
    for (let at = 0; at < window.length; ) {
      // Never more than is needed for the next piece, however long the window is.
      const part = window.subarray(at, at + lookahead - count);
      held.set(part, count);
      count += part.length;
      at += part.length;
      if (count === lookahead) yield next();
    }
  }
  while (count > 0) yield next();
}
