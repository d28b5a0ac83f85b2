// Label-smoothed cross-entropy under teacher forcing, with CTC, R-Drop, scheduled sampling, mixup and guided attention beside it.
import { sourceSpecs, sourceTensors } from '../../decode/source-batch.js';
import { positionLogProbs, smoothedLoss } from '../../engine/fused/cross-entropy.js';
import { ctcLoss } from '../../engine/fused/ctc.js';
import { add, exp, logSoftmax, matMul, mul, reshape, sub, sum, type Tensor } from '../../engine/ops.js';
import type { TensorSpec, Tensors } from '../../engine/types.js';
import { embeddingMatrix } from '../../model/embedding.js';
import type { Scope } from '../../model/scope.js';
import { ctcLogits, type EncodedSource, encodeSource, mixedSource } from '../../model/transformer.js';
import type { TrainingSetup, ValidationSetup } from '../setup.js';
import { COPY_INPUTS, copyPass, coverageLoss, withCopies } from './copy.js';
import { crossAttentionOf, guidedAttentionLoss } from './guided-attention.js';
import { decoderStates, predictedInputs, SCHEDULED_INPUTS } from './scheduled-sampling.js';
import type { CrossEntropySetup, Objective } from './types.js';

const int = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'int32' });
const float = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

/** Inputs with the targets of a batch. */
const TARGET_INPUTS: Readonly<Record<string, TensorSpec>> = {
  targetInput: int('B', 'T'),
  targetOutput: int('B', 'T'),
  // Weight of each position in the loss: 1 / (number of target tokens), 0 at padding.
  weights: float('B', 'T'),
};

/** Inputs of a CTC loss; see `ctcTargets`. */
export const CTC_INPUTS: Readonly<Record<string, TensorSpec>> = {
  ctcLabels: int('B', 'U'),
  ctcSkip: float('B', 'U'),
  ctcFinal: float('B', 'U'),
  // Weight of each row: as that of a target token, 0 where there is no path.
  ctcWeights: float('B'),
};

/** The batch that is mixed into another, and the share that the other one keeps. */
const MIXUP_INPUTS: Readonly<Record<string, TensorSpec>> = {
  mixSource: int('B', 'S'),
  mixTargetInput: int('B', 'T'),
  mixTargetOutput: int('B', 'T'),
  mixWeights: float('B', 'T'),
  mixShare: float(),
};

/** The first two dimensions as one. */
export const flatten = (x: Tensor): Tensor => reshape(x, [(x.shape[0] as number) * (x.shape[1] as number)]);

/** The inputs of plain cross-entropy, with those of CTC and copying where there are such. */
export const crossEntropyInputs = (setup: ValidationSetup): Record<string, TensorSpec> => ({
  ...sourceSpecs(setup.vocabulary),
  ...TARGET_INPUTS,
  ...(setup.ctcWeight > 0 ? CTC_INPUTS : {}),
  ...(setup.model.copy ? COPY_INPUTS : {}),
});

/** The CTC loss of one batch. */
export function ctcOfBatch(scope: Scope, encoded: EncodedSource, inputs: Tensors): Tensor {
  const { ctcLabels, ctcSkip, ctcFinal, ctcWeights } = inputs as Record<string, Tensor>;
  return ctcLoss(ctcLogits(scope, encoded), encoded.present, {
    labels: ctcLabels as Tensor,
    skip: ctcSkip as Tensor,
    final: ctcFinal as Tensor,
    weights: ctcWeights as Tensor,
  });
}

/** One evaluation of the model on a batch. */
interface Pass {
  /** (1 − w) · cross-entropy + w · CTC (Watanabe et al., 2017), and what guides attention. */
  readonly loss: Tensor;
  /** `[B·T, D]` */
  readonly states: Tensor;
}

