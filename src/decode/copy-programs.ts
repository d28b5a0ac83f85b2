// The tensor side of copying in decoding: what a step says of the source's tokens, and which tokens of an output were copied.

import { safeLog } from '../engine/fused/safe-log.js';
import {
  add,
  div,
  gather,
  less,
  logSoftmax,
  matMul,
  maximum,
  mul,
  range,
  reshape,
  scalar,
  type Tensor,
  where,
} from '../engine/ops.js';
import type { Program, TensorSpec, Tensors } from '../engine/types.js';
import type { ModelConfig } from '../model/config.js';
import { copyGate, copyKeys, copyWeights, targetParts } from '../model/copy.js';
import { embeddingMatrix } from '../model/embedding.js';
import type { VocabularySizes } from '../model/parameters.js';
import { createScope, type Scope } from '../model/scope.js';
import { type EncodedSource, encodeSource, teacherForcedStates } from '../model/transformer.js';
import { PAD } from '../text/special-tokens.js';
import { sourceSpecs, sourceTensors } from './source-batch.js';

/** The variable with what copy attention looks at, `[B, S, D]`. */
export const COPY_KEY = 'decode.copy.key';

/** The spec of {@link COPY_KEY}. */
export const copyKeySpec = ({ modelDim }: ModelConfig): TensorSpec => ({
  shape: ['B', 'S', modelDim],
  dtype: 'float32',
});

/** Ids of the source's tokens in its extended vocabulary. */
export const COPY_SOURCE: TensorSpec = { shape: ['B', 'S'], dtype: 'int32' };

/** The value of {@link COPY_KEY}. */
export function encodedCopyKeys(scope: Scope, { memory, present }: EncodedSource): Tensor {
  const [batch, length] = present.shape as [number, number];
  return copyKeys(scope, memory, batch, length);
}

/** What a step adds to the generator's distribution. */
export interface CopyStep {
  /** log(p_gen · p_vocab), `[B·K, V]` */
  readonly logProbs: Tensor;
  /** That of the token at each source position `[B·K, S]`: −∞ where the vocabulary lacks it, and at padding. */
  readonly sourceLogProbs: Tensor;
  /** Probability of copying from each source position `[B·K, S]`. */
  readonly copyProbs: Tensor;
}

/**
 * The parts of the mixture after one step, for the host to put together.
 * @param state `[B·K, D]` @param logProbs of the generator `[B·K, V]`, −∞ for padding
 * @param copySource int32 `[B, S]` @param keys `[B, S, D]` @param mask additive `[B, 1, 1, S]`
 */
export function copyStep(
  scope: Scope,
  state: Tensor,
  logProbs: Tensor,
  copySource: Tensor,
  keys: Tensor,
  mask: Tensor,
): CopyStep {
  const [rows, classes] = logProbs.shape as [number, number];
  const [batch, length] = copySource.shape as [number, number];
  const beam = rows / batch;
  const { generates, copies } = copyGate(scope, state);
  const generated = add(logProbs, reshape(safeLog(generates), [rows, 1]));
  // [B, 1, S]; padding stands for what the vocabulary lacks, because its log-probability is −∞
  const known = where(less(copySource, scalar(classes, 'int32')), copySource, scalar(PAD, 'int32'));
  const start = reshape(mul(range(rows), scalar(classes, 'int32')), [batch, beam, 1]);
  const place = reshape(add(start, reshape(known, [batch, 1, length])), [rows * length]);
  const sourceLogProbs = reshape(gather(reshape(generated, [rows * classes]), place), [rows, length]);
  const weights = reshape(copyWeights(scope, state, keys, mask), [rows, length]);
  return { logProbs: generated, sourceLogProbs, copyProbs: mul(weights, reshape(copies, [rows, 1])) };
}

/**
 * How much of the probability of each output token came from copying it, of K outputs of each source. Inputs: the source, `copySource`,
 * and of the outputs `target` (decoder inputs, beginning with BOS), `plain` and `copyTarget` (their tokens within the vocabulary
 * and in the extended one) int32 `[B, K, T]`. Output: `shares` `[B·K, T]`, from 0 to 1.
 */
export function copySharesProgram(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabulary: VocabularySizes,
  beam: number,
): Program {
  const outputs: TensorSpec = { shape: ['B', beam, 'T'], dtype: 'int32' };
  return {
    name: `copy-shares-${beam}`,
    variables: parameters,
    inputs: {
      ...sourceSpecs(vocabulary),
      copySource: COPY_SOURCE,
      target: outputs,
      plain: outputs,
      copyTarget: outputs,
    },
    body(variables, inputs) {
      const { copySource, target, plain, copyTarget } = inputs as Record<string, Tensor>;
      const scope = createScope(model, variables);
      const encoded = encodeSource(scope, sourceTensors(inputs as Tensors));
      const [batch, , length] = (target as Tensor).shape as [number, number, number];
      const states = teacherForcedStates(
        { ...scope, isHard: true },
        encoded,
        reshape(target as Tensor, [batch * beam, length]),
      );
      const rows = batch * beam * length;
      const classes = embeddingMatrix(scope, 'output').shape[0] as number;
      const logProbs = logSoftmax(matMul(states, embeddingMatrix(scope, 'output'), false, true));
      const place = add(mul(range(rows), scalar(classes, 'int32')), reshape(plain as Tensor, [rows]));
      // The outputs of one source are queries one after another.
      const queries = (ids: Tensor): Tensor => reshape(ids, [batch, beam * length]);
      const { generated, copied } = targetParts(
        gather(reshape(logProbs, [rows * classes]), place),
        copyWeights(scope, states, encodedCopyKeys(scope, encoded), encoded.mask),
        copyGate(scope, states),
        { source: copySource as Tensor, target: queries(copyTarget as Tensor), plain: queries(plain as Tensor) },
      );
      const shares = div(copied, maximum(add(generated, copied), 1e-37));
      return { outputs: { shares: reshape(shares, [batch * beam, length]) } };
    },
  };
}
