// Cross-entropy of a model that copies: the likelihood of targets, coverage, and statistics for validation.
import type { PositionLogProbs, TokenStatistics } from '../../engine/fused/cross-entropy.js';
import {
  add,
  cast,
  exp,
  gather,
  greater,
  less,
  logSoftmax,
  matMul,
  max,
  maximum,
  mul,
  neg,
  range,
  relu,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  where,
} from '../../engine/ops.js';
import type { TensorSpec, Tensors } from '../../engine/types.js';
import {
  type CopyGate,
  copyGate,
  copyKeys,
  copyMatches,
  copyWeights,
  mixedLogProbs,
  targetParts,
} from '../../model/copy.js';
import type { Scope } from '../../model/scope.js';
import type { EncodedSource } from '../../model/transformer.js';

/** Source and target in the extended vocabulary of each source. */
export const COPY_INPUTS: Readonly<Record<string, TensorSpec>> = {
  copySource: { shape: ['B', 'S'], dtype: 'int32' },
  copyTarget: { shape: ['B', 'T'], dtype: 'int32' },
};

/** How each position of a batch would copy. */
export interface CopyPass {
  /** Copy attention `[B, T, S]`. */
  readonly weights: Tensor;
  readonly gate: CopyGate;
}

/** @param states `[B·T, D]` */
export function copyPass(scope: Scope, { memory, present, mask }: EncodedSource, states: Tensor): CopyPass {
  const [batch, length] = present.shape as [number, number];
  const weights = copyWeights(scope, states, copyKeys(scope, memory, batch, length), mask);
  return { weights, gate: copyGate(scope, states) };
}

/**
 * The log-probability of the targets under the mixture. The mean over the vocabulary, which label smoothing uses, stays that of the
 * generator alone: smoothing keeps it from being too sure, and says nothing of what is copied.
 */
export function withCopies(
  generator: PositionLogProbs,
  { weights, gate }: CopyPass,
  inputs: Tensors,
): PositionLogProbs {
  const { copySource, copyTarget, targetOutput } = inputs as Record<string, Tensor>;
  const ids = { source: copySource as Tensor, target: copyTarget as Tensor, plain: targetOutput as Tensor };
  return { target: mixedLogProbs(targetParts(generator.target, weights, gate, ids)), mean: generator.mean };
}

/**
 * Coverage loss (See et al., 2017): Σ over positions of weight · Σ_s min(a_{t,s}, c_{t,s}), where c is the sum of the copy attention of
 * the positions before. It charges attention to what has been copied already.
 * @param attention `[B, T, S]` @param weights `[B, T]`, 0 at padding
 */
export function coverageLoss(attention: Tensor, weights: Tensor): Tensor {
  const length = weights.shape[1] as number;
  const index = range(length);
  const isEarlier = cast(greater(reshape(index, [length, 1]), reshape(index, [1, length])), 'float32');
  const covered = matMul(reshape(isEarlier, [1, length, length]), attention);
  // min(a, c), by an operation that has a gradient.
  const overlap = sub(attention, relu(sub(attention, covered)));
  return sum(mul(sum(overlap, -1), weights));
}

/**
 * Statistics of the mixture, as `tokenStatistics` has them of the generator: a prediction is right where no other token of the
 * extended vocabulary is more probable.
 * @param logits `[B·T, V]`
 */
export function copyStatistics(logits: Tensor, { weights, gate }: CopyPass, inputs: Tensors): TokenStatistics {
  const { copySource, copyTarget, targetOutput, weights: counts } = inputs as Record<string, Tensor>;
  const [source, target, plain] = [copySource as Tensor, copyTarget as Tensor, targetOutput as Tensor];
  const [batch, positions, length] = weights.shape as [number, number, number];
  const [rows, classes] = logits.shape as [number, number];
  const logProbs = logSoftmax(logits);
  const flat = reshape(logProbs, [rows * classes]);
  const start = mul(range(rows), scalar(classes, 'int32'));
  const ofTarget = gather(flat, add(start, reshape(plain, [rows])));
  const ids = { source, target, plain };
  const parts = targetParts(ofTarget, weights, gate, ids);
  const probability = add(parts.generated, parts.copied);

  // [B, T, S]: the probability of the token at each source position
  const isKnown = less(source, scalar(classes, 'int32'));
  const readable = reshape(where(isKnown, source, scalar(0, 'int32')), [batch, 1, length]);
  const place = reshape(add(reshape(start, [batch, positions, 1]), readable), [rows * length]);
  const generated = mul(
    reshape(exp(gather(flat, place)), [batch, positions, length]),
    reshape(cast(isKnown, 'float32'), [batch, 1, length]),
  );
  const attended = matMul(weights, copyMatches(source, source));
  const share = (of: Tensor): Tensor => reshape(of, [batch, positions, 1]);
  const ofSource = add(mul(generated, share(gate.generates)), mul(attended, share(gate.copies)));
  // Tokens that the source lacks have no more than their generated part, and no token has less.
  const best = maximum(mul(exp(max(logProbs, -1)), gate.generates), reshape(max(ofSource, -1), [rows]));
  // The same sums in another order may differ in the last bits.
  const hit = cast(greater(mul(probability, 1 + 1e-5), best), 'float32');
  const count = reshape(counts as Tensor, [rows]);
  return {
    negativeLogLikelihood: neg(sum(mul(count, mixedLogProbs(parts)))),
    correct: sum(mul(count, hit)),
  };
}
