// WAV files (RIFF, RIFX, RF64, BW64): the chunks, the format, and where the samples are.
import { DataError } from '../../errors.js';
import { imaAdpcmReader } from './ima-adpcm.js';
import type { SampleEncoding } from './options.js';
import { pcmReader } from './pcm.js';
import type { AudioReader } from './reader.js';
import type { ByteSource } from './source.js';

/** Numbers in the byte order of a file. */
interface Endian {
  readonly big: boolean;
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
  /** Exact below 2⁵³. */
  u64(bytes: Buffer, at: number): number;
}

const LITTLE: Endian = {
  big: false,
  u16: (bytes, at) => bytes.readUInt16LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
  u64: (bytes, at) => Number(bytes.readBigUInt64LE(at)),
};

const BIG: Endian = {
  big: true,
  u16: (bytes, at) => bytes.readUInt16BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
  u64: (bytes, at) => Number(bytes.readBigUInt64BE(at)),
};

/** The fields of a `fmt ` chunk. */
interface Format {
  /** The code of the coding; that of the subformat where the chunk is of the extensible kind. */
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of a block, which is a frame except where samples are compressed. */
  readonly blockAlign: number;
  readonly bits: number;
  /** What ADPCM adds to it. */
  readonly samplesPerBlock: number | undefined;
}

interface Span {
  readonly offset: number;
  readonly bytes: number;
}

const PCM = 1;
const FLOAT = 3;
const A_LAW_TAG = 6;
const MU_LAW_TAG = 7;
const IMA_ADPCM = 0x11;
const EXTENSIBLE = 0xfffe;

/** Codings that are met and not read. */
const UNREAD: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  80: 'MPEG',
  85: 'MP3',
  353: 'Windows Media Audio',
};

/** What follows the code in the identifier of a subformat that stands for a code. */
const SUBFORMAT_END = '800000aa00389b71';

/** More than any sound card or ultrasound recorder does; a rate beyond it is a damaged header. */
export const MOST_HERTZ = 10_000_000;

/** More chunks than any program writes. Bounds the work on a file that is one long row of empty chunks. */
const MOST_CHUNKS = 10_000;

const MARKER = 0xffffffff;

/** Sizes that a program writes to a pipe when it cannot know them, near 2³¹ and 2³² because some subtract the header. */
const isStreamed = (size: number): boolean =>
  size === 0 || (size >= 0x7ffff000 && size <= 0x80000000) || size >= 0xfffff000;

/** Whether this is the beginning of a WAV file. */
export const isWav = (head: Buffer): boolean =>
  ['RIFF', 'RIFX', 'RF64', 'BW64'].includes(head.toString('latin1', 0, 4));

const printable = (id: string): boolean => /^[\x20-\x7e]{4}$/.test(id);

function parseFormat(path: string, chunk: Buffer, endian: Endian): Format {
  if (chunk.length < 16) {
    throw new DataError(
      `${path}: expected a WAV "fmt " chunk of at least 16 bytes, found ${chunk.length}; the file is damaged`,
    );
  }
  let tag = endian.u16(chunk, 0);
  const channels = endian.u16(chunk, 2);
  if (tag === EXTENSIBLE) {
    if (chunk.length < 40) {
      throw new DataError(
        `${path}: expected an extensible WAV "fmt " chunk of at least 40 bytes, found ${chunk.length}; the file is damaged`,
      );
    }
    const end = chunk.toString('hex', 32, 40);
    if (end !== SUBFORMAT_END) {
      const id = chunk.toString('hex', 24, 40);
      throw new DataError(`${path}: unknown WAV subformat ${id}; convert the file to 16-bit PCM`);
    }
    tag = endian.u32(chunk, 24);
  }
  const sampleRate = endian.u32(chunk, 4);
  const samplesPerBlock = chunk.length >= 20 ? endian.u16(chunk, 18) : undefined;
  const format = { tag, channels, sampleRate, blockAlign: endian.u16(chunk, 12), bits: endian.u16(chunk, 14) };
  const wrong = (what: string, found: string) =>
    new DataError(`${path}: expected ${what} in the WAV header, found ${found}; the file is damaged`);
  if (channels === 0) throw wrong('at least 1 channel', '0');
  if (sampleRate === 0 || sampleRate > MOST_HERTZ)
    throw wrong(`a sample rate of 1 to ${MOST_HERTZ} Hz`, `${sampleRate}`);
  if (format.bits === 0) throw wrong('at least 1 bit a sample', '0');
  return { ...format, samplesPerBlock };
}

