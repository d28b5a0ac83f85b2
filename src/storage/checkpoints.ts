// Checkpoints of a run: pairs of step-N.safetensors (tensors) and step-N.json (trainer state, the mark that N is complete).

import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { DataError } from '../errors.js';
import { errorCode, replaceFile, storageError } from './atomic.js';
import { stableJson } from './json.js';
import {
  digestSafetensors,
  openSafetensors,
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.js';

/** The format of step-N.json that this version writes; it refuses later ones. */
const CHECKPOINT_FORMAT = 1;

/** Tensors whose name begins so belong to the optimizer; all others are the model. */
const OPTIMIZER_PREFIX = 'optimizer.';

/** Accepts the names of the model's own tensors: for reading a model without its optimizer. */
const isModelTensor = (name: string): boolean => !name.startsWith(OPTIMIZER_PREFIX);

const envelopeSchema = z.object({
  format: z.int().positive(),
  step: z.int().nonnegative(),
  tensors: z.object({ bytes: z.int(), crc32: z.int() }),
  state: z.unknown(),
});

/** What a checkpoint holds. */
export interface Checkpoint<State> {
  step: number;
  tensors: Map<string, StoredTensor>;
  state: State;
}

/** The folder of a run's checkpoints. @param folder the run folder, here and in every function of this file. */
export const checkpointFolder = (folder: string): string => path.join(folder, 'checkpoints');
const tensorFile = (folder: string, step: number) => path.join(checkpointFolder(folder), `step-${step}.safetensors`);
const stateFile = (folder: string, step: number) => path.join(checkpointFolder(folder), `step-${step}.json`);
const bestFile = (folder: string) => path.join(folder, 'best');

/** The steps that have a file of the given kind. */
async function stepsOf(folder: string, kind: 'json' | 'safetensors'): Promise<Set<number>> {
  try {
    const names = await readdir(checkpointFolder(folder));
    const pattern = new RegExp(`^step-(0|[1-9]\\d*)\\.${kind}$`);
    return new Set(names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return new Set();
    throw storageError(error, 'reading', folder);
  }
}

/** The steps with a complete checkpoint, ascending. */
export async function listCheckpoints(folder: string): Promise<number[]> {
  const tensors = await stepsOf(folder, 'safetensors');
  return [...(await stepsOf(folder, 'json'))].filter((step) => tensors.has(step)).sort((a, b) => a - b);
}

/** Deletes one checkpoint, its mark first, so that it is never complete in name only. */
async function deleteCheckpoint(folder: string, step: number): Promise<void> {
  try {
    await rm(stateFile(folder, step), { force: true });
    await rm(tensorFile(folder, step), { force: true });
  } catch (error) {
    throw storageError(error, 'writing', tensorFile(folder, step));
  }
}

/** Deletes the tensor files whose save was never completed. Only under the run's lock. */
export async function removeIncomplete(folder: string): Promise<void> {
  const complete = await stepsOf(folder, 'json');
  for (const step of await stepsOf(folder, 'safetensors')) {
    if (!complete.has(step)) await deleteCheckpoint(folder, step);
  }
}

/**
 * Saves a checkpoint. A process killed at any moment leaves every earlier checkpoint loadable: the tensors are written
 * first, and the state after them marks the step as complete, each file atomically. Saving a step again replaces its
 * state; other tensors at the same step first take the old checkpoint of that step away.
 * Equal content gives equal bytes, but for the member `time` of the JSON file.
 * @param state plain data; see {@link stableJson} for what it may hold.
 * @param time what differs between equal runs (elapsed seconds, say); the time of saving is added.
 * @throws DataError when the disk is full or the folder cannot be written.
 */
export async function saveCheckpoint(
  folder: string,
  { step, tensors, state }: Checkpoint<unknown>,
  time: Readonly<Record<string, number | string>> = {},
): Promise<void> {
  const metadata = { step: String(step) };
  let digest = (await listCheckpoints(folder)).includes(step) ? digestSafetensors(tensors, metadata) : undefined;
  const old = digest && (await readEnvelope(folder, step).catch(() => undefined))?.tensors;
  if (digest === undefined || old?.bytes !== digest.bytes || old.crc32 !== digest.crc32) {
    await deleteCheckpoint(folder, step); // A mark left there would call the new tensors complete too early.
    digest = await writeSafetensors(tensorFile(folder, step), tensors, metadata);
  }
  const saved = new Date().toISOString();
  const envelope = { format: CHECKPOINT_FORMAT, step, tensors: digest, state, time: { ...time, saved } };
  await replaceFile(stateFile(folder, step), `${stableJson(envelope, 2)}\n`);
}

async function readEnvelope(folder: string, step: number): Promise<z.infer<typeof envelopeSchema>> {
  const file = stateFile(folder, step);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw storageError(error, 'reading', file);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${file}: expected JSON, found something else; ${await fallback(folder, step)}`, { cause });
  }
  const version = z.object({ format: z.int() }).safeParse(value).data?.format;
  if (version !== undefined && version > CHECKPOINT_FORMAT) {
    throw new DataError(
      `${file} has checkpoint format ${version}, but this s2s reads formats up to ${CHECKPOINT_FORMAT}; use a newer s2s`,
    );
  }
  const result = envelopeSchema.safeParse(value);
  if (!result.success || result.data.step !== step) {
    const issue = result.error?.issues[0];
    const wrong = issue ? `${issue.path.join('.')}: ${issue.message}` : `it is about step ${result.data?.step}`;
    throw new DataError(`${file}: not the state of step ${step}: ${wrong}; ${await fallback(folder, step)}`);
  }
  return result.data;
}

/** What to do about a checkpoint that cannot be read. */
async function fallback(folder: string, step: number): Promise<string> {
  const earlier = (await listCheckpoints(folder)).filter((other) => other < step).at(-1);
  if (earlier === undefined) return 'there is no earlier checkpoint: restore the file or train anew';
  return `delete ${stateFile(folder, step)} to fall back to step ${earlier}`;
}

/** Reads a checkpoint's tensors; where they are damaged, says which checkpoint to fall back to. */
async function readTensors(folder: string, step: number, select?: (name: string) => boolean) {
  try {
    return await readSafetensors(tensorFile(folder, step), select);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${error.message} (${await fallback(folder, step)})`, { cause: error });
  }
}

