// Prepares a training: checks the data, compiles the steps, tries the largest batches, and sets or restores the state.
import { BatchStream, fixedBatches } from '../data/batches.js';
import { type EncodeOptions, loadFrames, type ModelExample } from '../data/examples.js';
import { checkLengths, worstBatches } from '../data/trial.js';
import { DataError } from '../errors.js';
import { resolveModelConfig } from '../model/config.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import { discardCheckpointsAfter, loadCheckpoint, markBest } from '../storage/checkpoints.js';
import { EOS } from '../text/special-tokens.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from './dropout.js';
import { batchingWithin } from './limits.js';
import { type TrainerOptions, TrainingLoop } from './loop.js';
import type { TrainingSetup } from './programs.js';
import {
  emptyAccumulators,
  hostTensors,
  initialVariables,
  stateNames,
  type TrainerState,
  trainerStateSchema,
} from './state.js';
import { Stepper } from './stepper.js';
import { Validator } from './validate.js';

/** The setup that configuration, vocabulary and corpus lead to. */
function setUp({ config, codec, train }: TrainerOptions) {
  const model = resolveModelConfig(config.model);
  const specs = parameterSpecs(model, codec.vocabulary);
  const { training } = config;
  const batching = batchingWithin(config);
  // A text can have this many more tokens than bytes; no row is longer than the batching limits allow.
  const longestRow = (side: 'source' | 'target'): number => (train.longest[side].lines[0]?.bytes ?? 0) + 2;
  const longest = Math.min(
    Math.max(longestRow('source'), longestRow('target')),
    Math.max(batching.maxSourceLength ?? batching.maxTokens, batching.maxTargetLength ?? batching.maxTokens),
  );
  const tokens = Math.min(batching.maxTokens, longest * Math.min(train.size, batching.maxSentences ?? train.size));
  const mask = largestMask(model, tokens, longest);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    vocabulary: codec.vocabulary,
    labelSmoothing: training.labelSmoothing,
    ctcWeight: config.ctc?.weight ?? 0,
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
  return { setup, specs, dropout, batching };
}

type Encoding = EncodeOptions<ModelExample> & { readonly seed: number };

/** Finds over-long rows now. @throws DataError naming the first one, and the setting that it is too long for */
async function checkRows({ train, config }: TrainerOptions, encoding: Encoding): Promise<void> {
  try {
    await checkLengths(train, encoding);
  } catch (error) {
    // The limit named in the message may be one that the user has not set.
    if (!(error instanceof DataError) || encoding.batching === config.batching) throw error;
    const { maxPositions } = config.model;
    throw new DataError(`${error.message}; learned positions reach as far as model.maxPositions (${maxPositions})`);
  }
}

/** The state of a run that begins. */
function initialState(stream: BatchStream<ModelExample>): TrainerState {
  return {
    step: 0,
    targetTokens: 0,
    skippedSteps: 0,
    skippedInARow: 0,
    cursor: stream.state(),
    best: null,
    intervalLoss: 0,
    intervalTokens: 0,
    sinceBest: 0,
    validationDue: false,
  };
}

/**
 * Prepares a training, from the beginning or from the latest checkpoint of the run folder; nothing is written yet.
 * @returns the training, to be run
 * @throws DataError when data are unusable or the checkpoint is damaged; AbortError once the signal is aborted
 */
export async function prepareTraining(options: TrainerOptions): Promise<TrainingLoop> {
  const { engine, config, codec, train, valid, run, signal } = options;
  const { setup, specs, dropout, batching } = setUp(options);
  const encoding: Encoding = {
    encode: (row, random) => codec.encodeRow(row, random),
    batching,
    seed: config.seed,
    endId: EOS,
    load: loadFrames,
  };
  await checkRows(options, encoding);
  const decodes = config.training.validationMetric !== 'loss';
  const validator = new Validator(engine, setup, codec, config, valid, decodes ? options.createScorer : undefined);
  await validator.check();
  const stream = new BatchStream(train, encoding);
  const begin = async (): Promise<void> => {
    await engine.write(initialVariables(setup, specs, config.seed, options.initial));
    if (config.training.accumulate > 1) await engine.write(emptyAccumulators(specs));
  };
  signal?.throwIfAborted();
  const stepper = await Stepper.create(engine, setup, config.training, dropout);
  signal?.throwIfAborted();

  // The largest batches come first: what does not fit into memory should fail now rather than in an hour.
  await begin();
  await engine.write(dropout.pools(0));
  const worst = await worstBatches(train, encoding);
  if (worst.length === 0) await fixedBatches(train, encoding).next(); // Which says so if no row at all can be used.
  for (const { examples } of worst) {
    const loaded = await Promise.all(examples.map(loadFrames));
    await stepper.run(0, new Array(config.training.accumulate).fill(loaded));
    signal?.throwIfAborted();
  }

  await begin();
  let state = initialState(stream);
  if (options.resume) {
    const checkpoint = await loadCheckpoint(run.folder, 'latest', trainerStateSchema);
    const file = `step-${checkpoint.step}.safetensors`;
    const shapeOf = (name: string) =>
      specs.get(name.replace(/^(optimizer\.(first|second)|average)\./, ''))?.shape ?? [];
    await engine.write(hostTensors(file, checkpoint.tensors, stateNames(setup), shapeOf));
    state = checkpoint.state;
    stream.restore(state.cursor);
    await discardCheckpointsAfter(run.folder, state.step);
    if (state.best) await markBest(run.folder, state.best.step);
  }
  await engine.write(dropout.pools(state.step));
  return new TrainingLoop(options, setup, stepper, stream, state, validator);
}