/** How the numbers of an uncompressed or G.711 file are stored. */
function encodingOf(path: string, { tag, bits }: Format): { encoding: SampleEncoding; format: string } {
  const wrong = (kind: string, expected: string) =>
    new DataError(`${path}: expected ${kind} of ${expected} bits, found ${bits}; convert the file to 16-bit PCM`);
  switch (tag) {
    case PCM: {
      // Fewer bits than the bytes hold are left-aligned in them, so that full scale is the same.
      const encoding = (['u8', 's16', 's24', 's32'] as const)[Math.ceil(bits / 8) - 1];
      if (encoding === undefined) throw wrong('WAV integer samples', '1 to 32');
      return { encoding, format: `WAV, ${bits}-bit integer` };
    }
    case FLOAT:
      if (bits !== 32 && bits !== 64) throw wrong('WAV floating-point samples', '32 or 64');
      return { encoding: bits === 32 ? 'f32' : 'f64', format: `WAV, ${bits}-bit floating point` };
    case A_LAW_TAG:
    case MU_LAW_TAG:
      if (bits !== 8) throw wrong(`${tag === A_LAW_TAG ? 'A-law' : 'µ-law'} samples`, '8');
      return tag === A_LAW_TAG
        ? { encoding: 'alaw', format: 'WAV, A-law' }
        : { encoding: 'mulaw', format: 'WAV, µ-law' };
    default: {
      const name = UNREAD[tag] ?? 'an unknown coding';
      throw new DataError(
        `${path}: expected WAV samples that are integers, floating point, A-law, µ-law or IMA ADPCM, ` +
          `found ${name} (0x${tag.toString(16).padStart(4, '0')}); convert the file to 16-bit PCM`,
      );
    }
  }
}

/** Whether the bytes from `at` to the end of the file are chunks: then a data chunk of size 0 before them is just empty. */
async function chunksToEnd(source: ByteSource, at: number, endian: Endian): Promise<boolean> {
  for (let count = 0; count < MOST_CHUNKS && at < source.size; count++) {
    const head = await source.bytes(at, 8);
    if (head.length < 8 || !printable(head.toString('latin1', 0, 4))) return false;
    at += 8 + endian.u32(head, 4);
    if (at % 2 === 1 && at < source.size) at += 1;
  }
  return at === source.size;
}

/** The samples, once the chunk that holds them is found. `size64` is what a `ds64` chunk said. */
async function samplesIn(
  source: ByteSource,
  span: Span,
  size64: number | undefined,
  endian: Endian,
): Promise<Span & { streamed: boolean }> {
  const { offset } = span;
  const available = source.size - offset;
  const claimed = span.bytes === MARKER && size64 !== undefined ? size64 : span.bytes;
  if (claimed > 0 && claimed <= available) return { offset, bytes: claimed, streamed: false };
  if (!isStreamed(span.bytes)) {
    throw new DataError(
      `${source.path}: expected ${claimed} bytes of samples, found ${available}: the file is cut short; copy or fetch it again`,
    );
  }
  if (claimed > available && size64 !== undefined && size64 !== 0 && size64 < Number.MAX_SAFE_INTEGER) {
    throw new DataError(
      `${source.path}: expected ${size64} bytes of samples (RF64), found ${available}: the file is cut short; copy or fetch it again`,
    );
  }
  const empty = claimed === 0 && (await chunksToEnd(source, offset, endian));
  return { offset, bytes: empty ? 0 : available, streamed: true };
}

