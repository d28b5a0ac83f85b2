// The state of a training run: what is written into a checkpoint and read back, and the variables on the engine.
import { z } from 'zod';
import { batchCursorSchema } from '../data/batches.js';
import type { Engine, HostTensor } from '../engine/types.js';
import { DataError } from '../errors.js';
import { initialParameters, type ParameterSpec } from '../model/parameters.js';
import { jsonNumber } from '../storage/json.js';
import type { StoredTensor } from '../storage/safetensors.js';
import { referenceName } from './objectives/sequence-level.js';
import { firstMoment, secondMoment } from './optimizer.js';
import { accumulatorName, averageName } from './programs.js';
import type { TrainingSetup } from './setup.js';

/** The JSON part of a checkpoint. Dropout and initialisation need no state: they are functions of seed and step. */
export const trainerStateSchema = z.strictObject({
  step: z.int().min(0).describe('optimizer steps done'),
  targetTokens: z.int().min(0).describe('target tokens trained on so far'),
  skippedSteps: z.int().min(0).describe('steps left out because loss or gradient was not finite'),
  skippedInARow: z.int().min(0).default(0).describe('how many of them were the last ones'),
  cursor: batchCursorSchema.describe('position in the training data'),
  best: z.strictObject({ step: z.int(), metric: z.string(), score: jsonNumber }).nullable().describe('best validation'),
  intervalLoss: jsonNumber.describe('loss since the last log record, summed over its target tokens'),
  intervalTokens: z.int().min(0).describe('target tokens since the last log record'),
  intervalStatistics: z
    .record(z.string(), jsonNumber)
    .default({})
    .describe('what the objective reported since the last log record, summed over its steps'),
  intervalSteps: z.int().min(0).default(0).describe('steps since the last log record that were not left out'),
  objective: z.record(z.string(), jsonNumber).default({}).describe('what the objective remembers, such as a baseline'),
  sinceBest: z.int().min(0).describe('validations since the best'),
  validationDue: z.boolean().default(false).describe('whether an interrupt came before the validation of this step'),
});

/** See {@link trainerStateSchema}. */
export type TrainerState = z.infer<typeof trainerStateSchema>;

type Named = Record<string, HostTensor>;

/** Names of all variables that a checkpoint holds, in a fixed order. */
export function stateNames(setup: TrainingSetup): string[] {
  const names = Object.keys(setup.parameters);
  return [
    ...names,
    ...(setup.keepsReference ? names.map(referenceName) : []),
    ...(setup.emaDecay > 0 ? names.map(averageName) : []),
    ...names.map(firstMoment),
    ...names.map(secondMoment),
  ];
}

/**
 * Variables of a run that begins: initial parameters (also as their own average), moments zero.
 * @param given parameters that begin with these values; they are copied
 */
export function initialVariables(
  setup: TrainingSetup,
  specs: ReadonlyMap<string, ParameterSpec>,
  seed: number,
  given: Readonly<Named> = {},
): Named {
  const parameters = initialParameters(specs, seed);
  for (const [name, { shape, data }] of Object.entries(given)) parameters[name] = { shape, data: data.slice() };
  const variables: Named = { ...parameters };
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    variables[firstMoment(name)] = { shape, data: new Float32Array(data.length) };
    variables[secondMoment(name)] = { shape, data: new Float32Array(data.length) };
    if (setup.keepsReference) variables[referenceName(name)] = { shape, data: Float32Array.from(data) };
    if (setup.emaDecay > 0) variables[averageName(name)] = { shape, data: Float32Array.from(data) };
  }
  return variables;
}

/** Gradient accumulators, for the first step to fill. */
export function emptyAccumulators(specs: ReadonlyMap<string, ParameterSpec>): Named {
  return Object.fromEntries(
    [...specs].map(([name, { shape }]) => [
      accumulatorName(name),
      { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  );
}

/** Copies the variables of a checkpoint from the engine. */
export async function snapshot(engine: Engine, setup: TrainingSetup): Promise<Map<string, StoredTensor>> {
  const names = stateNames(setup);
  const values = await engine.read(names);
  return new Map(
    names.map((name) => {
      const { shape, data } = values[name] as HostTensor;
      return [name, { dtype: 'F32', shape, data: data as Float32Array<ArrayBuffer> }];
    }),
  );
}

/**
 * Checks a checkpoint's tensors against the model.
 * @param names the tensors needed; others are ignored
 * @param shapes of the parameters
 * @throws DataError naming the first tensor that is missing or has another shape, and what to do
 */
export function hostTensors(
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  names: readonly string[],
  shapeOf: (name: string) => readonly number[],
): Named {
  return Object.fromEntries(
    names.map((name) => {
      const tensor = tensors.get(name);
      const shape = shapeOf(name);
      const expected = `expected tensor "${name}" of shape [${shape.join(', ')}]`;
      const advice =
        'the checkpoint belongs to another model or vocabulary; restore the config.yaml and vocab/ it was trained with';
      if (!tensor) throw new DataError(`${file}: ${expected}, found none; ${advice}`);
      if (tensor.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
        throw new DataError(`${file}: ${expected}, found ${tensor.dtype} [${tensor.shape.join(', ')}]; ${advice}`);
      }
      return [name, { shape, data: tensor.data }];
    }),
  );
}
