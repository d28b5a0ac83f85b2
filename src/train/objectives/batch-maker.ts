// From examples to the inputs of a training step: true targets, with what is drawn at random for them.
import type { ModelExample } from '../../data/examples.js';
import type { HostTensor } from '../../engine/types.js';
import { Random } from '../../random.js';
import { UNK } from '../../text/special-tokens.js';
import { tokenBatch } from '../batch.js';
import type { TrainingConfig } from '../config.js';
import { frameBatch } from '../frame-batch.js';
import type { TrainingSetup } from '../setup.js';

/** Where in training a batch stands: everything random is a function of the seed and this. */
export interface BatchPlace {
  readonly step: number;
  /** Micro-batch within the step. */
  readonly part: number;
  /** What a target token of the step counts: 1 / their number. */
  readonly weight: number;
}

/** A batch ready for the engine. */
export interface PreparedBatch {
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** Means over the batch, for logs. */
  readonly statistics?: Readonly<Record<string, number>>;
  /** Seconds that parts of the preparation took. */
  readonly seconds?: Readonly<Record<string, number>>;
}

/** Prepares the batches of a training. */
export interface BatchMaker {
  prepare(examples: readonly ModelExample[], place: BatchPlace): PreparedBatch | Promise<PreparedBatch>;
  /** What must be kept in a checkpoint to go on exactly. */
  state?(): Readonly<Record<string, number>>;
  restore?(state: Readonly<Record<string, number>>): void;
}

/** The share of true decoder inputs at a step, from 1 down to `minimum` (Bengio et al., 2015). @param step from 0 */
export function trueInputShare(config: TrainingConfig['scheduledSampling'], step: number): number {
  const { decay, steps, start, minimum } = config;
  const t = step - start;
  if (decay === 'off' || t < 0) return 1;
  const share = {
    linear: () => 1 - t / steps,
    exponential: () => Math.exp(-t / steps),
    'inverse-sigmoid': () => steps / (steps + Math.exp(t / steps)),
  }[decay]();
  return Math.max(minimum, share);
}

/** A number from Beta(a, a) by the method of Jöhnk (1964). */
export function betaNumber(random: Random, a: number): number {
  for (;;) {
    const x = random.uniform() ** (1 / a);
    const y = random.uniform() ** (1 / a);
    const total = x + y;
    if (total > 0 && total <= 1) return x / total;
  }
}

/** Rows `order[0], order[1], …` of a tensor. */
function rowsOf({ shape, data }: HostTensor, order: readonly number[]): HostTensor {
  const width = data.length / order.length;
  const result = data.slice();
  order.forEach((from, to) => {
    result.set(data.subarray(from * width, (from + 1) * width), to * width);
  });
  return { shape, data: result };
}

/** Replaces tokens of a batch by the unknown token at random; padding, stop and begin tokens stay. */
function dropWords(tensor: HostTensor, rate: number, random: Random): HostTensor {
  const data = Int32Array.from(tensor.data, (id) => (id > UNK && random.uniform() < rate ? UNK : id));
  return { shape: tensor.shape, data };
}

/** Prepares batches for cross-entropy. @param withCtc whether the model has a CTC loss */
export function trueTargetBatches(config: TrainingConfig, seed: number, withCtc: boolean): BatchMaker {
  const { scheduledSampling, wordDropout, mixup } = config;
  return {
    prepare(examples, { step, part, weight }) {
      const inputs: Record<string, HostTensor> = tokenBatch(examples, weight, withCtc);
      const stream = (name: string) => new Random(seed, name, step, part);
      const { source, targetInput, targetOutput, weights } = inputs as Record<string, HostTensor> & {
        readonly [name in 'source' | 'targetInput' | 'targetOutput' | 'weights']: HostTensor;
      };
      if (mixup > 0) {
        const random = stream('mixup');
        const order = random.shuffle([...examples.keys()]);
        inputs.mixSource = rowsOf(source, order);
        inputs.mixTargetInput = rowsOf(targetInput, order);
        inputs.mixTargetOutput = rowsOf(targetOutput, order);
        inputs.mixWeights = rowsOf(weights, order);
        inputs.mixShare = { shape: [], data: Float32Array.of(betaNumber(random, mixup)) };
      }
      if (wordDropout.source > 0) inputs.source = dropWords(source, wordDropout.source, stream('word-dropout/source'));
      if (wordDropout.target > 0) {
        inputs.targetInput = dropWords(targetInput, wordDropout.target, stream('word-dropout/target'));
      }
      if (scheduledSampling.decay === 'off') return { inputs };
      const share = trueInputShare(scheduledSampling, step);
      Object.assign(inputs, scheduledInputs(targetInput, share, scheduledSampling.unit, stream('scheduled-sampling')));
      return { inputs, statistics: { trueInputs: share } };
    },
  };
}

/** Prepares batches of frames. */
export function frameBatches(setup: TrainingSetup, { scheduledSampling }: TrainingConfig, seed: number): BatchMaker {
  return {
    async prepare(examples, { step, part, weight }) {
      const inputs: Record<string, HostTensor> = frameBatch(setup, examples, weight);
      if (scheduledSampling.decay === 'off') return { inputs };
      const share = trueInputShare(scheduledSampling, step);
      const random = new Random(seed, 'scheduled-sampling', step, part);
      const { scheduledMask } = scheduledInputs(inputs.weights as HostTensor, share, scheduledSampling.unit, random);
      return { inputs: { ...inputs, scheduledMask }, statistics: { trueInputs: share } };
    },
  };
}

/** Which decoder inputs are predictions; never the first, which is the begin token. */
function scheduledInputs({ shape }: HostTensor, share: number, unit: 'token' | 'sentence', random: Random) {
  const [batch, length] = shape as [number, number];
  const mask = new Float32Array(batch * length);
  const uniform = new Float32Array(batch * length);
  for (let row = 0; row < batch; row++) {
    const whole = random.uniform() >= share;
    for (let t = 0; t < length; t++) {
      const replaced = unit === 'sentence' ? whole : random.uniform() >= share;
      if (t > 0 && replaced) mask[row * length + t] = 1;
      uniform[row * length + t] = random.uniform();
    }
  }
  return { scheduledMask: { shape, data: mask }, scheduledUniform: { shape, data: uniform } };
}