/** The step that a word or a number means. @throws DataError when there is no such complete checkpoint. */
export async function findCheckpoint(folder: string, which: number | 'latest' | 'best'): Promise<number> {
  const steps = await listCheckpoints(folder);
  const step = which === 'latest' ? steps.at(-1) : which === 'best' ? await readBest(folder) : which;
  if (step !== undefined && steps.includes(step)) return step;
  const wanted = typeof which === 'number' ? `checkpoint of step ${which}` : `${which} checkpoint`;
  const found =
    steps.length === 0 ? 'none is complete yet: train first' : `choose one of the steps ${steps.join(', ')}`;
  throw new DataError(`${folder} has no ${wanted}; ${found}`, { missing: true });
}

/**
 * Loads a checkpoint whole, to continue training, and checks that it is undamaged.
 * @param schema of the trainer state; numbers that may be non-finite are `jsonNumber`.
 * @throws DataError when there is none, or it is damaged: says which earlier one to fall back to.
 */
export async function loadCheckpoint<State>(
  folder: string,
  which: number | 'latest' | 'best',
  schema: z.ZodType<State>,
): Promise<Checkpoint<State>> {
  const step = await findCheckpoint(folder, which);
  const envelope = await readEnvelope(folder, step);
  const state = schema.safeParse(envelope.state);
  if (!state.success) {
    const issue = state.error.issues[0];
    const wrong = `${['state', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`;
    throw new DataError(`${stateFile(folder, step)}: ${wrong}; ${await fallback(folder, step)}`);
  }
  const file = tensorFile(folder, step);
  const { tensors, digest } = await readTensors(folder, step);
  if (digest.bytes !== envelope.tensors.bytes || digest.crc32 !== envelope.tensors.crc32) {
    throw new DataError(
      `${file}: not the tensors that step-${step}.json was saved with: expected ${envelope.tensors.bytes} bytes with ` +
        `CRC-32 ${envelope.tensors.crc32}, found ${digest.bytes} with ${digest.crc32}; ${await fallback(folder, step)}`,
    );
  }
  return { step, tensors, state: state.data };
}

/** Loads a checkpoint's model without its optimizer, to evaluate or decode. @throws DataError as {@link loadCheckpoint}. */
export async function loadModelTensors(
  folder: string,
  which: number | 'latest' | 'best',
): Promise<{ step: number; tensors: Map<string, StoredTensor> }> {
  const step = await findCheckpoint(folder, which);
  const { tensors } = await readTensors(folder, step, isModelTensor);
  return { step, tensors };
}

