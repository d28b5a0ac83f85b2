// The run folder: where training keeps everything about one model, from its configuration to its checkpoints.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { DataError, UsageError } from '../errors.js';
import { errorCode, isTemporary, makeFolder, removeTemporaries, replaceFile, storageError } from './atomic.js';
import { checkpointFolder, removeIncomplete } from './checkpoints.js';
import { stableJson } from './json.js';
import { type FolderLock, LOCK_FILES, lockFolder } from './lock.js';

/** The format of the run folders that this version writes; it reads this one and the earlier ones. */
const RUN_FORMAT = 1;

const MARKER = 'run.json';
const markerSchema = z.object({ format: z.int().positive(), writtenBy: z.string() });

/** Where everything lies in a run folder. */
interface RunPaths {
  /** The resolved configuration. */
  config: string;
  /** Vocabularies and tokenizers. */
  vocab: string;
  /** `step-N.safetensors` and `step-N.json`. */
  checkpoints: string;
  /** One JSON object a line. */
  metrics: string;
}

/** An open run folder. */
export interface RunFolder {
  folder: string;
  paths: RunPaths;
  /** The program and version that made the folder. */
  writtenBy: string;
}

/** A run folder open for writing, held under its lock. */
export interface WritableRunFolder extends RunFolder {
  lock: FolderLock;
}

/** The paths inside a run folder. */
function runPaths(folder: string): RunPaths {
  return {
    config: path.join(folder, 'config.yaml'),
    vocab: path.join(folder, 'vocab'),
    checkpoints: checkpointFolder(folder),
    metrics: path.join(folder, 'metrics.jsonl'),
  };
}

/** Refuses a path that a new run cannot have: a file, a run, or a folder with other things in it. */
async function checkVacant(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return;
    if (code === 'ENOTDIR') {
      throw new UsageError(`cannot make a run folder at ${folder}: a file is in the way; choose another --out`);
    }
    throw storageError(error, 'writing', folder);
  }
  if (names.includes(MARKER)) {
    throw new UsageError(`${folder} already holds a run; continue it with --resume or choose another --out`);
  }
  const found = names.filter((name) => !LOCK_FILES.includes(name) && !isTemporary(name)).sort()[0];
  if (found !== undefined) {
    throw new UsageError(`${folder} is not empty and not a run folder (it has ${found}); choose another --out`);
  }
}

/**
 * Makes a new run folder and locks it.
 * @param config the text of config.yaml.
 * @param writtenBy the program and its version, e.g. `s2s 0.1.0`.
 * @throws UsageError when the path is a file, holds a run already or holds something else; DataError when it cannot be written.
 */
export async function createRunFolder(folder: string, config: string, writtenBy: string): Promise<WritableRunFolder> {
  await checkVacant(folder);
  await makeFolder(folder);
  const lock = await lockFolder(folder);
  try {
    await checkVacant(folder); // Another process may have been here before the lock was ours.
    await removeTemporaries(folder);
    const paths = runPaths(folder);
    // The marker comes first: a folder whose making was interrupted is still known to be ours.
    await replaceFile(path.join(folder, MARKER), `${stableJson({ format: RUN_FORMAT, writtenBy }, 2)}\n`);
    await makeFolder(paths.vocab);
    await makeFolder(paths.checkpoints);
    await replaceFile(paths.config, config);
    return { folder, paths, writtenBy, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Opens a run folder to read from it; it may be in use by a trainer.
 * @throws DataError when it is absent (exit code 66), is no run folder, or has a newer format than this version reads.
 */
export async function openRunFolder(folder: string): Promise<RunFolder> {
  const file = path.join(folder, MARKER);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw storageError(error, 'reading', file);
    const missing = await stat(folder).then(
      () => false,
      () => true,
    );
    const found = missing ? 'no such folder' : `it has no ${MARKER}`;
    throw new DataError(`${folder} is not a run folder: ${found}; give the --out folder of s2s train`, { missing });
  }
  const marker = parseMarker(text, file);
  if (marker.format > RUN_FORMAT) {
    throw new DataError(
      `${folder} has run format ${marker.format} (written by ${marker.writtenBy}), but this s2s reads formats up to ` +
        `${RUN_FORMAT}; use a newer s2s`,
    );
  }
  const paths = runPaths(folder);
  await stat(paths.config).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw storageError(error, 'reading', paths.config);
    throw new DataError(
      `${paths.config} is missing: the run was interrupted as it began; delete ${folder} and train anew`,
    );
  });
  return { folder, paths, writtenBy: marker.writtenBy };
}

function parseMarker(text: string, file: string): z.infer<typeof markerSchema> {
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    const expected = `{"format": ${RUN_FORMAT}, "writtenBy": "…"}`;
    throw new DataError(`${file}: expected ${expected}, found something else; restore the file`, { cause });
  }
}

/**
 * Opens a run folder to continue the run: locks it and removes what a killed process left half-written.
 * @throws UsageError when another process holds it; DataError as {@link openRunFolder}, or when it cannot be written.
 */
export async function resumeRunFolder(folder: string): Promise<WritableRunFolder> {
  const run = await openRunFolder(folder);
  const lock = await lockFolder(folder);
  try {
    for (const place of [folder, run.paths.vocab, run.paths.checkpoints]) await removeTemporaries(place);
    await makeFolder(run.paths.checkpoints);
    await removeIncomplete(folder);
    return { ...run, lock };
  } catch (error) {
    await lock.release();
    throw storageError(error, 'writing', folder);
  }
}
