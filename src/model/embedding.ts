// The token front end: embeddings scaled by √D, positions, dropout.
import { gather, mul, reshape, type Tensor } from '../engine/ops.js';
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
  const { modelDim, dropout } = scope.config;
  const [batch, length] = ids.shape as [number, number];
  const rows = gather(embeddingMatrix(scope, side), reshape(ids, [batch * length]) as never);
  const scaled = reshape(mul(rows, Math.sqrt(modelDim)), [batch, length, modelDim]);
  return scope.drop(reshape(addPositions(scope, side, scaled, positions), [batch * length, modelDim]), dropout);
}
