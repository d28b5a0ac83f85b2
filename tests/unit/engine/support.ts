// A tiny model and batch that engine and model tests share.
import type { HostTensor } from '../../../src/engine/types.js';
import { type ModelConfig, modelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../../../src/train/dropout.js';
import type { TrainingSetup } from '../../../src/train/programs.js';

/** A complete configuration from a partial one. */
export function modelConfig(section: Record<string, unknown> = {}): ModelConfig {
  const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 };
  return resolveModelConfig(modelConfigSchema.parse({ ...tiny, ...section }));
}

/** A setup with vocabulary 11 on both sides. */
export function tinySetup(model: ModelConfig, overrides: Partial<TrainingSetup> = {}) {
  const specs = parameterSpecs(model, { source: 11, target: 11 });
  const mask = largestMask(model, 64, 16);
  const setup: TrainingSetup = {
    model,
    parameters: parameterVariables(specs),
    labelSmoothing: 0.1,
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
    ...overrides,
  };
  const dropout = new DropoutSource(7, dropoutRates(model), setup.poolSize, mask);
  return { setup, specs, dropout, parameters: () => initialParameters(specs, 3) };
}

/** A ragged random batch of token sequences. */
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

/** Largest absolute difference of two sets of named tensors. */
export function largestDifference(a: Record<string, HostTensor>, b: Record<string, HostTensor>): number {
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
