// Location-aware attention: the definition in plain numbers, steps, padding, gradients, long sources, and both engines.
import { describe, expect, it } from 'vitest';
import { MASKED } from '../../../src/engine/fused/attention.js';
import { add, mul, reshape, softmax, stack, sub, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { HostTensor, Program } from '../../../src/engine/types.js';
import { locationAwareStart, locationAwareStep, locationAwareWeights } from '../../../src/model/location-aware.js';
import { Random } from '../../../src/random.js';
import { ENGINES, evaluate, floats, largestDifference, programOf, useEngine } from '../engine/support.js';

/** Weights of two heads, and the gradients of a weighted sum of them. */
const program = (width: number): Program =>
  programOf(
    {
      energies: { shape: ['B', 2, 'T', 'S'], dtype: 'float32' },
      kernels: { shape: ['B', 2, 'T', width], dtype: 'float32' },
      weights: { shape: ['B', 2, 'T', 'S'], dtype: 'float32' },
      present: { shape: ['B', 'S'], dtype: 'float32' },
    },
    ({ energies, kernels, weights, present }) => {
      const [batch, , steps, length] = energies!.shape as [number, number, number, number];
      const mask = reshape(mul(sub(1, stack([present!, present!], 1)), MASKED), [batch * 2, 1, length]);
      const attend = (e: Tensor, k: Tensor) => {
        const flat = reshape(k, [batch * 2, steps, width]);
        return reshape(locationAwareWeights(reshape(e, [batch * 2, steps, length]), flat, mask), e.shape);
      };
      const loss = (e: Tensor, k: Tensor) => sum(mul(attend(e, k), weights!));
      const { value, grads } = valueAndGrads(loss as never)([energies!, kernels!]);
      const plain = softmax(add(energies!, reshape(mask, [batch, 2, 1, length])));
      return {
        outputs: {
          alignments: attend(energies!, kernels!),
          plain,
          loss: value,
          'd energies': grads[0]!,
          'd kernels': grads[1]!,
        },
      };
    },
  );

function inputsOf(batch: number, steps: number, length: number, width: number, scale = 1, seed = 1) {
  const random = new Random(seed, 'location');
  const normal = (size: number, by: number) =>
    floats(
      Array.from({ length: batch * 2 * steps * size }, () => by * random.normal()),
      [batch, 2, steps, size],
    );
  const lengths = Array.from({ length: batch }, (_, b) => (b === 0 ? length : 1 + random.integer(length)));
  return {
    energies: normal(length, scale),
    kernels: normal(width, scale),
    weights: normal(length, 1),
    present: floats(
      lengths.flatMap((used) => Array.from({ length }, (_, s) => (s < used ? 1 : 0))),
      [batch, length],
    ),
  };
}

type Inputs = ReturnType<typeof inputsOf>;

/** The weights of one head of one row, `[T][S]`, in float64. */
function byDefinition({ energies, kernels, present }: Inputs, n: number): number[][] {
  const [, , steps, length] = energies.shape as [number, number, number, number];
  const width = kernels.shape[3]!;
  let previous = Array.from({ length }, (_, s) => Number(s === 0));
  return Array.from({ length: steps }, (_, t) => {
    const exponentials = previous.map((_x, s) => {
      let energy = energies.data[(n * steps + t) * length + s]!;
      for (let w = 0; w < width; w++) {
        energy += kernels.data[(n * steps + t) * width + w]! * (previous[s + w - (width - 1) / 2] ?? 0);
      }
      return present.data[Math.floor(n / 2) * length + s] === 1 ? Math.exp(energy) : 0;
    });
    const total = exponentials.reduce((so, x) => so + x, 0);
    previous = exponentials.map((x) => x / total);
    return previous;
  });
}

const SIZES = [
  [3, 4, 5, 3],
  [1, 1, 1, 5],
  [2, 6, 2, 7],
  [2, 3, 9, 1],
] as const;

describe.each(ENGINES)('locationAwareWeights on %s', (name) => {
  const engine = useEngine(name);

  it.each(SIZES)('follows the definition: batch %d, %d steps, %d positions, kernels of %d', async (...sizes) => {
    const [batch, steps, length, width] = sizes;
    const { run, dispose } = await engine().compile(program(width));
    const inputs = inputsOf(...sizes);
    const { alignments } = await run(inputs);
    const expected = Array.from({ length: 2 * batch }, (_, n) => byDefinition(inputs, n)).flat(2);
    expect(alignments!.shape).toEqual([batch, 2, steps, length]);
    for (const [i, x] of alignments!.data.entries()) expect(Math.abs(x - expected[i]!), `${i}`).toBeLessThan(1e-6);
    await dispose();
  });

  it('is plain attention where kernels are zero', async () => {
    const { run, dispose } = await engine().compile(program(5));
    const inputs = inputsOf(3, 4, 6, 5);
    inputs.kernels.data.fill(0);
    const { alignments, plain } = await run(inputs);
    expect(largestDifference({ x: alignments! }, { x: plain! })).toBeLessThan(1e-7);
    await dispose();
  });

  it('goes where kernels send it', async () => {
    const { run, dispose } = await engine().compile(program(3));
    const inputs = inputsOf(1, 5, 8, 3);
    inputs.energies.data.fill(0);
    // Look at the position before: each step walks on by one.
    for (let i = 0; i < inputs.kernels.data.length; i++) inputs.kernels.data[i] = i % 3 === 0 ? 30 : 0;
    const { alignments } = await run(inputs);
    const best = Array.from({ length: 5 }, (_, t) => {
      const row = [...alignments!.data.slice(t * 8, t * 8 + 8)];
      return row.indexOf(Math.max(...row));
    });
    expect(best).toEqual([1, 2, 3, 4, 5]);
    await dispose();
  });

  it('has the gradients of finite differences', async () => {
    const { run, dispose } = await engine().compile(program(3));
    const inputs: Inputs = inputsOf(1, 3, 4, 3, 1, 2);
    const results = await run(inputs);
    for (const input of ['energies', 'kernels'] as const) {
      const { data, shape } = inputs[input];
      for (let i = 0; i < data.length; i++) {
        const lossAt = async (by: number) => {
          const moved = floats(data, shape);
          moved.data[i]! += by;
          return (await run({ ...inputs, [input]: moved })).loss!.data[0]!;
        };
        const slope = ((await lossAt(0.02)) - (await lossAt(-0.02))) / 0.04;
        expect(Math.abs(results[`d ${input}`]!.data[i]! - slope), `${input} ${i}`).toBeLessThan(2e-4);
      }
    }
    await dispose();
  });

  it('takes the same steps one by one', async () => {
    const sizes = [2, 4, 5, 3] as const;
    const [batch, steps, length, width] = sizes;
    const { run, dispose } = await engine().compile(program(width));
    const inputs = inputsOf(...sizes, 1, 3);
    const { alignments } = await run(inputs);
    const at = ({ shape, data }: HostTensor, t: number) => {
      const size = shape[3]!;
      const parts = Array.from({ length: 2 * batch }, (_, n) => [
        ...data.slice((n * steps + t) * size, (n * steps + t + 1) * size),
      ]);
      return floats(parts.flat(), [2 * batch, size]);
    };
    const rows = [0, 0, 1, 1].flatMap((b) => [...inputs.present.data.slice(b * length, (b + 1) * length)]);
    const present = floats(rows, [2 * batch, length]);
    let { previous } = await evaluate(engine(), { present }, ({ present }) => ({
      previous: locationAwareStart(present!.shape[0]!, present!.shape[1]!),
    }));
    for (let t = 0; t < steps; t++) {
      const given = { energies: at(inputs.energies, t), kernel: at(inputs.kernels, t), previous: previous!, present };
      ({ previous } = await evaluate(engine(), given, ({ energies, kernel, previous, present }) => ({
        previous: locationAwareStep(energies!, kernel!, previous!, mul(sub(1, present!), MASKED)),
      })));
      expect(largestDifference({ x: previous! }, { x: at(alignments!, t) }), `step ${t}`).toBeLessThan(1e-7);
    }
    await dispose();
  });

  it('stays finite over long sources and large energies, and so do gradients', async () => {
    const { run, dispose } = await engine().compile(program(11));
    for (const scale of [0, 1, 50]) {
      const results = await run(inputsOf(1, 20, 400, 11, scale, 4));
      for (const [key, { data }] of Object.entries(results)) expect(data.every(Number.isFinite), key).toBe(true);
      for (let row = 0; row < 40; row++) {
        const total = [...results.alignments!.data.slice(row * 400, row * 400 + 400)].reduce((so, x) => so + x, 0);
        expect(Math.abs(total - 1)).toBeLessThan(1e-5);
      }
      if (scale > 0) expect(results['d kernels']!.data.some((x) => x !== 0)).toBe(true);
    }
    await dispose();
  });
});

describe('locationAwareWeights of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([1, 5, 11])('agree at every size from one compilation: kernels of %d', async (width) => {
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => engine.compile(program(width))));
    for (const [batch, steps, length] of [
      [3, 4, 5],
      [1, 1, 1],
      [1, 30, 7],
      [4, 9, 40],
    ] as const) {
      const inputs = inputsOf(batch, steps, length, width, 1, 5);
      const [a, b] = await Promise.all([ours!.run(inputs), theirs!.run(inputs)]);
      expect(Object.keys(a)).toHaveLength(5);
      expect(largestDifference(a, b), `${batch} ${steps} ${length}`).toBeLessThan(5e-6);
    }
    await Promise.all([ours!.dispose(), theirs!.dispose()]);
  });
});