/** Σ weight · ½(KL(p‖q) + KL(q‖p)) of two predictions of the same positions. @param p, q logits `[N, V]` @param weights `[N]` */
function symmetricDivergence(p: Tensor, q: Tensor, weights: Tensor): Tensor {
  const [a, b] = [logSoftmax(p), logSoftmax(q)];
  const perPosition = sum(mul(sub(exp(a), exp(b)), sub(a, b)), -1);
  return mul(sum(mul(perPosition, weights)), 0.5);
}

/**
 * Cross-entropy. R-Drop (Liang et al., 2021) evaluates each batch twice with different dropout and adds α times the symmetric
 * divergence of the two predictions to the mean of the two losses.
 */
export function crossEntropyObjective(setup: TrainingSetup, craft?: CrossEntropySetup): Objective {
  const { labelSmoothing, ctcWeight } = setup;
  const { rDrop = 0, mixup = false, coverage = 0, scheduledSampling, guidedAttention } = craft ?? {};
  const guided = guidedAttention && guidedAttention.weight > 0 ? guidedAttention : undefined;

  const pass = ({ scope, seen }: ReturnType<typeof crossAttentionOf>, inputs: Tensors, fixed: Tensors): Pass => {
    const source = sourceTensors(inputs);
    const encoded = encodeSource(scope, mixup ? mixedSource(source, inputs.mixSource, inputs.mixShare) : source);
    const states = decoderStates(scope, encoded, inputs, fixed);
    const copies = setup.model.copy ? copyPass(scope, encoded, states) : undefined;
    const logProbs = (targets: Tensor) => {
      const generator = positionLogProbs(states, embeddingMatrix(scope, 'output'), flatten(targets));
      return copies ? withCopies(generator, copies, inputs) : generator;
    };
    const against = (targets: Tensor, weights: Tensor) =>
      smoothedLoss(logProbs(targets), flatten(weights), labelSmoothing);
    const { targetOutput, weights, mixTargetOutput, mixWeights, mixShare } = inputs as Record<string, Tensor>;
    let loss = against(targetOutput as Tensor, weights as Tensor);
    if (mixup) {
      const other = against(mixTargetOutput as Tensor, mixWeights as Tensor);
      loss = add(mul(loss, mixShare as Tensor), mul(other, sub(1, mixShare as Tensor)));
    }
    if (ctcWeight > 0) loss = add(mul(loss, 1 - ctcWeight), mul(ctcOfBatch(scope, encoded, inputs), ctcWeight));
    if (copies && coverage > 0) loss = add(loss, mul(coverageLoss(copies.weights, weights as Tensor), coverage));
    if (guided) {
      // Taken out, so that a second evaluation begins with nothing seen.
      const extra = guidedAttentionLoss(seen.splice(0), encoded.present, weights as Tensor, guided);
      loss = add(loss, mul(extra, guided.weight));
    }
    return { loss, states };
  };

  return {
    inputs: {
      ...crossEntropyInputs(setup),
      ...(mixup ? MIXUP_INPUTS : {}),
      ...(scheduledSampling ? SCHEDULED_INPUTS : {}),
    },
    ...(scheduledSampling
      ? { fixed: (scope: Scope, inputs: Tensors) => predictedInputs(scope, inputs, scheduledSampling) }
      : {}),
    loss(makeScope, inputs, fixed) {
      const observed = guided ? crossAttentionOf(makeScope) : { scope: makeScope(), seen: [] };
      const first = pass(observed, inputs, fixed);
      if (rDrop === 0) return first.loss;
      // Dropout sites count on in the same scope, so the second evaluation draws other masks.
      const second = pass(observed, inputs, fixed);
      const matrix = embeddingMatrix(observed.scope, 'output');
      const logits = ({ states }: Pass) => matMul(states, matrix, false, true);
      const divergence = symmetricDivergence(logits(first), logits(second), flatten(inputs.weights as Tensor));
      return add(mul(add(first.loss, second.loss), 0.5), mul(divergence, rDrop));
    },
  };
}
