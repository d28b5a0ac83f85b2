// Adam and AdamW with global-norm clipping, written in tensor ops so that the update runs inside the compiled step.
import {
  add,
  div,
  less,
  minimum,
  mul,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '../engine/ops.js';
import type { TensorSpec, Tensors } from '../engine/types.js';

/** Constants of one optimizer. */
export interface OptimizerConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay (AdamW, Loshchilov & Hutter, 2019); 0 is plain Adam. */
  readonly weightDecay: number;
  /** Largest global gradient norm; larger gradients are scaled down to it. 0 turns clipping off. */
  readonly clipNorm: number;
}

/** Scalars that change from step to step, inputs of the compiled step. */
export interface StepScalars {
  readonly learningRate: Tensor;
  /** `1 / (1 − β₁ᵗ)` */
  readonly correction1: Tensor;
  /** `1 / (1 − β₂ᵗ)` */
  readonly correction2: Tensor;
}

/** About the largest float32: norms beyond it count as not finite. */
const LARGEST = 3.4e38;

/** Names of the first and second moment of a parameter. */
export const firstMoment = (parameter: string): string => `optimizer.first.${parameter}`;
export const secondMoment = (parameter: string): string => `optimizer.second.${parameter}`;

/** The moments as program variables. */
export function momentVariables(parameters: Readonly<Record<string, TensorSpec>>): Record<string, TensorSpec> {
  const names = Object.entries(parameters);
  return Object.fromEntries([
    ...names.map(([name, spec]) => [firstMoment(name), spec] as const),
    ...names.map(([name, spec]) => [secondMoment(name), spec] as const),
  ]);
}

/** √ of the sum of all squared gradients. */
function globalNorm(gradients: Tensors): Tensor {
  return sqrt(
    Object.values(gradients)
      .map((gradient) => sum(square(gradient)))
      .reduce((total, part) => add(total, part)),
  );
}

/**
 * One Adam or AdamW step (Kingma & Ba, 2015). When the gradient norm is not finite, nothing changes: neither parameters
 * nor moments.
 * @returns new values of parameters and moments, the gradient norm before clipping, and whether that is finite
 */
export function adamStep(
  config: OptimizerConfig,
  variables: Tensors,
  gradients: Tensors,
  scalars: StepScalars,
): { updates: Record<string, Tensor>; norm: Tensor; finite: Tensor } {
  const norm = globalNorm(gradients);
  // Comparisons with NaN are false, so this is true for finite norms only.
  const finite = less(norm, LARGEST);
  const clip = config.clipNorm > 0 ? minimum(div(config.clipNorm, add(norm, 1e-6)), 1) : scalar(1);
  const scale = where(finite, clip, scalar(0));
  const keep1 = where(finite, scalar(config.beta1), scalar(1));
  const keep2 = where(finite, scalar(config.beta2), scalar(1));
  const gain1 = mul(scale, 1 - config.beta1);
  const gain2 = mul(square(scale), 1 - config.beta2);
  const rate = mul(where(finite, scalars.learningRate, scalar(0)), scalars.correction1);
  const decay = sub(1, mul(where(finite, scalars.learningRate, scalar(0)), config.weightDecay));
  const updates: Record<string, Tensor> = {};
  for (const [name, raw] of Object.entries(gradients)) {
    const gradient = where(finite, raw, zerosLike(raw));
    const parameter = variables[name] as Tensor;
    const first = add(mul(variables[firstMoment(name)] as Tensor, keep1), mul(gradient, gain1));
    const second = add(mul(variables[secondMoment(name)] as Tensor, keep2), mul(square(gradient), gain2));
    const denominator = add(sqrt(mul(second, scalars.correction2)), config.epsilon);
    const decayed = config.weightDecay > 0 ? mul(parameter, decay) : parameter;
    updates[name] = sub(decayed, mul(div(first, denominator), rate));
    updates[firstMoment(name)] = first;
    updates[secondMoment(name)] = second;
  }
  return { updates, norm, finite };
}

/**
 * Exponential moving average of parameters: `decay · average + (1 − decay) · parameter`.
 * @param moves a scalar of type bool; where it is false the average stays as it is
 */
export function movingAverage(average: Tensor, parameter: Tensor, decay: number, moves: Tensor): Tensor {
  const keep = where(moves, scalar(decay), scalar(1));
  const gain = where(moves, scalar(1 - decay), scalar(0));
  return add(mul(average, keep), mul(parameter, gain));
}
