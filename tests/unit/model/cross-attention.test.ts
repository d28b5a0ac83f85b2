// Kinds of cross-attention in training: their parameters, what they begin as, rows of one source, noise, gradients on both engines.
import { describe, expect, it } from 'vitest';
import { matMul, reshape, type Tensor } from '../../../src/engine/ops.js';
import { type HostTensor, type Program, sizeOf, type TensorSpec } from '../../../src/engine/types.js';
import { modelConfigSchema } from '../../../src/model/config.js';
import { embeddingMatrix } from '../../../src/model/embedding.js';
import { createScope } from '../../../src/model/scope.js';
import { encodeSource, teacherForcedStates } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { dropoutRates, largestMask } from '../../../src/train/dropout.js';
import { gradientProgram } from '../../../src/train/programs.js';
import {
  ENGINES,
  floats,
  ints,
  largestDifference,
  modelConfig,
  programOf,
  randomBatch,
  tinySetup,
  useEngine,
} from '../engine/support.js';

type Tensors = Record<string, HostTensor>;

const KINDS = ['softmax', 'monotonic', 'location-aware'] as const;
const sectionOf = (kind: (typeof KINDS)[number]) => ({
  crossAttention: kind,
  ...(kind === 'location-aware' ? { locationKernel: 5 } : {}),
});

/** Parameters with opinions on where to look: strong queries, kernels that are not zero, thresholds between probabilities. */
function opinionated(parameters: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => {
      const random = new Random(5, name);
      const change = (x: number): number => {
        if (name.includes('crossAttention.query')) return 3 * x;
        if (name.includes('crossAttention.kernel')) return random.normal();
        return name.endsWith('threshold') ? 0.3 * random.normal() : x;
      };
      return [name, floats(Array.from(data, change), shape)];
    }),
  );
}

/** Logits of teacher forcing and the cross-attention weights of the last layer. */
function forward(model: ReturnType<typeof modelConfig>, perSource: number, randomness: boolean): Program {
  const { setup } = tinySetup(model);
  const inputs: Record<string, TensorSpec> = {
    source: { shape: ['B', 'S'], dtype: 'int32' },
    target: { shape: ['B', perSource, 'T'], dtype: 'int32' },
  };
  if (randomness) {
    inputs.pool = { shape: [4096], dtype: 'float32' };
    inputs.offsets = { shape: [4], dtype: 'int32' };
  }
  return programOf(
    inputs,
    ({ source, target, pool, offsets }, variables) => {
      let weights = source as Tensor;
      const dropout = pool ? { pools: new Map([[0.5, pool]]), offsets: offsets as Tensor } : undefined;
      const scope = createScope(model, variables, dropout, (name, seen) => {
        if (name.endsWith('crossAttention')) weights = seen;
      });
      const [sources, , length] = target!.shape as [number, number, number];
      const rows = reshape(target as Tensor, [sources * perSource, length]);
      const states = teacherForcedStates(scope, encodeSource(scope, { ids: source as Tensor }), rows);
      return { outputs: { logits: matMul(states, embeddingMatrix(scope, 'output'), false, true), weights } };
    },
    setup.parameters,
  );
}

