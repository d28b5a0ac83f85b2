// The training loop: steps, logs, validations, checkpoints, and every way to stop.
import { BatchStream } from '../data/batches.js';
import type { Corpus } from '../data/corpus.js';
import type { EncodeOptions, TokenExample } from '../data/examples.js';
import { checkLengths, worstBatches } from '../data/trial.js';
import type { Engine } from '../engine/types.js';
import { DataError } from '../errors.js';
import { openMetricsLog } from '../logging/metrics-log.js';
import { createProgress, type Progress } from '../logging/progress.js';
import { openTensorBoard } from '../logging/tensorboard.js';
import type { Scorer } from '../metrics/metric.js';
import { resolveModelConfig } from '../model/config.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import {
  discardCheckpointsAfter,
  loadCheckpoint,
  markBest,
  pruneCheckpoints,
  saveCheckpoint,
} from '../storage/checkpoints.js';
import type { WritableRunFolder } from '../storage/run-folder.js';
import type { Codec, RunConfig } from '../task.js';
import { EOS } from '../text/special-tokens.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from './dropout.js';
import type { TrainingSetup } from './programs.js';
import {
  emptyAccumulators,
  hostTensors,
  initialVariables,
  snapshot,
  stateNames,
  type TrainerState,
  trainerStateSchema,
} from './state.js';
import { Stepper, type StepResult } from './stepper.js';
import { type ValidationResult, Validator } from './validate.js';

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
  readonly resume: boolean;
  readonly maxSteps?: number | undefined;
  readonly maxSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly quiet: boolean;
  /** Takes warnings and notes. */
  readonly log: (line: string) => void;
}

/** Why a training ended. */
export type StopReason = 'finished' | 'patience' | 'max-steps' | 'max-time' | 'interrupted';

/** What a training led to. */
export interface TrainingOutcome {
  readonly step: number;
  readonly reason: StopReason;
  readonly best: TrainerState['best'];
  readonly lastValidation: ValidationResult | undefined;
}

/** The setup that configuration, vocabulary and corpus lead to. */
function setUp({ config, codec, train }: TrainerOptions) {
  const model = resolveModelConfig(config.model);
  const specs = parameterSpecs(model, codec.vocabulary);
  const { training, batching } = config;
  // A text can have this many more tokens than bytes; no row is longer than the batching limits allow.
  const longestRow = (side: 'source' | 'target'): number => (train.longest[side].lines[0]?.bytes ?? 0) + 2;
  const longest = Math.min(
    Math.max(longestRow('source'), longestRow('target')),
    Math.max(batching.maxSourceLength ?? batching.maxTokens, batching.maxTargetLength ?? batching.maxTokens),
  );
  const mask = largestMask(model, batching.maxTokens, longest);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    labelSmoothing: training.labelSmoothing,
    optimizer: {
      beta1: training.beta1,
      beta2: training.beta2,
      epsilon: training.epsilon,
      weightDecay: training.optimizer === 'adamw' ? training.weightDecay : 0,
      clipNorm: training.clipNorm,
    },
    emaDecay: training.emaDecay,
    poolSize: poolSize(mask),
  };
  const dropout = new DropoutSource(config.seed, dropoutRates(model), setup.poolSize, mask);
  return { setup, specs, dropout };
}

/**
 * Trains a model, from the beginning or from the latest checkpoint of the run folder.
 * @throws DataError when data are unusable, or too many steps in a row were not finite (the last good checkpoint stays)
 */
export async function runTraining(options: TrainerOptions): Promise<TrainingOutcome> {
  const { engine, config, codec, train, run, resume } = options;
  const started = performance.now();
  const { setup, specs, dropout } = setUp(options);
  const encoding: EncodeOptions<TokenExample> & { seed: number } = {
    encode: (row, random) => codec.encodeRow(row, random),
    batching: config.batching,
    seed: config.seed,
    endId: EOS,
  };
  await checkLengths(train, encoding);
  const stream = new BatchStream(train, encoding);
  const stepper = await Stepper.create(engine, setup, config.training, dropout);

  // The largest batches come first: what does not fit into memory should fail now rather than in an hour.
  await engine.write(initialVariables(setup, specs, config.seed));
  await engine.write(dropout.pools(0));
  if (config.training.accumulate > 1) await engine.write(emptyAccumulators(specs));
  for (const { examples } of await worstBatches(train, encoding)) {
    await stepper.run(0, new Array(config.training.accumulate).fill(examples));
  }

  let state: TrainerState = {
    step: 0,
    targetTokens: 0,
    skippedSteps: 0,
    cursor: stream.state(),
    best: null,
    intervalLoss: 0,
    intervalTokens: 0,
    sinceBest: 0,
  };
  if (resume) {
    const checkpoint = await loadCheckpoint(run.folder, 'latest', trainerStateSchema);
    const file = `step-${checkpoint.step}.safetensors`;
    const shapeOf = (name: string) =>
      specs.get(name.replace(/^(optimizer\.(first|second)|average)\./, ''))?.shape ?? [];
    await engine.write(hostTensors(file, checkpoint.tensors, stateNames(setup), shapeOf));
    state = checkpoint.state;
    stream.restore(state.cursor);
    await discardCheckpointsAfter(run.folder, state.step);
    if (state.best) await markBest(run.folder, state.best.step);
  } else {
    await engine.write(initialVariables(setup, specs, config.seed));
  }
  await engine.write(dropout.pools(state.step));
  if (config.training.accumulate > 1) await engine.write(emptyAccumulators(specs));
  const loop = new TrainingLoop(options, setup, stepper, stream, state, started);
  return loop.run();
}

