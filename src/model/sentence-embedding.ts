// Sentences as source positions: each the sum of its tokens' embeddings, weighted by where in the sentence they stand.
import {
  add,
  cast,
  div,
  gather,
  maximum,
  mul,
  notEqual,
  range,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  vector,
} from '../engine/ops.js';
import { PAD } from '../text/special-tokens.js';
import { embeddingMatrix, embedRows } from './embedding.js';
import type { Scope } from './scope.js';

/** 1 where there is a token. @param ids int32 of any shape */
const isToken = (ids: Tensor): Tensor => cast(notEqual(ids, scalar(PAD, 'int32')), 'float32');

/** 1 where there is a sentence. @param sentences int32 `[B, S, W]` @returns `[B, S]` */
export function sentencePresence(sentences: Tensor): Tensor {
  const [batch, length, width] = sentences.shape as [number, number, number];
  const first = gather(reshape(sentences, [batch * length, width]), scalar(0, 'int32') as never, 1);
  return reshape(isToken(first), [batch, length]);
}

/**
 * Weights of tokens by their places (position encoding; Sukhbaatar et al., 2015): that of token j of J in column k of D is
 * (1 − j/J) − (k/D)(1 − 2j/J), both counted from 1, so that the sum tells orders of words apart.
 * @param present `[N, W]` @returns `[N, W, D]`, 0 where there is no token
 */
function placeWeights(present: Tensor, columns: number): Tensor {
  const [rows, width] = present.shape as [number, number];
  const counts = maximum(sum(present, 1, true), 1);
  const places = reshape(cast(add(range(width), scalar(1, 'int32')), 'float32'), [1, width]);
  // [N, W, 1]
  const share = reshape(div(places, counts), [rows, width, 1]);
  const column = reshape(vector(Array.from({ length: columns }, (_, k) => (k + 1) / columns)), [1, 1, columns]);
  const weights = sub(sub(1, share), mul(column, sub(1, mul(share, 2))));
  return mul(weights, reshape(present, [rows, width, 1]));
}

/**
 * Embeds sentences.
 * @param sentences int32 `[B, S, W]`: the tokens of each sentence, then padding
 * @returns `[B·S, D]`
 */
export function embedSentences(scope: Scope, sentences: Tensor): Tensor {
  const [batch, length, width] = sentences.shape as [number, number, number];
  const { modelDim } = scope.config;
  const rows = batch * length;
  const ids = reshape(sentences, [rows * width]);
  const tokens = reshape(gather(embeddingMatrix(scope, 'source'), ids as never), [rows, width, modelDim]);
  const present = reshape(isToken(ids), [rows, width]);
  const summed = sum(mul(tokens, placeWeights(present, modelDim)), 1);
  return embedRows(scope, 'source', summed, batch, length, range(length));
}