describe('the configuration of cross-attention', () => {
  const problems = (section: object) => {
    const result = modelConfigSchema.safeParse(section);
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('is softmax unless something else is said', () => {
    expect(modelConfig()).toMatchObject({ crossAttention: 'softmax' });
    expect(modelConfig({ crossAttention: 'location-aware' }).locationKernel).toBe(15);
    expect(modelConfig(sectionOf('location-aware')).locationKernel).toBe(5);
  });

  it('refuses a kernel that nothing reads, and one without a middle', () => {
    expect(problems({ crossAttention: 'monotonic', locationKernel: 5 })).toEqual([
      'locationKernel: locationKernel is for crossAttention location-aware, but crossAttention is monotonic; leave it out',
    ]);
    expect(problems({ crossAttention: 'location-aware', locationKernel: 4 })).toEqual([
      'locationKernel: locationKernel must be odd, but is 4',
    ]);
    expect(problems({ crossAttention: 'hard' })).toHaveLength(1);
  });

  it('adds a threshold a head, or kernels that begin as zeros, to each decoder layer', () => {
    const added = (kind: (typeof KINDS)[number]) => {
      const plain = tinySetup(modelConfig()).parameters();
      const own = Object.entries(tinySetup(modelConfig(sectionOf(kind))).parameters());
      return own.filter(([name]) => !(name in plain));
    };
    expect(added('softmax')).toEqual([]);
    expect(added('monotonic')).toEqual(
      [0, 1].map((i) => [`decoder.layers.${i}.crossAttention.threshold`, floats([1, 1])]),
    );
    const zeros = (...shape: number[]) => floats(new Float32Array(sizeOf(shape)), shape);
    expect(added('location-aware')).toEqual(
      [0, 1].flatMap((i) => [
        [`decoder.layers.${i}.crossAttention.kernel.weight`, zeros(8, 10)],
        [`decoder.layers.${i}.crossAttention.kernel.bias`, zeros(10)],
      ]),
    );
  });
});

describe('the noise of monotonic attention', () => {
  it('has a pool of coins, as large as the energies, whatever the other dropouts', () => {
    const model = modelConfig({ crossAttention: 'monotonic' });
    expect(dropoutRates(model)).toEqual([0.5]);
    expect(dropoutRates(modelConfig({ crossAttention: 'monotonic', dropout: 0.5 }))).toEqual([0.5]);
    expect(largestMask(model, 100, 20)).toBe(100 * 2 * 20);
  });
});

describe('gradients of a whole model', () => {
  const engines = ENGINES.map((name) => useEngine(name));

  it.each(KINDS)('agree between the engines to 1e-6, and with differences of the loss: %s', async (kind) => {
    const { setup, parameters, dropout } = tinySetup(modelConfig({ ...sectionOf(kind), attentionDropout: 0.1 }));
    const start = opinionated(parameters());
    const inputs = { ...randomBatch(4, 7, 6), dropoutOffsets: dropout.offsets(3) };
    const results: Tensors[] = [];
    for (const engine of engines) {
      await engine().write({ ...copyOf(start), ...dropout.pools(3) });
      const executable = await engine().compile(gradientProgram(setup));
      results.push(await executable.run(inputs));
      await executable.dispose();
    }
    const [traced, oracle] = results as [Tensors, Tensors];
    const normOf = (data: ArrayLike<number>): number => Math.sqrt(Array.from(data).reduce((sum, x) => sum + x * x, 0));
    const apart = Object.entries(oracle).map(([name, { data }]) => {
      const difference = normOf(Array.from(data, (x, i) => x - traced[name]!.data[i]!));
      const size = normOf(data);
      expect(size, name).toBeGreaterThan(0);
      // Softmax does not see a bias that all keys share; its gradient is rounding.
      if (!name.endsWith('key.bias')) expect(difference / size, name).toBeLessThan(1e-5);
      return [difference, size] as const;
    });
    expect(normOf(apart.map(([difference]) => difference)) / normOf(apart.map(([, size]) => size))).toBeLessThan(1e-6);
    // Along the gradient g, the loss changes by |g|² per unit of length.
    const { loss: _loss, ...gradients } = oracle;
    const squared = Object.values(gradients).reduce((sum, { data }) => sum + normOf(data) ** 2, 0);
    const engine = engines[1]!();
    const executable = await engine.compile(gradientProgram(setup));
    const lossAt = async (by: number): Promise<number> => {
      const moved = Object.entries(start).map(([name, { shape, data }]) => [
        name,
        floats(
          Array.from(data, (x, i) => x + by * gradients[name]!.data[i]!),
          shape,
        ),
      ]);
      await engine.write(Object.fromEntries(moved));
      return (await executable.run(inputs)).loss!.data[0]!;
    };
    const step = 0.01 / Math.sqrt(squared);
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    expect(Math.abs(slope / squared - 1)).toBeLessThan(0.01);
    await executable.dispose();
  });
});

const copyOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));

