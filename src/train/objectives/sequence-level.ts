// Objectives over whole outputs that the model has sampled: REINFORCE and minimum risk training.
import { sourceSpecs, sourceTensors } from '../../decode/source-batch.js';
import { MASKED } from '../../engine/fused/attention.js';
import { positionLogProbs } from '../../engine/fused/cross-entropy.js';
import {
  add,
  customGrad,
  gather,
  mul,
  neg,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  unsortedSegmentSum,
} from '../../engine/ops.js';
import type { Program, TensorSpec, Tensors } from '../../engine/types.js';
import { outputWithoutMarks } from '../../model/embedding.js';
import { createScope, type Scope } from '../../model/scope.js';
import { encodeSource, teacherForcedStates } from '../../model/transformer.js';
import type { TrainingSetup } from '../setup.js';
import type { Objective } from './types.js';

/**
 * The sequences of a batch, R of each source, and the N tokens that they consist of: only those have their logits made, for
 * samples differ in length and most of a padded batch may be padding.
 */
const sequenceInputs = (setup: TrainingSetup, rows: number): Record<string, TensorSpec> => ({
  ...sourceSpecs(setup.vocabulary),
  sampleInput: { shape: ['B', rows, 'T'], dtype: 'int32' },
  // Where in [B·R·T] each token stands, the token, and its weight in the loss.
  tokenPlaces: { shape: ['N'], dtype: 'int32' },
  tokens: { shape: ['N'], dtype: 'int32' },
  tokenWeights: { shape: ['N'], dtype: 'float32' },
});

/**
 * Log-probability of every token of the sequences, under the distribution that samples are drawn from. The source is encoded once
 * for all its sequences.
 * @param scale factor of each token's logits, `[N]`: the inverse of the temperature that it was drawn at
 * @returns `[N]`
 */
function logProbsOf(scope: Scope, inputs: Tensors, scale?: Tensor): Tensor {
  const { sampleInput, tokenPlaces, tokens } = inputs as Record<string, Tensor>;
  const [batch, rows, length] = (sampleInput as Tensor).shape as [number, number, number];
  const encoded = encodeSource(scope, sourceTensors(inputs));
  const padded = teacherForcedStates(scope, encoded, reshape(sampleInput as Tensor, [batch * rows, length]));
  const states = gather(padded, tokenPlaces as never);
  const scaled = scale ? mul(states, reshape(scale, [states.shape[0] as number, 1])) : states;
  const output = outputWithoutMarks(scope, scaled);
  return positionLogProbs(output.states, output.matrix, tokens as Tensor).target;
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

/** −Σ weight · log p, which is REINFORCE where the weights are advantages and cross-entropy where they are shares. */
const weighted = (logProbs: Tensor, weights: Tensor): Tensor => neg(sum(mul(logProbs, weights)));

/**
 * REINFORCE (Williams, 1992): −Σ advantage · log p(sample), the gradient of which is, in expectation, minus that of the expected
 * reward under the distribution that was sampled from. Advantages, and the weights of true targets among the sequences, are inputs.
 */
export function reinforceObjective(setup: TrainingSetup, { rows }: { readonly rows: number }): Objective {
  return {
    inputs: { ...sequenceInputs(setup, rows), tokenScales: { shape: ['N'], dtype: 'float32' } },
    loss(makeScope, inputs) {
      return weighted(logProbsOf(makeScope(), inputs, inputs.tokenScales), inputs.tokenWeights as Tensor);
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
      return add(sum(mul(q, risks as Tensor)), weighted(logProbs, tokenWeights as Tensor));
    },
  };
}

/** Name of a parameter of the model that training began with. */
export const referenceName = (parameter: string): string => `reference.${parameter}`;

/** Log-probabilities of whole sequences. Inputs as REINFORCE's, but for the weights. Output `logProbs` `[B, R]`. */
export function sequenceScores(setup: TrainingSetup, rows: number): Program {
  const { tokenWeights, ...inputs } = reinforceObjective(setup, { rows }).inputs;
  return {
    name: 'sequence-scores',
    variables: setup.parameters,
    inputs: { ...inputs, tokenSequences: { shape: ['N'], dtype: 'int32' } },
    body(variables, inputs) {
      const [batch] = (inputs.sampleInput as Tensor).shape as [number];
      const logProbs = logProbsOf(createScope(setup.model, variables), inputs, inputs.tokenScales);
      return { outputs: { logProbs: sumsOf(logProbs, inputs.tokenSequences as Tensor, [batch, rows]) } };
    },
  };
}