/** Finds the chunks that matter. The samples' chunk ends the search, since a streamed one has no end. */
async function findChunks(source: ByteSource, endian: Endian) {
  const { path, size } = source;
  let format: Format | undefined;
  let size64: number | undefined;
  let at = 12;
  const seen: string[] = [];
  while (at + 8 <= size && seen.length < MOST_CHUNKS) {
    const head = await source.bytes(at, 8);
    const id = head.toString('latin1', 0, 4);
    const span: Span = { offset: at + 8, bytes: endian.u32(head, 4) };
    if (id === 'data') {
      if (format === undefined) {
        throw new DataError(`${path}: expected a WAV "fmt " chunk before the samples, found none; the file is damaged`);
      }
      return { format, data: await samplesIn(source, span, size64, endian) };
    }
    if (id === 'fmt ') format = parseFormat(path, await source.bytes(span.offset, Math.min(span.bytes, 64)), endian);
    if (id === 'ds64') {
      const chunk = await source.bytes(span.offset, Math.min(span.bytes, 16));
      if (chunk.length === 16) size64 = endian.u64(chunk, 8);
    }
    seen.push(id);
    at = span.offset + span.bytes + (span.bytes % 2);
  }
  const names = seen.slice(0, 8).map((id) => JSON.stringify(printable(id) ? id : id.replace(/[^\x20-\x7e]/g, '?')));
  throw new DataError(
    `${path}: expected a WAV "data" chunk with the samples, found ${names.length === 0 ? 'no chunk' : `only ${names.join(', ')}`}; ` +
      'the file is cut short or damaged',
  );
}

/**
 * Reads the header of a WAV file. Layout after "Multimedia Programming Interface and Data Specifications 1.0" (IBM and
 * Microsoft, 1991), its extensible format, and EBU Tech 3306 for files beyond 4 GB.
 * @throws DataError when the header is damaged, there are no samples, fewer than it says, or of a coding that is not read
 */
export async function openWav(source: ByteSource): Promise<AudioReader> {
  const { path } = source;
  const head = await source.bytes(0, 12);
  const kind = head.toString('latin1', 8, 12);
  if (kind !== 'WAVE') {
    throw new DataError(
      `${path}: expected a WAV file, found ${head.length < 12 ? 'the beginning of one' : `a RIFF file of kind ${JSON.stringify(kind)}`}; convert it to WAV or FLAC`,
    );
  }
  const endian = head.toString('latin1', 0, 4) === 'RIFX' ? BIG : LITTLE;
  const { format, data } = await findChunks(source, endian);
  if (format.tag === IMA_ADPCM) {
    if (endian.big) throw new DataError(`${path}: IMA ADPCM in a RIFX file is not read; convert it to 16-bit PCM`);
    return imaAdpcmReader(source, { ...format, ...data });
  }
  const { encoding, format: name } = encodingOf(path, format);
  const width = Math.ceil(format.bits / 8);
  if (format.blockAlign !== width * format.channels) {
    throw new DataError(
      `${path}: expected a block alignment of ${width * format.channels} bytes in the WAV header ` +
        `(channels ${format.channels}, bits ${format.bits}), found ${format.blockAlign}; the file is damaged`,
    );
  }
  // A chunk of an odd length is followed by a byte of padding, which cannot be told from samples when the length is not known.
  const padding = data.streamed && format.blockAlign % 2 === 1 && data.bytes % format.blockAlign === 1 ? 1 : 0;
  return pcmReader(source, {
    format: name,
    encoding,
    bigEndian: endian.big,
    sampleRate: format.sampleRate,
    channels: format.channels,
    offset: data.offset,
    bytes: data.bytes - padding,
  });
}
