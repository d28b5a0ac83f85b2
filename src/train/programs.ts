// The programs a trainer runs: one training step, its two halves for gradient accumulation, and validation.

import { sourceTensors } from '../decode/source-batch.js';
import { tokenStatistics } from '../engine/fused/cross-entropy.js';
import { add, greater, matMul, type Tensor, valueAndGrads, where, zerosLike } from '../engine/ops.js';
import type { Program, TensorSpec, Tensors } from '../engine/types.js';
import { embeddingMatrix } from '../model/embedding.js';
import { createScope, type DropoutTensors, type Scope } from '../model/scope.js';
import { encodeSource, teacherForcedStates } from '../model/transformer.js';
import { DROPOUT_SITES, dropoutRates, poolName } from './dropout.js';
import { copyPass, copyStatistics } from './objectives/copy.js';
import { crossEntropyInputs, ctcOfBatch, flatten } from './objectives/cross-entropy.js';
import { attentionDiagonality, crossAttentionOf } from './objectives/guided-attention.js';
import { objectiveOf } from './objectives/objective.js';
import { adamStep, momentVariables, movingAverage, type StepScalars } from './optimizer.js';
import type { TrainingSetup, ValidationSetup } from './setup.js';

const int = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'int32' });
const float = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

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

const poolVariables = (setup: TrainingSetup): Record<string, TensorSpec> =>
  Object.fromEntries(dropoutRates(setup.model).map((rate) => [poolName(rate), float(setup.poolSize)]));

const dropoutInputs = (setup: TrainingSetup): Record<string, TensorSpec> =>
  dropoutRates(setup.model).length > 0 ? { dropoutOffsets: int(DROPOUT_SITES) } : {};

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
  const objective = objectiveOf(setup);
  // What is made here is constant to the gradient.
  const fixed = objective.fixed?.(createScope(setup.model, variables), inputs) ?? {};
  const loss = (...values: Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
    const scope = (observe?: Scope['observe']) => createScope(setup.model, parameters, randomness, observe);
    return objective.loss(scope, inputs, fixed) as never;
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
    inputs: { ...objectiveOf(setup).inputs, ...STEP_SCALARS, ...dropoutInputs(setup) },
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
    inputs: { ...objectiveOf(setup).inputs, ...dropoutInputs(setup), carry: float() },
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
    inputs: { ...objectiveOf(setup).inputs, ...dropoutInputs(setup) },
    body(variables, inputs) {
      const { loss, gradients } = lossAndGradients(setup, variables, inputs);
      return { outputs: { loss, ...gradients } };
    },
  };
}

/**
 * Validation without dropout or smoothing. Outputs sums over the batch: `negativeLogLikelihood` (nats), `correct`, `ctc` (nats)
 * where there is a CTC loss, and `diagonality` where attention is guided or measured.
 */
export function validationProgram(setup: ValidationSetup): Program {
  return {
    name: 'validation',
    variables: setup.parameters,
    inputs: crossEntropyInputs(setup),
    body(variables, inputs) {
      const { scope, seen } = crossAttentionOf((observe) => createScope(setup.model, variables, undefined, observe));
      const encoded = encodeSource(scope, sourceTensors(inputs));
      const states = teacherForcedStates(scope, encoded, inputs.targetInput as Tensor);
      const targets = flatten(inputs.targetOutput as Tensor);
      const guided = setup.objective?.guidedAttention;
      const measured = guided
        ? { diagonality: attentionDiagonality(seen, encoded.present, inputs.weights as Tensor, guided) }
        : {};
      const output = embeddingMatrix(scope, 'output');
      const statistics = setup.model.copy
        ? copyStatistics(matMul(states, output, false, true), copyPass(scope, encoded, states), inputs)
        : tokenStatistics(states, output, targets, flatten(inputs.weights as Tensor));
      const ctc = setup.ctcWeight > 0 ? { ctc: ctcOfBatch(scope, encoded, inputs) } : {};
      return { outputs: { ...statistics, ...ctc, ...measured } };
    },
  };
}
