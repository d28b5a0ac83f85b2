// Reading and writing tensors in the safetensors format (github.com/huggingface/safetensors), streamed tensor by tensor.

import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { storageError, writeAll, writeAtomic } from './atomic.js';
import {
  ARRAYS,
  damaged,
  layOut,
  MAX_HEADER_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
  type TensorEntry,
} from './safetensors-header.js';

export type { SafetensorsHeader, StoredTensor } from './safetensors-header.js';

// The format is little-endian, and so is every machine that the engines run on: elements are copied as they lie.
const CHUNK = 16 * 1024 * 1024;

/** What tells one file's content from another's. */
export interface FileDigest {
  bytes: number;
  /** CRC-32 (zlib's) of the whole file. */
  crc32: number;
}

/** Continues a CRC-32. zlib would start it anew at an empty array. */
function extend(sum: number, data: Uint8Array): number {
  return data.length === 0 ? sum : crc32(data, sum);
}

function bytesOf(tensor: StoredTensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** The digest of the file that {@link writeSafetensors} would write. */
export function digestSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: Readonly<Record<string, string>>,
): FileDigest {
  const { header, order, bytes } = layOut(tensors, metadata);
  return { bytes, crc32: order.reduce((sum, tensor) => extend(sum, bytesOf(tensor)), crc32(header)) };
}

/**
 * Writes tensors to a file, atomically and without a second copy in memory. Equal content gives equal bytes.
 * The arrays must not change until the promise settles.
 * @throws DataError when the file cannot be written; TypeError for a tensor whose shape and data disagree.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<FileDigest> {
  const { header, order, bytes } = layOut(tensors, metadata);
  let sum = crc32(header);
  await writeAtomic(
    file,
    async (handle) => {
      await writeAll(handle, header);
      for (const tensor of order) {
        sum = extend(sum, bytesOf(tensor));
        await writeAll(handle, bytesOf(tensor));
      }
    },
    bytes,
  );
  return { bytes, crc32: sum };
}

/** An open file whose tensors are read one at a time. Close it when done. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** The size and the CRC-32 of what has been read: of the whole file once every tensor was read in the map's order. */
  digest(): FileDigest;
  /** Reads one tensor. @throws DataError when there is none of that name or the file has become shorter. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** Fills `target` from `position` on, piece by piece. @returns false where the file ends too early. */
async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, Math.min(CHUNK, target.length - done), position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}

function makeTensor({ dtype, shape }: TensorEntry, buffer: ArrayBuffer): StoredTensor {
  // The table gives each type its own array, which the compiler cannot follow through a variable `dtype`.
  return { dtype, shape, data: ARRAYS[dtype](buffer) } as StoredTensor;
}

/**
 * Opens a file and checks its header; no tensor is read yet. Hostile files are safe: nothing is allocated before the
 * sizes are checked against the file.
 * @throws DataError when the file is absent (exit code 66) or is no intact safetensors file (65).
 */
export async function openSafetensors(file: string): Promise<SafetensorsFile> {
  const reading = (error: unknown) => storageError(error, 'reading', file);
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    const prefix = new Uint8Array(8);
    if (size < 8 || !(await readFully(handle, prefix, 0))) throw damaged(file, `it has only ${size} bytes`);
    const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (length > MAX_HEADER_BYTES) {
      throw damaged(file, `its header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed`);
    }
    if (length > size - 8) throw damaged(file, `its header claims ${length} bytes, but the file has ${size}`);
    const text = new Uint8Array(length);
    if (!(await readFully(handle, text, 8))) throw damaged(file, 'it ends within its header');
    return readerOf(file, handle, parseHeader(text, size - 8 - length, file), [prefix, text]);
  } catch (error) {
    await handle?.close();
    throw reading(error);
  }
}

function readerOf(file: string, handle: FileHandle, header: SafetensorsHeader, start: Uint8Array[]): SafetensorsFile {
  const dataStart = start.reduce((sum, part) => sum + part.length, 0);
  const digest = { bytes: dataStart, crc32: start.reduce(extend, 0) };
  return {
    ...header,
    digest: () => ({ ...digest }),
    async read(name) {
      const entry = header.tensors.get(name);
      if (entry === undefined) throw damaged(file, `it has no tensor "${name}"`);
      const buffer = new ArrayBuffer(entry.end - entry.begin);
      const bytes = new Uint8Array(buffer);
      try {
        if (!(await readFully(handle, bytes, dataStart + entry.begin))) {
          throw damaged(file, `it ends within tensor "${name}"`);
        }
      } catch (error) {
        throw storageError(error, 'reading', file);
      }
      digest.bytes += bytes.length;
      digest.crc32 = extend(digest.crc32, bytes);
      return makeTensor(entry, buffer);
    },
    close: () => handle.close(),
  };
}

/** The header of a file, without its tensors. @throws DataError as {@link openSafetensors}. */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsHeader> {
  const { tensors, metadata, close } = await openSafetensors(file);
  await close();
  return { tensors, metadata };
}

/**
 * Reads a file's tensors, all or those that `select` accepts by name.
 * @returns the tensors, the metadata, and the digest of what was read (of the whole file when all tensors were).
 * @throws DataError as {@link openSafetensors}.
 */
export async function readSafetensors(
  file: string,
  select: (name: string) => boolean = () => true,
): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string>; digest: FileDigest }> {
  const source = await openSafetensors(file);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of source.tensors.keys()) if (select(name)) tensors.set(name, await source.read(name));
    return { tensors, metadata: source.metadata, digest: source.digest() };
  } finally {
    await source.close();
  }
}
