// Opens input files for positioned reads; gzip files are decompressed once into a cache folder.
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DataError } from '../errors.js';

/** An input file open for reading at any position. */
export interface InputFile {
  /** The path as the user knows it: for a gzip file that of the compressed file. */
  readonly name: string;
  /** Of the file itself, or of its decompressed copy. */
  readonly handle: FileHandle;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Says what is wrong with an input file that cannot be opened. */
function openError(path: string, error: unknown): DataError {
  const reasons: Record<string, string> = {
    ENOENT: 'no such file; check the path (relative paths start from the configuration file’s folder)',
    ENOTDIR: 'no such file: a part of its path is a file, not a folder',
    EACCES: 'the file cannot be read: permission denied',
    EPERM: 'the file cannot be read: permission denied',
  };
  const reason = reasons[codeOf(error)] ?? `the file cannot be opened: ${(error as Error).message}`;
  return new DataError(`${path}: ${reason}`, { missing: true, cause: error });
}

/** The first two bytes of every gzip member (RFC 1952). */
async function hasGzipMagic(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

/**
 * Opens a file. A gzip file, known by its first bytes, is decompressed into `cacheDir` under a name that stands for its
 * path, size and time of change, unless that copy is already there; a copy is complete or absent, never half-written.
 * @throws DataError (exit code 66) when there is no such file, it is a folder or not a regular file, or cannot be read;
 *   DataError when a gzip file is damaged or its copy cannot be written.
 */
export async function openInput(path: string, cacheDir: string): Promise<InputFile> {
  let handle: FileHandle | undefined;
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isDirectory()) throw new DataError(`${path}: expected a file, found a folder`, { missing: true });
    if (!stats.isFile())
      throw new DataError(`${path}: expected a regular file, found a pipe or device; write the data to a file first`, {
        missing: true,
      });
    handle = await open(path);
    const gzip = await hasGzipMagic(handle);
    if (!gzip && path.toLowerCase().endsWith('.gz') && stats.size > 0n)
      throw new DataError(`${path}: expected gzip data because of the name, found something else; rename the file`);
    if (!gzip) return { name: path, handle };
    await handle.close();
    return { name: path, handle: await openDecompressed(path, stats, cacheDir) };
  } catch (error) {
    await handle?.close();
    throw error instanceof DataError ? error : openError(path, error);
  }
}

async function openDecompressed(path: string, stats: BigIntStats, cacheDir: string): Promise<FileHandle> {
  const key = createHash('sha256')
    .update(`${resolve(path)}\n${stats.size}\n${stats.mtimeNs}`)
    .digest('hex');
  const copy = join(cacheDir, `${basename(path).replace(/\.gz$/i, '')}-${key.slice(0, 16)}`);
  const ready = await open(copy).catch(() => undefined);
  if (ready !== undefined) return ready;
  let folder: string | undefined;
  try {
    await mkdir(cacheDir, { recursive: true });
    folder = await mkdtemp(join(cacheDir, 'decompress-'));
    const partial = join(folder, 'part');
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(partial, { flush: true }));
    await rename(partial, copy);
    return await open(copy);
  } catch (error) {
    const reason = (error as Error).message;
    if (codeOf(error).startsWith('Z_'))
      throw new DataError(`${path}: damaged gzip data (${reason}); fetch or compress the file again`, { cause: error });
    throw new DataError(`${path}: cannot be decompressed into ${cacheDir}: ${reason}`, { cause: error });
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
