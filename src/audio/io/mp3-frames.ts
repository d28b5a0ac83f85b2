// The frames of an MP3 file: enough of them to know one from other files, and to see when it is cut short or damaged.
import { DataError } from '../../errors.js';

/** What the header of a frame says. */
export interface Mp3Frame {
  readonly bytes: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples of each channel. */
  readonly samples: number;
}

/** kbit/s by the header's index; 0 (free format) and 15 are not read. ISO 11172-3 and 13818-3, layer III. */
const BITRATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/** Hz by the version's two bits: MPEG 2.5, none, MPEG 2, MPEG 1. */
const RATES = [[11025, 12000, 8000], [], [22050, 24000, 16000], [44100, 48000, 32000]];

/** Tags that follow the audio. */
const TAGS = ['TAG', 'APETAGEX', 'LYRICSBEGIN', 'ID3'];

/** The frame that begins at `at`; undefined where there is none. */
export function mp3Frame(bytes: Uint8Array, at: number): Mp3Frame | undefined {
  if (at + 4 > bytes.length || bytes[at] !== 0xff) return undefined;
  const second = bytes[at + 1]!;
  const third = bytes[at + 2]!;
  // Eleven bits to synchronise, then the version, and 01 for layer III.
  if ((second & 0xe6) !== 0xe2) return undefined;
  const version = (second >> 3) & 3;
  const sampleRate = RATES[version]![(third >> 2) & 3];
  const rate = (version === 3 ? BITRATES_1 : BITRATES_2)[third >> 4];
  if (sampleRate === undefined || rate === undefined || rate === 0) return undefined;
  const samples = version === 3 ? 1152 : 576;
  const length = Math.floor(((samples / 8) * rate * 1000) / sampleRate) + ((third >> 1) & 1);
  return { bytes: length, sampleRate, channels: bytes[at + 3]! >> 6 === 3 ? 1 : 2, samples };
}

/** The end of an ID3v2 tag at the beginning of a file; 0 where there is none. */
export function afterId3(bytes: Uint8Array): number {
  if (bytes.length < 10 || String.fromCharCode(...bytes.subarray(0, 3)) !== 'ID3') return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  const footer = (bytes[5]! & 0x10) !== 0 ? 10 : 0;
  return 10 + (((a & 127) << 21) | ((b & 127) << 14) | ((c & 127) << 7) | (d & 127)) + footer;
}

/**
 * Walks the frames of an MP3 file from its first to its last.
 * @returns the first frame, and where the frames begin and end
 * @throws DataError when there is no frame, one is damaged, the last one is cut short, or the sample rate changes
 */
export function walkMp3(path: string, bytes: Uint8Array): { first: Mp3Frame; start: number; end: number } {
  let start = afterId3(bytes);
  // Some programs leave zeros after the tag.
  while (start < bytes.length && bytes[start] === 0) start++;
  const first = mp3Frame(bytes, start);
  if (first === undefined) {
    throw new DataError(`${path}: expected MP3 frames at byte ${start}, found none; convert the file to WAV or FLAC`);
  }
  let at = start;
  let samples = 0;
  while (at < bytes.length) {
    const frame = mp3Frame(bytes, at);
    const second = () => (samples / first.sampleRate).toFixed(2);
    if (frame === undefined) {
      const rest = bytes.subarray(at);
      const text = Buffer.from(rest.subarray(0, 16)).toString('latin1');
      if (TAGS.some((tag) => text.startsWith(tag)) || rest.every((byte) => byte === 0)) break;
      throw new DataError(
        `${path}: expected an MP3 frame at byte ${at} (second ${second()}), found none; the file is damaged`,
      );
    }
    if (frame.sampleRate !== first.sampleRate) {
      throw new DataError(
        `${path}: expected one sample rate, found ${first.sampleRate} Hz and from second ${second()} ${frame.sampleRate} Hz; convert the file to WAV`,
      );
    }
    if (at + frame.bytes > bytes.length) {
      throw new DataError(
        `${path}: expected ${frame.bytes} bytes in the last MP3 frame (second ${second()}), found ${bytes.length - at}: the file is cut short; copy or fetch it again`,
      );
    }
    at += frame.bytes;
    samples += frame.samples;
  }
  return { first, start, end: at };
}
