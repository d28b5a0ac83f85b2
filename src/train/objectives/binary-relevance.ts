// Training a decision for each label by itself.
import { type ModelExample, targetTokensOf } from '../../data/examples.js';
import { sourceInputs, sourceSpecs, sourceTensors } from '../../decode/source-batch.js';
import { softplus } from '../../engine/fused/softplus.js';
import { add, mul, sub, sum, type Tensor } from '../../engine/ops.js';
import type { HostTensor, Program, TensorSpec, Tensors } from '../../engine/types.js';
import { targetVocabularySize } from '../../model/parameters.js';
import { relevanceLogits, THRESHOLDS } from '../../model/relevance.js';
import { createScope, type Scope } from '../../model/scope.js';
import { encodeSource } from '../../model/transformer.js';
import { BOS, SPECIAL_TOKENS } from '../../text/special-tokens.js';
import type { TrainingSetup } from '../setup.js';
import type { BatchMaker } from './batch-maker.js';
import type { Objective } from './types.js';

/** What batches and programs need to know of a training. */
type RelevanceSetup = Pick<TrainingSetup, 'model' | 'parameters' | 'vocabulary' | 'labelSmoothing'>;

/** The inputs of a step, as {@link relevanceBatch} makes them. */
function relevanceInputs({ vocabulary }: RelevanceSetup): Record<string, TensorSpec> {
  const labels: TensorSpec = { shape: ['B', 'T', targetVocabularySize(vocabulary)], dtype: 'float32' };
  // T is 1. As a number it could not be told from other ones in the graph.
  return { ...sourceSpecs(vocabulary), begin: { shape: ['B', 'T'], dtype: 'int32' }, labels, labelWeights: labels };
}

/**
 * Pads a batch. A row counts as much as its target tokens would, each of its labels what the row does; what a label counts more
 * than others (`targetWeights`) is for the examples that have it.
 * @param weight of each target token in the loss
 */
export function relevanceBatch(
  { vocabulary }: RelevanceSetup,
  examples: readonly ModelExample[],
  weight: number,
): Record<string, HostTensor> {
  const size = targetVocabularySize(vocabulary);
  const shape = [examples.length, 1, size];
  const labels = new Float32Array(examples.length * size);
  const weights = new Float32Array(labels.length);
  examples.forEach((example, row) => {
    const target = targetTokensOf(example);
    weights.fill(weight * target.length, row * size + SPECIAL_TOKENS.length, (row + 1) * size);
    target.forEach((id, i) => {
      if (id < SPECIAL_TOKENS.length) return;
      labels[row * size + id] = 1;
      weights[row * size + id] = weight * target.length * (example.targetWeights?.[i] ?? 1);
    });
  });
  return {
    ...sourceInputs(examples.map(({ source }) => source)),
    begin: { shape: [examples.length, 1], data: new Int32Array(examples.length).fill(BOS) },
    labels: { shape, data: labels },
    labelWeights: { shape, data: weights },
  };
}

/** Binary cross-entropy, summed over labels with their weights. */
function relevanceLoss(scope: Scope, inputs: Tensors, smoothing: number): Tensor {
  const { begin, labels, labelWeights } = inputs as Record<string, Tensor>;
  const logits = relevanceLogits(scope, encodeSource(scope, sourceTensors(inputs)), begin as Tensor);
  const truth = add(mul(labels as Tensor, 1 - smoothing), smoothing / 2);
  return sum(mul(sub(softplus(logits), mul(logits, truth)), labelWeights as Tensor));
}

/** Binary cross-entropy of every label, smoothed towards a half. */
export function binaryRelevanceObjective(setup: TrainingSetup): Objective {
  return {
    inputs: relevanceInputs(setup),
    loss(makeScope, inputs) {
      const scope = makeScope();
      // The thresholds have no gradient, which still has to be asked for.
      return add(relevanceLoss(scope, inputs, setup.labelSmoothing), mul(sum(scope.parameter(THRESHOLDS)), 0));
    },
  };
}

/** Prepares batches for binary relevance. */
export const relevanceBatches = (setup: TrainingSetup): BatchMaker => ({
  prepare: (examples, { weight }) => ({ inputs: relevanceBatch(setup, examples, weight) }),
});

/** Validation without dropout or smoothing. Outputs `negativeLogLikelihood`, in nats, summed over the batch with its weights. */
export function relevanceValidation(setup: RelevanceSetup): Program {
  return {
    name: 'validation',
    variables: setup.parameters,
    inputs: relevanceInputs(setup),
    body: (variables, inputs) => ({
      outputs: { negativeLogLikelihood: relevanceLoss(createScope(setup.model, variables), inputs, 0) },
    }),
  };
}
