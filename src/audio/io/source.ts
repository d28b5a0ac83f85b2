// An audio file open for reads at any position, and what is wrong with it when it cannot be opened.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { DataError } from '../../errors.js';

/** A file open for reading. */
export interface ByteSource {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  /** Fills `into` from `position` on. @throws DataError when the file has become shorter since it was opened */
  fill(into: Uint8Array, position: number): Promise<void>;
  /** Bytes from `position` on: as many as there are, at most `length`. */
  bytes(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Enough for the header of nearly every file, so that it takes one read. */
const HEAD_BYTES = 4096;

function openError(path: string, error: unknown): DataError {
  const reasons: Record<string, string> = {
    ENOENT: 'expected an audio file, found no such file; check the path',
    ENOTDIR: 'expected an audio file, found no such file: a part of its path is a file, not a folder; check the path',
    EACCES: 'the file cannot be read: permission denied; change its permissions',
    EPERM: 'the file cannot be read: permission denied; change its permissions',
  };
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new DataError(`${path}: ${reasons[code] ?? `the file cannot be opened: ${message}`}`, {
    missing: true,
    cause: error,
  });
}

async function openFile(path: string): Promise<{ handle: FileHandle; size: number }> {
  // Before opening, because to open a pipe waits for someone to write to it.
  const stats = await stat(path);
  if (stats.isDirectory()) {
    throw new DataError(`${path}: expected an audio file, found a folder; name a file in it`, { missing: true });
  }
  if (!stats.isFile()) {
    throw new DataError(
      `${path}: expected an audio file, found a pipe or device; write the audio to a regular file first`,
      { missing: true },
    );
  }
  if (stats.size === 0) {
    throw new DataError(`${path}: expected audio, found an empty file; copy or fetch it again`);
  }
  return { handle: await open(path), size: stats.size };
}

async function readFully(handle: FileHandle, path: string, into: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, position + at);
    if (bytesRead === 0) {
      throw new DataError(
        `${path}: expected ${into.length} bytes at ${position}, found ${at}: the file was cut short while it was read`,
      );
    }
    at += bytesRead;
  }
}

/**
 * Opens an audio file.
 * @throws DataError (exit code 66) when it is not there, is not a regular file or cannot be read; DataError when it is empty
 */
export async function openSource(path: string): Promise<ByteSource> {
  let file: { handle: FileHandle; size: number };
  try {
    file = await openFile(path);
  } catch (error) {
    throw error instanceof DataError ? error : openError(path, error);
  }
  const { handle, size } = file;
  const close = () => handle.close();
  try {
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
    await readFully(handle, path, head, 0);
    return {
      path,
      size,
      close,
      fill: (into, position) => readFully(handle, path, into, position),
      async bytes(position, length) {
        const end = Math.min(size, position + length);
        if (end <= head.length) return head.subarray(Math.min(position, end), end);
        const found = Buffer.allocUnsafe(Math.max(0, end - position));
        await readFully(handle, path, found, position);
        return found;
      },
    };
  } catch (error) {
    await close();
    throw error instanceof DataError ? error : openError(path, error);
  }
}
