// Front ends of frames: PyTorch's numbers, equal engines, every batch shape from one compilation, and what a position sees.
import { describe, expect, it } from 'vitest';
import { mul, reshape, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import { type Engine, type HostTensor, type Program, sizeOf } from '../../../src/engine/types.js';
import { frameModelConfigSchema, type ModelConfig, resolveModelConfig } from '../../../src/model/config.js';
import { frontEnd, frontEndSpecs } from '../../../src/model/front-end.js';
import { createScope } from '../../../src/model/scope.js';
import { Random } from '../../../src/random.js';
import { distance, floatTensor, type ReferenceTensor, reference } from '../engine/reference.js';
import { ENGINES, floats, largestDifference, programOf, useEngine } from '../engine/support.js';

interface Case {
  readonly kind: 'conv2d' | 'stack';
  readonly features: number;
  readonly frames: ReferenceTensor;
  readonly dy: ReferenceTensor;
  readonly y: ReferenceTensor;
  readonly parameters: readonly { readonly name: string; readonly value: ReferenceTensor }[];
  readonly gradients: readonly { readonly name: string; readonly value: ReferenceTensor }[];
}

const { cases } = reference<{ cases: Case[] }>('conv-front-end');
const KINDS = ['conv2d', 'stack'] as const;
const FEATURES = 6;

const configOf = (subsampling: Case['kind'], modelDim: number): ModelConfig =>
  resolveModelConfig(frameModelConfigSchema.parse({ modelDim, heads: 1, subsampling, subsamplingChannels: 3 }));

/** y `[B·S, D]` and the gradients of Σ dy·y, batch and length symbolic. */
function gradientProgram(config: ModelConfig, features: number): Program {
  const specs = frontEndSpecs(config, features);
  const names = specs.map(([name]) => name);
  const inputs = {
    frames: { shape: ['B', 'S', 4 * features], dtype: 'float32' },
    dy: { shape: ['B', 'S', config.modelDim], dtype: 'float32' },
    ...Object.fromEntries(specs.map(([name, shape]) => [name, { shape, dtype: 'float32' as const }])),
  } as const;
  return programOf(inputs, (given) => {
    const { frames, dy } = given as { frames: Tensor; dy: Tensor };
    const run = (x: Tensor, values: readonly Tensor[]) =>
      frontEnd(createScope(config, Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]))), x);
    const parameters = names.map((name) => given[name] as Tensor);
    const loss = (x: Tensor, ...values: Tensor[]) => sum(mul(reshape(run(x, values), dy.shape), dy)) as never;
    const { value, grads } = valueAndGrads(loss)([frames, ...parameters]);
    const gradients = ['frames', ...names].map((name, i) => [`d ${name}`, grads[i] as Tensor]);
    return { outputs: { loss: value, y: run(frames, parameters), ...Object.fromEntries(gradients) } };
  });
}

const random = (name: string, shape: readonly number[], spread = 1): HostTensor => {
  const stream = new Random(5, name);
  return floats(
    Array.from({ length: sizeOf(shape) }, () => stream.normal() * spread),
    shape,
  );
};

const randomParameters = (config: ModelConfig, features: number): Record<string, HostTensor> =>
  Object.fromEntries(frontEndSpecs(config, features).map(([name, shape]) => [name, random(name, shape, 0.3)]));

async function outputsOf(engine: Engine, config: ModelConfig, features: number) {
  const { run } = await engine.compile(gradientProgram(config, features));
  const parameters = randomParameters(config, features);
  return (frames: HostTensor, changed: Record<string, HostTensor> = {}) => {
    const shape = [...frames.shape.slice(0, 2), config.modelDim];
    return run({ ...parameters, ...changed, frames, dy: random('dy', shape) });
  };
}

