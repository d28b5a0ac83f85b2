// The Conformer layer: PyTorch's numbers, equal engines, every batch shape from one compilation, and no leak of padding.
import { describe, expect, it } from 'vitest';
import { mul, range, reshape, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import { type Engine, type HostTensor, type Program, sizeOf } from '../../../src/engine/types.js';
import { paddingMask } from '../../../src/model/attention.js';
import type { ModelConfig } from '../../../src/model/config.js';
import { conformerLayer, conformerSpecs } from '../../../src/model/conformer.js';
import { initialParameters, parameterSpecs } from '../../../src/model/parameters.js';
import { createScope } from '../../../src/model/scope.js';
import { Random } from '../../../src/random.js';
import { distance, floatTensor, type ReferenceTensor, reference } from '../engine/reference.js';
import { ENGINES, floats, largestDifference, modelConfig, programOf, useEngine } from '../engine/support.js';

interface Case {
  readonly section: Readonly<Record<string, unknown>>;
  readonly x: ReferenceTensor;
  readonly dy: ReferenceTensor;
  readonly y: ReferenceTensor;
  readonly dx: ReferenceTensor;
  readonly parameters: readonly { readonly name: string; readonly value: ReferenceTensor }[];
  readonly gradients: readonly { readonly name: string; readonly value: ReferenceTensor }[];
}

const {
  lengths: LENGTHS,
  sizes,
  layers: CASES,
} = reference<{ lengths: ReferenceTensor; sizes: Record<string, number>; layers: Case[] }>('conformer');
const LAYER = 'encoder.layers.0';
const WIDTH = 8;
const VARIANTS: Readonly<Record<string, Record<string, unknown>>> = {
  'layer norm, ReLU': { convolutionKernel: 3 },
  'RMS norm, SwiGLU, rotary, long kernel': {
    norm: 'rms',
    activation: 'swiglu',
    positions: 'rotary',
    convolutionKernel: 15,
  },
  'GELU, post-norm, kernel of 1': { activation: 'gelu', normPosition: 'post', convolutionKernel: 1 },
};

const configOf = (section: Readonly<Record<string, unknown>>): ModelConfig =>
  modelConfig({ modelDim: WIDTH, feedForwardDim: 6, encoderBlock: 'conformer', ...section });

/** y `[B, S, D]` and the gradients of Σ dy·y, batch and length symbolic. */
function gradientProgram(config: ModelConfig): Program {
  const specs = conformerSpecs(LAYER, config);
  const names = specs.map(([name]) => name);
  const inputs = {
    x: { shape: ['B', 'S', config.modelDim], dtype: 'float32' },
    dy: { shape: ['B', 'S', config.modelDim], dtype: 'float32' },
    present: { shape: ['B', 'S'], dtype: 'float32' },
    ...Object.fromEntries(specs.map(([name, shape]) => [name, { shape, dtype: 'float32' as const }])),
  } as const;
  return programOf(inputs, (given) => {
    const { x, dy, present } = given as { x: Tensor; dy: Tensor; present: Tensor };
    const [batch, length, width] = x.shape as [number, number, number];
    const run = (input: Tensor, values: readonly Tensor[]) => {
      const scope = createScope(config, Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor])));
      const state = reshape(input, [batch * length, width]);
      const mask = paddingMask(present);
      return reshape(conformerLayer(scope, LAYER, state, batch, length, mask, present, range(length)), x.shape);
    };
    const parameters = names.map((name) => given[name] as Tensor);
    const loss = (input: Tensor, ...values: Tensor[]) => sum(mul(run(input, values), dy)) as never;
    const { value, grads } = valueAndGrads(loss)([x, ...parameters]);
    const gradients = ['x', ...names].map((name, i) => [`d ${name}`, grads[i] as Tensor]);
    return { outputs: { loss: value, y: run(x, parameters), ...Object.fromEntries(gradients) } };
  });
}

