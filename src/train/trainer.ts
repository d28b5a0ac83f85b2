// Prepares a training: checks the data, compiles the steps, tries the largest batches, and sets or restores the state.
import { BatchStream, fixedBatches } from '../data/batches.js';
import { type EncodeOptions, loadFrames, type ModelExample } from '../data/examples.js';
import { checkLengths, worstBatches } from '../data/trial.js';
import { searchSettings } from '../decode/config.js';
import { TransformerDecoder } from '../decode/session.js';
import { ConfigError, DataError, EngineError } from '../errors.js';
import { resolveModelConfig } from '../model/config.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import { discardCheckpointsAfter, loadCheckpoint, markBest } from '../storage/checkpoints.js';
import { EOS } from '../text/special-tokens.js';
import { samplesOutputs } from './config.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from './dropout.js';
import { batchingWithin, decodingWithin } from './limits.js';
import { type TrainerOptions, TrainingLoop } from './loop.js';
import { type BatchMaker, frameBatches, trueTargetBatches } from './objectives/batch-maker.js';
import { relevanceBatches } from './objectives/binary-relevance.js';
import { freeOrderBatches } from './objectives/free-order.js';
import { SampledBatches } from './objectives/sampled-batches.js';
import { referenceName, sequenceScores } from './objectives/sequence-level.js';
import { objectiveSetup, sequenceConfig, sequencesPerSource } from './objectives/settings.js';
import type { TrainingSetup } from './setup.js';
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
  const { training } = config;
  // Samples are drawn without dropout, and their gradient is to be that of the distribution they were drawn from.
  const model = sequenceConfig(training)
    ? { ...resolveModelConfig(config.model), dropout: 0, attentionDropout: 0, activationDropout: 0 }
    : resolveModelConfig(config.model);
  const specs = parameterSpecs(model, codec.vocabulary);
  const batching = batchingWithin(config);
  // A text can have this many more tokens than bytes; no row is longer than the batching limits allow.
  const longestRow = (side: 'source' | 'target'): number => (train.longest[side].lines[0]?.bytes ?? 0) + 2;
  const longest = Math.min(
    Math.max(longestRow('source'), longestRow('target')),
    Math.max(batching.maxSourceLength ?? batching.maxTokens, batching.maxTargetLength ?? batching.maxTokens),
  );
  const tokens = Math.min(batching.maxTokens, longest * Math.min(train.size, batching.maxSentences ?? train.size));
  const { target } = codec.vocabulary;
  const mask = largestMask(model, tokens, longest, typeof target === 'number' ? 0 : target.features);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    vocabulary: codec.vocabulary,
    labelSmoothing: training.labelSmoothing,
    objective: codec.vocabulary.relevance ? { kind: 'binary-relevance' } : objectiveSetup(training),
    keepsReference: training.objective === 'reinforce' && training.reinforce.klWeight > 0,
    ctcWeight: config.ctc?.weight ?? 0,
    targetCtcWeight: config.targetCtc?.weight ?? 0,
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

/** Refuses what the model or its source cannot do. */
function checkCraft({ config, codec }: TrainerOptions): void {
  const { wordDropout, mixup, objective } = config.training;
  const { heads, decoderLayers } = resolveModelConfig(config.model);
  const guided = config.training.guidedAttention;
  const hasFrames = typeof codec.vocabulary.source !== 'number';
  const refuse = (what: string, why: string) => {
    throw new ConfigError(`training.${what}: ${why}`);
  };
  if (guided.heads > heads) {
    refuse('guidedAttention.heads', `must be at most model.heads, but is ${guided.heads}, and model.heads is ${heads}`);
  }
  if (guided.layers > decoderLayers) {
    const found = `but is ${guided.layers}, and model.decoderLayers is ${decoderLayers}`;
    refuse('guidedAttention.layers', `must be at most model.decoderLayers, ${found}`);
  }
  if (hasFrames && wordDropout.source > 0) refuse('wordDropout.source', 'the source is sound, which has no words');
  if (hasFrames && mixup > 0) refuse('mixup', 'mixes embeddings of tokens, but the source is sound');
  if (samplesOutputs(objective) && (config.ctc?.weight ?? 0) > 0) {
    refuse('objective', `${objective} has no use for the CTC head's true targets; set ctc.weight 0`);
  }
  if (samplesOutputs(objective) && config.model.crossAttention === 'monotonic') {
    const why = 'learns from samples, which monotonic attention draws with hard decisions that no gradient reaches';
    refuse('objective', `${objective} ${why}; choose another model.crossAttention`);
  }
}

/** What prepares the batches of the configured objective. */
async function batchMaker(options: TrainerOptions, setup: TrainingSetup): Promise<BatchMaker> {
  const { engine, config, codec } = options;
  if (config.training.frames) return frameBatches(setup, config.training, config.seed);
  const sequences = sequenceConfig(config.training);
  if (codec.vocabulary.relevance) return relevanceBatches(setup);
  const { model, parameters, vocabulary, keepsReference } = setup;
  const decoder = () => new TransformerDecoder(engine, { config: model, parameters, vocabulary });
  if (!sequences) {
    const maker = trueTargetBatches(config.training, config.seed, setup.ctcWeight > 0);
    return codec.hasFreeOrder ? freeOrderBatches(maker, decoder(), searchSettings(config.decoding)) : maker;
  }
  if (!options.reward)
    throw new EngineError('internal: the objective samples outputs, but there is nothing to reward them by');
  const bind = referenceName;
  return new SampledBatches({
    config: sequences,
    seed: config.seed,
    decoder: decoder(),
    text: (tokens) => codec.decodeOutput(tokens),
    reward: options.reward,
    decoding: decodingWithin(config, searchSettings(config.decoding)),
    reference: keepsReference
      ? await engine.compile(sequenceScores(setup, sequencesPerSource(sequences)), { bind })
      : undefined,
  });
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
    intervalStatistics: {},
    intervalSteps: 0,
    objective: {},
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
  checkCraft(options);
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
  const maker = await batchMaker(options, setup);
  const stepper = await Stepper.create(engine, setup, config.training, dropout, maker);
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
  maker.restore?.({});
  let state = initialState(stream);
  if (options.resume) {
    const checkpoint = await loadCheckpoint(run.folder, 'latest', trainerStateSchema);
    const file = `step-${checkpoint.step}.safetensors`;
    const shapeOf = (name: string) =>
      specs.get(name.replace(/^(optimizer\.(first|second)|average|reference)\./, ''))?.shape ?? [];
    await engine.write(hostTensors(file, checkpoint.tensors, stateNames(setup), shapeOf));
    state = checkpoint.state;
    stream.restore(state.cursor);
    maker.restore?.(state.objective);
    await discardCheckpointsAfter(run.folder, state.step);
    if (state.best) await markBest(run.folder, state.best.step);
  }
  await engine.write(dropout.pools(state.step));
  return new TrainingLoop(options, setup, stepper, stream, state, validator, maker);
}
