// The training loop: steps, logs, validations, checkpoints, and every way to stop.
import type { Batch, BatchStream } from '../data/batches.js';
import type { Corpus } from '../data/corpus.js';
import type { ModelExample } from '../data/examples.js';
import type { Engine, HostTensor } from '../engine/types.js';
import { DataError } from '../errors.js';
import { type MetricsLog, openMetricsLog } from '../logging/metrics-log.js';
import { createProgress, type Progress } from '../logging/progress.js';
import { openTensorBoard, type TensorBoardLog } from '../logging/tensorboard.js';
import type { Scorer } from '../metrics/metric.js';
import type { Reward } from '../metrics/sentence.js';
import { markBest, pruneCheckpoints, saveCheckpoint } from '../storage/checkpoints.js';
import type { WritableRunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig } from '../task.js';
import type { BatchMaker } from './objectives/batch-maker.js';
import type { TrainingSetup } from './setup.js';
import { snapshot, type TrainerState } from './state.js';
import type { Stepper, StepResult } from './stepper.js';
import type { StopReason } from './stop-reason.js';
import type { ValidationResult, Validator } from './validate.js';

/** What a training needs. */
export interface TrainerOptions {
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly codec: Codec;
  readonly train: Corpus;
  readonly valid: Corpus;
  readonly run: WritableRunFolder;
  /** Scores decoded validation outputs by the validation metric. */
  readonly createScorer: () => Scorer;
  /** Whether a larger value of the validation metric is better. */
  readonly higherIsBetter: boolean;
  /** What sampled outputs are rewarded by, for objectives that sample. */
  readonly reward?: Reward | undefined;
  /** Parameters that begin as given and not at random. */
  readonly initial?: Readonly<Record<string, HostTensor>> | undefined;
  /** Whether to go on from the latest checkpoint of the run folder. */
  readonly resume: boolean;
  readonly maxSteps?: number | undefined;
  readonly maxSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly quiet: boolean;
  /** Takes warnings. */
  readonly log: (line: string) => void;
}

/** What a training led to. */
export interface TrainingOutcome {
  readonly step: number;
  readonly reason: StopReason;
  readonly best: TrainerState['best'];
}

/** Rows of a skipped batch that are named; all of them are in metrics.jsonl. */
const NAMED = 3;

/** A training that is ready to run. */
export class TrainingLoop {
  private readonly started = performance.now();
  private intervalStart = this.started;
  /** Target tokens of this process since `intervalStart`, for the speed. */
  private timedTokens = 0;
  /** Milliseconds since `intervalStart` in which nothing was done but waiting for data. */
  private waited = 0;
  /** Seconds since the last log record by what they were spent on. */
  private spent: Record<string, number> = {};
  /** Whether the latest checkpoint holds the state as it is. */
  private isSaved: boolean;
  private metrics: MetricsLog | undefined;
  private board: TensorBoardLog | undefined;
  private progress: Progress | undefined;

  /** @param state where training stands; changed as it goes on */
  constructor(
    private readonly options: TrainerOptions,
    private readonly setup: TrainingSetup,
    private readonly stepper: Stepper,
    private readonly stream: BatchStream<ModelExample>,
    private readonly state: TrainerState,
    private readonly validator: Validator,
    private readonly maker: BatchMaker,
  ) {
    this.isSaved = options.resume;
  }

  /**
   * Trains until there is a reason to stop, and saves a checkpoint then.
   * @throws DataError when too many steps in a row were not finite (the last good checkpoint stays), or nothing can be written
   */
  async run(): Promise<TrainingOutcome> {
    const { state, options } = this;
    const { config, run, quiet } = options;
    try {
      const resumeAt = { resumeAt: state.step };
      this.metrics = openMetricsLog(run.paths.metrics, resumeAt);
      this.board = openTensorBoard(run.folder, resumeAt);
      this.progress = createProgress({
        total: Math.min(config.training.steps, options.maxSteps ?? Number.POSITIVE_INFINITY),
        start: state.step,
        quiet,
        label: 'train',
        every: config.training.logEvery,
      });
      if (state.validationDue) {
        await this.validate();
        await this.save();
      }
      let reason = this.stopReason();
      while (!reason) {
        await this.step();
        if (this.isValidationDue()) await this.validate();
        reason = this.stopReason();
        if (reason || this.isSaveDue()) await this.save();
      }
      await this.save();
      return { step: state.step, reason, best: state.best };
    } finally {
      this.progress?.stop();
      this.metrics?.close();
      this.board?.close();
      for (const { message } of this.stream.report()) options.log(`warning: ${message}`);
    }
  }

