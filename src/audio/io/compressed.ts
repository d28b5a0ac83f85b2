// FLAC, MP3 and Ogg Vorbis, decoded whole by packages that are loaded when a file needs one.
import { DataError } from '../../errors.js';
import { walkMp3 } from './mp3-frames.js';
import { type AudioReader, type ChannelChoice, notFinite } from './reader.js';
import type { ByteSource } from './source.js';

/** What the decoders give. */
export interface Decoded {
  /** An array a channel. */
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

/** Loads a decoder's package. @throws DataError with the command that installs it, when it is not there */
export async function load<T>(path: string, kind: string, name: string, module: () => Promise<T>): Promise<T> {
  try {
    return await module();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new DataError(
      `${path}: expected a decoder of ${kind}, found none installed; run "npm install ${name}", or convert the file to WAV`,
      { cause: error },
    );
  }
}

/**
 * Runs a decoder with `console.error` silenced: the packages print there what they also return as errors. All of their work
 * is done before the call returns, even when it returns a promise, so that nobody else's messages are lost.
 */
function quietly<T>(decode: () => T): T {
  const print = console.error;
  console.error = () => {};
  try {
    return decode();
  } finally {
    console.error = print;
  }
}

const damaged = (path: string, kind: string, reason: string, cause?: unknown) =>
  new DataError(`${path}: the ${kind} data is damaged (${reason}); copy or fetch the file again`, { cause });

/** Runs a decoder, with whatever it says against a file as a {@link DataError}. */
export async function decodeWith(
  path: string,
  kind: string,
  decoder: { ready: Promise<void>; free: () => void },
  decode: () => Decoded | Promise<Decoded>,
): Promise<Decoded> {
  await decoder.ready;
  try {
    const decoded = await quietly(decode);
    const [error] = decoded.errors;
    if (error !== undefined) throw damaged(path, kind, error.message);
    if ((decoded.channelData[0]?.length ?? 0) === 0) throw damaged(path, kind, 'no samples could be decoded');
    return decoded;
  } catch (error) {
    throw error instanceof DataError ? error : damaged(path, kind, (error as Error).message, error);
  } finally {
    try {
      decoder.free();
    } catch {
      // A decoder that failed on damaged data may be beyond freeing; its memory goes with it.
    }
  }
}

/** Samples of frames `from` … `to` − 1 as one channel. */
function mixPlanes(
  path: string,
  { channelData, sampleRate }: Decoded,
  from: number,
  to: number,
  choice: ChannelChoice,
): Float32Array {
  const planes = choice === 'mix' ? channelData : [channelData[choice]!];
  const out = planes[0]!.slice(from, to);
  if (planes.length > 1) {
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (const plane of planes) sum += plane[from + i]!;
      out[i] = sum / planes.length;
    }
  }
  const bad = out.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw notFinite(path, out[bad]!, from + bad, sampleRate);
  return out;
}

export function decodedReader(path: string, format: string, decoded: Decoded): AudioReader {
  return {
    format,
    sampleRate: decoded.sampleRate,
    channels: decoded.channelData.length,
    frames: decoded.channelData[0]!.length,
    read: async (from, to, choice) => mixPlanes(path, decoded, from, to, choice),
  };
}

/**
 * Reads an MP3 file (MPEG 1, 2 or 2.5, layer III), without the silence that the encoder says it added.
 * @throws DataError when the file is damaged or cut short, or its decoder is not installed
 */
export async function openMp3(source: ByteSource): Promise<AudioReader> {
  const { path } = source;
  const bytes = await source.bytes(0, source.size);
  const { first, start, end } = walkMp3(path, bytes);
  const { MPEGDecoder } = await load(path, 'MP3', 'mpg123-decoder', () => import('mpg123-decoder'));
  const decoder = new MPEGDecoder();
  const decoded = await decodeWith(path, 'MP3', decoder, () => decoder.decode(bytes.subarray(start, end)));
  // The decoder gives two channels always.
  return decodedReader(path, 'MP3', {
    ...decoded,
    sampleRate: first.sampleRate,
    channelData: decoded.channelData.slice(0, first.channels),
  });
}

/** Whether an Ogg stream's last page is whole and says that it is the last. */
function checkOggEnd(path: string, bytes: Buffer): void {
  const at = bytes.lastIndexOf('OggS');
  const segments = bytes.subarray(at + 27, at + 27 + (bytes[at + 26] ?? 0));
  const length = 27 + segments.length + segments.reduce((sum, size) => sum + size, 0);
  const whole = at + 27 <= bytes.length && segments.length === bytes[at + 26] && at + length <= bytes.length;
  if (whole && (bytes[at + 5]! & 4) !== 0) return;
  throw new DataError(
    `${path}: expected an Ogg stream up to its last page, found ${whole ? 'none marked as the last' : 'an incomplete page'} ` +
      'at the end: the file is cut short; copy or fetch it again',
  );
}

/**
 * Reads an Ogg Vorbis file.
 * @throws DataError when the stream is not Vorbis, is damaged or cut short, or its decoder is not installed
 */
export async function openOgg(source: ByteSource): Promise<AudioReader> {
  const { path } = source;
  const head = await source.bytes(0, 64);
  const packet = head.subarray(27 + (head[26] ?? 0));
  const names: [string, string][] = [
    ['\x01vorbis', 'Vorbis'],
    ['OpusHead', 'Opus'],
    ['\x7fFLAC', 'FLAC in Ogg'],
    ['Speex   ', 'Speex'],
    ['\x80theora', 'video (Theora)'],
  ];
  const name =
    names.find(([magic]) => packet.toString('latin1', 0, magic.length) === magic)?.[1] ?? 'an unknown coding';
  if (name !== 'Vorbis') {
    throw new DataError(`${path}: expected Vorbis in an Ogg file, found ${name}; convert the file to WAV or FLAC`);
  }
  const bytes = await source.bytes(0, source.size);
  checkOggEnd(path, bytes);
  const { OggVorbisDecoder } = await load(
    path,
    'Ogg Vorbis',
    '@wasm-audio-decoders/ogg-vorbis',
    () => import('@wasm-audio-decoders/ogg-vorbis'),
  );
  const decoder = new OggVorbisDecoder();
  const decoded = await decodeWith(path, 'Ogg Vorbis', decoder, () => decoder.decodeFile(bytes));
  return decodedReader(path, 'Ogg Vorbis', decoded);
}
