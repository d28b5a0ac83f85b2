// A run folder for a new training, which goes again if the training never begins.
import { access, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { LOCK_FILES } from '../storage/lock.js';
import { createRunFolder, type WritableRunFolder } from '../storage/run-folder.js';

/** A run folder that is new. */
export interface FreshFolder {
  readonly run: WritableRunFolder;
  /** Takes back everything that was made, and releases the lock. */
  discard(): Promise<void>;
}

/** A folder and those above it, as far as they do not exist, the deepest first. */
async function absentFolders(folder: string): Promise<string[]> {
  const absent: string[] = [];
  for (let at = resolve(folder); ; at = dirname(at)) {
    const exists = await access(at).then(
      () => true,
      () => false,
    );
    if (exists || dirname(at) === at) return absent;
    absent.push(at);
  }
}

/** Empties a folder but for its lock. */
async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!LOCK_FILES.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Removes folders as far as they are empty: another process may have put something there meanwhile. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  try {
    for (const folder of folders) await rmdir(folder);
  } catch {
    // It stays, and so do those above it.
  }
}

/**
 * Makes and locks a run folder. Should that fail, nothing is left behind.
 * @throws UsageError when something is there already; DataError when it cannot be written
 */
export async function makeRunFolder(folder: string, config: string, writtenBy: string): Promise<FreshFolder> {
  const absent = await absentFolders(folder);
  try {
    const run = await createRunFolder(folder, config, writtenBy);
    return {
      run,
      async discard() {
        await empty(folder);
        await run.lock.release();
        await removeEmpty(absent);
      },
    };
  } catch (error) {
    // A usage error means that the folder is somebody else's.
    if (!(error instanceof UsageError) && absent.length > 0) {
      await empty(folder).catch(() => undefined);
      await removeEmpty(absent);
    }
    throw error;
  }
}