/** The loop itself and its logs. */
class TrainingLoop {
  private readonly validator: Validator;
  private readonly metrics;
  private readonly board;
  private readonly progress: Progress;
  private lastValidation: ValidationResult | undefined;
  private skippedInARow = 0;
  private savedStep = -1;
  private intervalStart = performance.now();
  /** Target tokens of this process since `intervalStart`, for the speed. */
  private timedTokens = 0;

  constructor(
    private readonly options: TrainerOptions,
    private readonly setup: TrainingSetup,
    private readonly stepper: Stepper,
    private readonly stream: BatchStream<TokenExample>,
    private readonly state: TrainerState,
    private readonly started: number,
  ) {
    const { engine, codec, config, valid, run, quiet, createScorer } = options;
    const decodes = config.training.validationMetric !== 'loss';
    this.validator = new Validator(engine, setup, codec, config, valid, decodes ? createScorer : undefined);
    const resumeAt = options.resume ? { resumeAt: state.step } : {};
    this.metrics = openMetricsLog(run.paths.metrics, resumeAt);
    this.board = openTensorBoard(run.folder, resumeAt);
    this.progress = createProgress({
      total: this.lastStep(),
      start: state.step,
      quiet,
      label: 'train',
      every: config.training.logEvery,
    });
  }

  private lastStep(): number {
    return Math.min(this.options.config.training.steps, this.options.maxSteps ?? Number.POSITIVE_INFINITY);
  }

  async run(): Promise<TrainingOutcome> {
    const { state } = this;
    try {
      let reason = this.stopReason();
      while (!reason) {
        await this.step();
        reason = this.stopReason();
        const validation = await this.validateIfDue(reason);
        if (validation?.isBest || this.isSaveDue() || reason) await this.save(validation?.isBest ?? false);
        reason ??= this.hasLostPatience() ? 'patience' : undefined;
      }
      if (this.savedStep !== state.step) await this.save(false);
      return { step: state.step, reason, best: state.best, lastValidation: this.lastValidation };
    } finally {
      this.progress.stop();
      this.metrics.close();
      this.board.close();
      for (const { message } of this.stream.report()) this.options.log(message);
    }
  }

  private stopReason(): StopReason | undefined {
    const { signal, maxSeconds, maxSteps, config } = this.options;
    const { step } = this.state;
    if (signal?.aborted) return 'interrupted';
    if (step >= config.training.steps) return 'finished';
    if (maxSteps !== undefined && step >= maxSteps) return 'max-steps';
    if (maxSeconds !== undefined && performance.now() - this.started >= maxSeconds * 1000) return 'max-time';
    return undefined;
  }

  private async step(): Promise<void> {
    const { state } = this;
    const { logEvery, accumulate } = this.options.config.training;
    const batches = [];
    for (let i = 0; i < accumulate; i++) batches.push(await this.stream.next());
    const result = await this.stepper.run(
      state.step,
      batches.map(({ examples }) => examples),
    );
    state.step += 1;
    state.cursor = this.stream.state();
    if (Number.isFinite(result.loss) && Number.isFinite(result.gradientNorm)) {
      this.skippedInARow = 0;
      state.targetTokens += result.targetTokens;
      state.intervalLoss += result.loss * result.targetTokens;
      state.intervalTokens += result.targetTokens;
      this.timedTokens += result.targetTokens;
    } else {
      this.skip(
        result,
        batches.flatMap(({ rows }) => [...rows]),
      );
    }
    const tokensPerSecond = (this.timedTokens * 1000) / (performance.now() - this.intervalStart);
    const loss = state.intervalLoss / state.intervalTokens;
    this.progress.update(state.step, { loss, tokensPerSecond });
    if (state.step % logEvery === 0) {
      const epoch = batches.at(-1)?.epoch ?? 0;
      const { learningRate, gradientNorm } = result;
      this.metrics.write(
        { step: state.step, event: 'train', epoch, loss, learningRate, gradientNorm, targetTokens: state.targetTokens },
        { tokensPerSecond, seconds: this.elapsed() },
      );
      const { step } = state;
      this.board.scalar('train/loss', loss, step);
      this.board.scalar('train/learningRate', learningRate, step);
      this.board.scalar('train/gradientNorm', gradientNorm, step);
      this.board.scalar('train/tokensPerSecond', tokensPerSecond, step);
      state.intervalLoss = 0;
      state.intervalTokens = 0;
      this.timedTokens = 0;
      this.intervalStart = performance.now();
    }
  }

