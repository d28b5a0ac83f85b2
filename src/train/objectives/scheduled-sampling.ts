// Scheduled sampling for Transformers: decoder inputs that are partly the model's own predictions.

import { drawTokens } from '../../decode/draw.js';
import { sourceTensors } from '../../decode/source-batch.js';
import {
  add,
  concat,
  gather,
  greater,
  matMul,
  mul,
  range,
  reshape,
  slice,
  softmax,
  sub,
  type Tensor,
  topk,
  where,
} from '../../engine/ops.js';
import type { TensorSpec, Tensors } from '../../engine/types.js';
import { embeddingMatrix, embedRows, embedTokens } from '../../model/embedding.js';
import type { Scope } from '../../model/scope.js';
import { decodedStates, type EncodedSource, encodeSource, teacherForcedStates } from '../../model/transformer.js';
import type { CrossEntropySetup } from './types.js';

/** Which decoder inputs are predictions (1, else 0), and the numbers that sampled predictions are drawn with. */
export const SCHEDULED_INPUTS: Readonly<Record<string, TensorSpec>> = {
  scheduledMask: { shape: ['B', 'T'], dtype: 'float32' },
  scheduledUniform: { shape: ['B', 'T'], dtype: 'float32' },
};

/** What is predicted at each position as the input of the next one; the first keeps any. @param x `[B, T, …]` */
function shifted(x: Tensor): Tensor {
  const [batch, length, ...rest] = x.shape as [number, number, ...number[]];
  const begin = x.shape.map(() => 0);
  return concat([slice(x, begin, [batch, 1, ...rest]), slice(x, begin, [batch, length - 1, ...rest])], 1);
}

/**
 * Two-pass scheduled sampling (Mihaylova & Martins, 2019; Duckworth et al., 2019): a first pass under teacher forcing predicts every
 * position, then some decoder inputs of the pass that is trained are those predictions: the most probable token, a drawn one,
 * or (`soft`) the expected embedding. Further passes predict from inputs that are mixed already; as many as there are positions
 * make it the sequential form of Bengio et al. (2015). The first passes have no gradient and no dropout.
 * @returns `targetInput` int32 `[B, T]`, or `targetEmbedding` `[B·T, D]` (unplaced) where predictions are soft
 */
export function predictedInputs(
  scope: Scope,
  inputs: Tensors,
  { prediction, passes }: NonNullable<CrossEntropySetup['scheduledSampling']>,
): Tensors {
  const { targetInput, scheduledMask, scheduledUniform } = inputs as Record<string, Tensor>;
  const gold = targetInput as Tensor;
  const mask = scheduledMask as Tensor;
  const [batch, length] = gold.shape as [number, number];
  const matrix = embeddingMatrix(scope, 'output');
  const encoded = encodeSource(scope, sourceTensors(inputs));
  let mixed: Tensors = {};
  for (let pass = 0; pass < passes; pass++) {
    const logits = matMul(decoderStates(scope, encoded, inputs, mixed), matrix, false, true);
    if (prediction === 'soft') {
      // [B, T, D]
      const expected = matMul(softmax(logits), embeddingMatrix(scope, 'target'));
      const width = expected.shape[1] as number;
      const own = shifted(reshape(expected, [batch, length, width]));
      const rows = gather(embeddingMatrix(scope, 'target'), reshape(gold, [batch * length]) as never);
      const share = reshape(mask, [batch, length, 1]);
      const mix = add(mul(own, share), mul(reshape(rows, [batch, length, width]), sub(1, share)));
      mixed = { targetEmbedding: reshape(mix, [batch * length, width]) };
    } else {
      const uniform = reshape(scheduledUniform as Tensor, [batch * length, 1]);
      const ids = prediction === 'argmax' ? topk(logits, 1).indices : drawTokens(softmax(logits), uniform).ids;
      mixed = { targetInput: where(greater(mask, 0), shifted(reshape(ids, [batch, length])), gold) };
    }
  }
  return mixed;
}

/** Decoder states for the inputs of a batch, with whatever has been put in their place. @returns `[B·T, D]` */
export function decoderStates(scope: Scope, encoded: EncodedSource, inputs: Tensors, mixed: Tensors): Tensor {
  const { targetInput, mixTargetInput, mixShare } = inputs;
  const gold = targetInput as Tensor;
  const [batch, length] = gold.shape as [number, number];
  const positions = range(length);
  if (mixed.targetEmbedding) {
    return decodedStates(
      scope,
      encoded,
      embedRows(scope, 'target', mixed.targetEmbedding, batch, length, positions),
      gold,
    );
  }
  if (mixTargetInput) {
    const share = { ids: mixTargetInput, share: mixShare as Tensor };
    return decodedStates(scope, encoded, embedTokens(scope, 'target', gold, positions, share), gold);
  }
  return teacherForcedStates(scope, encoded, mixed.targetInput ?? gold);
}
