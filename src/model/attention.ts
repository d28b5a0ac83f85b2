// Multi-head attention: projections, heads and masks.
import { attention, MASKED } from '../engine/fused/attention.js';
import { cast, greater, mul, range, reshape, sub, type Tensor, transpose } from '../engine/ops.js';
import { linear } from './layers.js';
import type { Scope } from './scope.js';

/** Keys and values of one attention layer, split into heads `[B, H, L, D/H]`. */
export interface KeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** Projects and splits into heads. @param x `[B·L, D]` @returns `[B, H, L, D/H]` */
export function projectHeads(scope: Scope, name: string, x: Tensor, batch: number, length: number): Tensor {
  const { heads, modelDim } = scope.config;
  const split = reshape(linear(scope, name, x), [batch, length, heads, modelDim / heads]);
  return transpose(split, [0, 2, 1, 3]);
}

/** Keys and values of `memory`. @param memory `[B·L, D]` */
export function projectKeysValues(
  scope: Scope,
  name: string,
  memory: Tensor,
  batch: number,
  length: number,
): KeysValues {
  return {
    key: projectHeads(scope, `${name}.key`, memory, batch, length),
    value: projectHeads(scope, `${name}.value`, memory, batch, length),
  };
}

/**
 * Attends with every head and projects the result.
 * @param query `[B, H, Q, D/H]` @param mask additive, broadcastable to `[B, H, Q, L]` @returns `[B·Q, D]`
 */
export function attendAndProject(
  scope: Scope,
  name: string,
  query: Tensor,
  { key, value }: KeysValues,
  mask: Tensor | undefined,
): Tensor {
  const { attentionDropout, modelDim } = scope.config;
  const [batch, , length] = query.shape as [number, number, number, number];
  // [B, H, Q, D/H]
  const context = attention(query, key, value, mask, (weights) => {
    scope.observe?.(name, weights);
    return scope.drop(weights, attentionDropout);
  });
  const merged = reshape(transpose(context, [0, 2, 1, 3]), [batch * length, modelDim]);
  return linear(scope, `${name}.output`, merged);
}

/** Additive mask that hides padding. @param present `[B, L]`, 0 at padding @returns `[B, 1, 1, L]` */
export function paddingMask(present: Tensor): Tensor {
  const [batch, length] = present.shape as [number, number];
  return reshape(mul(sub(1, present), MASKED), [batch, 1, 1, length]);
}

/** Additive mask that hides later positions. @returns `[1, 1, length, length]` */
export function causalMask(length: number): Tensor {
  const index = range(length);
  const isLater = greater(reshape(index, [1, length]), reshape(index, [length, 1]));
  return reshape(mul(cast(isLater, 'float32'), MASKED), [1, 1, length, length]);
}
