// What comes before the layers: embeddings of tokens scaled by √D, or a front end of frames; positions, dropout.
import { gather, mul, reshape, type Tensor } from '../engine/ops.js';
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
 * Embeds tokens.
 * @param ids int32 `[B, L]` @param positions int32 `[L]`, or `[1]` for tokens that all stand at one position
 * @returns `[B·L, D]`
 */
export function embedTokens(scope: Scope, side: 'source' | 'target', ids: Tensor, positions: Tensor): Tensor {
  const [batch, length] = ids.shape as [number, number];
  const rows = gather(embeddingMatrix(scope, side), reshape(ids, [batch * length]) as never);
  return placed(scope, side, mul(rows, Math.sqrt(scope.config.modelDim)), batch, length, positions);
}

/**
 * Brings frames to the model's width.
 * @param frames `[B, S, W]`: the features of {@link FRAMES_PER_POSITION} frames at each position
 * @param positions int32 `[S]` @returns `[B·S, D]`
 */
export function embedFrames(scope: Scope, frames: Tensor, positions: Tensor): Tensor {
  const [batch, length] = frames.shape as [number, number];
  return placed(scope, 'source', frontEnd(scope, frames), batch, length, positions);
}

/** Adds positions and drops. @param rows `[B·L, D]` */
function placed(
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