describe.each(ENGINES)('front ends on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(cases)('agree with PyTorch: $kind, $features features', async (c) => {
    const width = c.dy.shape[2] as number;
    const config = configOf(c.kind, width);
    expect(c.parameters.map(({ name, value }) => [name, value.shape])).toEqual(
      frontEndSpecs(config, c.features).map(([name, shape]) => [name, shape]),
    );
    const { run } = await engine().compile(gradientProgram(config, c.features));
    const result = await run({
      frames: floatTensor(c.frames),
      dy: floatTensor(c.dy),
      ...Object.fromEntries(c.parameters.map(({ name, value }) => [name, floatTensor(value)])),
    });
    const rows = { ...c.y, shape: [c.y.shape[0]! * c.y.shape[1]!, width] };
    expect(distance(result.y, rows)).toBeLessThan(1e-6);
    for (const { name, value } of c.gradients) expect(distance(result[`d ${name}`], value), name).toBeLessThan(1e-6);
  });

  it.each(KINDS)('give a sequence the same numbers alone and among longer ones: %s', async (kind) => {
    const config = configOf(kind, 4);
    const run = await outputsOf(engine(), config, FEATURES);
    const width = 4 * FEATURES;
    const sequences = [3, 1, 5].map((length, i) => random(`sequence ${i}`, [1, length, width]));
    // Padding is zeros in practice, but may be anything.
    const batch = random('padding', [3 * 5 * width], 10).data as Float32Array;
    sequences.forEach(({ data }, i) => {
      batch.set(data as Float32Array, i * 5 * width);
    });
    const together = (await run(floats(batch, [3, 5, width]))).y!.data;
    for (const [i, frames] of sequences.entries()) {
      const alone = (await run(frames)).y!;
      const own = floats(together.slice(i * 5 * 4, i * 5 * 4 + alone.data.length), alone.shape);
      expect(largestDifference({ y: alone }, { y: own })).toBeLessThan(1e-6);
    }
  });

  it('see their own four frames and, with convolutions, the three before', async () => {
    const length = 5;
    const shape = [1, length, 4 * FEATURES];
    const frames = random('frames', shape);
    for (const [kind, before] of [
      ['conv2d', 3],
      ['stack', 0],
    ] as const) {
      const run = await outputsOf(engine(), configOf(kind, 4), FEATURES);
      const plain = (await run(frames)).y!.data;
      for (let frame = 0; frame < 4 * length; frame++) {
        // Large and of many signs, so that no rectifier hides it.
        const noise = random(`noise ${frame}`, [FEATURES], 20).data;
        const data = Float32Array.from(frames.data);
        noise.forEach((x, i) => {
          data[frame * FEATURES + i]! += x;
        });
        const changed = (await run(floats(data, shape))).y!.data;
        const positions = Array.from({ length }, (_, s) => s).filter((s) =>
          [0, 1, 2, 3].some((d) => changed[s * 4 + d] !== plain[s * 4 + d]),
        );
        const expected = Array.from({ length }, (_, s) => s).filter(
          (s) => frame >= 4 * s - before && frame <= 4 * s + 3,
        );
        expect(positions, `${kind}, frame ${frame}`).toEqual(expected);
      }
    }
  });

  it.each(KINDS)('have the gradients of finite differences: %s', async (kind) => {
    const config = configOf(kind, 4);
    const run = await outputsOf(engine(), config, FEATURES);
    const frames = random('frames', [2, 4, 4 * FEATURES]);
    const values: Record<string, HostTensor> = { frames, ...randomParameters(config, FEATURES) };
    const gradients = await run(frames);
    for (const name of Object.keys(values)) {
      const { shape, data } = values[name]!;
      const direction = random(`direction of ${name}`, shape).data;
      const step = 1e-3;
      const lossAt = async (by: number) => {
        const moved = floats(
          data.map((x, i) => x + by * direction[i]!),
          shape,
        );
        const result = name === 'frames' ? await run(moved) : await run(frames, { [name]: moved });
        return result.loss!.data[0]!;
      };
      const expected = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      const ours = [...gradients[`d ${name}`]!.data].reduce((total, x, i) => total + x * direction[i]!, 0);
      expect(Math.abs(ours - expected), name).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)));
    }
  });
});

describe('front ends of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([
    ['conv2d', 8],
    ['conv2d', 5],
    ['conv2d', 1],
    ['stack', 5],
  ] as const)('agree at every size from one compilation: %s, %d features', async (kind, features) => {
    const config = configOf(kind, 4);
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => outputsOf(engine, config, features)));
    for (const [batch, length] of [
      [3, 5],
      [1, 1],
      [2, 8],
      [5, 2],
    ] as const) {
      const frames = random('frames', [batch, length, 4 * features]);
      const [a, b] = await Promise.all([ours!(frames), theirs!(frames)]);
      expect(a.y!.shape).toEqual([batch * length, 4]);
      for (const [name, tensor] of Object.entries(a)) {
        const { shape, data } = b[name]!;
        expect(distance(tensor, { shape, data: [...data] }), name).toBeLessThan(1e-6);
      }
    }
  });
});

describe('parameters of front ends', () => {
  const shapes = (kind: Case['kind'], features: number) =>
    Object.fromEntries(frontEndSpecs(configOf(kind, 4), features).map(([name, shape]) => [name, shape]));

  it('are two convolutions and a projection, or a projection alone', () => {
    expect(shapes('conv2d', 81)).toEqual({
      'source.convolution.0.weight': [9, 3],
      'source.convolution.0.bias': [3],
      'source.convolution.1.weight': [27, 3],
      'source.convolution.1.bias': [3],
      'source.projection.weight': [63, 4],
      'source.projection.bias': [4],
    });
    expect(shapes('stack', 81)).toEqual({ 'source.projection.weight': [324, 4], 'source.projection.bias': [4] });
  });

  it('start Xavier-uniform, biases at 0', () => {
    for (const [name, shape, initializer] of frontEndSpecs(configOf('conv2d', 64), 80)) {
      expect(initializer, name).toBe(shape.length === 2 ? 'xavier' : 'zeros');
    }
  });
});