/** Notes in the run folder's text file `best` which step is the best so far (a link would not work on every system). */
export async function markBest(folder: string, step: number): Promise<void> {
  await replaceFile(bestFile(folder), `step-${step}\n`);
}

/** The step that {@link markBest} noted last, or undefined. @throws DataError when the file says something else. */
export async function readBest(folder: string): Promise<number | undefined> {
  const file = bestFile(folder);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw storageError(error, 'reading', file);
  }
  const step = /^step-(\d+)\s*$/.exec(text)?.[1];
  if (step === undefined) {
    throw new DataError(
      `${file}: expected a line like step-1000, found ${JSON.stringify(text.slice(0, 40))}; correct it`,
    );
  }
  return Number(step);
}

/**
 * Deletes old checkpoints but for the last `keep` and the best.
 * @param keep at least 1.
 * @returns the steps deleted.
 */
export async function pruneCheckpoints(folder: string, keep: number): Promise<number[]> {
  const steps = await listCheckpoints(folder);
  const best = await readBest(folder);
  const old = steps.slice(0, -Math.max(1, keep)).filter((step) => step !== best);
  for (const step of old) await deleteCheckpoint(folder, step);
  return old;
}

/**
 * Deletes the checkpoints after `step`, latest first: for a run that continues from an earlier point and will make its own.
 * A note of a best step among them goes too.
 */
export async function discardCheckpointsAfter(folder: string, step: number): Promise<void> {
  const best = await readBest(folder);
  if (best !== undefined && best > step) await rm(bestFile(folder), { force: true });
  const later = (await listCheckpoints(folder)).filter((other) => other > step);
  for (const other of later.reverse()) await deleteCheckpoint(folder, other);
}

/**
 * The mean of one or more checkpoints' model tensors (checkpoint averaging, as in Vaswani et al. 2017, section 6.1), summed in
 * double precision, one tensor at a time.
 * @throws DataError when a step has no checkpoint, or the checkpoints do not hold the same tensors.
 */
export async function averageCheckpoints(folder: string, steps: readonly number[]): Promise<Map<string, StoredTensor>> {
  const files: SafetensorsFile[] = [];
  try {
    for (const step of steps) files.push(await openSafetensors(tensorFile(folder, await findCheckpoint(folder, step))));
    const names = [...(files[0]?.tensors.keys() ?? [])].filter(isModelTensor);
    for (const [i, file] of files.entries()) {
      const theirs = [...file.tensors.keys()].filter(isModelTensor);
      const odd = theirs.find((name) => !names.includes(name)) ?? names.find((name) => !theirs.includes(name));
      if (odd !== undefined) throw differ(folder, steps[0], steps[i], odd);
    }
    const mean = new Map<string, StoredTensor>();
    for (const name of names) {
      const tensors = await Promise.all(files.map((file) => file.read(name)));
      mean.set(
        name,
        averageTensors(tensors, (i) => differ(folder, steps[0], steps[i], name)),
      );
    }
    return mean;
  } finally {
    for (const file of files) await file.close();
  }
}

function differ(folder: string, a: number | undefined, b: number | undefined, name: string): DataError {
  return new DataError(
    `${folder}: steps ${a} and ${b} cannot be averaged: they differ in tensor "${name}"; choose checkpoints of one model`,
  );
}

/** Adds `data` to `sum`, element by element. */
function addInto(sum: Float64Array, data: Float32Array | Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + data[i]!;
}

/** The mean of tensors of one shape; integers must be equal in all of them. `mismatch` makes the error for the i-th. */
function averageTensors(tensors: readonly StoredTensor[], mismatch: (i: number) => DataError): StoredTensor {
  const [first] = tensors;
  if (first === undefined) throw new RangeError('no tensors to average');
  const sum = new Float64Array(first.data.length);
  for (const [i, tensor] of tensors.entries()) {
    if (tensor.dtype !== first.dtype || String(tensor.shape) !== String(first.shape)) throw mismatch(i);
    if (tensor.dtype === 'F32' || tensor.dtype === 'F64') addInto(sum, tensor.data);
    else if (tensor.data.some((value, j) => value !== first.data[j])) throw mismatch(i);
  }
  const { dtype, shape } = first;
  if (dtype !== 'F32' && dtype !== 'F64') return first;
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! / tensors.length;
  return dtype === 'F64' ? { dtype, shape, data: sum } : { dtype, shape, data: new Float32Array(sum) };
}
