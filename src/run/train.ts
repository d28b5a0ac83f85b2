// The library's `train`: from a configuration file to a run folder with a trained model.
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringifyConfig } from '../config/render.js';
import { openCorpus } from '../data/corpus.js';
import { createEngine } from '../engine/create.js';
import { ConfigError } from '../errors.js';
import { findMetric } from '../metrics/metric.js';
import { resolveModelConfig } from '../model/config.js';
import { parameterSpecs } from '../model/parameters.js';
import { replaceFile } from '../storage/atomic.js';
import { createRunFolder, openRunFolder, resumeRunFolder, type WritableRunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig, TaskAdapter } from '../task.js';
import { runTraining } from '../train/trainer.js';
import { packageVersion } from '../version.js';
import { decodeLines, evaluateRun } from './evaluate.js';
import { decompressionCache, loadRunConfig, packageRoot, parameterCount, vocabularyReader } from './open.js';
import type { TrainOptions, TrainResult } from './types.js';

/** Settings that may change when a run is resumed: they steer how long and what is watched, not what is learned. */
const CHANGEABLE = [
  'decoding',
  'evaluation',
  'data.test',
  'training.steps',
  'training.logEvery',
  'training.validateEvery',
  'training.validationBeam',
  'training.saveEvery',
  'training.keepCheckpoints',
  'training.patience',
  'training.maxSkippedSteps',
];

/** Every leaf of a configuration by its key path. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, path ? `${path}.${key}` : key)]));
}

/** @throws ConfigError listing key, old and new value of every change that would make another run of it */
function checkResumable(before: RunConfig, now: RunConfig): void {
  const old = leaves(before);
  const fresh = leaves(now);
  const changes = [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(fresh.get(key)))
    .filter((key) => !CHANGEABLE.some((free) => key === free || key.startsWith(`${free}.`)));
  if (changes.length === 0) return;
  const show = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));
  throw new ConfigError(
    `the run cannot be resumed with a changed configuration:\n${changes
      .map((key) => `  ${key}: was ${show(old.get(key))}, is ${show(fresh.get(key))}`)
      .join('\n')}\nset these back, or start a new run with another --out`,
  );
}

/** The next free `runs/<name>-N` below the working folder. */
async function freeFolder(name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const folder = join('runs', `${name}-${i}`);
    const taken = await access(folder).then(
      () => true,
      () => false,
    );
    if (!taken) return folder;
  }
}

/** A run ready to be trained. */
interface PreparedRun {
  readonly task: TaskAdapter;
  readonly config: RunConfig;
  readonly baseDir: string;
  readonly out: string;
}

async function prepare(options: TrainOptions): Promise<PreparedRun & { isExample: boolean }> {
  const overrides = [...(options.set ?? []), ...(options.seed === undefined ? [] : [`seed=${options.seed}`])];
  if (options.resume) {
    const out = options.out ?? '';
    const folder = await openRunFolder(out);
    const saved = await loadRunConfig(folder.paths.config, []);
    const wanted = await loadRunConfig(options.config ?? folder.paths.config, overrides);
    checkResumable(saved.config, wanted.config);
    return { ...wanted, out, isExample: false };
  }
  const isExample = options.config === undefined;
  const file = options.config ?? join(await packageRoot(), 'fixtures', 'translation', 'config.yaml');
  const loaded = await loadRunConfig(file, overrides);
  const out = options.out ?? (await freeFolder(isExample ? 'example' : loaded.task.name));
  return { ...loaded, out, isExample };
}

/**
 * Trains a model.
 * @throws ConfigError, DataError, EngineError, UsageError as the command line reports them
 */
