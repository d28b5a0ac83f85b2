// Files that are either wholly there or not at all: written beside their place, flushed, then renamed into it.

import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../errors.js';

const CHUNK = 16 * 1024 * 1024;

/** Whether a file name is one that {@link writeAtomic} uses while it writes. */
export const isTemporary = (name: string): boolean => /^\..+\.\d+\.s2s-tmp$/.test(name);

/** The code of a system error (`ENOSPC`, `EACCES`, …), or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * What a failed file operation means to the user and what to do about it.
 * An error that is no system error (one of our own, say) is returned as it is.
 * @param bytes what was to be written, for the advice when the disk is full.
 */
export function storageError(error: unknown, doing: 'reading' | 'writing', file: string, bytes?: number): unknown {
  const code = errorCode(error);
  if (!(error instanceof Error) || code === undefined || !('syscall' in error)) return error;
  const elsewhere = doing === 'writing' ? ' or choose another --out' : '';
  const fail = (message: string, missing = false) => new DataError(message, { cause: error, missing });
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT': {
      const amount = bytes === undefined ? 'some space' : `${Math.max(1, Math.ceil(bytes / 1e6))} MB`;
      const full = code === 'ENOSPC' ? 'disk full' : 'disk quota exceeded';
      return fail(`${full} while writing ${file}; free ${amount}${elsewhere}`);
    }
    case 'EACCES':
    case 'EPERM':
      return fail(
        `no permission while ${doing} ${file}; change the permissions of the file and its folder${elsewhere}`,
      );
    case 'EROFS':
      return fail(`cannot write ${file}: the file system is read-only; choose another --out`);
    case 'ENOTDIR':
      return fail(
        `cannot use ${file}: a part of the path before its last name is a file, not a folder; correct the path`,
      );
    case 'EISDIR':
      return fail(`cannot use ${file}: expected a file, found a folder; correct the path or remove the folder`);
    case 'ENOENT':
      return doing === 'reading'
        ? fail(`${file}: no such file; check the path`, true)
        : fail(`cannot write ${file}: its folder does not exist (was it removed?); create it${elsewhere}`);
    default:
      return fail(`failed while ${doing} ${file}: ${error.message}`);
  }
}

/** Writes all of `data` at the present position, in pieces that every platform's write call accepts. */
export async function writeAll(handle: FileHandle, data: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < data.byteLength) {
    const { bytesWritten } = await handle.write(data, offset, Math.min(CHUNK, data.byteLength - offset));
    offset += bytesWritten;
  }
}

/** Flushes a folder's entries, so that a rename outlives a power cut. Windows and some file systems cannot; that is fine. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Not supported here: the rename itself is still atomic.
  }
}

/**
 * Writes a file so that at any moment, even after kill -9 or a power cut, `file` holds all of its old or all of its new
 * content. The new content goes to a temporary file in the same folder, is flushed to the disk and renamed.
 * One write at a time to the same file.
 * @param write puts the content into the open temporary file.
 * @param bytes the size of the content, for the advice when the disk is full.
 * @throws DataError when the disk is full, a permission is missing or the path is not usable; `file` is then untouched.
 */
export async function writeAtomic(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
  bytes?: number,
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}.s2s-tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(error, 'writing', file, bytes);
  }
  await syncFolder(folder);
}

/** {@link writeAtomic} for content that is at hand; a string is written as UTF-8. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const data = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await writeAtomic(file, (handle) => writeAll(handle, data), data.byteLength);
}

/** Makes a folder and those above it. Node's own `recursive` never returns where the file system refuses with ENOENT, as /proc does. */
async function makeMissing(folder: string): Promise<void> {
  const isFolder = (place: string): Promise<boolean> =>
    stat(place).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
  try {
    await mkdir(folder);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await isFolder(folder))) return;
    if (errorCode(error) !== 'ENOENT') throw error;
    const parent = path.dirname(folder);
    if (await isFolder(parent)) {
      throw new DataError(`cannot make the folder ${folder}: ${parent} takes no new ones; choose another --out`, {
        cause: error,
      });
    }
    await makeMissing(parent);
    await makeMissing(folder);
  }
}

/** Creates a folder and those above it. @throws DataError where that cannot be done. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeMissing(folder);
  } catch (error) {
    throw storageError(error, 'writing', folder);
  }
}

/**
 * Deletes the temporary files that a killed process left in `folder` (not below it). Only for the holder of the folder's
 * lock: the temporary files of a process still writing would go too.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (isTemporary(name)) await rm(path.join(folder, name), { force: true });
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw storageError(error, 'writing', folder);
  }
}