  private stopReason(): StopReason | undefined {
    const { signal, maxSeconds, maxSteps, config } = this.options;
    const { step, sinceBest } = this.state;
    const { steps, patience } = config.training;
    if (signal?.aborted) return 'interrupted';
    if (step >= steps) return 'finished';
    if (patience > 0 && sinceBest >= patience) return 'patience';
    if (maxSteps !== undefined && step >= maxSteps) return 'max-steps';
    if (maxSeconds !== undefined && performance.now() - this.started >= maxSeconds * 1000) return 'max-time';
    return undefined;
  }

  private async step(): Promise<void> {
    const { state, stream, stepper, options } = this;
    const { logEvery, accumulate } = options.config.training;
    const batches: Batch<ModelExample>[] = [];
    const asked = performance.now();
    for (let i = 0; i < accumulate; i++) batches.push(await stream.next());
    this.waited += performance.now() - asked;
    const result = await stepper.run(
      state.step,
      batches.map(({ examples }) => examples),
    );
    this.isSaved = false;
    state.step += 1;
    state.cursor = stream.state();
    state.objective = { ...this.maker.state?.() };
    if (Number.isFinite(result.loss) && Number.isFinite(result.gradientNorm)) this.count(result);
    else {
      this.skip(
        result,
        batches.flatMap(({ rows }) => [...rows]),
      );
    }
    const loss = state.intervalLoss / state.intervalTokens;
    const tokensPerSecond = (this.timedTokens * 1000) / (performance.now() - this.intervalStart);
    this.progress?.update(state.step, { loss, tokensPerSecond });
    if (state.step % logEvery === 0) this.logInterval(result, batches.at(-1)?.epoch ?? 0, loss, tokensPerSecond);
  }

  private count({ loss, targetTokens, statistics, seconds }: StepResult): void {
    const { state } = this;
    state.intervalSteps += 1;
    for (const [name, value] of Object.entries(statistics)) {
      state.intervalStatistics[name] = (state.intervalStatistics[name] ?? 0) + value;
    }
    for (const [name, value] of Object.entries(seconds)) this.spent[name] = (this.spent[name] ?? 0) + value;
    state.skippedInARow = 0;
    state.targetTokens += targetTokens;
    state.intervalLoss += loss * targetTokens;
    state.intervalTokens += targetTokens;
    this.timedTokens += targetTokens;
  }

  /** Logs a step that was left out, and gives up after too many in a row. */
  private skip({ loss, gradientNorm }: StepResult, rows: readonly number[]): void {
    const { state, options } = this;
    const { maxSkippedSteps } = options.config.training;
    state.skippedSteps += 1;
    state.skippedInARow += 1;
    this.metrics?.write({ step: state.step, event: 'skipped', loss, gradientNorm, rows });
    const named = rows.slice(0, NAMED).map((row) => options.train.locate(row, 'source'));
    options.log(
      `warning: step ${state.step} skipped: loss ${loss}, gradient norm ${gradientNorm}; its ${rows.length} rows ` +
        `(${named.join(', ')}${rows.length > NAMED ? ', …' : ''}) are listed in metrics.jsonl, counted from 0`,
    );
    if (state.skippedInARow >= maxSkippedSteps) {
      throw new DataError(
        `training has diverged: ${state.skippedInARow} steps in a row up to step ${state.step} had no finite loss and gradient; ` +
          `lower training.learningRate, lengthen training.warmupSteps or look at the rows listed in ${options.run.paths.metrics}; ` +
          'checkpoints from before are kept',
      );
    }
  }

