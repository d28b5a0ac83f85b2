// Samples that stand in a file one after another at a fixed width: read by byte ranges, scaled to [−1, 1).
import { endianness } from 'node:os';
import { DataError } from '../../errors.js';
import { A_LAW, MU_LAW } from './g711.js';
import type { SampleEncoding } from './options.js';
import { type AudioReader, type ChannelChoice, notFinite, takeChannel } from './reader.js';
import type { ByteSource } from './source.js';

/** Where samples stand in a file and how they are stored. */
export interface PcmLayout {
  readonly format: string;
  readonly encoding: SampleEncoding;
  readonly bigEndian: boolean;
  readonly sampleRate: number;
  readonly channels: number;
  /** The first byte of samples. */
  readonly offset: number;
  /** Bytes of samples; whole frames. */
  readonly bytes: number;
}

/** Bytes of a stored number. */
export const SAMPLE_BYTES: Readonly<Record<SampleEncoding, number>> = {
  s8: 1,
  u8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  alaw: 1,
  mulaw: 1,
};

/** What full scale is, and the value of silence. */
const SHAPES: Readonly<Record<SampleEncoding, { full: number; bias: number }>> = {
  s8: { full: 0x80, bias: 0 },
  u8: { full: 0x80, bias: 0x80 },
  s16: { full: 0x8000, bias: 0 },
  s24: { full: 0x800000, bias: 0 },
  s32: { full: 0x80000000, bias: 0 },
  f32: { full: 1, bias: 0 },
  f64: { full: 1, bias: 0 },
  alaw: { full: 0x8000, bias: 0 },
  mulaw: { full: 0x8000, bias: 0 },
};

/** Bytes decoded at a time: they stay in the processor's cache, and a long file needs no second copy of itself. */
const PIECE_BYTES = 1 << 19;

const HOST_IS_BIG = endianness() === 'BE';

const expand = (bytes: Uint8Array, table: Int16Array): Int16Array => {
  const out = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]!]!;
  return out;
};

function widen24(bytes: Uint8Array, bigEndian: boolean): Int32Array {
  const out = new Int32Array(bytes.length / 3);
  const low = bigEndian ? 2 : 0;
  const high = 2 - low;
  for (let i = 0, j = 0; i < out.length; i++, j += 3) {
    out[i] = ((bytes[j + high]! << 24) >> 8) | (bytes[j + 1]! << 8) | bytes[j + low]!;
  }
  return out;
}

/** The numbers in `bytes`, whose buffer begins with them; it may be reordered in place. */
function numbersIn(bytes: Buffer, encoding: SampleEncoding, bigEndian: boolean): ArrayLike<number> {
  const width = SAMPLE_BYTES[encoding];
  if (bigEndian !== HOST_IS_BIG && encoding !== 's24') {
    if (width === 2) bytes.swap16();
    if (width === 4) bytes.swap32();
    if (width === 8) bytes.swap64();
  }
  const { buffer, byteOffset } = bytes;
  const count = bytes.length / width;
  switch (encoding) {
    case 's8':
      return new Int8Array(buffer, byteOffset, count);
    case 'u8':
      return bytes;
    case 's16':
      return new Int16Array(buffer, byteOffset, count);
    case 's24':
      return widen24(bytes, bigEndian);
    case 's32':
      return new Int32Array(buffer, byteOffset, count);
    case 'f32':
      return new Float32Array(buffer, byteOffset, count);
    case 'f64':
      return new Float64Array(buffer, byteOffset, count);
    case 'alaw':
      return expand(bytes, A_LAW);
    case 'mulaw':
      return expand(bytes, MU_LAW);
  }
}

/** Reads a file of the given layout. @throws DataError when the bytes are not whole frames, or none */
export function pcmReader(source: ByteSource, layout: PcmLayout): AudioReader {
  const { path } = source;
  const { format, encoding, bigEndian, sampleRate, channels, offset } = layout;
  const frameBytes = SAMPLE_BYTES[encoding] * channels;
  if (layout.bytes % frameBytes !== 0) {
    throw new DataError(
      `${path}: expected samples of ${frameBytes} bytes (${encoding}, ${channels === 1 ? '1 channel' : `${channels} channels`}), ` +
        `found ${layout.bytes} bytes, ${layout.bytes % frameBytes} too many; the file is cut short or of another format`,
    );
  }
  const frames = layout.bytes / frameBytes;
  if (frames === 0) throw new DataError(`${path}: expected audio, found a header and no samples; remove the file`);
  const shape = { channels, ...SHAPES[encoding] };
  const pieceFrames = Math.max(1, Math.floor(PIECE_BYTES / frameBytes));
  return {
    format,
    sampleRate,
    channels,
    frames,
    async read(from: number, to: number, choice: ChannelChoice) {
      const out = new Float32Array(to - from);
      const buffer = Buffer.from(new ArrayBuffer(Math.min(pieceFrames, to - from) * frameBytes));
      for (let at = from; at < to; at += pieceFrames) {
        const count = Math.min(pieceFrames, to - at);
        const bytes = buffer.subarray(0, count * frameBytes);
        await source.fill(bytes, offset + at * frameBytes);
        const numbers = numbersIn(bytes, encoding, bigEndian);
        takeChannel(numbers, shape, choice, out, at - from);
        if (encoding === 'f32' || encoding === 'f64') checkFinite(path, numbers, channels, at, sampleRate);
      }
      return out;
    },
  };
}

/** Every channel is looked at, so that a file is good or bad whichever channel is asked for. */
function checkFinite(path: string, numbers: ArrayLike<number>, channels: number, from: number, rate: number): void {
  for (let i = 0; i < numbers.length; i++) {
    if (Number.isFinite(Math.fround(numbers[i]!))) continue;
    throw notFinite(path, numbers[i]!, from + Math.floor(i / channels), rate);
  }
}
