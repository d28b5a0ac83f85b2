// The programs a trainer runs: one training step, its two halves for gradient accumulation, and validation.
import { smoothedCrossEntropy, tokenStatistics } from '../engine/fused/cross-entropy.js';
import { add, greater, reshape, type Tensor, valueAndGrads, where, zerosLike } from '../engine/ops.js';
import type { Program, TensorSpec, Tensors } from '../engine/types.js';
import type { ModelConfig } from '../model/config.js';
import { embeddingMatrix } from '../model/embedding.js';
import { createScope, type DropoutTensors, type Scope } from '../model/scope.js';
import { teacherForcedStates } from '../model/transformer.js';
import { DROPOUT_SITES, dropoutRates, poolName } from './dropout.js';
import { adamStep, momentVariables, movingAverage, type OptimizerConfig, type StepScalars } from './optimizer.js';

const int = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'int32' });
const float = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

/** What every training program needs to know. */
export interface TrainingSetup {
  readonly model: ModelConfig;
  readonly parameters: Readonly<Record<string, TensorSpec>>;
  readonly labelSmoothing: number;
  readonly optimizer: OptimizerConfig;
  /** Decay of the moving average of the parameters; 0 keeps none. */
  readonly emaDecay: number;
  readonly poolSize: number;
}

/** A batch of token sequences. */
const BATCH_INPUTS: Readonly<Record<string, TensorSpec>> = {
  source: int('B', 'S'),
  targetInput: int('B', 'T'),
  targetOutput: int('B', 'T'),
  // Weight of each position in the loss: 1 / (number of target tokens), 0 at padding.
  weights: float('B', 'T'),
};

const STEP_SCALARS: Readonly<Record<string, TensorSpec>> = {
  learningRate: float(),
  correction1: float(),
  correction2: float(),
};

/** Names of the moving average and of the accumulated gradient of a parameter. */
export const averageName = (parameter: string): string => `average.${parameter}`;
export const accumulatorName = (parameter: string): string => `gradient.${parameter}`;

const renamed = (specs: Readonly<Record<string, TensorSpec>>, rename: (name: string) => string) =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [rename(name), spec]));

const flatten = (x: Tensor): Tensor => reshape(x, [(x.shape[0] as number) * (x.shape[1] as number)]);

const poolVariables = (setup: TrainingSetup): Record<string, TensorSpec> =>
  Object.fromEntries(dropoutRates(setup.model).map((rate) => [poolName(rate), float(setup.poolSize)]));

const dropoutInputs = (setup: TrainingSetup): Record<string, TensorSpec> =>
  dropoutRates(setup.model).length > 0 ? { dropoutOffsets: int(DROPOUT_SITES) } : {};

/** The loss of one batch. */
function batchLoss(scope: Scope, inputs: Tensors, labelSmoothing: number): Tensor {
  const { source, targetInput, targetOutput, weights } = inputs as Record<string, Tensor>;
  const states = teacherForcedStates(scope, source as Tensor, targetInput as Tensor);
  return smoothedCrossEntropy(
    states,
    embeddingMatrix(scope, 'output'),
    flatten(targetOutput as Tensor),
    flatten(weights as Tensor),
    labelSmoothing,
  );
}

/** Loss and gradients of all parameters. */
function lossAndGradients(setup: TrainingSetup, variables: Tensors, inputs: Tensors) {
  const names = Object.keys(setup.parameters);
  const rates = dropoutRates(setup.model);
  const randomness: DropoutTensors | undefined =
    rates.length > 0
      ? {
          pools: new Map(rates.map((rate) => [rate, variables[poolName(rate)] as Tensor])),
          offsets: inputs.dropoutOffsets as Tensor,
        }
      : undefined;
  const loss = (...values: Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
    return batchLoss(createScope(setup.model, parameters, randomness), inputs, setup.labelSmoothing) as never;
  };
  const { value, grads } = valueAndGrads(loss)(names.map((name) => variables[name] as Tensor));
  return { loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] as Tensor])) };
}

