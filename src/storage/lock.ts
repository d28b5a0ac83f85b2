// The lock on a run folder: one process writes to it at a time, and a crashed one's lock is taken over.

import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import { UsageError } from '../errors.js';
import { errorCode, replaceFile, storageError } from './atomic.js';
import { stableJson } from './json.js';

const LOCK = '.lock';
const OWNER = '.lock-owner.json';
/** The names of the files that a lock puts into its folder. */
export const LOCK_FILES: readonly string[] = [LOCK, OWNER];

/** Times of a lock, in ms. */
export interface LockTiming {
  /** How often the holder marks its lock as fresh; at least 1000. */
  update: number;
  /** A lock not marked for so long has no holder, whoever it was: more than any event loop stays busy; at least 2000. */
  stale: number;
}
const TIMING: LockTiming = { update: 5_000, stale: 600_000 };
/** A lock at least so old has its holder's name beside it, in ms; proper-lockfile may set a mark 1 s ahead of the clock. */
const NAMED = 2_000;

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When that process started, ms since 1970: tells it from a later process with the same number. */
  started: z.number(),
  since: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/** A held lock. */
export interface FolderLock {
  /**
   * Call before writing to the folder. A lock is lost only if this process stood still for ten minutes (suspended, say)
   * and another one took over, or somebody deleted it; a merely busy event loop does not lose it.
   * @throws UsageError when the lock was lost.
   */
  check(): void;
  /** Gives the folder free. Harmless when already released or lost. */
  release(): Promise<void>;
}

const thisProcess = () => ({ pid: process.pid, host: hostname(), started: Math.round(performance.timeOrigin) });

async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path.join(folder, OWNER), 'utf8')));
  } catch {
    return undefined; // Not written yet, or damaged: the holder stays unnamed.
  }
}

/** Whether a lock's owner has certainly ended: it was on this machine and no such process runs here any more. */
function hasEnded(owner: Owner): boolean {
  const { pid, host, started } = thisProcess();
  if (owner.host !== host) return false;
  if (owner.pid === pid) return owner.started !== started;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

/**
 * Removes the lock of a process that has ended. Between taking a lock and writing its name a new holder still has the old
 * name beside its lock, so a lock that is too young is given time to be named.
 * @returns whether the lock is gone.
 */
async function removeIfAbandoned(folder: string): Promise<boolean> {
  const lock = path.join(folder, LOCK);
  for (;;) {
    const owner = await readOwner(folder);
    if (owner === undefined || !hasEnded(owner)) return false;
    try {
      if (Date.now() - (await stat(lock)).mtimeMs > NAMED) {
        await rmdir(lock);
        return true;
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return true;
      throw error;
    }
    await sleep(100);
  }
}

/** The error for a folder that somebody else holds. */
async function inUse(folder: string): Promise<UsageError> {
  const owner = await readOwner(folder);
  const who =
    owner && `process ${owner.pid}${owner.host === hostname() ? '' : ` on ${owner.host}`} since ${owner.since}`;
  return new UsageError(
    `run folder ${folder} is in use by ${who ?? 'another process'}; wait for it, stop it or choose another --out ` +
      `(if it has certainly ended, delete ${path.join(folder, LOCK)})`,
  );
}

/**
 * Locks an existing folder for writing, across processes. The lock ends with the process, does not keep it alive, and is
 * taken over within 3 s from a process of this machine that has crashed (after ten minutes when that cannot be told, as with
 * another machine's).
 * @throws UsageError naming the process that holds the folder; DataError when the folder cannot be written.
 */
export async function lockFolder(folder: string, timing: LockTiming = TIMING): Promise<FolderLock> {
  let lost = false;
  const options = {
    lockfilePath: path.join(folder, LOCK),
    realpath: false,
    ...timing,
    onCompromised: () => {
      lost = true;
    },
  };
  const acquire = async () => {
    try {
      return await lockfile.lock(folder, options);
    } catch (error) {
      if (errorCode(error) === 'ELOCKED') return undefined;
      throw storageError(error, 'writing', options.lockfilePath);
    }
  };
  let unlock = await acquire();
  if (unlock === undefined && (await removeIfAbandoned(folder))) unlock = await acquire();
  if (unlock === undefined) throw await inUse(folder);
  const release = unlock;
  let held = true;
  const owner = path.join(folder, OWNER);
  try {
    await replaceFile(owner, `${stableJson({ ...thisProcess(), since: new Date().toISOString() }, 2)}\n`);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    check() {
      if (lost) {
        throw new UsageError(
          `run folder ${folder} was taken over by another process while this one stood still; nothing more is written. ` +
            'End one of the two and continue with --resume',
        );
      }
    },
    async release() {
      if (!held || lost) return;
      held = false;
      await rm(owner, { force: true });
      await release();
    },
  };
}
