// What comes before the layers: embeddings of tokens scaled by √D, or a front end of frames; positions, dropout.
import { MASKED } from '../engine/fused/attention.js';
import {
  add,
  cast,
  concat,
  gather,
  mul,
  notEqual,
  onesLike,
  pad,
  reshape,
  scalar,
  slice,
  sub,
  type Tensor,
  vector,
} from '../engine/ops.js';
import { BOS, PAD } from '../text/special-tokens.js';
import { frontEnd } from './front-end.js';
import { addPositions } from './positions.js';
import type { Scope } from './scope.js';

/** The embedding matrix of one side `[V, D]`, as the configuration shares it. */
export function embeddingMatrix(scope: Scope, side: 'source' | 'target' | 'output'): Tensor {
  const { embeddings } = scope.config;
  if (side === 'source' && embeddings !== 'shared') return scope.parameter('source.embedding');
  if (side === 'output' && embeddings === 'separate') return scope.parameter('output.embedding');
  return scope.parameter('target.embedding');
}

/**
 * The output layer as a pure distribution over what can follow: padding and the begin token have no probability at all. The matrix
 * has a column more, which is multiplied with the 1 behind each state, so that the mask costs nothing.
 * @param states `[N, D]`
 * @param rows the matrix is filled up to so many rows, which have no probability either
 * @returns states `[N, D + 1]` and matrix `[rows, D + 1]`
 */
export function outputWithoutMarks(scope: Scope, states: Tensor, rows: number): { states: Tensor; matrix: Tensor } {
  const embedding = embeddingMatrix(scope, 'output');
  const [classes, width] = embedding.shape as [number, number];
  const isMark = (id: number): boolean => id === PAD || id === BOS || id >= classes;
  const mask = vector(Float32Array.from({ length: rows }, (_, id) => (isMark(id) ? MASKED : 0)));
  const fill: [number, number][] = [
    [0, rows - classes],
    [0, 0],
  ];
  const whole = rows > classes ? pad(embedding, fill) : embedding;
  const ones = onesLike(slice(states, [0, 0], [states.shape[0] as number, 1]));
  return {
    states: concat([states, ones], 1),
    matrix: reshape(concat([whole, reshape(mask, [rows, 1])], 1), [rows, width + 1]),
  };
}

/** 1 where there is a token, 0 at padding. @param ids int32 of any shape */
export const isToken = (ids: Tensor): Tensor => cast(notEqual(ids, scalar(PAD, 'int32')), 'float32');

/** Tokens mixed into others (mixup, Zhang et al., 2018), and the share that the others keep: a scalar. */
export interface MixedTokens {
  readonly ids: Tensor;
  readonly share: Tensor;
}

/** Rows of the embedding matrix. @param ids int32 `[B, L]` @returns `[B·L, D]` */
function lookUp(scope: Scope, side: 'source' | 'target', ids: Tensor): Tensor {
  const [batch, length] = ids.shape as [number, number];
  return gather(embeddingMatrix(scope, side), reshape(ids, [batch * length]) as never);
}

/**
 * Embeds tokens.
 * @param ids int32 `[B, L]` @param positions int32 `[L]`, or `[1]` for tokens that all stand at one position
 * @param mixed tokens whose embeddings are mixed in
 * @returns `[B·L, D]`
 */
export function embedTokens(
  scope: Scope,
  side: 'source' | 'target',
  ids: Tensor,
  positions: Tensor,
  mixed?: MixedTokens,
): Tensor {
  const [batch, length] = ids.shape as [number, number];
  const own = lookUp(scope, side, ids);
  if (!mixed) return embedRows(scope, side, own, batch, length, positions);
  const rows = add(mul(own, mixed.share), mul(lookUp(scope, side, mixed.ids), sub(1, mixed.share)));
  return embedRows(scope, side, rows, batch, length, positions);
}

/** Scales rows of an embedding matrix by √D, adds positions and drops. @param rows `[B·L, D]` */
export function embedRows(
  scope: Scope,
  side: 'source' | 'target',
  rows: Tensor,
  batch: number,
  length: number,
  positions: Tensor,
): Tensor {
  return placeRows(scope, side, mul(rows, Math.sqrt(scope.config.modelDim)), batch, length, positions);
}

/**
 * Brings frames to the model's width.
 * @param frames `[B, S, W]`: the features of {@link FRAMES_PER_POSITION} frames at each position
 * @param positions int32 `[S]` @returns `[B·S, D]`
 */
export function embedFrames(scope: Scope, frames: Tensor, positions: Tensor): Tensor {
  const [batch, length] = frames.shape as [number, number];
  return placeRows(scope, 'source', frontEnd(scope, frames), batch, length, positions);
}

/** Adds positions and drops. @param rows `[B·L, D]` @param positions int32 `[L]` or `[1]` */
export function placeRows(
  scope: Scope,
  side: 'source' | 'target',
  rows: Tensor,
  batch: number,
  length: number,
  positions: Tensor,
): Tensor {
  const { modelDim, dropout } = scope.config;
  const whole = reshape(rows, [batch, length, modelDim]);
  return scope.drop(reshape(addPositions(scope, side, whole, positions), [batch * length, modelDim]), dropout);
}