describe.each(ENGINES)('cross-attention of whole targets on %s', (engineName) => {
  const engine = useEngine(engineName);
  const { source, targetInput } = randomBatch(3, 6, 5, 2) as { source: HostTensor; targetInput: HostTensor };

  async function run(section: Record<string, unknown>, parameters: Tensors, inputs: Tensors): Promise<Tensors> {
    const { source, target } = inputs as { source: HostTensor; target: HostTensor };
    const [sources, [rows, length]] = [source.shape[0] as number, target.shape as [number, number]];
    const program = forward(modelConfig(section), rows / sources, 'pool' in inputs);
    const executable = await engine().compile(program, { constants: parameters });
    const result = await executable.run({ ...inputs, target: ints(target.data, [sources, rows / sources, length]) });
    await executable.dispose();
    return result;
  }

  it('that is location-aware begins as plain attention', async () => {
    const section = sectionOf('location-aware');
    const parameters = tinySetup(modelConfig(section)).parameters();
    const plain = await run({}, parameters, { source, target: targetInput });
    const aware = await run(section, parameters, { source, target: targetInput });
    expect(largestDifference(plain, aware)).toBeLessThan(1e-6);
    const changed = await run(section, opinionated(parameters), { source, target: targetInput });
    expect(largestDifference({ weights: plain.weights! }, changed)).toBeGreaterThan(0.1);
  });

  it.each(KINDS)('gives padding nothing, and sums to 1, or less where a walk has ended: %s', async (kind) => {
    const section = sectionOf(kind);
    const parameters = opinionated(tinySetup(modelConfig(section)).parameters());
    const { weights } = await run(section, parameters, { source, target: targetInput });
    expect(weights!.shape).toEqual([3, 2, 5, 6]);
    const sums: number[] = [];
    for (let row = 0; row < 3 * 2 * 5; row++) {
      const b = Math.floor(row / 10);
      const values = [...weights!.data.slice(row * 6, (row + 1) * 6)];
      values.forEach((x, s) => {
        if (source.data[b * 6 + s] === 0) expect(x === 0).toBe(true);
      });
      sums.push(values.reduce((a, b) => a + b));
    }
    for (const total of sums) expect(total).toBeLessThan(1 + 1e-5);
    if (kind === 'monotonic') expect(Math.min(...sums)).toBeLessThan(0.9);
    else expect(Math.min(...sums)).toBeGreaterThan(1 - 1e-5);
  });

  it.each(KINDS)('treats several targets of a source like targets of copies of it: %s', async (kind) => {
    const section = sectionOf(kind);
    const parameters = opinionated(tinySetup(modelConfig(section)).parameters());
    const one = ints(source.data.slice(0, 12), [2, 6]);
    const random = new Random(8, 'targets');
    const target = ints(
      Array.from({ length: 6 * 5 }, (_, i) => (i % 5 === 0 ? 1 : 3 + random.integer(8))),
      [6, 5],
    );
    const copies = ints(
      [0, 0, 0, 1, 1, 1].flatMap((b) => [...one.data.slice(b * 6, (b + 1) * 6)]),
      [6, 6],
    );
    const together = await run(section, parameters, { source: one, target });
    const apart = await run(section, parameters, { source: copies, target });
    expect(largestDifference({ logits: together.logits! }, apart)).toBeLessThan(1e-5);
    expect(together.weights!.shape).toEqual([2, 2, 15, 6]);
  });

  it('that is monotonic has noise of −1 and 1 in training, as if thresholds were 1 higher or lower', async () => {
    const section = { ...sectionOf('monotonic'), decoderLayers: 1 };
    const parameters = opinionated(tinySetup(modelConfig(section)).parameters());
    const name = 'decoder.layers.0.crossAttention.threshold';
    const inputs = { source, target: targetInput };
    const offsets = ints([0, 7, 100, 31]);
    for (const [toss, shift] of [
      [2, -1],
      [0, 1],
    ] as const) {
      const noisy = await run(section, parameters, {
        ...inputs,
        pool: floats(new Float32Array(4096).fill(toss)),
        offsets,
      });
      const moved = floats(Array.from(parameters[name]!.data, (x) => x + shift));
      const quiet = await run(section, { ...parameters, [name]: moved }, inputs);
      expect(largestDifference(quiet, noisy)).toBeLessThan(1e-5);
    }
    const mixed = Float32Array.from({ length: 4096 }, (_, i) => (new Random(2, 'toss', i).uniform() < 0.5 ? 0 : 2));
    const noisy = await run(section, parameters, { ...inputs, pool: floats(mixed), offsets });
    expect(largestDifference(await run(section, parameters, inputs), noisy)).toBeGreaterThan(0.01);
  });
});
