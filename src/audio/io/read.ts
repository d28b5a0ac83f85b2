// Reading audio files: a file or a part of one as a single channel, what a file holds, and long files window by window.
import { DataError } from '../../errors.js';
import type { Audio, AudioSegment } from '../types.js';
import { type OpenAudio, openAudio } from './open.js';
import type { ReadAudioOptions } from './options.js';
import type { AudioReader } from './reader.js';

export type { RawFormat, ReadAudioOptions } from './options.js';

/** What a file holds. */
export interface AudioInfo {
  /** Samples a second (Hz). */
  readonly sampleRate: number;
  readonly channels: number;
  readonly seconds: number;
  /** In words, e.g. `WAV, 16-bit integer`. */
  readonly format: string;
}

/** A part of a long file. */
export interface AudioWindow extends Audio {
  /** Seconds from the beginning of the file. */
  readonly start: number;
}

/** Seconds by which a segment may go beyond the end of its file: times in manifests are rounded. */
const OVERSHOOT = 0.01;

/** The frames that a segment means. */
function framesOf({ path, start = 0, end }: AudioSegment, reader: AudioReader): { from: number; to: number } {
  const { sampleRate, frames } = reader;
  const seconds = frames / sampleRate;
  const wrong = (what: string, found: string) =>
    new DataError(`${path}: expected ${what}, found ${found}; correct the times of this segment`);
  if (!(Number.isFinite(start) && start >= 0)) throw wrong('a segment that starts at 0 s or later', `start ${start}`);
  if (end !== undefined && !(end > start)) {
    throw wrong('a segment that ends after it starts', `start ${start} s and end ${end} s`);
  }
  const length = `the file has ${seconds.toFixed(3)} s`;
  // A nanosecond for the rounding of the sum.
  if (end !== undefined && end > seconds + OVERSHOOT + 1e-9) {
    throw wrong('a segment within the file', `end ${end} s where ${length}`);
  }
  const from = Math.round(start * sampleRate);
  const to = end === undefined ? frames : Math.min(frames, Math.round(end * sampleRate));
  if (from >= frames) throw wrong('a segment within the file', `start ${start} s where ${length}`);
  if (from >= to) {
    throw wrong('a segment of at least one sample', `${start} s to ${end} s, which at ${sampleRate} Hz is none`);
  }
  return { from, to };
}

async function withAudio<T>(
  path: string,
  options: ReadAudioOptions,
  use: (reader: AudioReader) => Promise<T> | T,
): Promise<T> {
  const { reader, close }: OpenAudio = await openAudio(path, options);
  try {
    return await use(reader);
  } finally {
    await close();
  }
}

/**
 * Reads a file, or the part of it that a segment names, as one channel: WAV (integers, floating point, A-law, µ-law, IMA
 * ADPCM; RIFF, RIFX, RF64), NIST SPHERE, raw samples, FLAC, MP3 and Ogg Vorbis, known by their first bytes. Of uncompressed
 * files only the bytes of the segment are read; FLAC, MP3 and Vorbis are decoded whole. Integers of n bits become
 * s / 2ⁿ⁻¹; floating-point samples stay as they are.
 *
 * A segment's times are rounded to the nearest sample; an end up to 10 ms beyond that of the file means the latter.
 *
 * @throws DataError (exit code 66) when there is no such file; DataError, naming the file, when it is empty, cut short,
 *   damaged or of no format that is read, holds no samples or samples that are not finite, when it has no such channel, when
 *   the segment is not within it, or when a decoder is not installed
 */
export async function readAudio(segment: AudioSegment, options: ReadAudioOptions = {}): Promise<Audio> {
  return withAudio(segment.path, options, async (reader) => {
    const { from, to } = framesOf(segment, reader);
    const samples = await reader.read(from, to, options.channel ?? 'mix');
    return { samples, sampleRate: reader.sampleRate };
  });
}

/**
 * What a file holds, by its header; MP3, Vorbis and streamed FLAC must be decoded to know their length.
 * @throws DataError as {@link readAudio} does, except for damage that only shows in the samples
 */
export async function probeAudio(path: string, options: ReadAudioOptions = {}): Promise<AudioInfo> {
  return withAudio(path, options, ({ sampleRate, channels, frames, format }) => ({
    sampleRate,
    channels,
    seconds: frames / sampleRate,
    format,
  }));
}

/**
 * Reads a file, or the part of it that a segment names, window after window without gaps or overlaps; the last one may be
 * shorter. Memory holds one window of an uncompressed file; FLAC, MP3 and Vorbis are decoded whole.
 *
 * @param windowSeconds length of a window, rounded to samples; at least one
 * @throws DataError as {@link readAudio} does; RangeError when the length is not a positive number
 */
export async function* audioWindows(
  segment: AudioSegment,
  windowSeconds: number,
  options: ReadAudioOptions = {},
): AsyncGenerator<AudioWindow, void, undefined> {
  if (!(windowSeconds > 0 && Number.isFinite(windowSeconds))) {
    throw new RangeError(`windowSeconds: expected a positive number of seconds, found ${windowSeconds}`);
  }
  const { reader, close } = await openAudio(segment.path, options);
  try {
    const { sampleRate } = reader;
    const { from, to } = framesOf(segment, reader);
    const size = Math.max(1, Math.round(windowSeconds * sampleRate));
    for (let at = from; at < to; at += size) {
      const samples = await reader.read(at, Math.min(to, at + size), options.channel ?? 'mix');
      yield { samples, sampleRate, start: at / sampleRate };
    }
  } finally {
    await close();
  }
}
