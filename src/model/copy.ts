// The copy mechanism: attention of the decoder's final states to the source, and the gate between generating and copying.

import { safeLog } from '../engine/fused/safe-log.js';
import { add, cast, equal, exp, matMul, mul, neg, reshape, sigmoid, softmax, sum, type Tensor } from '../engine/ops.js';
import { linear } from './layers.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** The parameters: an attention of one head, and the gate. */
export function copyEntries(width: number): ParameterEntry[] {
  return [
    ...linearEntries('copy.query', width, width),
    ...linearEntries('copy.key', width, width),
    ...linearEntries('copy.gate', width, 1),
  ];
}

/** What copy attention looks at. @param memory `[B·S, D]` @returns `[B, S, D]` */
export function copyKeys(scope: Scope, memory: Tensor, batch: number, length: number): Tensor {
  return reshape(linear(scope, 'copy.key', memory), [batch, length, scope.config.modelDim]);
}

/**
 * Which source position each state would copy: softmax(q·k / √D), never padding.
 * @param states `[B·Q, D]` @param keys `[B, S, D]` @param mask additive `[B, 1, 1, S]`
 * @returns `[B, Q, S]`
 */
export function copyWeights(scope: Scope, states: Tensor, keys: Tensor, mask: Tensor): Tensor {
  const [batch, length, width] = keys.shape as [number, number, number];
  const query = mul(linear(scope, 'copy.query', states), width ** -0.5);
  const whole = reshape(query, [batch, (states.shape[0] as number) / batch, width]);
  return softmax(add(matMul(whole, keys, false, true), reshape(mask, [batch, 1, length])));
}

/** The probabilities, `[N]` each, that a state generates its token and that it copies it; together 1. */
export interface CopyGate {
  readonly generates: Tensor;
  readonly copies: Tensor;
}

/** The gate of each state: p_gen = σ(w·state + b). @param states `[N, D]` */
export function copyGate(scope: Scope, states: Tensor): CopyGate {
  const logit = reshape(linear(scope, 'copy.gate', states), [states.shape[0] as number]);
  // Not 1 − σ, which is 0 long before σ(−x) is.
  return { generates: sigmoid(logit), copies: sigmoid(neg(logit)) };
}

/** Where the source has the token that a position is to predict. @param source int32 `[B, S]` @param target int32 `[B, T]` @returns `[B, T, S]` of 0 and 1 */
export function copyMatches(source: Tensor, target: Tensor): Tensor {
  const [batch, length] = source.shape as [number, number];
  const positions = target.shape[1] as number;
  return cast(equal(reshape(source, [batch, 1, length]), reshape(target, [batch, positions, 1])), 'float32');
}

/** The two parts of the probability of each position's target, `[N]` each. */
export interface TargetParts {
  /** p_gen · p_vocab(target), 0 where the vocabulary lacks the target. */
  readonly generated: Tensor;
  /** (1 − p_gen) · Σ of the copy attention where the source has the target. */
  readonly copied: Tensor;
}

/**
 * p(target) = p_gen · p_vocab(target) + (1 − p_gen) · Σ_{s: source_s = target} a_s (See et al., 2017), in its two parts.
 * @param logProbs log p_vocab of the target, or of the unknown token where the vocabulary lacks it, `[B·T]`
 * @param weights copy attention `[B, T, S]`
 * @param ids in the extended vocabulary: of the source int32 `[B, S]`, of the target int32 `[B, T]`; `plain` the target within the vocabulary
 */
export function targetParts(
  logProbs: Tensor,
  weights: Tensor,
  { generates, copies }: CopyGate,
  ids: { readonly source: Tensor; readonly target: Tensor; readonly plain: Tensor },
): TargetParts {
  const { shape } = logProbs;
  const isKnown = reshape(cast(equal(ids.target, ids.plain), 'float32'), shape);
  const attended = reshape(sum(mul(weights, copyMatches(ids.source, ids.target)), -1), shape);
  return { generated: mul(mul(generates, exp(logProbs)), isKnown), copied: mul(copies, attended) };
}

/** log p of each position's target. @returns `[N]` */
export const mixedLogProbs = ({ generated, copied }: TargetParts): Tensor => safeLog(add(generated, copied));
