// Where decoded lines go: standard output, a device, or a file that appears under its name only when it is complete.
import { once } from 'node:events';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../errors.js';
import { errorCode, writeAll } from '../storage/atomic.js';

/** An open output. */
export interface LineOutput {
  write(text: string): Promise<void>;
  /** Makes what was written final. */
  finish(): Promise<void>;
  /** Leaves nothing behind. What has gone to standard output or a device is gone. */
  abandon(): Promise<void>;
}

const standardOutput: LineOutput = {
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  finish: async () => undefined,
  abandon: async () => undefined,
};

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create it',
  ENOTDIR: 'a part of its path is a file, not a folder; correct the path',
  EACCES: 'permission denied; change the permissions',
  EPERM: 'permission denied; change the permissions',
  EROFS: 'the file system is read-only; write elsewhere',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is exceeded; free some space',
};

/**
 * Opens an output.
 * @param path a file, or `-` for standard output
 * @throws DataError, here and from every method, when it cannot be written
 */
export async function openOutput(path: string): Promise<LineOutput> {
  if (path === '-') return standardOutput;
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      const reason = REASONS[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
      throw new DataError(`${path}: cannot be written: ${reason}`, { cause: error });
    }
  };
  const present = await stat(path).catch(() => undefined);
  if (present?.isDirectory()) throw new DataError(`${path}: expected a file to write to, found a folder`);
  // Nothing may take the place of a device or a pipe.
  const isFile = present?.isFile() ?? true;
  // A link stays, and the file it leads to is replaced.
  const target = present?.isFile() ? await realpath(path) : path;
  const written = isFile ? join(dirname(target), `.${basename(target)}.${process.pid}.s2s-tmp`) : target;
  const handle = await attempt(() => open(written, 'w', present?.mode));
  return {
    write: (text) => attempt(() => writeAll(handle, Buffer.from(text))),
    finish: () =>
      attempt(async () => {
        if (isFile) await handle.sync();
        await handle.close();
        if (isFile) await rename(written, target);
      }),
    async abandon() {
      await handle.close().catch(() => undefined);
      if (isFile) await rm(written, { force: true });
    },
  };
}
