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
  mul,
  neg,
  pad,
  range,
  reshape,
  slice,
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

/** Standard deviation of how far from the diagonal, in shares of the source, alignments are expected before anything is learned. */
const PRIOR_SIGMA = 0.2;

/** Parameters. @param width D @param frames numbers at a target position */
export const alignerEntries = (width: number, frames: number): ParameterEntry[] => [
  ...convolutionEntries('aligner.source.0', KERNEL, width, width),
  ...linearEntries('aligner.source.1', width, width),
  ...convolutionEntries('aligner.target.0', KERNEL, frames, width),
  ...linearEntries('aligner.target.1', width, width),
];

/**
 * Log-probability, for each target position, of the source positions that it may belong to: scaled products of what two small
 * convolutional networks make of the memory and of the true frames, with a prior for the diagonal (Badlani et al., 2022, "One TTS Alignment
 * To Rule Them All"; products in place of distances, a Gaussian in place of the beta-binomial prior).
 * @param memory `[B·S, D]` @param present `[B, S]`
 * @param frames `[B, T, r·F]` @param targetPresent `[B, T]`
 * @returns `[B, T, S]`, about −1e9 at the padding of the source
 */
export function alignmentLogProbs(
  scope: Scope,
  memory: Tensor,
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
  const keys = network('source', memory, present, sources);
  const queries = network('target', frames, targetPresent, targets);
  // [B, T, S]
  const products = mul(matMul(queries, keys, false, true), width ** -0.5);
  const places = (mask: Tensor, length: number): Tensor => {
    const middles = reshape(add(cast(range(length), 'float32'), 0.5), [1, length]);
    return div(middles, reshape(sum(mask, 1), [batch, 1]));
  };
  const distance = sub(
    reshape(places(targetPresent, targets), [batch, targets, 1]),
    reshape(places(present, sources), [batch, 1, sources]),
  );
  const prior = mul(square(distance), -1 / (2 * PRIOR_SIGMA ** 2));
  const mask = reshape(mul(sub(1, present), MASKED), [batch, 1, sources]);
  return logSoftmax(add(add(products, prior), mask));
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
