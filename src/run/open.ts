// Opens what the commands work on: engines, configurations, run folders and their models.
import { readFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { tasks } from '../../tasks/index.js';
import { loadConfig } from '../config/load.js';
import { didYouMean } from '../config/suggest.js';
import type { SplitConfig } from '../data/config.js';
import { type HostTensor, sizeOf } from '../engine/types.js';
import { ConfigError, DataError, UsageError } from '../errors.js';
import { type ModelConfig, resolveModelConfig } from '../model/config.js';
import { type ParameterSpec, parameterSpecs, parameterVariables } from '../model/parameters.js';
import { averageCheckpoints, findCheckpoint, loadModelTensors, readBest } from '../storage/checkpoints.js';
import { openRunFolder, type RunFolder } from '../storage/run-folder.js';
import type { StoredTensor } from '../storage/safetensors.js';
import type { Codec, RunConfig, TaskAdapter } from '../task.js';
import { averageName } from '../train/programs.js';
import { hostTensors } from '../train/state.js';

/** The task of a configuration file, found before the rest is checked. */
function taskNamed(name: unknown, file: string): TaskAdapter {
  const names = tasks.map((task) => task.name);
  const task = tasks.find((candidate) => candidate.name === name);
  if (task) return task;
  if (name === undefined) throw new ConfigError(`${file}: task: expected one of ${names.join(', ')}, found nothing`);
  throw new ConfigError(
    `${file}: task: unknown task ${JSON.stringify(name)}${didYouMean(String(name), names) || `; the tasks are ${names.join(', ')}`}`,
  );
}

/** Reads only the `task` key of a configuration. */
async function readTaskName(file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    // loadConfig reports what is wrong with the file.
    return undefined;
  }
  try {
    return (parse(text) as { task?: unknown } | null)?.task;
  } catch {
    return undefined;
  }
}

/** Loads a configuration with its task. Data paths come out absolute. */
export async function loadRunConfig(
  file: string,
  overrides: readonly string[],
): Promise<{ task: TaskAdapter; config: RunConfig; baseDir: string }> {
  const name = await readTaskName(file);
  const task = name === undefined ? tasks[0] : taskNamed(name, file);
  const { config, baseDir } = await loadConfig(
    file,
    (task as TaskAdapter).configSchema as z.ZodType<RunConfig>,
    overrides,
  );
  return { task: task as TaskAdapter, config: withAbsolutePaths(config, baseDir), baseDir };
}

/** The configuration with the paths of its data made absolute, so that a run folder can be used from anywhere. */
function withAbsolutePaths(config: RunConfig, baseDir: string): RunConfig {
  const at = (file: string): string => (isAbsolute(file) ? file : join(baseDir, file));
  const split = (files: SplitConfig): SplitConfig =>
    Object.fromEntries(
      Object.entries(files).map(([key, value]) => [
        key,
        ['source', 'target', 'file'].includes(key) ? at(value as string) : value,
      ]),
    ) as SplitConfig;
  const { train, valid, test } = config.data;
  return { ...config, data: { train: split(train), valid: split(valid), ...(test ? { test: split(test) } : {}) } };
}

/** A run's configuration, task and vocabularies. */
export interface OpenedRun {
  readonly folder: RunFolder;
  readonly task: TaskAdapter;
  readonly config: RunConfig;
  readonly codec: Codec;
}

/** Reads a file of the run's `vocab/` folder. */
export function vocabularyReader(folder: RunFolder): (name: string) => Promise<string> {
  return async (name) => {
    const file = join(folder.paths.vocab, name);
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      throw new DataError(`${file}: cannot be read; restore it or train anew`, { missing: true, cause });
    }
  };
}

/** Opens a run folder. @throws DataError or ConfigError naming the file that is missing or wrong */
export async function openRun(path: string, overrides: readonly string[] = []): Promise<OpenedRun> {
  const folder = await openRunFolder(path);
  const { task, config } = await loadRunConfig(folder.paths.config, overrides);
  return { folder, task, config, codec: await task.restoreCodec(config, vocabularyReader(folder)) };
}

/** A model's parameters, ready for an engine. */
export interface LoadedModel {
  readonly config: ModelConfig;
  readonly parameters: Record<string, HostTensor>;
  /** What was loaded, e.g. `step 4000` or `average of steps 3000, 4000`. */
  readonly label: string;
}

/** `average:N` → N. */
function averageCount(checkpoint: string): number | undefined {
  const match = /^average:([1-9]\d*)$/.exec(checkpoint);
  return match ? Number(match[1]) : undefined;
}

/** Loads tensors as `--checkpoint` says: `best` (the last one where none is marked), `latest`, a step, or `average:N`. */
async function loadTensors(
  folder: string,
  checkpoint: string,
): Promise<{ tensors: Map<string, StoredTensor>; label: string }> {
  const count = averageCount(checkpoint);
  if (count !== undefined) {
    const { listCheckpoints } = await import('../storage/checkpoints.js');
    const steps = (await listCheckpoints(folder)).slice(-count);
    if (steps.length === 0) await findCheckpoint(folder, 'latest');
    return { tensors: await averageCheckpoints(folder, steps), label: `average of steps ${steps.join(', ')}` };
  }
  const step = /^(?:step-)?(\d+)$/.exec(checkpoint)?.[1];
  if (step === undefined && checkpoint !== 'best' && checkpoint !== 'latest') {
    throw new UsageError(`--checkpoint ${checkpoint}: expected best, latest, a step such as 4000, or average:N`);
  }
  const best = checkpoint === 'best' ? ((await readBest(folder)) ?? 'latest') : undefined;
  const loaded = await loadModelTensors(folder, best ?? (step === undefined ? 'latest' : Number(step)));
  return { tensors: loaded.tensors, label: `step ${loaded.step}` };
}

/** Loads a run's parameters; where the run keeps a moving average of them, that average. */
export async function loadModel(run: OpenedRun, checkpoint = 'best'): Promise<LoadedModel> {
  const { folder, config, codec } = run;
  const model = resolveModelConfig(config.model);
  const specs = parameterSpecs(model, codec.vocabulary);
  const { tensors, label } = await loadTensors(folder.folder, checkpoint);
  const stored = (name: string): string => (config.training.emaDecay > 0 ? averageName(name) : name);
  const names = Object.keys(parameterVariables(specs));
  const shapes = new Map(names.map((name) => [stored(name), specs.get(name)?.shape ?? []]));
  const file = `${basename(folder.folder)} (${label})`;
  const found = hostTensors(file, tensors, [...shapes.keys()], (name) => shapes.get(name) ?? []);
  const parameters = Object.fromEntries(names.map((name) => [name, found[stored(name)] as HostTensor]));
  return { config: model, parameters, label };
}

/** Number of parameters. */
export function parameterCount(specs: ReadonlyMap<string, ParameterSpec>): number {
  return [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The folder of the installed package: where `fixtures/` lies. */
export async function packageRoot(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    if ((JSON.parse(text) as { name?: string }).name === 's2s-toolkit') return folder;
    if (dirname(folder) === folder)
      throw new DataError('the package folder of s2s-toolkit cannot be found', { missing: true });
    folder = dirname(folder);
  }
}

/** Where gzip inputs are decompressed to, once for all runs of a user. */
export function decompressionCache(): string {
  return join(tmpdir(), `s2s-cache-${userInfo().username}`);
}