const random = (name: string, shape: readonly number[], spread = 1): HostTensor => {
  const stream = new Random(8, name);
  return floats(
    Array.from({ length: sizeOf(shape) }, () => stream.normal() * spread),
    shape,
  );
};

const randomParameters = (config: ModelConfig): Record<string, HostTensor> =>
  Object.fromEntries(
    conformerSpecs(LAYER, config).map(([name, shape]) => {
      const { data } = random(name, shape, 0.4);
      return [
        name,
        floats(
          data.map((v) => (name.endsWith('.scale') ? 1 + v : v)),
          shape,
        ),
      ];
    }),
  );

/** 1 at the first positions of each row. */
const presence = (lengths: readonly number[], length: number): HostTensor =>
  floats(
    lengths.flatMap((own) => Array.from({ length }, (_, s) => (s < own ? 1 : 0))),
    [lengths.length, length],
  );

/** Random numbers at the positions that there are, 0 or other random numbers at padding. */
function batchOf(name: string, lengths: readonly number[], atPadding: 'zeros' | 'noise'): HostTensor {
  const length = Math.max(...lengths);
  const result = random(`${name} padding`, [lengths.length, length, WIDTH], atPadding === 'zeros' ? 0 : 100);
  lengths.forEach((own, row) => {
    result.data.set(random(`${name} ${row}`, [own, WIDTH]).data as Float32Array, row * length * WIDTH);
  });
  return result;
}

const sample = (lengths: readonly number[]) => ({
  x: batchOf('x', lengths, 'noise'),
  dy: batchOf('dy', lengths, 'zeros'),
  present: presence(lengths, Math.max(...lengths)),
});

async function prepared(engine: Engine, config: ModelConfig) {
  const { run } = await engine.compile(gradientProgram(config));
  const parameters = randomParameters(config);
  return (given: Record<string, HostTensor>) => run({ ...parameters, ...given });
}

describe.each(ENGINES)('the Conformer layer on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(CASES)('agrees with PyTorch: $section', async (c) => {
    const config = configOf({ ...sizes, ...c.section });
    expect(c.parameters.map(({ name, value }) => [`${LAYER}.${name}`, value.shape])).toEqual(
      conformerSpecs(LAYER, config).map(([name, shape]) => [name, shape]),
    );
    const { run } = await engine().compile(gradientProgram(config));
    const [batch, length, width] = c.x.shape as [number, number, number];
    const result = await run({
      x: floatTensor(c.x),
      dy: floatTensor(c.dy),
      present: presence(LENGTHS.data, length),
      ...Object.fromEntries(c.parameters.map(({ name, value }) => [`${LAYER}.${name}`, floatTensor(value)])),
    });
    for (let row = 0; row < batch; row++) {
      const part = (data: ArrayLike<number>) =>
        Array.from(data).slice(row * length * width, (row * length + LENGTHS.data[row]!) * width);
      const shape = [LENGTHS.data[row]!, width];
      expect(distance(floats(part(result.y!.data), shape), { shape, data: part(c.y.data) })).toBeLessThan(3e-6);
    }
    expect(distance(result['d x'], c.dx)).toBeLessThan(1e-5);
    for (const { name, value } of c.gradients) {
      expect(distance(result[`d ${LAYER}.${name}`], value), name).toBeLessThan(1e-5);
    }
  });

  it.each(Object.entries(VARIANTS))(
    'gives a sequence the same numbers alone and in a batch: %s',
    async (_, section) => {
      const run = await prepared(engine(), configOf(section));
      const lengths = [3, 9, 1, 6];
      const together = await run(sample(lengths));
      const longest = Math.max(...lengths);
      const sums = new Map<string, Float64Array>();
      for (const [row, own] of lengths.entries()) {
        const shape = [1, own, WIDTH];
        const alone = await run({
          x: random(`x ${row}`, shape),
          dy: random(`dy ${row}`, shape),
          present: presence([own], own),
        });
        for (const name of ['y', 'd x']) {
          const start = row * longest * WIDTH;
          const part = floats(together[name]!.data.slice(start, start + own * WIDTH), shape);
          expect(largestDifference({ [name]: alone[name]! }, { [name]: part }), name).toBeLessThan(3e-6);
        }
        for (const [name, { data }] of Object.entries(alone)) {
          if (!name.startsWith(`d ${LAYER}`)) continue;
          const total = sums.get(name) ?? new Float64Array(data.length);
          data.forEach((x, i) => {
            total[i]! += x;
          });
          sums.set(name, total);
        }
      }
      // So do the gradients of the parameters, which are the sums of those of the sequences alone.
      expect(sums.size).toBe(conformerSpecs(LAYER, configOf(section)).length);
      for (const [name, total] of sums) {
        const { shape } = together[name]!;
        expect(distance(together[name], { shape, data: [...total] }), name).toBeLessThan(1e-5);
      }
    },
  );

  it('has the gradients of finite differences', async () => {
    const config = configOf(VARIANTS['GELU, post-norm, kernel of 1']!);
    const run = await prepared(engine(), { ...config, convolutionKernel: 5 });
    const given = { ...randomParameters({ ...config, convolutionKernel: 5 }), ...sample([4, 2]) };
    const gradients = await run(given);
    for (const [name, { shape, data }] of Object.entries(given)) {
      if (name === 'dy' || name === 'present') continue;
      // Noise of size 100 at padding must not spoil the step.
      const direction = name === 'x' ? batchOf('direction', [4, 2], 'zeros') : random(`direction of ${name}`, shape);
      const step = 2e-3;
      const lossAt = async (by: number) => {
        const moved = floats(
          Float32Array.from(data, (x, i) => x + by * direction.data[i]!),
          shape,
        );
        return (await run({ ...given, [name]: moved })).loss!.data[0]!;
      };
      const expected = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      const ours = [...gradients[`d ${name}`]!.data].reduce((total, x, i) => total + x * direction.data[i]!, 0);
      expect(Math.abs(ours - expected), name).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)));
    }
  });
});

