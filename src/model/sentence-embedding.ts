// Sentences as source positions: each the sum of its tokens' embeddings, weighted by where in the sentence they stand.
import { gather, minimum, mul, range, reshape, scalar, slice, sum, type Tensor } from '../engine/ops.js';
import { embeddingMatrix, embedRows, isToken } from './embedding.js';
import type { ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

const PLACE_WEIGHTS = 'source.places';

/** 1 where there is a sentence. @param sentences int32 `[B, S, W]` @returns `[B, S]` */
export function sentencePresence(sentences: Tensor): Tensor {
  const [batch, length] = sentences.shape as [number, number, number];
  return reshape(isToken(slice(sentences, [0, 0, 0], [batch, length, 1])), [batch, length]);
}

/** The weights of the places, all 1 at first. */
export const placeWeightEntries = (places: number, width: number): ParameterEntry[] => [
  [PLACE_WEIGHTS, [places, width], 'ones'],
];

/**
 * Embeds sentences: sums of their tokens' embeddings, each times the learned weights of its place (Henaff et al., 2017). Weights that
 * are 1 at first make a word the same wherever it stands, until its place is found to matter.
 * @param sentences int32 `[B, S, W]`: the tokens of each sentence, then padding
 * @returns `[B·S, D]`
 */
export function embedSentences(scope: Scope, sentences: Tensor): Tensor {
  const [batch, length, width] = sentences.shape as [number, number, number];
  const { modelDim } = scope.config;
  const rows = batch * length;
  const ids = reshape(sentences, [rows * width]);
  // [B·S, W, D]
  const tokens = reshape(gather(embeddingMatrix(scope, 'source'), ids as never), [rows, width, modelDim]);
  const present = reshape(isToken(ids), [rows, width, 1]);
  const weights = scope.parameter(PLACE_WEIGHTS);
  const places = minimum(range(width), scalar((weights.shape[0] as number) - 1, 'int32'));
  // [1, W, D]
  const ofPlaces = reshape(gather(weights, places as never), [1, width, modelDim]);
  const summed = sum(mul(tokens, mul(ofPlaces, present)), 1);
  return embedRows(scope, 'source', summed, batch, length, range(length));
}
