// Examples whose targets are frames → the input tensors of a training step.
import { type ModelExample, targetFramesOf } from '../data/examples.js';
import { expandDurations } from '../decode/frames/inputs.js';
import { sourceInputs, sourceSpecs, speakerInput, speakerSpecs } from '../decode/source-batch.js';
import type { HostTensor, TensorSpec } from '../engine/types.js';
import { EngineError } from '../errors.js';
import { frameSettings, isParallel, learnsDurations } from '../model/frame-decoder.js';
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

/** Both sides of a batch, as {@link pairBatch} makes them. */
export function pairInputs({ vocabulary, model }: FrameSetup): Record<string, TensorSpec> {
  const { reduction } = frameSettings(model);
  return {
    ...sourceSpecs(vocabulary),
    ...speakerSpecs(vocabulary),
    targetFrames: float('B', 'T', reduction * featuresOf(vocabulary)),
    // What a position counts in the loss; 0 where there is none.
    weights: float('B', 'T'),
  };
}

/** The inputs of a training step, as {@link frameBatch} makes them. */
export function frameInputs(setup: FrameSetup): Record<string, TensorSpec> {
  const { vocabulary, model, objective } = setup;
  const features = featuresOf(vocabulary);
  const { reduction } = frameSettings(model);
  const isScheduled = objective?.kind === 'frames' && objective.scheduledPasses > 0;
  return {
    ...pairInputs(setup),
    // What each frame of a position counts.
    frameWeights: float('B', 'T', reduction),
    ...(isParallel(model)
      ? {
          alignment: int('B', 'T'),
          durationTargets: float('B', 'S'),
          durationWeights: float('B', 'S'),
          ...(learnsDurations(model) ? { pathWeights: float('B') } : {}),
        }
      : { targetInput: float('B', 'T', features), stopTargets: float('B', 'T') }),
    ...(setup.ctcWeight > 0 ? CTC_INPUTS : {}),
    ...(hasTargetText(setup) ? TARGET_TEXT_INPUTS : {}),
    ...(isScheduled ? { scheduledMask: float('B', 'T') } : {}),
  };
}

/** Pads both sides of a batch. @param weight of each target position in the loss */
export function pairBatch(
  { model, vocabulary }: FrameSetup,
  examples: readonly ModelExample[],
  weight: number,
): Record<'source' | 'targetFrames' | 'weights', HostTensor> & Record<string, HostTensor> {
  const width = frameSettings(model).reduction * featuresOf(vocabulary);
  const batch = examples.length;
  const targets = examples.map(targetFramesOf);
  const length = targets.reduce((longest, target) => Math.max(longest, target.length), 0);
  const frames = new Float32Array(batch * length * width);
  const weights = new Float32Array(batch * length);
  targets.forEach((target, row) => {
    frames.set(target.data, row * length * width);
    weights.fill(weight, row * length, row * length + target.length);
  });
  const source = sourceInputs(examples.map((example) => example.source)) as Record<'source', HostTensor>;
  return {
    ...source,
    ...speakerInput(vocabulary, examples),
    targetFrames: { shape: [batch, length, width], data: frames },
    weights: { shape: [batch, length], data: weights },
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
  const pairs = pairBatch(setup, examples, weight);
  const [batch, length] = pairs.weights.shape as [number, number];
  const targets = examples.map(targetFramesOf);
  const frameWeights = new Float32Array(batch * length * reduction);
  targets.forEach(({ frames }, row) => {
    const first = row * length * reduction;
    frameWeights.fill(weight / reduction, first, first + frames);
  });
  return {
    ...pairs,
    frameWeights: { shape: [batch, length, reduction], data: frameWeights },
    ...(isParallel(model)
      ? {
          ...alignmentInputs(examples, length, pairs.source.shape[1] as number, weight),
          ...(learnsDurations(model) ? { pathWeights: pathWeights(examples, weight) } : {}),
        }
      : stepInputs(targets, length, featuresOf(vocabulary), pairs.targetFrames.data as Float32Array)),
    ...(setup.ctcWeight > 0 ? ctcInputs(examples, weight) : {}),
    ...(hasTargetText(setup) ? ctcInputs(examples, weight, 'targetText') : {}),
  };
}

/** What the paths of each row count; a row with fewer target than source positions has no path, and weighs nothing. */
const pathWeights = (examples: readonly ModelExample[], weight: number): HostTensor => ({
  shape: [examples.length],
  data: Float32Array.from(examples, ({ source, target }) => (target.length < source.length ? 0 : weight)),
});

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

/** Which source position each target position belongs to, by given durations, and the durations to be predicted. */
function alignmentInputs(
  examples: readonly ModelExample[],
  length: number,
  sources: number,
  weight: number,
): Record<string, HostTensor> {
  const batch = examples.length;
  const targets = new Float32Array(batch * sources);
  const weights = new Float32Array(batch * sources);
  const alignment = new Int32Array(batch * length);
  examples.forEach(({ source, target, durations }, row) => {
    if (!durations) throw new EngineError('internal: a parallel decoder was given an example without durations');
    alignment.set(expandDurations(durations, target.length, row * sources), row * length);
    durations.forEach((duration, s) => {
      targets[row * sources + s] = Math.log1p(duration);
    });
    // A row counts as much as its target positions do, whatever the length of its source.
    weights.fill((weight * target.length) / source.length, row * sources, row * sources + source.length);
  });
  return {
    alignment: { shape: [batch, length], data: alignment },
    durationTargets: { shape: [batch, sources], data: targets },
    durationWeights: { shape: [batch, sources], data: weights },
  };
}
