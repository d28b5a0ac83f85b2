// Objectives over whole outputs that the model has sampled: REINFORCE and minimum risk training.
import { sourceSpecs, sourceTensors } from '../../decode/source-batch.js';
import { MASKED } from '../../engine/fused/attention.js';
import { positionLogProbs } from '../../engine/fused/cross-entropy.js';
import { weightedLogLikelihood } from '../../engine/fused/weighted-log-likelihood.js';
import {
  add,
  customGrad,
  gather,
  mul,
  neg,
  reshape,
  scalar,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  unsortedSegmentSum,
} from '../../engine/ops.js';
import type { Dim, Program, TensorSpec, Tensors } from '../../engine/types.js';
import { embeddingMatrix } from '../../model/embedding.js';
import { createScope, type Scope } from '../../model/scope.js';
import { encodeSource, teacherForcedStates } from '../../model/transformer.js';
import { EOS } from '../../text/special-tokens.js';
import type { TrainingSetup } from '../setup.js';
import type { Objective } from './types.js';

/** How many tokens have their logits made at once where that is done in chunks: few enough for the cache, enough for fast products. */
export const CHUNK = 512;

/**
 * The sequences of a batch, R of each source, and the N tokens that they consist of: only those have their logits made, for
 * samples differ in length and most of a padded batch may be padding.
 * @param tokens the shape that the tokens come in
 */
const sequenceInputs = (
  setup: TrainingSetup,
  rows: number,
  tokens: readonly Dim[] = ['N'],
): Record<string, TensorSpec> => ({
  ...sourceSpecs(setup.vocabulary),
  sampleInput: { shape: ['B', rows, 'T'], dtype: 'int32' },
  // Where in [B·R·T] each token stands, the token, and its weight in the loss.
  tokenPlaces: { shape: tokens, dtype: 'int32' },
  tokens: { shape: tokens, dtype: 'int32' },
  tokenWeights: { shape: tokens, dtype: 'float32' },
});

/**
 * The output layer at every token of the sequences, as the distribution that samples are drawn from has it: padding and the begin
 * token, which never follow and have the lowest ids, have no row. The source is encoded once for all its sequences.
 * @param scale factor of each token's logits, shaped as the tokens: the inverse of the temperature that it was drawn at
 * @returns states `[N, D]`, matrix `[V − 2, D]`, and the tokens' rows in that, shaped as the tokens
 */
function outputsOf(scope: Scope, inputs: Tensors, scale?: Tensor) {
  const { sampleInput, tokenPlaces, tokens } = inputs as Record<string, Tensor>;
  const [batch, rows, length] = (sampleInput as Tensor).shape as [number, number, number];
  const count = (tokens as Tensor).shape.reduce((product, dim) => product * dim, 1);
  const encoded = encodeSource(scope, sourceTensors(inputs));
  const padded = teacherForcedStates(scope, encoded, reshape(sampleInput as Tensor, [batch * rows, length]));
  const states = gather(padded, reshape(tokenPlaces as Tensor, [count]) as never);
  const embedding = embeddingMatrix(scope, 'output');
  const [classes, width] = embedding.shape as [number, number];
  return {
    states: scale ? mul(states, reshape(scale, [count, 1])) : states,
    matrix: slice(embedding, [EOS, 0], [classes - EOS, width]),
    targets: sub(tokens as Tensor, scalar(EOS, 'int32')),
  };
}

/** Log-probability of every token of the sequences. @returns `[N]` */
function logProbsOf(scope: Scope, inputs: Tensors, scale?: Tensor): Tensor {
  const { states, matrix, targets } = outputsOf(scope, inputs, scale);
  return positionLogProbs(states, matrix, targets).target;
}

/** The sums over the tokens of each sequence. @param tokens `[N]` @param sequences int32 `[N]` @returns `[B, R]` */
function sumsOf(tokens: Tensor, sequences: Tensor, [batch, rows]: [number, number]): Tensor {
  const op = customGrad((...args: unknown[]) => {
    const x = args[0] as Tensor;
    const value = unsortedSegmentSum(x, sequences as never, batch * rows);
    return { value, gradFunc: (dy: Tensor) => gather(dy, sequences as never) };
  });
  return reshape(op(tokens), [batch, rows]);
}

/**
 * REINFORCE (Williams, 1992): −Σ advantage · log p(sample), the gradient of which is, in expectation, minus that of the expected
 * reward under the distribution that was sampled from. Advantages, and the weights of true targets among the sequences, are inputs.
 * Tokens come in chunks of {@link CHUNK}, the last one filled up with any of weight 0.
 */
export function reinforceObjective(setup: TrainingSetup, { rows }: { readonly rows: number }): Objective {
  const shape = ['C', CHUNK];
  return {
    inputs: { ...sequenceInputs(setup, rows, shape), tokenScales: { shape, dtype: 'float32' } },
    loss(makeScope, inputs) {
      const { states, matrix, targets } = outputsOf(makeScope(), inputs, inputs.tokenScales);
      return neg(weightedLogLikelihood(states, matrix, targets, inputs.tokenWeights as Tensor));
    },
  };
}

/**
 * Minimum risk training (Shen et al., 2016): Σ Q(y)·risk(y) over the candidates of a source, where Q ∝ p(y)^α.
 * `tokenWeights` are those of cross-entropy beside it: 0 but for true targets.
 */
export function minimumRiskObjective(
  setup: TrainingSetup,
  { rows, alpha }: { readonly rows: number; readonly alpha: number },
): Objective {
  const perSequence: TensorSpec = { shape: ['B', rows], dtype: 'float32' };
  return {
    inputs: {
      ...sequenceInputs(setup, rows),
      tokenSequences: { shape: ['N'], dtype: 'int32' },
      // 1 at candidates, 0 at repetitions of one, which do not count.
      candidates: perSequence,
      // The risk of each, times the weight of its source.
      risks: perSequence,
    },
    loss(makeScope, inputs) {
      const { tokenWeights, tokenSequences, candidates, risks } = inputs as Record<string, Tensor>;
      const logProbs = logProbsOf(makeScope(), inputs);
      const ofSequence = sumsOf(logProbs, tokenSequences as Tensor, (candidates as Tensor).shape as [number, number]);
      // [B, R]
      const q = softmax(add(mul(ofSequence, alpha), mul(sub(1, candidates as Tensor), MASKED)));
      return sub(sum(mul(q, risks as Tensor)), sum(mul(logProbs, tokenWeights as Tensor)));
    },
  };
}

/** Name of a parameter of the model that training began with. */
export const referenceName = (parameter: string): string => `reference.${parameter}`;

/**
 * Log-probabilities of whole sequences. Inputs as those of minimum risk training that say what the sequences are, and `tokenScales` `[N]`.
 * Output `logProbs` `[B, R]`.
 */
export function sequenceScores(setup: TrainingSetup, rows: number): Program {
  const { tokenWeights, ...inputs } = sequenceInputs(setup, rows);
  return {
    name: 'sequence-scores',
    variables: setup.parameters,
    inputs: {
      ...inputs,
      tokenScales: { shape: ['N'], dtype: 'float32' },
      tokenSequences: { shape: ['N'], dtype: 'int32' },
    },
    body(variables, inputs) {
      const [batch] = (inputs.sampleInput as Tensor).shape as [number];
      const logProbs = logProbsOf(createScope(setup.model, variables), inputs, inputs.tokenScales);
      return { outputs: { logProbs: sumsOf(logProbs, inputs.tokenSequences as Tensor, [batch, rows]) } };
    },
  };
}
