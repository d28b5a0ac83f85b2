// One file of the feature cache: a small header and the numbers. A file that was cut short is as good as none.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Features } from '../types.js';

const MAGIC = 0x46533253; // "S2SF"
const VERSION = 1;
const HEADER_BYTES = 16;

/** Where the features of a key are. */
export const featurePath = (folder: string, key: string): string => join(folder, key.slice(0, 2), `${key}.s2sf`);

/** Frames of a feature file by its header and size; undefined when it is absent or not whole. */
export async function framesOnDisk(path: string): Promise<number | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
    const { size } = await handle.stat();
    return bytesRead === HEADER_BYTES ? framesOf(header, size) : undefined;
  } finally {
    await handle.close();
  }
}

function framesOf(header: Buffer, size: number): number | undefined {
  if (header.readUInt32LE(0) !== MAGIC || header.readUInt32LE(4) !== VERSION) return undefined;
  const frames = header.readUInt32LE(8);
  return size === HEADER_BYTES + 4 * frames * header.readUInt32LE(12) ? frames : undefined;
}

/** Reads features; undefined when the file is absent or not whole. */
export async function readFeatureFile(path: string): Promise<Features | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes || bytes.length < HEADER_BYTES) return undefined;
  const frames = framesOf(bytes, bytes.length);
  if (frames === undefined) return undefined;
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length));
  return { data, frames, dim: bytes.readUInt32LE(12) };
}

/** Writes features under a name of its own first, so that whoever finds the file finds all of it. */
export async function writeFeatureFile(path: string, { data, frames, dim }: Features): Promise<void> {
  const bytes = Buffer.alloc(HEADER_BYTES + data.byteLength);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(VERSION, 4);
  bytes.writeUInt32LE(frames, 8);
  bytes.writeUInt32LE(dim, 12);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_BYTES);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
