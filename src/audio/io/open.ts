// From a path to a reader: which format a file is of, by its first bytes.
import { extname } from 'node:path';
import { DataError } from '../../errors.js';
import { openMp3, openOgg } from './compressed.js';
import { openFlac } from './flac.js';
import { afterId3, mp3Frame } from './mp3-frames.js';
import type { RawFormat, ReadAudioOptions } from './options.js';
import { pcmReader, SAMPLE_BYTES } from './pcm.js';
import type { AudioReader } from './reader.js';
import { type ByteSource, openSource } from './source.js';
import { isSphere, openSphere } from './sphere.js';
import { isWav, MOST_HERTZ, openWav } from './wav.js';

/** Files that are met where audio was meant, by where their mark stands. */
const OTHERS: readonly [number, string, string][] = [
  [0, 'FORM', 'an AIFF file'],
  [0, '.snd', 'an AU file'],
  [0, 'caff', 'a CAF file'],
  [0, 'wvpk', 'a WavPack file'],
  [0, 'riff', 'a Wave64 file'],
  [0, '\x1a\x45\xdf\xa3', 'a Matroska or WebM file'],
  [4, 'ftyp', 'an MP4 or M4A file'],
  [0, '\x1f\x8b', 'a gzip file'],
  [0, 'PK\x03\x04', 'a zip file'],
  [0, 'version https://git-lfs', 'a Git LFS pointer in place of the file; run "git lfs pull"'],
  [0, '<', 'a web page or XML'],
];

const SUPPORTED = 'WAV, FLAC, MP3, Ogg Vorbis or NIST SPHERE';

function unknownFormat(path: string, head: Buffer): DataError {
  const other = OTHERS.find(([at, mark]) => head.toString('latin1', at, at + mark.length) === mark)?.[2];
  const bytes = head.subarray(0, 8);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
  return new DataError(
    `${path}: expected ${SUPPORTED}, found ${other ?? 'an unknown format'} (it begins with ${hex}, ${JSON.stringify(text)}); ` +
      'convert it, e.g. with "ffmpeg -i FILE -ac 1 FILE.wav", or say the sample rate if it holds raw samples',
  );
}

function openRaw(source: ByteSource, raw: RawFormat): AudioReader {
  const { sampleRate, endianness = 'little', encoding = 's16', channels = 1 } = raw;
  const check = (name: string, value: number, most: number) => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new DataError(`${source.path}: expected ${name} of 1 to ${most} for raw samples, found ${value}; correct it`);
  };
  check('a sample rate', sampleRate, MOST_HERTZ);
  check('a number of channels', channels, 0xffff);
  if (SAMPLE_BYTES[encoding] === undefined) {
    const known = Object.keys(SAMPLE_BYTES).filter((name) => name !== 'f64');
    throw new DataError(
      `${source.path}: expected an encoding of raw samples among ${known.join(', ')}, found ${JSON.stringify(encoding)}; correct it`,
    );
  }
  const bigEndian = endianness === 'big';
  const order = SAMPLE_BYTES[encoding] === 1 ? '' : `, ${endianness}-endian`;
  return pcmReader(source, {
    format: `raw, ${encoding}${order}`,
    encoding,
    bigEndian,
    sampleRate,
    channels,
    offset: 0,
    bytes: source.size,
  });
}

/** MP3 has no mark of its own: what looks like a frame must be followed by another one, or by the end of the file. */
async function looksLikeMp3(source: ByteSource, at: number): Promise<boolean> {
  const first = mp3Frame(await source.bytes(at, 4), 0);
  if (first === undefined) return false;
  const next = at + first.bytes;
  return next >= source.size || mp3Frame(await source.bytes(next, 4), 0) !== undefined;
}

async function readerOf(source: ByteSource, raw: RawFormat | undefined): Promise<AudioReader> {
  const head = await source.bytes(0, 64);
  const rawName = ['.raw', '.pcm'].includes(extname(source.path).toLowerCase());
  if (raw !== undefined && rawName) return openRaw(source, raw);
  if (isWav(head)) return openWav(source);
  if (isSphere(head)) return openSphere(source);
  const start = afterId3(head);
  const isFlac = (await source.bytes(start, 4)).toString('latin1') === 'fLaC';
  if (isFlac) return openFlac(source, start);
  if (head.toString('latin1', 0, 4) === 'OggS') return openOgg(source);
  if (start > 0 || (await looksLikeMp3(source, 0))) return openMp3(source);
  if (raw !== undefined) return openRaw(source, raw);
  throw unknownFormat(source.path, head);
}

/** An audio file that is open; whoever opened it closes it. */
export interface OpenAudio {
  readonly reader: AudioReader;
  close(): Promise<void>;
}

/**
 * Opens an audio file and reads its header.
 * @throws DataError when it cannot be opened, is of no format that is read, is damaged, or has no such channel
 */
export async function openAudio(path: string, { raw, channel = 'mix' }: ReadAudioOptions): Promise<OpenAudio> {
  const source = await openSource(path);
  try {
    const reader = await readerOf(source, raw);
    const { channels } = reader;
    if (channel !== 'mix' && !(Number.isInteger(channel) && channel >= 0 && channel < channels)) {
      const there = channels === 1 ? 'only channel 0' : `channels 0 to ${channels - 1}`;
      throw new DataError(
        `${path}: expected a channel that the file has (${there}), found ${channel}; choose another or "mix"`,
      );
    }
    return { reader, close: source.close };
  } catch (error) {
    await source.close();
    throw error;
  }
}
