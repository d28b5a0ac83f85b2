// The kinds of cross-attention: softmax, monotonic and location-aware, for whole targets and for single steps.
import {
  add,
  cast,
  equal,
  gather,
  less,
  matMul,
  mul,
  onesLike,
  reshape,
  sigmoid,
  sub,
  type Tensor,
  transpose,
} from '../engine/ops.js';
import { type HostTensor, sizeOf } from '../engine/types.js';
import { EngineError } from '../errors.js';
import { attendAndProject, type KeysValues, projectHeads } from './attention.js';
import type { ModelConfig } from './config.js';
import { linear } from './layers.js';
import { locationAwareStep, locationAwareWeights } from './location-aware.js';
import { expectedAlignments, hardAlignment } from './monotonic.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** Rate of the dropout whose masks, less 1, are −1 and 1 with equal chances. */
export const COIN_RATE = 0.5;

/** What a kind of cross-attention learns besides the projections that all have. @param name of the sublayer */
export function crossAttentionEntries(name: string, config: ModelConfig): ParameterEntry[] {
  const { crossAttention, heads, locationKernel, modelDim } = config;
  if (crossAttention === 'monotonic') return [[`${name}.threshold`, [heads], 'ones']];
  if (crossAttention === 'softmax') return [];
  // Without a kernel the layer begins as plain attention.
  return linearEntries(`${name}.kernel`, modelDim, heads * locationKernel).map(([part, shape]) => [
    part,
    shape,
    'zeros',
  ]);
}

/** How many target sequences there are: B sources, K of each, T positions. */
export interface TargetSizes {
  readonly sources: number;
  readonly perSource: number;
  readonly length: number;
}

/**
 * Cross-attention of whole target sequences. `softmax` is that of Vaswani et al. (2017).
 *
 * `monotonic` (Raffel et al., 2017; every head walks by itself, as in Ma et al., 2020, "Monotonic Multihead Attention") attends with
 * the expectation over all walks that stop at position s with probability σ(q·k/√(D/H) − threshold). The threshold, −r of the
 * paper, is learned for each head and begins at 1: a walk then goes e ≈ 2.7 positions a step, forward enough to see a
 * whole source. In training −1 or 1 is added to every energy by the toss of a coin, noise with the mean and variance of the paper's
 * Gaussian one, which the probabilities learn to withstand by coming close to 0 and 1: what the hard decisions of decoding need. Where
 * {@link Scope.isHard} these decisions are made here as well.
 *
 * `location-aware`: see {@link locationAwareWeights}; each head's kernels are a linear map of the state, as its queries are.
 * @param x `[B·K·T, D]` @param mask additive `[B, 1, 1, S]` @returns `[B·K·T, D]`
 */
export function crossAttend(
  scope: Scope,
  name: string,
  x: Tensor,
  { sources, perSource, length }: TargetSizes,
  cross: KeysValues,
  mask: Tensor,
): Tensor {
  const { crossAttention, heads, locationKernel } = scope.config;
  const queries = perSource * length;
  const query = projectHeads(scope, `${name}.query`, x, sources, queries);
  if (crossAttention === 'softmax') return attendAndProject(scope, name, query, cross, mask);
  const positions = mask.shape[3] as number;
  // The rows of one source are one long row of queries; here each is a walk of its own: [B·H·K, T, …]
  const walks = sources * heads * perSource;
  // [B, H, K·T, S]
  const shape = [sources, heads, queries, positions];
  const energies = energiesOf(query, cross.key);
  if (crossAttention === 'location-aware') {
    const masked = reshape(add(energies, mask), [walks, length, positions]);
    const kernels = kernelsOf(scope, name, x, sources, queries);
    const weights = locationAwareWeights(masked, reshape(kernels, [walks, length, locationKernel]));
    return attendWith(scope, name, reshape(weights, shape), cross);
  }
  const noisy = scope.isHard ? energies : sub(add(energies, scope.drop(onesLike(energies), COIN_RATE)), 1);
  const soft = stopProbabilities(scope, name, noisy, mask);
  const probabilities = scope.isHard ? sub(1, cast(less(soft, 0.5), 'float32')) : soft;
  const weights = expectedAlignments(reshape(probabilities, [walks, length, positions]));
  return attendWith(scope, name, reshape(weights, shape), cross);
}

/** One step's sizes: B sentences, K hypotheses of each. */
export interface StepSizes {
  readonly batch: number;
  readonly beam: number;
}

/** What one step of cross-attention yields. */
export interface CrossStep {
  /** `[B·K, D]` */
  readonly output: Tensor;
  /** Shaped as {@link alignmentShape} says: what the next step goes on from; `softmax` has none. */
  readonly alignment?: Tensor;
}

/**
 * {@link crossAttend} for one position of every hypothesis. Monotonic attention is hard here, as in the papers: every head stops at
 * the first position, from its last one on, whose probability is at least ½ ({@link hardAlignment}).
 * @param x `[B·K, D]`
 * @param mask additive `[B, 1, 1, S]`
 * @param previous alignment of each row's parent, shaped as {@link alignmentShape} says; `softmax` needs none
 * @throws EngineError where there is none and the kind needs one
 */
