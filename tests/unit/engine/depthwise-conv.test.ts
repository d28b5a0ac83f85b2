// Depthwise convolution over time: PyTorch's numbers, equal engines at every size, finite differences.
import { describe, expect, it } from 'vitest';
import { depthwiseConv } from '../../../src/engine/fused/depthwise-conv.js';
import { mul, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import { type HostTensor, type Program, sizeOf } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { distance, floatTensor, type ReferenceTensor, reference } from './reference.js';
import { ENGINES, floats, programOf, useEngine } from './support.js';

type Case = Readonly<Record<'x' | 'kernel' | 'dy' | 'y' | 'dx' | 'dkernel', ReferenceTensor>> & {
  readonly name: string;
};

const cases = reference<{ depthwise: Case[] }>('conformer').depthwise;

/** y and the gradients of Σ dy·y, batch and length symbolic. */
const gradientProgram = (size: number, width: number): Program =>
  programOf(
    {
      x: { shape: ['B', 'S', width], dtype: 'float32' },
      dy: { shape: ['B', 'S', width], dtype: 'float32' },
      kernel: { shape: [size, width], dtype: 'float32' },
    },
    (given) => {
      const { x, dy, kernel } = given as { x: Tensor; dy: Tensor; kernel: Tensor };
      const loss = (x: Tensor, kernel: Tensor) => sum(mul(depthwiseConv(x, kernel), dy)) as never;
      const { value, grads } = valueAndGrads(loss)([x, kernel]);
      return {
        outputs: { loss: value, y: depthwiseConv(x, kernel), dx: grads[0] as Tensor, dkernel: grads[1] as Tensor },
      };
    },
  );

const random = (name: string, shape: readonly number[]): HostTensor => {
  const stream = new Random(6, name);
  return floats(
    Array.from({ length: sizeOf(shape) }, () => stream.normal()),
    shape,
  );
};

const sample = (batch: number, length: number, size: number, width: number) => ({
  x: random('x', [batch, length, width]),
  dy: random('dy', [batch, length, width]),
  kernel: random('kernel', [size, width]),
});

describe.each(ENGINES)('depthwise convolution on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(cases)('agrees with PyTorch: $name', async (c) => {
    const [size, width] = c.kernel.shape as [number, number];
    const { run } = await engine().compile(gradientProgram(size, width));
    const result = await run({ x: floatTensor(c.x), dy: floatTensor(c.dy), kernel: floatTensor(c.kernel) });
    for (const name of ['y', 'dx', 'dkernel'] as const)
      expect(distance(result[name], c[name]), name).toBeLessThan(1e-6);
  });

  it('has the gradients of finite differences', async () => {
    const { run } = await engine().compile(gradientProgram(5, 3));
    const given = sample(2, 4, 5, 3);
    const gradients = await run(given);
    for (const name of ['x', 'kernel'] as const) {
      const { shape, data } = given[name];
      // The result is linear in each: a long step loses nothing.
      const lossAt = async (index: number, by: number) => {
        const moved = floats(data, shape);
        moved.data[index]! += by;
        return (await run({ ...given, [name]: moved })).loss!.data[0]!;
      };
      for (let i = 0; i < data.length; i++) {
        const slope = ((await lossAt(i, 1)) - (await lossAt(i, -1))) / 2;
        expect(gradients[`d${name}`]!.data[i], `${name} ${i}`).toBeCloseTo(slope, 4);
      }
    }
  });
});

describe('depthwise convolution of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  // 103 and 202 are, or are made of, sizes that the tracer gives symbolic dimensions.
  it.each([
    [15, 8],
    [31, 4],
    [1, 4],
    [3, 1],
    [5, 202],
    [103, 2],
  ])('agrees at every size from one compilation: kernel %d, width %d', async (size, width) => {
    const [ours, theirs] = await Promise.all(
      [onnx(), cpu()].map((engine) => engine.compile(gradientProgram(size, width))),
    );
    for (const [batch, length] of [
      [3, 5],
      [1, 1],
      [2, 40],
      [4, 15],
    ] as const) {
      const given = sample(batch, length, size, width);
      const [a, b] = await Promise.all([ours!.run(given), theirs!.run(given)]);
      for (const [name, { shape, data }] of Object.entries(b)) {
        const tolerance = name === 'loss' ? 1e-5 : 1e-6;
        expect(distance(a[name], { shape, data: [...data] }), `${name} ${batch} ${length}`).toBeLessThan(tolerance);
      }
    }
  });
});
