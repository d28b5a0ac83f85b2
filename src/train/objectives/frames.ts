// The loss of models that write frames: distance to the true frames, the stop decision, durations, and what guides attention.
import { sourceTensors } from '../../decode/source-batch.js';
import { ctcLoss } from '../../engine/fused/ctc.js';
import { softplus } from '../../engine/fused/softplus.js';
import {
  abs,
  add,
  cast,
  concat,
  equal,
  greater,
  mean,
  mul,
  neg,
  range,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '../../engine/ops.js';
import type { Tensors } from '../../engine/types.js';
import {
  isParallel,
  logDurations,
  outputFrames,
  parallelStates,
  postnet,
  prenet,
  stopLogits,
} from '../../model/frame-decoder.js';
import type { Scope } from '../../model/scope.js';
import { decodedStates, type EncodedSource, encodeSource, targetTextLogits } from '../../model/transformer.js';
import { frameInputs, hasTargetText } from '../frame-batch.js';
import type { TrainingSetup } from '../setup.js';
import { ctcOfBatch } from './cross-entropy.js';
import { crossAttentionOf, guidedAttentionLoss, isPositive } from './guided-attention.js';
import type { FramesSetup, Objective } from './types.js';

/** What a model wrote for a batch. */
interface WrittenFrames {
  readonly encoded: EncodedSource;
  /** Of the decoder, `[B·T, D]` */
  readonly states: Tensor;
  /** Frames before and after the postnet, `[B, T·r, F]`; the same where there is none. */
  readonly before: Tensor;
  readonly after: Tensor;
  /** `[B·T]`; only autoregressive models decide when to stop. */
  readonly stop?: Tensor;
  /** `[B, S]`; only parallel models predict durations. */
  readonly durations?: Tensor;
}

/** 1 where there is a frame, `[B, T·r]`. */
function framePresence({ frameWeights }: Tensors): Tensor {
  const [batch, length, reduction] = (frameWeights as Tensor).shape as [number, number, number];
  return reshape(isPositive(frameWeights as Tensor), [batch, length * reduction]);
}

/** The states of decoder positions `[B·T, D]`. @param targetInput `[B, T, F]` */
function statesOf(scope: Scope, encoded: EncodedSource, inputs: Tensors, targetInput: Tensor): Tensor {
  if (isParallel(scope.config)) {
    const present = isPositive(inputs.weights as Tensor);
    return parallelStates(scope, encoded.memory, inputs.alignment as Tensor, present);
  }
  const length = targetInput.shape[1] as number;
  return decodedStates(scope, encoded, prenet(scope, targetInput, range(length)), inputs.weights as Tensor);
}

/** Evaluates the model on a batch under teacher forcing. @param fixed decoder inputs that take the place of the true ones */
export function writtenFrames(scope: Scope, inputs: Tensors, fixed: Tensors = {}): WrittenFrames {
  const { targetFrames, speaker } = inputs;
  const [batch, length, width] = (targetFrames as Tensor).shape as [number, number, number];
  const reduction = (inputs.frameWeights as Tensor).shape[2] as number;
  const encoded = encodeSource(scope, sourceTensors(inputs), speaker);
  const states = statesOf(scope, encoded, inputs, fixed.targetInput ?? (inputs.targetInput as Tensor));
  const before = reshape(outputFrames(scope, states), [batch, length * reduction, width / reduction]);
  const after = postnet(scope, before, framePresence(inputs));
  return isParallel(scope.config)
    ? { encoded, states, before, after, durations: logDurations(scope, encoded.memory, encoded.present) }
    : { encoded, states, before, after, stop: stopLogits(scope, states) };
}

/** Mean over features, weighted sum over frames. @param error `[B, T·r, F]` */
function overFrames(error: Tensor, { frameWeights }: Tensors): Tensor {
  const perFrame = mean(error, 2);
  return sum(mul(perFrame, reshape(frameWeights as Tensor, perFrame.shape)));
}

/** Sums over a batch with its weights. */
export interface FrameErrors {
  /** Absolute and squared distance of the frames, averaged over the features. */
  readonly l1: Tensor;
  readonly l2: Tensor;
}

/** @param frames `[B, T·r, F]` */
export function frameErrors(frames: Tensor, inputs: Tensors): FrameErrors {
  const difference = sub(frames, reshape(inputs.targetFrames as Tensor, frames.shape));
  return { l1: overFrames(abs(difference), inputs), l2: overFrames(square(difference), inputs) };
}

/**
 * Binary cross-entropy of stopping, summed with the weights.
 * @param logits `[B·T]` @param positiveWeight what the position to stop at counts more than the others
 */
export function stopLoss(logits: Tensor, { stopTargets, weights }: Tensors, positiveWeight: number): Tensor {
  const flat = (x: Tensor | undefined): Tensor => reshape(x as Tensor, logits.shape);
  const targets = flat(stopTargets);
  const losses = add(mul(mul(softplus(neg(logits)), targets), positiveWeight), mul(softplus(logits), sub(1, targets)));
  return sum(mul(losses, flat(weights)));
}

/** Right decisions to stop or go on, summed with the weights. @param logits `[B·T]` */
export function rightStops(logits: Tensor, { stopTargets, weights }: Tensors): Tensor {
  const flat = (x: Tensor | undefined): Tensor => reshape(x as Tensor, logits.shape);
  const isRight = cast(equal(cast(greater(logits, 0), 'float32'), flat(stopTargets)), 'float32');
  return sum(mul(isRight, flat(weights)));
}

/** Squared error of log durations, summed with their weights. @param predicted `[B, S]` */
export const durationLoss = (predicted: Tensor, { durationTargets, durationWeights }: Tensors): Tensor =>
  sum(mul(square(sub(predicted, durationTargets as Tensor)), durationWeights as Tensor));

/** A CTC loss on what is said in the target, by the decoder's states (Lee et al., 2022). @param states `[B·T, D]` */
export function targetTextLoss(scope: Scope, states: Tensor, inputs: Tensors): Tensor {
  const { weights, targetTextLabels, targetTextSkip, targetTextFinal, targetTextWeights } = inputs as Record<
    string,
    Tensor
  >;
  const present = isPositive(weights as Tensor);
  return ctcLoss(targetTextLogits(scope, states, present.shape[0] as number), present, {
    labels: targetTextLabels as Tensor,
    skip: targetTextSkip as Tensor,
    final: targetTextFinal as Tensor,
    weights: targetTextWeights as Tensor,
  });
}

/** The last frame of each position. @param frames `[B, T·r, F]` @returns `[B, T, F]` */
function lastOfPositions(frames: Tensor, reduction: number): Tensor {
  const [batch, total, features] = frames.shape as [number, number, number];
  const positions = reshape(frames, [batch, total / reduction, reduction * features]);
  return slice(positions, [0, 0, (reduction - 1) * features], [batch, total / reduction, features]);
}

/**
 * Scheduled sampling (Bengio et al., 2015) on frames in parallel passes: some decoder inputs are what the model writes itself, given
 * the inputs of the pass before. @returns `targetInput` `[B, T, F]`
 */
function ownInputs(scope: Scope, inputs: Tensors, passes: number): Tensors {
  const { targetInput, scheduledMask, frameWeights } = inputs as Record<string, Tensor>;
  const gold = targetInput as Tensor;
  const [batch, length, features] = gold.shape as [number, number, number];
  const reduction = (frameWeights as Tensor).shape[2] as number;
  const isOwn = greater(reshape(scheduledMask as Tensor, [batch, length, 1]), 0);
  let mixed = gold;
  for (let pass = 0; pass < passes; pass++) {
    const own = lastOfPositions(writtenFrames(scope, inputs, { targetInput: mixed }).before, reduction);
    const first = slice(gold, [0, 0, 0], [batch, 1, features]);
    mixed = where(isOwn, concat([first, slice(own, [0, 0, 0], [batch, length - 1, features])], 1), gold);
  }
  return { targetInput: mixed };
}

/**
 * The loss of frames: L1 and L2 before and after the postnet, the stop decision with a weight on its rare positive (Li et al., 2019; as in
 * ESPnet-TTS), or for parallel models the squared error of log durations (Ren et al., 2019); and CTC losses on the texts of both sides, where
 * the setup has them.
 */
export function framesObjective(setup: TrainingSetup, craft: FramesSetup): Objective {
  const { l1Weight, l2Weight, stopWeight, stopPositiveWeight, durationWeight, scheduledPasses, guidedAttention } =
    craft;
  const guided = guidedAttention && guidedAttention.weight > 0 ? guidedAttention : undefined;
  const { targetCtcWeight = 0 } = setup;
  const distance = (frames: Tensor, inputs: Tensors): Tensor => {
    const { l1, l2 } = frameErrors(frames, inputs);
    return add(mul(l1, l1Weight), mul(l2, l2Weight));
  };
  return {
    inputs: frameInputs(setup),
    ...(scheduledPasses > 0
      ? { fixed: (scope: Scope, inputs: Tensors) => ownInputs(scope, inputs, scheduledPasses) }
      : {}),
    loss(makeScope, inputs, fixed) {
      const { scope, seen } = guided ? crossAttentionOf(makeScope) : { scope: makeScope(), seen: [] };
      const { encoded, states, before, after, stop, durations } = writtenFrames(scope, inputs, fixed);
      let loss = distance(before, inputs);
      if (after !== before) loss = add(loss, distance(after, inputs));
      if (stop) loss = add(loss, mul(stopLoss(stop, inputs, stopPositiveWeight), stopWeight));
      if (durations) loss = add(loss, mul(durationLoss(durations, inputs), durationWeight));
      if (setup.ctcWeight > 0) loss = add(loss, mul(ctcOfBatch(scope, encoded, inputs), setup.ctcWeight));
      if (hasTargetText(setup)) loss = add(loss, mul(targetTextLoss(scope, states, inputs), targetCtcWeight));
      if (!guided) return loss;
      const charge = guidedAttentionLoss(seen, encoded.present, inputs.weights as Tensor, guided, inputs.alignment);
      return add(loss, mul(charge, guided.weight));
    },
  };
}
