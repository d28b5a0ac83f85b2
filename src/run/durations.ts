// How long each source position lasts in each recording: found once, before the first step, and kept in the run.
import { join } from 'node:path';
import type { Corpus, RawRow } from '../data/corpus.js';
import { createEngine } from '../engine/create.js';
import type { EngineChoice } from '../engine/names.js';
import { ConfigError, DataError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import { resolveModelConfig } from '../model/config.js';
import { isParallel } from '../model/frame-decoder.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import { replaceFile } from '../storage/atomic.js';
import type { RunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig, TaskContext } from '../task.js';
import { durationsOfCorpus } from '../train/alignment.js';
import { FIT_ROUNDS } from '../train/forced-alignment/aligner.js';
import { alignCorpus, fitAligner } from '../train/forced-alignment/corpus.js';
import { needsDurations } from '../train/frame-batch.js';
import { objectiveSetup } from '../train/objectives/settings.js';
import { loadModel } from './model.js';
import { openRun, vocabularyReader } from './open.js';
import { walkingHeads } from './walking-heads.js';

const FILE = 'durations.json';

/** Frames that each source position lasts, row by row. */
interface Durations {
  readonly train: number[][];
  readonly valid: number[][];
}

/** The corpora that training reads. */
interface Splits {
  readonly train: Corpus;
  readonly valid: Corpus;
}

/** A corpus whose rows have durations. */
function withDurations(corpus: Corpus, durations: readonly number[][]): Corpus {
  const add = (row: RawRow): RawRow => {
    const own = durations[row.index];
    return own ? { ...row, durations: own } : row;
  };
  async function* added(rows: AsyncIterable<RawRow>): AsyncGenerator<RawRow> {
    for await (const row of rows) yield add(row);
  }
  return {
    size: corpus.size,
    blockRows: corpus.blockRows,
    blockCount: corpus.blockCount,
    warnings: corpus.warnings,
    longest: corpus.longest,
    locate: (index, side) => corpus.locate(index, side),
    readBlock: async (block) => (await corpus.readBlock(block)).map(add),
    rowsAt: (indices) => added(corpus.rowsAt(indices)),
    rows: () => added(corpus.rows()),
    close: () => corpus.close(),
  };
}

/** Durations by the attention of another run's model. */
async function durationsFrom(
  teacher: string,
  splits: Splits,
  settings: DurationSettings,
  context: TaskContext,
): Promise<Durations> {
  const run = await openRun(teacher, [], context);
  const model = resolveModelConfig(run.config.model);
  if (!model.frames || isParallel(model)) {
    throw new ConfigError(
      `training.durationsFrom: expected the run of an autoregressive model of sound, but ${teacher} is none`,
    );
  }
  const { parameters, label } = await loadModel(run);
  context.log?.(`durations by the attention of ${teacher} (${label})`);
  const { vocabulary } = run.codec;
  const engine = await createEngine(settings.engine, settings.threads);
  try {
    const setup = {
      model,
      parameters: parameterVariables(parameterSpecs(model, vocabulary)),
      vocabulary,
      ctcWeight: 0,
    };
    const of = (corpus: Corpus) =>
      durationsOfCorpus(
        engine,
        setup,
        parameters,
        run.codec,
        corpus,
        walkingHeads(run.config),
        run.config.seed,
        context.signal,
      );
    return { train: await of(splits.train), valid: await of(splits.valid) };
  } finally {
    await engine.dispose();
  }
}

/** Durations by aligning texts with recordings. */
async function alignedDurations(
  codec: Codec,
  splits: Splits,
  seed: number,
  quiet: boolean,
  { signal }: TaskContext,
): Promise<Durations> {
  const progress = createProgress({ label: 'alignment', total: FIT_ROUNDS, quiet, every: FIT_ROUNDS });
  try {
    const onRound = (done: number) => progress.update(done);
    const aligner = await fitAligner(codec, splits.train, seed, { onRound, signal });
    const of = (corpus: Corpus) => alignCorpus(aligner, codec, corpus, signal);
    return { train: await of(splits.train), valid: await of(splits.valid) };
  } finally {
    progress.stop();
  }
}

/** Reads durations that were made before; undefined where there are none yet. @throws DataError for a damaged file */
async function keptDurations(folder: RunFolder): Promise<Durations | undefined> {
  let text: string;
  try {
    text = await vocabularyReader(folder)(FILE);
  } catch (error) {
    if (error instanceof DataError && error.exitCode === 66) return undefined;
    throw error;
  }
  try {
    const { train, valid } = JSON.parse(text) as Durations;
    if (Array.isArray(train) && Array.isArray(valid)) return { train, valid };
  } catch {
    // Said below.
  }
  throw new DataError(
    `${join(folder.paths.vocab, FILE)}: expected durations of train and valid, found something else; remove it`,
  );
}

/** What finding durations needs to know of a training. */
interface DurationSettings {
  readonly engine?: EngineChoice | undefined;
  readonly threads?: number | undefined;
  readonly quiet: boolean;
}

/**
 * The splits with durations, where the training needs them: by the attention of another model where the configuration names one, and else
 * by aligning texts with recordings. A run keeps those that it began with.
 * @throws ConfigError when `training.durationsFrom` is no run of an autoregressive model
 */
export async function splitsWithDurations(
  config: RunConfig,
  codec: Codec,
  splits: Splits,
  folder: RunFolder,
  settings: DurationSettings,
  context: TaskContext,
): Promise<Splits> {
  const { training, seed } = config;
  if (!needsDurations({ model: resolveModelConfig(config.model), objective: objectiveSetup(training) })) return splits;
  let durations = await keptDurations(folder);
  if (!durations) {
    const { durationsFrom: teacher } = training;
    durations =
      teacher === undefined
        ? await alignedDurations(codec, splits, seed, settings.quiet, context)
        : await durationsFrom(teacher, splits, settings, context);
    await replaceFile(join(folder.paths.vocab, FILE), `${JSON.stringify(durations)}\n`);
  }
  return {
    train: withDurations(splits.train, durations.train),
    valid: withDurations(splits.valid, durations.valid),
  };
}
