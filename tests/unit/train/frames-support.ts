// Small models that write frames, and examples for them.
import { type ModelExample, targetFramesOf } from '../../../src/data/examples.js';
import { FrameSequence, FrameTarget } from '../../../src/data/sequences.js';
import { resolveModelConfig, speakingModelConfigSchema } from '../../../src/model/config.js';
import {
  initialParameters,
  parameterSpecs,
  parameterVariables,
  type VocabularySizes,
} from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../../../src/train/dropout.js';
import type { FramesSetup } from '../../../src/train/objectives/types.js';
import type { TrainingSetup } from '../../../src/train/setup.js';

/** Features of a frame. */
export const FEATURES = 4;

export const LOSS: FramesSetup = {
  kind: 'frames',
  l1Weight: 1,
  l2Weight: 0.5,
  stopWeight: 0.7,
  stopPositiveWeight: 5,
  durationWeight: 2,
  guide: 'diagonal',
  scheduledPasses: 0,
};

/** The `model` section of a small model with changes. */
export function frameModel(frames: Record<string, unknown> = {}, section: Record<string, unknown> = {}) {
  const small = { modelDim: 8, feedForwardDim: 12, heads: 2, encoderLayers: 1, decoderLayers: 2, dropout: 0 };
  const settings = { reduction: 2, postnetLayers: 2, postnetChannels: 6, postnetKernel: 3, ...frames };
  return resolveModelConfig(speakingModelConfigSchema.parse({ ...small, ...section, frames: settings }));
}

/** A setup, its dropout and its parameters. */
export function frameSetup(
  model: ReturnType<typeof frameModel>,
  craft: Partial<FramesSetup> = {},
  sizes: Partial<VocabularySizes> = {},
) {
  const vocabulary: VocabularySizes = { source: 11, target: { features: FEATURES }, ...sizes };
  const specs = parameterSpecs(model, vocabulary);
  const mask = largestMask(model, 64, 16, FEATURES);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    vocabulary,
    labelSmoothing: 0,
    ctcWeight: 0,
    objective: { ...LOSS, ...craft },
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
  };
  const dropout = new DropoutSource(7, dropoutRates(model), setup.poolSize, mask);
  return { setup, specs, dropout, parameters: () => initialParameters(specs, 3) };
}

/** An example of random frames. */
export function frameExample(random: Random, tokens: number, frames: number, reduction: number): ModelExample {
  const length = Math.ceil(frames / reduction);
  const data = new Float32Array(length * reduction * FEATURES);
  for (let i = 0; i < frames * FEATURES; i++) data[i] = random.normal();
  const width = reduction * FEATURES;
  const rows = new FrameSequence(length, width, async () => data, data);
  const durations = new Int32Array(tokens);
  for (let t = 0; t < length; t++) {
    const place = random.integer(tokens);
    durations[place] = (durations[place] as number) + 1;
  }
  const source = Int32Array.from({ length: tokens }, (_, i) => (i === tokens - 1 ? EOS : 4 + random.integer(7)));
  return { source, target: new FrameTarget(frames, reduction, rows), durations, speaker: random.integer(3) };
}

/** Ragged examples. @param lengths tokens and frames of each */
export const frameExamples = (lengths: readonly (readonly [number, number])[], reduction: number, seed = 1) => {
  const random = new Random(seed, 'frames');
  return lengths.map(([tokens, frames]) => frameExample(random, tokens, frames, reduction));
};

/** The frames of an example `[frames, F]`. */
export const framesOf = (example: ModelExample): Float32Array =>
  targetFramesOf(example).data.subarray(0, targetFramesOf(example).frames * FEATURES);
