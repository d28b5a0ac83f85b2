// The whole model on tokens: encode, teacher-forced decoder states, the incremental step.
import { range, type Tensor } from '../engine/ops.js';
import { PAD } from '../text/special-tokens.js';
import { causalMask, type KeysValues, paddingMask } from './attention.js';
import { crossKeysValues, decodeSequence, decodeStep, type StepContext } from './decoder.js';
import { embedTokens } from './embedding.js';
import { encode } from './encoder.js';
import type { Scope } from './scope.js';

/** An encoded source: what the decoder's cross-attention needs. */
export interface EncodedSource {
  readonly cross: readonly KeysValues[];
  /** Additive `[B, 1, 1, S]` */
  readonly mask: Tensor;
}

/** Encodes source tokens. @param source int32 `[B, S]`, each row with its stop token, padded */
export function encodeSource(scope: Scope, source: Tensor): EncodedSource {
  const [batch, length] = source.shape as [number, number];
  const mask = paddingMask(source, PAD);
  const memory = encode(scope, embedTokens(scope, 'source', source, range(length)), batch, length, mask);
  return { cross: crossKeysValues(scope, memory, batch, length), mask };
}

/**
 * Decoder states under teacher forcing.
 * @param source int32 `[B, S]` @param target int32 `[B, T]`, inputs starting with BOS @returns `[B·T, D]`
 */
export function teacherForcedStates(scope: Scope, source: Tensor, target: Tensor): Tensor {
  const { cross, mask } = encodeSource(scope, source);
  const [batch, length] = target.shape as [number, number];
  // Padding comes last, so the causal mask already hides it from every real position.
  const x = embedTokens(scope, 'target', target, range(length));
  return decodeSequence(scope, x, batch, length, cross, causalMask(length), mask);
}

/** One incremental step. @param tokens int32 `[B, K]` @returns decoder state `[B·K, D]` and this step's keys and values */
export function incrementalStep(
  scope: Scope,
  tokens: Tensor,
  context: StepContext,
): { state: Tensor; present: KeysValues[] } {
  return decodeStep(scope, embedTokens(scope, 'target', tokens, context.position), context);
}