  private logInterval({ learningRate, gradientNorm }: StepResult, epoch: number, loss: number, speed: number): void {
    const { state, board } = this;
    const { step, targetTokens, intervalSteps } = state;
    const statistics = Object.fromEntries(
      Object.entries(state.intervalStatistics).map(([name, total]) => [name, total / intervalSteps]),
    );
    this.metrics?.write(
      { step, event: 'train', epoch, loss, learningRate, gradientNorm, targetTokens, ...statistics },
      {
        ...this.spent,
        tokensPerSecond: speed,
        dataWait: this.waited / (performance.now() - this.intervalStart),
        seconds: this.elapsed(),
      },
    );
    const curves = { loss, learningRate, gradientNorm, tokensPerSecond: speed, ...statistics };
    for (const [name, value] of Object.entries(curves)) board?.scalar(`train/${name}`, value, step);
    state.intervalLoss = 0;
    state.intervalTokens = 0;
    state.intervalStatistics = {};
    state.intervalSteps = 0;
    this.spent = {};
    this.timedTokens = 0;
    this.waited = 0;
    this.intervalStart = performance.now();
  }

  private elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Every so often, and after the very last step of the configuration. */
  private isValidationDue(): boolean {
    const { step } = this.state;
    const { validateEvery, steps } = this.options.config.training;
    return step % validateEvery === 0 || step === steps;
  }

  /** Validates; after an interrupt, which wants a quick end, that is left to whoever resumes. */
  private async validate(): Promise<void> {
    const { state, options } = this;
    const { validationMetric } = options.config.training;
    const began = performance.now();
    const result = await this.validator.run(options.signal, options.log);
    state.validationDue = result === undefined;
    if (result === undefined) return;
    this.isSaved = false;
    const { loss, statistics } = result;
    const scores = Object.fromEntries(Object.entries(result.metrics).map(([name, { score }]) => [name, score]));
    const record = { loss, ...statistics, ...scores };
    const isBest = this.rank(validationMetric === 'loss' ? loss : (scores[validationMetric] ?? Number.NaN));
    const seconds = (performance.now() - began) / 1000;
    this.metrics?.write({ step: state.step, event: 'validation', ...record, best: isBest }, { seconds });
    if (result.samples.length > 0) {
      this.metrics?.write({ step: state.step, event: 'samples', samples: result.samples });
    }
    this.showValidation(record, result.samples, isBest);
    // Time spent here does not count as slow training; saving sees to that by itself.
    this.intervalStart += performance.now() - began;
    if (isBest) await this.save();
  }

  /** Notes a validation score. @returns whether it is the best so far, which NaN never is */
  private rank(score: number): boolean {
    const { state, options } = this;
    const { best } = state;
    const isBest =
      !Number.isNaN(score) && (!best || (options.higherIsBetter ? score > best.score : score < best.score));
    if (isBest) state.best = { step: state.step, metric: options.config.training.validationMetric, score };
    state.sinceBest = isBest ? 0 : state.sinceBest + 1;
    return isBest;
  }

  private showValidation(
    record: Readonly<Record<string, number>>,
    samples: ValidationResult['samples'],
    isBest: boolean,
  ): void {
    const { step } = this.state;
    for (const [name, value] of Object.entries(record)) this.board?.scalar(`valid/${name}`, value, step);
    samples.forEach((sample, i) => {
      const text = `source: ${sample.source}\n\nreference: ${sample.reference}\n\noutput: ${sample.output}`;
      this.board?.text(`valid/sample ${i + 1}`, text, step);
    });
    const shown = Object.entries(record).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    this.progress?.message(`step ${step}: validation ${shown.join(', ')}${isBest ? ' (best)' : ''}`);
  }

  private isSaveDue(): boolean {
    const { step, skippedInARow } = this.state;
    const { saveEvery, validateEvery } = this.options.config.training;
    // Among skipped steps the parameters may be what is wrong: they must not push good checkpoints out.
    return skippedInARow === 0 && step % (saveEvery ?? validateEvery) === 0;
  }

  /** Saves a checkpoint, unless the latest one is up to date. */
  private async save(): Promise<void> {
    const { state, options, setup } = this;
    const { folder, lock } = options.run;
    if (this.isSaved) return;
    const began = performance.now();
    const tensors = await snapshot(options.engine, setup);
    lock.check();
    await saveCheckpoint(folder, { step: state.step, tensors, state }, { seconds: this.elapsed() });
    if (state.best?.step === state.step) await markBest(folder, state.step);
    await pruneCheckpoints(folder, options.config.training.keepCheckpoints);
    this.metrics?.sync();
    this.isSaved = true;
    this.intervalStart += performance.now() - began;
  }
}
