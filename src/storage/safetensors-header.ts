// The header of a safetensors file: laying it out for writing, and checking one that may be damaged or hostile.

import { z } from 'zod';
import { DataError } from '../errors.js';
import { findDuplicateKey } from './json.js';

/** Element types and the typed array each is held in; F16, BF16 as raw bits, BOOL as bytes 0 and 1. */
interface ArrayOf {
  F64: Float64Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  F32: Float32Array;
  I32: Int32Array;
  U32: Uint32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** An element type of the safetensors format. */
export type DType = keyof ArrayOf;

/** A tensor as stored: `data` holds product(shape) elements in row-major order; shape `[]` is one number. */
export type StoredTensor = { [D in DType]: { dtype: D; shape: readonly number[]; data: ArrayOf[D] } }[DType];

/** How to make the array of each element type over a buffer. */
export const ARRAYS: { [D in DType]: (buffer: ArrayBuffer) => ArrayOf[D] } = {
  F64: (buffer) => new Float64Array(buffer),
  I64: (buffer) => new BigInt64Array(buffer),
  U64: (buffer) => new BigUint64Array(buffer),
  F32: (buffer) => new Float32Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  U32: (buffer) => new Uint32Array(buffer),
  F16: (buffer) => new Uint16Array(buffer),
  BF16: (buffer) => new Uint16Array(buffer),
  I16: (buffer) => new Int16Array(buffer),
  U16: (buffer) => new Uint16Array(buffer),
  I8: (buffer) => new Int8Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  BOOL: (buffer) => new Uint8Array(buffer),
};

const DTYPES = Object.keys(ARRAYS) as DType[];
const ELEMENT_BYTES = Object.fromEntries(DTYPES.map((d) => [d, ARRAYS[d](new ArrayBuffer(0)).BYTES_PER_ELEMENT]));
const METADATA = '__metadata__';

/** The longest header the format's reference implementation accepts, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where one tensor lies; `begin` and `end` count bytes from the start of the data, which follows the header. */
export interface TensorEntry {
  dtype: DType;
  shape: readonly number[];
  begin: number;
  end: number;
}

/** A checked header. `tensors` is in the order of the data. */
export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** The bytes a tensor takes. */
function byteLength(dtype: DType, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1) * (ELEMENT_BYTES[dtype] ?? 0);
}

/**
 * Lays out a file. Equal content gives equal bytes whatever the order of the map: the largest element types come first
 * (which keeps every tensor aligned without holes), then type and name decide. Spaces fill the header up to a multiple
 * of 8 bytes, as the reference implementation does.
 * @throws TypeError for a tensor that contradicts itself, or a name the format reserves.
 */
export function layOut(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): { header: Uint8Array; order: StoredTensor[]; bytes: number } {
  const rank = (tensor: StoredTensor) => DTYPES.indexOf(tensor.dtype);
  const sorted = [...tensors].sort(([a, x], [b, y]) => rank(x) - rank(y) || (a < b ? -1 : 1));
  const members: string[] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) members.push(`"${METADATA}":${JSON.stringify(Object.fromEntries(notes))}`);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA || name === '__proto__') throw new TypeError(`tensor name "${name}" is reserved`);
    const bytes = byteLength(dtype, shape);
    if (bytes !== data.byteLength) {
      throw new TypeError(
        `tensor "${name}" is ${dtype} [${shape}]: ${bytes} bytes, but its data has ${data.byteLength}`,
      );
    }
    const entry = { dtype, shape, data_offsets: [offset, offset + bytes] };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset += bytes;
  }
  const text = new TextEncoder().encode(`{${members.join(',')}}`);
  const padded = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return { header, order: sorted.map(([, tensor]) => tensor), bytes: header.length + offset };
}

const entrySchema = z.object({
  dtype: z.enum(DTYPES),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const metadataSchema = z.record(z.string(), z.string());

/** The object in a header's text, or the reason why there is none. */
function parseObject(bytes: Uint8Array): { object: object } | { wrong: string } {
  let text: string;
  let object: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    object = JSON.parse(text);
  } catch (error) {
    return { wrong: `its header is not valid JSON (${error instanceof Error ? error.message : error})` };
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return { wrong: 'its header is not a JSON object' };
  }
  const duplicate = findDuplicateKey(text);
  return duplicate === undefined ? { object } : { wrong: `its header has the name "${duplicate}" twice` };
}

/**
 * Checks a header in full: valid JSON, no name twice, known element types, and tensors that fill the data exactly,
 * without overlap or hole.
 * @param bytes the header without its length field.
 * @param dataBytes the bytes that follow the header.
 * @throws DataError naming `file` and what is wrong with it.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const fail = (wrong: string) => damaged(file, wrong);
  const parsed = parseObject(bytes);
  if ('wrong' in parsed) throw fail(parsed.wrong);
  let metadata: Record<string, string> = {};
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(parsed.object)) {
    if (name === '__proto__') throw fail('its header has the name "__proto__"');
    if (name === METADATA) {
      const result = metadataSchema.safeParse(value);
      if (!result.success || Object.hasOwn(value, '__proto__')) throw fail('its metadata is not an object of strings');
      metadata = result.data;
      continue;
    }
    const result = entrySchema.safeParse(value);
    if (!result.success) {
      const issue = result.error.issues[0];
      throw fail(`tensor "${name}": ${['', ...(issue?.path ?? [])].join('.')} ${issue?.message ?? 'is not valid'}`);
    }
    const { dtype, shape, data_offsets } = result.data;
    entries.push([name, { dtype, shape, begin: data_offsets[0], end: data_offsets[1] }]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const [name, { dtype, shape, begin, end }] of entries) {
    if (end < begin || end > dataBytes) {
      throw fail(`tensor "${name}" lies at bytes ${begin} to ${end}, but the file has ${dataBytes} bytes of data`);
    }
    if (begin !== position) {
      const flaw =
        begin < position ? 'overlaps the one before it' : `leaves ${begin - position} unused bytes before it`;
      throw fail(`tensor "${name}" ${flaw}`);
    }
    if (byteLength(dtype, shape) !== end - begin) {
      throw fail(`tensor "${name}" of ${dtype} [${shape}] does not fit its ${end - begin} bytes`);
    }
    position = end;
  }
  if (position !== dataBytes) throw fail(`${dataBytes - position} bytes after the last tensor belong to nothing`);
  return { tensors: new Map(entries), metadata };
}

/** The error for a file that is no intact safetensors file. */
export function damaged(file: string, wrong: string): DataError {
  return new DataError(`${file}: not an intact safetensors file: ${wrong}; use an earlier checkpoint or a fresh copy`);
}