describe('Conformer layers of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each(Object.entries(VARIANTS))('agree at every size from one compilation: %s', async (_, section) => {
    const config = configOf(section);
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => prepared(engine, config)));
    for (const lengths of [[5, 3, 4], [1], [2, 8], [2, 1, 2, 2, 1]]) {
      const { dy, ...rest } = sample(lengths);
      // The gradients of a mean, as in training
      const positions = lengths.reduce((total, own) => total + own, 0);
      const given = {
        ...rest,
        dy: floats(
          Float32Array.from(dy.data, (v) => v / positions),
          dy.shape,
        ),
      };
      const [a, b] = await Promise.all([ours!(given), theirs!(given)]);
      for (const [name, { shape, data }] of Object.entries(b)) {
        expect(distance(a[name], { shape, data: [...data] }), `${name} of ${lengths}`).toBeLessThan(1e-6);
      }
    }
  });
});

describe('parameters of Conformer layers', () => {
  it('are part of the model’s, and start as those of other layers', () => {
    const config = configOf({ encoderLayers: 2 });
    const specs = parameterSpecs(config, { source: 5, target: 5 });
    for (const layer of ['encoder.layers.0', 'encoder.layers.1']) {
      const own = conformerSpecs(layer, config);
      expect([...specs.keys()].filter((name) => name.startsWith(`${layer}.`))).toEqual(own.map(([name]) => name));
      for (const [name, shape, initializer] of own) {
        expect(specs.get(name)).toEqual({ shape, initializer });
        const expected = name.endsWith('.scale') ? 'ones' : name.endsWith('.bias') ? 'zeros' : 'xavier';
        expect(initializer, name).toBe(expected);
      }
    }
    const { data, shape } = initialParameters(specs, 1)[`${LAYER}.convolution.depthwise.weight`]!;
    expect(shape).toEqual([15, WIDTH]);
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(0.4);
  });
});