export async function train(options: TrainOptions = {}): Promise<TrainResult> {
  const started = performance.now();
  const log = options.log ?? (() => undefined);
  const { task, config, baseDir, out, isExample } = await prepare(options);
  const engine = await createEngine(options.engine, options.threads);
  let run: WritableRunFolder | undefined;
  const cacheDir = decompressionCache();
  const open = (split: RunConfig['data']['train']) => openCorpus(split, { baseDir, cacheDir });
  try {
    // A folder is made only once configuration and data are known to be usable.
    if (options.resume) run = await resumeRunFolder(out);
    else await checkData(config, baseDir, cacheDir);
    run ??= await createRunFolder(out, stringifyConfig(config), `s2s ${packageVersion()}`);
    if (options.resume) await replaceFile(run.paths.config, stringifyConfig(config));
    const trainCorpus = await open(config.data.train);
    const validCorpus = await open(config.data.valid);
    for (const corpus of [trainCorpus, validCorpus])
      for (const { message } of corpus.warnings) log(`warning: ${message}`);
    const codec = await codecFor(task, config, run, options.resume ?? false, () => trainCorpus.rows(), baseDir);
    const parameters = parameterCount(parameterSpecs(resolveModelConfig(config.model), codec.vocabulary));
    const { source, target } = codec.vocabulary;
    log(
      `${task.name}: ${trainCorpus.size} training and ${validCorpus.size} validation examples, vocabulary ${source === target ? source : `${source} + ${target}`}, ` +
        `${(parameters / 1e6).toFixed(2)} M parameters, engine ${engine.name}, run folder ${out}`,
    );
    const { validationMetric } = config.training;
    const outcome = await runTraining({
      engine,
      config,
      codec,
      train: trainCorpus,
      valid: validCorpus,
      run,
      createScorer: () => task.createScorer(config, [validationMetric]),
      higherIsBetter: validationMetric !== 'loss' && findMetric(validationMetric).higherIsBetter,
      resume: options.resume ?? false,
      maxSteps: options.maxSteps,
      maxSeconds: options.maxSeconds,
      signal: options.signal,
      quiet: options.quiet ?? false,
      log,
    });
    await trainCorpus.close();
    await validCorpus.close();
    const result: TrainResult = {
      task: task.name,
      out,
      step: outcome.step,
      stopped: outcome.reason,
      seconds: (performance.now() - started) / 1000,
      parameters,
      ...(outcome.best ? { best: outcome.best } : {}),
    };
    return isExample && outcome.reason === 'finished' ? await showExample(result, options) : result;
  } finally {
    await run?.lock.release();
    await engine.dispose();
  }
}

/** Opens and closes all splits, so that unusable data are found before anything is written. */
async function checkData(config: RunConfig, baseDir: string, cacheDir: string): Promise<void> {
  for (const split of [config.data.train, config.data.valid, config.data.test]) {
    if (split) await (await openCorpus(split, { baseDir, cacheDir })).close();
  }
}

/** The run's vocabularies: kept from before, or learned and saved. */
async function codecFor(
  task: TaskAdapter,
  config: RunConfig,
  run: WritableRunFolder,
  resume: boolean,
  rows: () => AsyncIterable<{ index: number; source: string; target: string; origin: string }>,
  baseDir: string,
): Promise<Codec> {
  if (resume) return task.restoreCodec(config, vocabularyReader(run));
  const codec = await task.createCodec(config, rows, baseDir);
  for (const [name, text] of Object.entries(codec.files())) await replaceFile(join(run.paths.vocab, name), text);
  return codec;
}

/** Ends the built-in example: scores the test split and renders some held-out lines. */
async function showExample(result: TrainResult, options: TrainOptions): Promise<TrainResult> {
  const settings = { ...options, quiet: true };
  const test = await evaluateRun({ ...settings, run: result.out });
  const file = join(await packageRoot(), 'fixtures', 'translation', 'sample.en');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const outputs = await decodeLines({ ...settings, run: result.out }, lines);
  const samples = lines.map((source, i) => ({ source, output: outputs[i] as string }));
  return { ...result, test, samples, seconds: result.seconds + test.seconds };
}
