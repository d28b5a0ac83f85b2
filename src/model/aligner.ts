// Learns which source position each stretch of a recording belongs to: attention from frames to text, and the paths through it.
import { MASKED } from '../engine/fused/attention.js';
import { relu } from '../engine/fused/relu.js';
import { scan } from '../engine/fused/scan.js';
import {
  abs,
  add,
  cast,
  div,
  exp,
  greater,
  log,
  logSoftmax,
  matMul,
  maximum,
  minimum,
  mul,
  neg,
  pad,
  range,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../engine/ops.js';
import { convolutionEntries, convolve } from './convolution.js';
import { linear } from './layers.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** Positions that the convolutions see. */
const KERNEL = 3;

/**
 * Standard deviation of how far from the diagonal, in shares of the source, alignments are expected before anything is learned: in the
 * middle, and what it is at the ends, about as the beta-binomial distribution has it. Narrow ends keep the first and the last position,
 * which every source has, from taking all frames for themselves.
 */
const PRIOR_SIGMA = { middle: 0.07, ends: 0.01 };

/** Parameters. @param width D @param frames numbers at a target position */
export const alignerEntries = (width: number, frames: number): ParameterEntry[] => [
  ...convolutionEntries('aligner.source.0', KERNEL, width, width),
  ...linearEntries('aligner.source.1', width, width),
  ...convolutionEntries('aligner.target.0', KERNEL, frames, width),
  ...linearEntries('aligner.target.1', width, width),
];

/**
 * Log-probability, for each target position, of the source positions that it may belong to: scaled distances between what two small
 * convolutional networks make of the source and of the true frames, with a prior for the diagonal (Badlani et al., 2022, "One TTS Alignment
 * To Rule Them All"; a Gaussian in place of the beta-binomial prior).
 * @param source what stands at each source position by itself, or as much as can be told of it: `[B·S, D]` @param present `[B, S]`
 * @param frames `[B, T, r·F]` @param targetPresent `[B, T]`
 * @returns `[B, T, S]`, about −1e9 at the padding of the source
 */
export function alignmentLogProbs(
  scope: Scope,
  source: Tensor,
  present: Tensor,
  frames: Tensor,
  targetPresent: Tensor,
): Tensor {
  const [batch, sources] = present.shape as [number, number];
  const [, targets] = targetPresent.shape as [number, number];
  const width = scope.config.modelDim;
  const alone = (x: Tensor, mask: Tensor, length: number): Tensor =>
    mul(reshape(x, [batch, length, x.shape.at(-1) as number]), reshape(mask, [batch, length, 1]));
  const network = (name: string, x: Tensor, mask: Tensor, length: number): Tensor => {
    const hidden = relu(convolve(scope, `aligner.${name}.0`, alone(x, mask, length), KERNEL));
    return reshape(linear(scope, `aligner.${name}.1`, hidden), [batch, length, width]);
  };
  const keys = network('source', source, present, sources);
  const queries = network('target', frames, targetPresent, targets);
  // [B, T, S]: −‖q − k‖² but for ‖q‖², which all source positions have in common. By products alone one long key could win everywhere.
  const squares = reshape(sum(square(keys), 2), [batch, 1, sources]);
  const nearness = mul(sub(mul(matMul(queries, keys, false, true), 2), squares), 0.5 * width ** -0.5);
  const places = (mask: Tensor, length: number): Tensor => {
    const middles = reshape(add(cast(range(length), 'float32'), 0.5), [1, length]);
    return div(middles, reshape(sum(mask, 1), [batch, 1]));
  };
  const place = maximum(0, minimum(1, reshape(places(targetPresent, targets), [batch, targets, 1])));
  const distance = sub(place, reshape(places(present, sources), [batch, 1, sources]));
  const spread = add(mul(sqrt(mul(place, sub(1, place))), 2 * PRIOR_SIGMA.middle), PRIOR_SIGMA.ends);
  const prior = mul(square(div(distance, spread)), -0.5);
  const mask = reshape(mul(sub(1, present), MASKED), [batch, 1, sources]);
  return logSoftmax(add(add(nearness, prior), mask));
}

/** `log(eᵃ + eᵇ)` without overflow. */
function logSum(a: Tensor, b: Tensor): Tensor {
  return add(maximum(a, b), log(add(exp(neg(abs(sub(a, b)))), 1)));
}

/** x with every column one place later, `fill` in the first. @param x `[B, S]` */
function columnLater(x: Tensor, fill: number): Tensor {
  const padded = pad(
    x,
    [
      [0, 0],
      [1, 0],
    ],
    fill,
  );
  return slice(padded, [0, 0], x.shape);
}

/**
 * Log-probability of all monotonic paths together: from the first source position to the last, at each target position one further or
 * not. About −1e9 where there are fewer target positions than source positions, and no such path.
 * @param logProbs `[B, T, S]` @param present `[B, S]` @param targetPresent `[B, T]` @returns `[B]`
 */
export function forwardSum(logProbs: Tensor, present: Tensor, targetPresent: Tensor): Tensor {
  const [batch, targets, sources] = logProbs.shape as [number, number, number];
  const steps = transpose(logProbs, [1, 0, 2]);
  // Nothing but the first position can be where a path begins.
  const isLater = cast(greater(range(sources), 0), 'float32');
  const begin = mul(add(mul(present, 0), reshape(isLater, [1, sources])), MASKED);
  const isFirst = cast(greater(1, range(targets)), 'float32');
  const starts = mul(reshape(isFirst, [targets, 1, 1]), reshape(mul(isLater, MASKED), [1, 1, sources]));
  const { states } = scan({
    initial: [begin],
    sequences: [add(steps, starts), reshape(transpose(targetPresent, [1, 0]), [targets, batch, 1])],
    step: ([before], [own, isThere]) => {
      const state = before as Tensor;
      const next = add(logSum(state, columnLater(state, MASKED)), own as Tensor);
      const there = isThere as Tensor;
      return { states: [add(mul(next, there), mul(state, sub(1, there)))], outputs: [] };
    },
  });
  const filled = pad(present, [
    [0, 0],
    [0, 1],
  ]);
  // 1 at the last position of each source.
  const last = sub(present, slice(filled, [0, 1], present.shape));
  return sum(mul(states[0] as Tensor, last), 1);
}
