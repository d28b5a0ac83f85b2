// A decision for each token of the target's vocabulary whether it belongs to a source: the classic alternative to writing them one by one.
import { add, matMul, reshape, type Tensor } from '../engine/ops.js';
import { embeddingMatrix } from './embedding.js';
import type { ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';
import { type EncodedSource, teacherForcedStates } from './transformer.js';

/** Logits above which a token is taken, by token; found by validation, not by gradients. */
export const THRESHOLDS = 'relevance.thresholds';

const BIAS = 'relevance.bias';

/** Parameters. @param tokens V */
export const relevanceEntries = (tokens: number): ParameterEntry[] => [
  [BIAS, [tokens], 'zeros'],
  [THRESHOLDS, [tokens], 'zeros'],
];

/**
 * Binary relevance (Tsoumakas & Katakis, 2007): a logit for each token by itself. It is read off the decoder where it would write the
 * first token, so that cross-attention gathers what matters.
 * @param begin int32 `[B, T]`, T = 1: the begin token @returns `[B, T, V]`
 */
export function relevanceLogits(scope: Scope, encoded: EncodedSource, begin: Tensor): Tensor {
  const states = teacherForcedStates(scope, encoded, begin);
  const logits = add(matMul(states, embeddingMatrix(scope, 'output'), false, true), scope.parameter(BIAS));
  const [batch, length] = begin.shape as [number, number];
  return reshape(logits, [batch, length, logits.shape[1] as number]);
}