/** Optimizer step and moving average. */
function applyGradients(setup: TrainingSetup, variables: Tensors, gradients: Tensors, inputs: Tensors) {
  const { updates, norm, finite } = adamStep(setup.optimizer, variables, gradients, inputs as unknown as StepScalars);
  if (setup.emaDecay > 0) {
    for (const name of Object.keys(setup.parameters)) {
      const average = averageName(name);
      updates[average] = movingAverage(variables[average] as Tensor, updates[name] as Tensor, setup.emaDecay, finite);
    }
  }
  return { updates, norm };
}

const stateVariables = (setup: TrainingSetup): Record<string, TensorSpec> => ({
  ...setup.parameters,
  ...momentVariables(setup.parameters),
  ...(setup.emaDecay > 0 ? renamed(setup.parameters, averageName) : {}),
});

/** Forward, backward and update in one. Outputs `loss` and `norm`. */
export function trainingStep(setup: TrainingSetup): Program {
  return {
    name: 'training-step',
    variables: { ...stateVariables(setup), ...poolVariables(setup) },
    inputs: { ...BATCH_INPUTS, ...STEP_SCALARS, ...dropoutInputs(setup) },
    body(variables, inputs) {
      const { loss, gradients } = lossAndGradients(setup, variables, inputs);
      const { updates, norm } = applyGradients(setup, variables, gradients, inputs);
      return { outputs: { loss, norm }, updates };
    },
  };
}

/**
 * Forward and backward of one micro-batch. Input `carry` is 0 for the first of a step, whose gradients replace the
 * accumulated ones, and 1 for the others, whose gradients are added to them. Outputs `loss`.
 */
export function accumulationStep(setup: TrainingSetup): Program {
  return {
    name: 'accumulation-step',
    variables: { ...setup.parameters, ...renamed(setup.parameters, accumulatorName), ...poolVariables(setup) },
    inputs: { ...BATCH_INPUTS, ...dropoutInputs(setup), carry: float() },
    body(variables, inputs) {
      const { loss, gradients } = lossAndGradients(setup, variables, inputs);
      const isLater = greater(inputs.carry as Tensor, 0);
      const updates = Object.fromEntries(
        Object.entries(gradients).map(([name, gradient]) => {
          const accumulated = variables[accumulatorName(name)] as Tensor;
          // A product with 0 would keep the NaN of a step that went wrong.
          return [accumulatorName(name), add(where(isLater, accumulated, zerosLike(accumulated)), gradient)];
        }),
      );
      return { outputs: { loss }, updates };
    },
  };
}

/** The update with the accumulated gradients. Outputs `norm`. */
export function applicationStep(setup: TrainingSetup): Program {
  return {
    name: 'application-step',
    variables: { ...stateVariables(setup), ...renamed(setup.parameters, accumulatorName) },
    inputs: STEP_SCALARS,
    body(variables, inputs) {
      const gradients = Object.fromEntries(
        Object.keys(setup.parameters).map((name) => [name, variables[accumulatorName(name)] as Tensor]),
      );
      const { updates, norm } = applyGradients(setup, variables, gradients, inputs);
      return { outputs: { norm }, updates };
    },
  };
}

/** Gradients as outputs, for checks. Outputs `loss` and one gradient per parameter. */
export function gradientProgram(setup: TrainingSetup): Program {
  return {
    name: 'gradients',
    variables: { ...setup.parameters, ...poolVariables(setup) },
    inputs: { ...BATCH_INPUTS, ...dropoutInputs(setup) },
    body(variables, inputs) {
      const { loss, gradients } = lossAndGradients(setup, variables, inputs);
      return { outputs: { loss, ...gradients } };
    },
  };
}

/** Validation without dropout or smoothing. Outputs sums over the batch: `negativeLogLikelihood` (nats), `correct`. */
export function validationProgram(setup: TrainingSetup): Program {
  return {
    name: 'validation',
    variables: setup.parameters,
    inputs: BATCH_INPUTS,
    body(variables, inputs) {
      const scope = createScope(setup.model, variables);
      const states = teacherForcedStates(scope, inputs.source as Tensor, inputs.targetInput as Tensor);
      const targets = flatten(inputs.targetOutput as Tensor);
      const statistics = tokenStatistics(
        states,
        embeddingMatrix(scope, 'output'),
        targets,
        flatten(inputs.weights as Tensor),
      );
      return { outputs: { ...statistics } };
    },
  };
}