  private elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Logs a step that was left out, and gives up after too many in a row. */
  private skip({ loss, gradientNorm }: StepResult, rows: readonly number[]): void {
    const { state, options } = this;
    const { maxSkippedSteps } = options.config.training;
    state.skippedSteps += 1;
    this.skippedInARow += 1;
    this.metrics.write({ step: state.step, event: 'skipped', loss, gradientNorm, rows });
    options.log(
      `step ${state.step} skipped: loss ${loss}, gradient norm ${gradientNorm}; its rows are listed in metrics.jsonl`,
    );
    if (this.skippedInARow >= maxSkippedSteps) {
      throw new DataError(
        `training has diverged: ${this.skippedInARow} steps in a row up to step ${state.step} had no finite loss and gradient; ` +
          `lower training.learningRate, lengthen training.warmupSteps or look at the rows listed in ${options.run.paths.metrics}; ` +
          'earlier checkpoints are kept',
      );
    }
  }

  /** Validates where that is due: every so often, and after the very last step of the configuration. */
  private async validateIfDue(reason: StopReason | undefined): Promise<{ isBest: boolean } | undefined> {
    const { state, options } = this;
    const { validateEvery, validationMetric } = options.config.training;
    if (reason === 'interrupted') return undefined;
    if (state.step % validateEvery !== 0 && state.step !== options.config.training.steps) return undefined;
    const began = performance.now();
    const result = await this.validator.run();
    this.lastValidation = result;
    const { loss, perplexity, accuracy } = result;
    const scores = Object.fromEntries(Object.entries(result.metrics).map(([name, { score }]) => [name, score]));
    const score = validationMetric === 'loss' ? loss : (scores[validationMetric] ?? Number.NaN);
    const isBest = !state.best || (this.options.higherIsBetter ? score > state.best.score : score < state.best.score);
    if (isBest) state.best = { step: state.step, metric: validationMetric, score };
    state.sinceBest = isBest ? 0 : state.sinceBest + 1;
    const record = { loss, perplexity, accuracy, ...scores };
    const seconds = (performance.now() - began) / 1000;
    this.metrics.write({ step: state.step, event: 'validation', ...record, best: isBest }, { seconds });
    for (const [name, value] of Object.entries(record)) this.board.scalar(`valid/${name}`, value, state.step);
    result.samples.forEach((sample, i) => {
      const text = `source: ${sample.source}\n\nreference: ${sample.reference}\n\noutput: ${sample.output}`;
      this.board.text(`valid/sample ${i + 1}`, text, state.step);
    });
    const shown = Object.entries(record).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    this.progress.message(`step ${state.step}: validation ${shown.join(', ')}${isBest ? ' (best)' : ''}`);
    // Time spent here does not count as slow training.
    this.intervalStart += performance.now() - began;
    return { isBest };
  }

  private hasLostPatience(): boolean {
    const { patience } = this.options.config.training;
    return patience > 0 && this.state.sinceBest >= patience;
  }

  private isSaveDue(): boolean {
    const { saveEvery, validateEvery } = this.options.config.training;
    return this.state.step % (saveEvery ?? validateEvery) === 0;
  }

  private async save(isBest: boolean): Promise<void> {
    const { state, options } = this;
    const { folder } = options.run;
    const began = performance.now();
    const tensors = await snapshot(options.engine, this.setup);
    await saveCheckpoint(folder, { step: state.step, tensors, state }, { seconds: this.elapsed() });
    if (isBest) await markBest(folder, state.step);
    await pruneCheckpoints(folder, options.config.training.keepCheckpoints);
    this.metrics.sync();
    this.savedStep = state.step;
    this.intervalStart += performance.now() - began;
  }
}
