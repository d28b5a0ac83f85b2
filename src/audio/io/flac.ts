// FLAC: the stream's header, read by itself, and the samples as the exact integers they were.
import { DataError } from '../../errors.js';
import { type Decoded, decodedReader, decodeWith, load } from './compressed.js';
import type { AudioReader } from './reader.js';
import type { ByteSource } from './source.js';

interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  /** Samples of each channel; 0 when the encoder did not know. */
  readonly frames: number;
}

async function streamInfo(source: ByteSource, offset: number): Promise<StreamInfo> {
  const wrong = (what: string, found: string) =>
    new DataError(`${source.path}: expected ${what} in the FLAC header, found ${found}; the file is damaged`);
  const head = await source.bytes(offset + 4, 38);
  if (head.length < 38 || (head[0]! & 0x7f) !== 0) throw wrong('a STREAMINFO block', 'none');
  const packed = head.readUInt32BE(14);
  const sampleRate = packed >>> 12;
  if (sampleRate === 0) throw wrong('a sample rate of at least 1 Hz', '0');
  return {
    sampleRate,
    channels: ((packed >> 9) & 7) + 1,
    bits: ((packed >> 4) & 31) + 1,
    frames: (packed & 15) * 2 ** 32 + head.readUInt32BE(18),
  };
}

/** Undoes the decoder's division by 2^(bits − 1) − 1, so that the integer s becomes s / 2^(bits − 1). */
function rescale(plane: Float32Array, bits: number): void {
  const theirs = 2 ** (bits - 1) - 1;
  const ours = 2 ** (1 - bits);
  for (let i = 0; i < plane.length; i++) plane[i] = Math.round(plane[i]! * theirs) * ours;
}

async function decode(source: ByteSource, offset: number, info: StreamInfo): Promise<Decoded> {
  const { path } = source;
  const { FLACDecoder } = await load(
    path,
    'FLAC',
    '@wasm-audio-decoders/flac',
    () => import('@wasm-audio-decoders/flac'),
  );
  const bytes = await source.bytes(offset, source.size - offset);
  const decoder = new FLACDecoder();
  const decoded = await decodeWith(path, 'FLAC', decoder, () => decoder.decodeFile(bytes));
  const frames = decoded.channelData[0]!.length;
  // Frames that fail their checksum are left out, so that damage shows as samples that are missing.
  if (decoded.channelData.length !== info.channels || (info.frames !== 0 && frames !== info.frames)) {
    throw new DataError(
      `${path}: expected ${info.frames} FLAC samples of each of ${info.channels} channels, ` +
        `found ${frames} of ${decoded.channelData.length}: the file is cut short or damaged; copy or fetch it again`,
    );
  }
  for (const plane of decoded.channelData) rescale(plane, info.bits);
  return { ...decoded, sampleRate: info.sampleRate };
}

/**
 * Reads a FLAC file; nothing is decoded before samples are asked for, unless the header does not say how many there are.
 * @param offset of the stream's beginning, after any tag
 * @throws DataError when the file is damaged or cut short, or its decoder is not installed
 */
export async function openFlac(source: ByteSource, offset: number): Promise<AudioReader> {
  const info = await streamInfo(source, offset);
  const format = `FLAC, ${info.bits}-bit integer`;
  let decoded: Promise<AudioReader> | undefined;
  const decodeOnce = () => {
    decoded ??= decode(source, offset, info).then((found) => decodedReader(source.path, format, found));
    return decoded;
  };
  const frames = info.frames === 0 ? (await decodeOnce()).frames : info.frames;
  const { sampleRate, channels } = info;
  return {
    format,
    sampleRate,
    channels,
    frames,
    read: async (from, to, choice) => (await decodeOnce()).read(from, to, choice),
  };
}
