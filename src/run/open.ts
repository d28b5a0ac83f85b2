// Opens configurations and run folders, without loading an engine or a model.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { tasks } from '../../tasks/index.js';
import { loadConfig } from '../config/load.js';
import { didYouMean } from '../config/suggest.js';
import { ConfigError, DataError } from '../errors.js';
import { openRunFolder, type RunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig, TaskAdapter, TaskContext } from '../task.js';
import { cacheFolder } from './paths.js';
import { isModulePath } from './reward.js';

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

/** Loads a configuration with its task. Its paths come out absolute. */
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

/** The configuration with its paths made absolute, so that a run folder can be used from anywhere. */
function withAbsolutePaths(config: RunConfig, baseDir: string): RunConfig {
  const absolute = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(absolute);
    return typeof value === 'string' ? resolve(baseDir, value) : value;
  };
  const fix = <Section extends object>(section: Section, keys: readonly string[]): Section =>
    Object.fromEntries(
      Object.entries(section).map(([key, value]) => [key, keys.includes(key) ? absolute(value) : value]),
    ) as Section;
  const split = (files: object): object => fix(files, ['source', 'target', 'file', 'manifest', 'audioDir']);
  const { train, valid, test } = config.data;
  const sections = config as { tokenizer?: object; transcriptTokenizer?: object; labels?: object; evaluation?: object };
  const { evaluation } = sections;
  const vocabularies = (['tokenizer', 'transcriptTokenizer', 'labels'] as const).flatMap((key) => {
    const section = sections[key];
    return section ? [[key, fix(section, ['sourceTokenizer', 'targetTokenizer', 'file'])] as const] : [];
  });
  return {
    ...config,
    data: { ...config.data, train: split(train), valid: split(valid), ...(test ? { test: split(test) } : {}) },
    training: withRewardModules(fix(config.training, ['encoderFrom', 'startFrom', 'durationsFrom']), baseDir),
    ...withNoiseFiles(config, baseDir),
    ...Object.fromEntries(vocabularies),
    ...(evaluation ? { evaluation: fix(evaluation, ['recognizer']) } : {}),
  };
}

/** The training section with rewards that are modules named by absolute paths. */
function withRewardModules(training: RunConfig['training'], baseDir: string): RunConfig['training'] {
  const absolute = <Section extends { reward: string }>(section: Section): Section =>
    isModulePath(section.reward) ? { ...section, reward: resolve(baseDir, section.reward) } : section;
  return {
    ...training,
    reinforce: absolute(training.reinforce),
    minimumRisk: absolute(training.minimumRisk),
  };
}

/** The augmentation of a configuration that has one, the noise it names by absolute paths. */
function withNoiseFiles(config: RunConfig, baseDir: string): object {
  const { augmentation } = config as { augmentation?: { noise: { files: readonly string[] } } };
  if (!augmentation) return {};
  const files = augmentation.noise.files.map((file) => resolve(baseDir, file));
  return { augmentation: { ...augmentation, noise: { ...augmentation.noise, files } } };
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
export async function openRun(
  path: string,
  overrides: readonly string[] = [],
  context: TaskContext = { cacheDir: cacheFolder() },
): Promise<OpenedRun> {
  const folder = await openRunFolder(path);
  const { task, config } = await loadRunConfig(folder.paths.config, overrides);
  return { folder, task, config, codec: await task.restoreCodec(config, vocabularyReader(folder), context) };
}