export function crossAttendStep(
  scope: Scope,
  name: string,
  x: Tensor,
  { batch, beam }: StepSizes,
  cross: KeysValues,
  mask: Tensor,
  previous: Tensor | undefined,
): CrossStep {
  const { crossAttention, heads, locationKernel } = scope.config;
  const query = projectHeads(scope, `${name}.query`, x, batch, beam);
  if (crossAttention === 'softmax') return { output: attendAndProject(scope, name, query, cross, mask) };
  if (!previous) throw new EngineError(`internal: a step of ${name} lacks the alignment of the step before`);
  const positions = mask.shape[3] as number;
  const walks = batch * heads * beam;
  // [B, H, K, S]
  const shape = [batch, heads, beam, positions];
  const energies = energiesOf(query, cross.key);
  if (crossAttention === 'location-aware') {
    const kernels = reshape(kernelsOf(scope, name, x, batch, beam), [walks, locationKernel]);
    const seen = reshape(transpose(previous, [0, 2, 1, 3]), [walks, positions]);
    const weights = reshape(locationAwareStep(reshape(add(energies, mask), [walks, positions]), kernels, seen), shape);
    return { output: attendWith(scope, name, weights, cross), alignment: transpose(weights, [0, 2, 1, 3]) };
  }
  const probabilities = reshape(stopProbabilities(scope, name, energies, mask), [walks, positions]);
  const { weights, position } = hardAlignment(probabilities, reshape(transpose(previous, [0, 2, 1]), [walks]));
  return {
    output: attendWith(scope, name, reshape(weights, shape), cross),
    alignment: transpose(reshape(position, [batch, heads, beam]), [0, 2, 1]),
  };
}

/**
 * Shape of what a decoding step leaves for the next one in each layer: `[B, K, H]`, the position of every head, for monotonic
 * attention; `[B, K, H, S]`, the weights, for location-aware attention; nothing for softmax.
 * @param positions S, by number or by name
 */
export function alignmentShape<Size extends number | string>(
  { crossAttention, heads }: ModelConfig,
  batch: Size,
  beam: number,
  positions: Size,
): (Size | number)[] | undefined {
  if (crossAttention === 'softmax') return undefined;
  return crossAttention === 'monotonic' ? [batch, beam, heads] : [batch, beam, heads, positions];
}

/** The alignment before the first step: everyone stands at, or looks at, the first position; see {@link alignmentShape}. */
export function initialAlignment(shape: readonly number[]): HostTensor {
  const data = new Float32Array(sizeOf(shape));
  const positions = shape[3];
  if (positions !== undefined) for (let first = 0; first < data.length; first += positions) data[first] = 1;
  return { shape, data };
}

/** The alignments of parents. @param alignment `[B, K, …]` @param parents int32 `[B, K]`, rows of the B·K @returns `[B, K, …]` */
export function alignmentsOf(alignment: Tensor, parents: Tensor): Tensor {
  const [batch, beam, ...rest] = alignment.shape as [number, number, ...number[]];
  const rows = reshape(alignment, [batch * beam, sizeOf(rest)]);
  return reshape(gather(rows, reshape(parents, [batch * beam])), alignment.shape);
}

/** @returns `[B, H, Q, S]` */
function energiesOf(query: Tensor, key: Tensor): Tensor {
  return matMul(mul(query, (query.shape[3] as number) ** -0.5), key, false, true);
}

/** Probabilities of stopping, 0 at padding. @param energies `[B, H, Q, S]` @param mask additive `[B, 1, 1, S]` */
function stopProbabilities(scope: Scope, name: string, energies: Tensor, mask: Tensor): Tensor {
  const threshold = reshape(scope.parameter(`${name}.threshold`), [1, scope.config.heads, 1, 1]);
  return mul(sigmoid(sub(energies, threshold)), cast(equal(mask, 0), 'float32'));
}

/** Location kernels of each query. @param x `[B·Q, D]` @returns `[B, H, Q, W]` */
function kernelsOf(scope: Scope, name: string, x: Tensor, batch: number, queries: number): Tensor {
  const { heads, locationKernel } = scope.config;
  const flat = linear(scope, `${name}.kernel`, x);
  return transpose(reshape(flat, [batch, queries, heads, locationKernel]), [0, 2, 1, 3]);
}

/** The projected sum of values. @param weights `[B, H, Q, S]` @returns `[B·Q, D]` */
function attendWith(scope: Scope, name: string, weights: Tensor, { value }: KeysValues): Tensor {
  const { attentionDropout, modelDim } = scope.config;
  const [batch, , queries] = weights.shape as [number, number, number, number];
  scope.observe?.(name, weights);
  // [B, H, Q, D/H]
  const context = matMul(scope.drop(weights, attentionDropout), value);
  const merged = reshape(transpose(context, [0, 2, 1, 3]), [batch * queries, modelDim]);
  return linear(scope, `${name}.output`, merged);
}
