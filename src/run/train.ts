// The library's `train`: from a configuration file to a run folder with a trained model.
import { access, readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { stringifyConfig } from '../config/render.js';
import { type Corpus, listed } from '../data/corpus.js';
import { NAMED_EXAMPLES } from '../data/scan.js';
import { createEngine } from '../engine/create.js';
import { type Engine, sizeOf } from '../engine/types.js';
import { ConfigError, DataError } from '../errors.js';
import { findMetric } from '../metrics/metric.js';
import type { Reward } from '../metrics/sentence.js';
import { resolveModelConfig } from '../model/config.js';
import { parameterSpecs } from '../model/parameters.js';
import { replaceFile } from '../storage/atomic.js';
import { listCheckpoints } from '../storage/checkpoints.js';
import { openRunFolder, resumeRunFolder, type WritableRunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig, TaskAdapter, TaskContext } from '../task.js';
import { UNK } from '../text/special-tokens.js';
import { samplesOutputs } from '../train/config.js';
import { prepareTraining } from '../train/trainer.js';
import { packageVersion } from '../version.js';
import { checkResumable } from './changes.js';
import { splitsWithDurations } from './durations.js';
import { decodeLines, evaluate } from './evaluate.js';
import { makeRunFolder } from './fresh-folder.js';
import { initialParameters } from './initial.js';
import { loadRunConfig, vocabularyReader } from './open.js';
import { cacheFolder, packageRoot } from './paths.js';
import { rewardOf } from './reward.js';
import { textScorer } from './scorer.js';
import type { TrainOptions, TrainResult } from './types.js';

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

/** What is to be trained, and where it goes. */
interface Plan {
  readonly task: TaskAdapter;
  readonly config: RunConfig;
  readonly baseDir: string;
  readonly out: string;
  readonly isExample: boolean;
}

async function plan(options: TrainOptions): Promise<Plan> {
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

/** The splits that training reads. */
interface Data {
  readonly train: Corpus;
  readonly valid: Corpus;
}

/** Opens the splits; that of the test only to see that it can be used. @throws DataError for unusable data */
async function withData<T>({ task, config }: Plan, context: TaskContext, use: (data: Data) => Promise<T>) {
  const { data } = config;
  const opened: Corpus[] = [];
  const open = async (split: object): Promise<Corpus> => {
    const corpus = await task.openCorpus(config, split, context);
    opened.push(corpus);
    return corpus;
  };
  try {
    const train = await open(data.train);
    const valid = await open(data.valid);
    if (data.test) await open(data.test);
    for (const corpus of [train, valid])
      for (const { message } of corpus.warnings) context.log?.(`warning: ${message}`);
    return await use({ train, valid });
  } finally {
    for (const corpus of opened) await corpus.close();
  }
}

/** The vocabularies of a run that goes on, if they are there. A run stopped before its first checkpoint may have none. */
async function keptCodec(
  { task, config }: Plan,
  run: WritableRunFolder,
  begun: boolean,
  context: TaskContext,
): Promise<Codec | undefined> {
  try {
    return await task.restoreCodec(config, vocabularyReader(run), context);
  } catch (error) {
    if (!begun && error instanceof DataError && error.exitCode === 66) return undefined;
    throw error;
  }
}

/** Learns the vocabularies and saves them. */
async function learnCodec(
  { task, config, baseDir }: Plan,
  run: WritableRunFolder,
  { train }: Data,
  context: TaskContext,
): Promise<Codec> {
  const { startFrom } = config.training;
  // A model that goes on keeps its vocabularies.
  const codec =
    startFrom === undefined
      ? await task.createCodec(config, () => train.rows(), baseDir, context)
      : await task.restoreCodec(config, vocabularyReader(await openRunFolder(startFrom)), context);
  for (const [name, text] of Object.entries(codec.files())) await replaceFile(join(run.paths.vocab, name), text);
  return codec;
}

/** Warns of validation rows whose target has something that the vocabulary lacks: it cannot be predicted there. */
async function warnOfUnknown(codec: Codec, { valid }: Data, log: (line: string) => void): Promise<void> {
  const found: string[] = [];
  let count = 0;
  for await (const row of valid.rows()) {
    if (row.target.trim() === '') continue;
    const { target } = await codec.encodeRow(row);
    if (!(target instanceof Int32Array) || !target.includes(UNK)) continue;
    count += 1;
    if (found.length < NAMED_EXAMPLES) found.push(valid.locate(row.index, 'target'));
  }
  if (count === 0) return;
  log(
    `warning: ${count} validation ${count === 1 ? 'row has' : 'rows have'} characters or words in the target that the ` +
      `vocabulary lacks: ${listed(found, count)}`,
  );
}

/** A run folder under its lock, and what to do should training never begin. */
interface Place {
  readonly run: WritableRunFolder;
  /** Whether training goes on from a checkpoint. */
  readonly begun: boolean;
  abandon(): Promise<void>;
}

async function openPlace({ config, out }: Plan, resume: boolean): Promise<Place> {
  if (!resume) {
    const { run, discard } = await makeRunFolder(out, stringifyConfig(config), `s2s ${packageVersion()}`);
    return { run, begun: false, abandon: discard };
  }
  const run = await resumeRunFolder(out);
  const begun = (await listCheckpoints(out)).length > 0;
  return { run, begun, abandon: () => run.lock.release() };
}

/** @throws ConfigError for a model that this machine cannot hold while it is trained: parameters, gradients and two moments */
function checkMemory(parameters: number): void {
  const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
  const needed = 16 * parameters;
  // In a container the limit may be lower; without one it is 0 or beyond any memory.
  const present = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (needed <= present) return;
  throw new ConfigError(
    `a model of ${(parameters / 1e6).toFixed(0)} M parameters needs at least ${gibibytes(needed)} to be trained, but this machine ` +
      `has ${gibibytes(present)}; choose smaller sizes under \`model\`, or a smaller vocabulary`,
  );
}

/** What a model reads and writes, for people. */
function sizesOf({ vocabulary: { source, target } }: Codec): string {
  if (source === target) return `vocabulary ${source}`;
  const side = (size: typeof source): string =>
    typeof size === 'number' ? `vocabulary ${size}` : `${size.features} features a frame`;
  const isText = typeof source === 'number' && typeof target === 'number';
  return isText ? `vocabulary ${source} + ${target}` : `${side(source)} → ${side(target)}`;
}

/** Trains what was planned, on an engine. */
async function trainOn(
  engine: Engine,
  data: Data,
  planned: Plan,
  options: TrainOptions,
  context: TaskContext,
  reward: Reward | undefined,
) {
  const { task, config, out } = planned;
  const { log = () => undefined } = context;
  const { signal, maxSteps, maxSeconds } = options;
  const quiet = options.quiet ?? false;
  const note = quiet ? () => undefined : log;
  const { run, begun, abandon } = await openPlace(planned, options.resume ?? false);
  let training: Awaited<ReturnType<typeof prepareTraining>>;
  let parameters: number;
  try {
    signal?.throwIfAborted();
    if (options.resume && !begun) note(`${out} has no checkpoint yet: training starts at the beginning`);
    const kept = options.resume ? await keptCodec(planned, run, begun, context) : undefined;
    const codec = kept ?? (await learnCodec(planned, run, data, context));
    signal?.throwIfAborted();
    await warnOfUnknown(codec, data, log);
    const specs = parameterSpecs(resolveModelConfig(config.model), codec.vocabulary);
    parameters = [...specs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    checkMemory(parameters);
    const sizes = sizesOf(codec);
    note(
      `${task.name}: ${data.train.size} training and ${data.valid.size} validation examples, ${sizes}, ` +
        `${(parameters / 1e6).toFixed(2)} M parameters, engine ${engine.name}, run folder ${out}`,
    );
    const { validationMetric, objective, startFrom } = config.training;
    if (samplesOutputs(objective) && startFrom === undefined) {
      log(
        `warning: objective ${objective} begins with a model that has learned nothing, whose outputs are hardly ever rewarded; ` +
          'train with cross-entropy first and name that run in training.startFrom',
      );
    }
    const { threads } = options;
    const settings = { engine: options.engine, threads, quiet };
    const splits = await splitsWithDurations(config, codec, data, run, settings, context);
    training = await prepareTraining({
      engine,
      config,
      codec,
      ...splits,
      run,
      createScorer: () => textScorer(task, config, [validationMetric]),
      higherIsBetter: validationMetric !== 'loss' && findMetric(validationMetric).higherIsBetter,
      initial: begun ? undefined : await initialParameters(config, specs, context),
      reward,
      resume: begun,
      maxSteps,
      maxSeconds,
      signal,
      quiet,
      log,
    });
  } catch (error) {
    await abandon();
    throw error;
  }
  try {
    if (options.resume) await replaceFile(run.paths.config, stringifyConfig(config));
    return { ...(await training.run()), parameters };
  } finally {
    await run.lock.release();
  }
}

/**
 * Trains a model. What can be checked is checked before the first step; if it fails, no new run folder is left behind.
 * @throws ConfigError, DataError, EngineError, UsageError as the command line reports them; AbortError when the signal
 *   comes before the first step
 */
export async function train(options: TrainOptions = {}): Promise<TrainResult> {
  const started = performance.now();
  const log = options.log ?? (() => undefined);
  const planned = await plan(options);
  const { threads, signal, quiet } = options;
  const context: TaskContext = { cacheDir: cacheFolder(), threads, signal, quiet, log };
  const reward = await rewardOf(planned.config);
  const outcome = await withData(planned, context, async (data) => {
    const engine = await createEngine(options.engine, options.threads);
    try {
      return await trainOn(engine, data, planned, options, context, reward);
    } finally {
      await engine.dispose();
    }
  });
  const result: TrainResult = {
    task: planned.task.name,
    out: planned.out,
    step: outcome.step,
    stopped: outcome.reason,
    seconds: (performance.now() - started) / 1000,
    parameters: outcome.parameters,
    ...(outcome.best ? { best: outcome.best } : {}),
  };
  return planned.isExample && outcome.reason !== 'interrupted' ? showExample(result, options) : result;
}

/** Ends the built-in example: scores the test split and renders some held-out lines. */
async function showExample(result: TrainResult, options: TrainOptions): Promise<TrainResult> {
  const { engine, threads, log, signal } = options;
  const settings = {
    run: result.out,
    quiet: true,
    ...(engine ? { engine } : {}),
    ...(threads ? { threads } : {}),
    ...(log ? { log } : {}),
    ...(signal ? { signal } : {}),
  };
  const test = await evaluate(settings);
  const file = join(await packageRoot(), 'fixtures', 'translation', 'sample.en');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const outputs = await decodeLines(settings, lines);
  const samples = lines.map((source, i) => ({ source, output: outputs[i] as string }));
  return { ...result, test, samples, seconds: result.seconds + test.seconds };
}
