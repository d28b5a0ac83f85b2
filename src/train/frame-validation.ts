// Validation of models that write frames: how far from the true ones they are, given the true ones before.

import type { ModelExample } from '../data/examples.js';
import type { RowBatch } from '../data/pools.js';
import { prenetMasks } from '../decode/frames/inputs.js';
import { add, mul, reshape, type Tensor } from '../engine/ops.js';
import type { HostTensor, Program, TensorSpec, Tensors } from '../engine/types.js';
import { frameSettings, isParallel, prenetWidth } from '../model/frame-decoder.js';
import { createScope, type Scope } from '../model/scope.js';
import { Random } from '../random.js';
import { type FrameSetup, frameBatch, frameInputs, hasTargetText } from './frame-batch.js';
import { ctcOfBatch } from './objectives/cross-entropy.js';
import { durationLoss, frameErrors, rightStops, stopLoss, targetTextLoss, writtenFrames } from './objectives/frames.js';
import { attentionDiagonality, crossAttentionOf } from './objectives/guided-attention.js';
import type { FramesSetup } from './objectives/types.js';

/** Masks of the prenet's dropout, where there is such. */
export function maskSpecs({ model }: FrameSetup): Record<string, TensorSpec> {
  if (isParallel(model) || frameSettings(model).prenetDropout === 0) return {};
  return { prenetMasks: { shape: ['B', 'T', 2 * prenetWidth(model)], dtype: 'float32' } };
}

/** The scope with the masks among the inputs, where there are any. */
export function withMasks(scope: Scope, { prenetMasks }: Tensors): Scope {
  if (!prenetMasks) return scope;
  const [batch, length, width] = prenetMasks.shape as [number, number, number];
  return { ...scope, prenetMasks: reshape(prenetMasks, [batch * length, width]) };
}

/**
 * Validation with no dropout but the prenet's. Outputs sums over the batch: `l1` and `l2` of the final frames, `stop` (nats) and
 * `rightStops`, or `durations`; their sum `loss` as training weighs them; `ctc` and `targetCtc` (nats) where there are
 * CTC losses, and `diagonality` where attention is guided or measured.
 */
export function frameValidationProgram(setup: FrameSetup, craft: FramesSetup): Program {
  const { scheduledMask, ...inputs } = frameInputs(setup);
  return {
    name: 'validation',
    variables: setup.parameters,
    inputs: { ...inputs, ...maskSpecs(setup) },
    body(variables, inputs) {
      const { scope, seen } = crossAttentionOf((observe) => createScope(setup.model, variables, undefined, observe));
      const { encoded, states, after, stop, durations } = writtenFrames(withMasks(scope, inputs), inputs);
      const { l1, l2 } = frameErrors(after, inputs);
      let loss = add(mul(l1, craft.l1Weight), mul(l2, craft.l2Weight));
      const outputs: Record<string, Tensor> = { l1, l2 };
      if (stop) {
        outputs.stop = stopLoss(stop, inputs, 1);
        outputs.rightStops = rightStops(stop, inputs);
        loss = add(loss, mul(stopLoss(stop, inputs, craft.stopPositiveWeight), craft.stopWeight));
      }
      if (durations) {
        outputs.durations = durationLoss(durations, inputs);
        loss = add(loss, mul(outputs.durations, craft.durationWeight));
      }
      if (setup.ctcWeight > 0) outputs.ctc = ctcOfBatch(scope, encoded, inputs);
      if (hasTargetText(setup)) outputs.targetCtc = targetTextLoss(scope, states, inputs);
      if (craft.guidedAttention) {
        outputs.diagonality = attentionDiagonality(
          seen,
          encoded.present,
          inputs.weights as Tensor,
          craft.guidedAttention,
        );
      }
      return { outputs: { ...outputs, loss } };
    },
  };
}

/** A batch for {@link frameValidationProgram}; the prenet's masks follow from the seed and the rows' numbers. */
export function frameValidationBatch(
  setup: FrameSetup,
  { examples, rows }: Pick<RowBatch<ModelExample>, 'examples' | 'rows'>,
  seed: number,
): Record<string, HostTensor> {
  const inputs = frameBatch(setup, examples, 1);
  const spec = maskSpecs(setup).prenetMasks;
  if (!spec) return inputs;
  const [batch, length] = (inputs.weights as HostTensor).shape as [number, number];
  const streams = rows.map((row) => new Random(seed, 'prenet/validation', row));
  const data = prenetMasks(setup.model, streams, length);
  return { ...inputs, prenetMasks: { shape: [batch, length, spec.shape[2] as number], data } };
}

/** What a validation of frames measured, by the sums over all batches. @param positions of the targets */
export function frameStatistics(sums: Readonly<Record<string, number>>, positions: number) {
  const names = { l1: 'l1', l2: 'l2', stop: 'stopLoss', rightStops: 'stopAccuracy', durations: 'durationLoss' };
  const more = { ctc: 'ctcLoss', targetCtc: 'targetCtcLoss', diagonality: 'diagonality' };
  return Object.fromEntries(
    Object.entries({ ...names, ...more }).flatMap(([name, shown]) =>
      sums[name] === undefined ? [] : [[shown, (sums[name] as number) / positions]],
    ),
  );
}
