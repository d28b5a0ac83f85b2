// A tiny model and batch, the two engines, and small programs, for tests of engine, model and training.
import { afterAll, beforeAll } from 'vitest';
import { createEngine } from '../../../src/engine/create.js';
import type { Tensor } from '../../../src/engine/ops.js';
import type { DType, Engine, HostTensor, Program, ProgramResult, TensorSpec } from '../../../src/engine/types.js';
import { type ModelConfig, modelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../../../src/train/dropout.js';
import type { TrainingSetup } from '../../../src/train/setup.js';

/** The default engine and the oracle. */
export const ENGINES = ['onnxruntime', 'cpu'] as const;

/** Starts an engine for the tests of a suite. */
export function useEngine(name: (typeof ENGINES)[number]): () => Engine {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(name, 2);
  });
  afterAll(() => engine.dispose());
  return () => engine;
}

/** A float32 host tensor; the shape defaults to a vector. */
export const floats = (data: ArrayLike<number>, shape: readonly number[] = [data.length]): HostTensor => ({
  shape,
  data: Float32Array.from(data),
});

/** An int32 host tensor; the shape defaults to a vector. */
export const ints = (data: ArrayLike<number>, shape: readonly number[] = [data.length]): HostTensor => ({
  shape,
  data: Int32Array.from(data),
});

const dtypeOf = ({ data }: HostTensor): DType => (data instanceof Float32Array ? 'float32' : 'int32');

/** The specs of host tensors, every size fixed. */
const specsOf = (tensors: Readonly<Record<string, HostTensor>>): Record<string, TensorSpec> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { shape: tensor.shape, dtype: dtypeOf(tensor) }]),
  );

/** A program from its parts. */
export function programOf(
  inputs: Readonly<Record<string, TensorSpec>>,
  body: (inputs: Record<string, Tensor>, variables: Record<string, Tensor>) => ProgramResult,
  variables: Readonly<Record<string, TensorSpec>> = {},
  name = 'test',
): Program {
  return { name, variables, inputs, body: (v, i) => body({ ...i }, { ...v }) };
}

/** Compiles a function of the given tensors, runs it once and throws it away. */
export async function evaluate(
  engine: Engine,
  inputs: Readonly<Record<string, HostTensor>>,
  body: (inputs: Record<string, Tensor>) => Record<string, Tensor>,
): Promise<Record<string, HostTensor>> {
  const executable = await engine.compile(programOf(specsOf(inputs), (given) => ({ outputs: body(given) })));
  const result = await executable.run(inputs);
  await executable.dispose();
  return result;
}

/** A complete configuration from a partial one. */
export function modelConfig(section: Record<string, unknown> = {}): ModelConfig {
  const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 };
  return resolveModelConfig(modelConfigSchema.parse({ ...tiny, ...section }));
}

/** Every kind of model there is, without dropout. */
export const VARIANTS: Readonly<Record<string, Record<string, unknown>>> = {
  'pre-norm ReLU': {},
  'post-norm': { normPosition: 'post' },
  'RMS norm, SwiGLU, rotary': { norm: 'rms', activation: 'swiglu', positions: 'rotary' },
  'GELU, learned positions, separate embeddings': { activation: 'gelu', positions: 'learned', embeddings: 'separate' },
  'tied embeddings': { embeddings: 'tied' },
  'layers with the same weights': { sharedLayers: 'both', encoderLayers: 2, decoderLayers: 2 },
};

/** A setup with the same vocabulary on both sides. */
export function tinySetup(model: ModelConfig, overrides: Partial<TrainingSetup> = {}, vocabulary = 11) {
  const sizes = overrides.vocabulary ?? { source: vocabulary, target: vocabulary };
  const specs = parameterSpecs(model, sizes);
  const mask = largestMask(model, 64, 16);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    vocabulary: sizes,
    labelSmoothing: 0.1,
    ctcWeight: 0,
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
    ...overrides,
  };
  const dropout = new DropoutSource(7, dropoutRates(model), setup.poolSize, mask);
  return { setup, specs, dropout, parameters: () => initialParameters(specs, 3) };
}

/** A ragged random batch of token sequences from vocabulary 11. */
export function randomBatch(batch: number, source: number, target: number, seed = 1): Record<string, HostTensor> {
  const random = new Random(seed, 'batch');
  const ids = (length: number, first?: number) => {
    const data = new Int32Array(batch * length);
    for (let b = 0; b < batch; b++) {
      const used = b === 0 ? length : 1 + random.integer(length);
      for (let i = 0; i < used; i++) data[b * length + i] = 3 + random.integer(8);
      if (first !== undefined) data[b * length] = first;
    }
    return { shape: [batch, length], data };
  };
  const output = ids(target);
  const real = output.data.filter((id) => id !== 0).length;
  const weights = Float32Array.from(output.data, (id) => (id === 0 ? 0 : 1 / real));
  return {
    source: ids(source),
    targetInput: ids(target, 1),
    targetOutput: output,
    weights: { shape: [batch, target], data: weights },
  };
}

/** The scalars of an optimizer step. @param step counted from 1 */
export function stepScalars(learningRate: number, step: number, beta1 = 0.9, beta2 = 0.98): Record<string, HostTensor> {
  return {
    learningRate: floats([learningRate], []),
    correction1: floats([1 / (1 - beta1 ** step)], []),
    correction2: floats([1 / (1 - beta2 ** step)], []),
  };
}

/** Largest absolute difference of two sets of named tensors; only names in the first count. */
export function largestDifference(
  a: Readonly<Record<string, HostTensor>>,
  b: Readonly<Record<string, HostTensor>>,
): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(a)) {
    const other = (b[name] as HostTensor).data;
    if (other.length !== data.length) return Number.POSITIVE_INFINITY;
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs((data[i] as number) - (other[i] as number));
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}
