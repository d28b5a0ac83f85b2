// Guided attention: cross-attention is drawn to the diagonal, and how diagonal it is can be measured.
import {
  abs,
  add,
  cast,
  div,
  exp,
  greater,
  mul,
  neg,
  range,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Tensor,
} from '../../engine/ops.js';
import type { Scope } from '../../model/scope.js';
import type { GuidedAttentionSetup, MakeScope } from './types.js';

/** Half the width of the band that counts as diagonal, as a share of the source. */
const BAND = 0.1;

/** A scope and the cross-attention weights `[B, H, T, S]` that have passed through it, first layer first. */
export function crossAttentionOf(makeScope: MakeScope): { scope: Scope; seen: Tensor[] } {
  const seen: Tensor[] = [];
  const scope = makeScope((name, weights) => {
    if (name.endsWith('.crossAttention')) seen.push(weights);
  });
  return { scope, seen };
}

/** Distance of every pair of positions from the diagonal: t/T − s/S. @returns `[B, T, S]` */
function offDiagonal(present: Tensor, targetPresent: Tensor): Tensor {
  const share = (mask: Tensor): Tensor => {
    const [batch, length] = mask.shape as [number, number];
    const middles = reshape(sub(cast(range(length), 'float32'), -0.5), [1, length]);
    return div(middles, reshape(sum(mask, 1), [batch, 1]));
  };
  const [batch, sources] = present.shape as [number, number];
  const targets = targetPresent.shape[1] as number;
  return sub(reshape(share(targetPresent), [batch, targets, 1]), reshape(share(present), [batch, 1, sources]));
}

/**
 * Distance of every pair of positions from where the target position belongs, as a share of the source.
 * @param alignment int32 `[B, T]`: that source position, counted over the rows @returns `[B, T, S]`
 */
function offAlignment(present: Tensor, alignment: Tensor): Tensor {
  const [batch, sources] = present.shape as [number, number];
  const targets = alignment.shape[1] as number;
  const firstOfRows = mul(reshape(cast(range(batch), 'float32'), [batch, 1]), sources);
  const places = sub(cast(alignment, 'float32'), firstOfRows);
  const steps = sub(reshape(places, [batch, targets, 1]), reshape(cast(range(sources), 'float32'), [1, 1, sources]));
  return div(steps, reshape(sum(present, 1), [batch, 1, 1]));
}

/** Σ over positions of weight · Σ_s attention · value, averaged over the chosen layers and heads. */
function attended(
  seen: readonly Tensor[],
  values: Tensor,
  weights: Tensor,
  { layers, heads }: Pick<GuidedAttentionSetup, 'layers' | 'heads'>,
): Tensor {
  const [batch, targets, sources] = values.shape as [number, number, number];
  const chosen = layers > 0 ? seen.slice(-layers) : seen;
  const perLayer = chosen.map((layer) => {
    const count = heads > 0 ? heads : (layer.shape[1] as number);
    const some = heads > 0 ? slice(layer, [0, 0, 0, 0], [batch, count, targets, sources]) : layer;
    const perPosition = sum(mul(some, reshape(values, [batch, 1, targets, sources])), 3);
    return div(sum(mul(perPosition, reshape(weights, [batch, 1, targets]))), count);
  });
  return div(
    perLayer.reduce((total, part) => add(total, part)),
    chosen.length,
  );
}

/** 1 where there is a target position, by its weight in the loss. */
export const isPositive = (weights: Tensor): Tensor => cast(greater(weights, 0), 'float32');

/**
 * Guided attention loss (Tachibana et al., 2018): attention is charged W = 1 − exp(−(t/T − s/S)² / 2g²). Here it is the mean over
 * target positions (by their weights) of what a position's attention is charged, which is from 0 to 1 whatever the lengths. Where each
 * target position's place in the source is known, attention is drawn to that in place of the diagonal.
 * @param seen cross-attention weights `[B, H, T, S]` of each layer
 * @param present `[B, S]` @param weights `[B, T]`, 0 at padding
 * @param alignment int32 `[B, T]`: the source position of each target position, counted over the rows
 */
export function guidedAttentionLoss(
  seen: readonly Tensor[],
  present: Tensor,
  weights: Tensor,
  setup: GuidedAttentionSetup,
  alignment?: Tensor,
): Tensor {
  const distance = alignment ? offAlignment(present, alignment) : offDiagonal(present, isPositive(weights));
  const charge = sub(1, exp(neg(mul(square(distance), 1 / (2 * setup.sigma ** 2)))));
  return attended(seen, charge, weights, setup);
}

/**
 * Diagonality: the share of attention within a tenth of the source of the diagonal, summed over target positions with their weights.
 * After the diagonal attention rate of Ren et al. (2019), with a band that grows with the source. Even attention has about 0.2.
 */
export function attentionDiagonality(
  seen: readonly Tensor[],
  present: Tensor,
  weights: Tensor,
  chosen: Pick<GuidedAttentionSetup, 'layers' | 'heads'>,
): Tensor {
  const distance = abs(offDiagonal(present, isPositive(weights)));
  const isNear = sub(1, cast(greater(distance, BAND), 'float32'));
  return attended(seen, isNear, weights, chosen);
}
