// Examples whose targets are frames → the input tensors of a training step.
import { type ModelExample, targetFramesOf } from '../data/examples.js';
import { expandDurations } from '../decode/frames/inputs.js';
import { sourceInputs, sourceSpecs, speakerInput, speakerSpecs } from '../decode/source-batch.js';
import type { HostTensor, TensorSpec } from '../engine/types.js';
import { EngineError } from '../errors.js';
import { frameSettings, isParallel } from '../model/frame-decoder.js';
import type { VocabularySizes } from '../model/parameters.js';
import { ctcInputs } from './batch.js';
import { CTC_INPUTS } from './objectives/cross-entropy.js';
import type { TrainingSetup } from './setup.js';

const int = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'int32' });
const float = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

/** What batches of frames, and models evaluated on them, need to know of a training. */
export type FrameSetup = Pick<
  TrainingSetup,
  'model' | 'parameters' | 'vocabulary' | 'objective' | 'ctcWeight' | 'targetCtcWeight'
>;

/** Features of a target frame. */
function featuresOf({ target }: VocabularySizes): number {
  if (typeof target !== 'number') return target.features;
  throw new EngineError('internal: expected a target of frames, found tokens');
}

/** Inputs of a CTC loss on the decoder, as those of `CTC_INPUTS` on the encoder. */
const TARGET_TEXT_INPUTS: Readonly<Record<string, TensorSpec>> = {
  targetTextLabels: int('B', 'W'),
  targetTextSkip: float('B', 'W'),
  targetTextFinal: float('B', 'W'),
  targetTextWeights: float('B'),
};

/** Whether a CTC loss on the decoder is part of the whole. */
export const hasTargetText = ({ targetCtcWeight = 0 }: Pick<TrainingSetup, 'targetCtcWeight'>): boolean =>
  targetCtcWeight > 0;

/** Whether the source position of each target position must be known. */
export const needsDurations = ({ model, objective }: Pick<FrameSetup, 'model' | 'objective'>): boolean =>
  isParallel(model) ||
  (objective?.kind === 'frames' && objective.guide === 'durations' && (objective.guidedAttention?.weight ?? 0) > 0);

/** The inputs of a training step, as {@link frameBatch} makes them. */
export function frameInputs(setup: FrameSetup): Record<string, TensorSpec> {
  const { vocabulary, model, objective } = setup;
  const features = featuresOf(vocabulary);
  const { reduction } = frameSettings(model);
  const isScheduled = objective?.kind === 'frames' && objective.scheduledPasses > 0;
  return {
    ...sourceSpecs(vocabulary),
    ...speakerSpecs(vocabulary),
    targetFrames: float('B', 'T', reduction * features),
    // What a position counts in the loss; 0 where there is none.
    weights: float('B', 'T'),
    // What each frame of a position counts.
    frameWeights: float('B', 'T', reduction),
    ...(needsDurations(setup) ? { alignment: int('B', 'T') } : {}),
    ...(isParallel(model)
      ? { durationTargets: float('B', 'S'), durationWeights: float('B', 'S') }
      : { targetInput: float('B', 'T', features), stopTargets: float('B', 'T') }),
    ...(setup.ctcWeight > 0 ? CTC_INPUTS : {}),
    ...(hasTargetText(setup) ? TARGET_TEXT_INPUTS : {}),
    ...(isScheduled ? { scheduledMask: float('B', 'T') } : {}),
  };
}

/**
 * Pads a batch for a training step. Decoder inputs are the last frame of the position before, zeros for the first.
 * @param weight of each target position in the loss
 */
export function frameBatch(
  setup: FrameSetup,
  examples: readonly ModelExample[],
  weight: number,
): Record<string, HostTensor> {
  const { model, vocabulary } = setup;
  const { reduction } = frameSettings(model);
  const features = featuresOf(vocabulary);
  const width = reduction * features;
  const batch = examples.length;
  const targets = examples.map(targetFramesOf);
  const length = targets.reduce((longest, target) => Math.max(longest, target.length), 0);
  const targetFrames = new Float32Array(batch * length * width);
  const weights = new Float32Array(batch * length);
  const frameWeights = new Float32Array(batch * length * reduction);
  targets.forEach((target, row) => {
    const first = row * length;
    targetFrames.set(target.data, first * width);
    weights.fill(weight, first, first + target.length);
    frameWeights.fill(weight / reduction, first * reduction, first * reduction + target.frames);
  });
  const source = sourceInputs(examples.map((example) => example.source)) as Record<'source', HostTensor>;
  const sources = source.source.shape[1] as number;
  return {
    ...source,
    ...speakerInput(vocabulary, examples),
    targetFrames: { shape: [batch, length, width], data: targetFrames },
    weights: { shape: [batch, length], data: weights },
    frameWeights: { shape: [batch, length, reduction], data: frameWeights },
    ...(needsDurations(setup) ? alignmentInput(examples, length, sources) : {}),
    ...(isParallel(model)
      ? durationInputs(examples, sources, weight)
      : stepInputs(targets, length, features, targetFrames)),
    ...(setup.ctcWeight > 0 ? ctcInputs(examples, weight) : {}),
    ...(hasTargetText(setup) ? ctcInputs(examples, weight, 'targetText') : {}),
  };
}

/** What an autoregressive decoder reads, and where it is to stop. */
function stepInputs(
  targets: readonly { readonly length: number }[],
  length: number,
  features: number,
  frames: Float32Array,
): Record<string, HostTensor> {
  const batch = targets.length;
  const width = frames.length / (batch * length);
  const inputs = new Float32Array(batch * length * features);
  const stops = new Float32Array(batch * length);
  targets.forEach((target, row) => {
    for (let t = 1; t < target.length; t++) {
      const end = (row * length + t) * width;
      inputs.set(frames.subarray(end - features, end), (row * length + t) * features);
    }
    stops[row * length + target.length - 1] = 1;
  });
  return {
    targetInput: { shape: [batch, length, features], data: inputs },
    stopTargets: { shape: [batch, length], data: stops },
  };
}

/** Durations of an example. @throws EngineError where there are none */
function durationsOf({ durations }: ModelExample): Int32Array {
  if (durations) return durations;
  throw new EngineError('internal: an example has no durations, which its training needs');
}

/** Which source position each target position belongs to, counted over the rows. */
function alignmentInput(examples: readonly ModelExample[], length: number, sources: number) {
  const alignment = new Int32Array(examples.length * length);
  examples.forEach((example, row) => {
    alignment.set(expandDurations(durationsOf(example), example.target.length, row * sources), row * length);
  });
  return { alignment: { shape: [examples.length, length], data: alignment } };
}

/** The durations to be predicted. */
function durationInputs(examples: readonly ModelExample[], sources: number, weight: number) {
  const shape = [examples.length, sources];
  const targets = new Float32Array(examples.length * sources);
  const weights = new Float32Array(examples.length * sources);
  examples.forEach((example, row) => {
    const { source, target } = example;
    durationsOf(example).forEach((duration, s) => {
      targets[row * sources + s] = Math.log1p(duration);
    });
    // A row counts as much as its target positions do, whatever the length of its source.
    weights.fill((weight * target.length) / source.length, row * sources, row * sources + source.length);
  });
  return { durationTargets: { shape, data: targets }, durationWeights: { shape, data: weights } };
}
