// Monotonic attention: all paths by hand, hard alignments, padding, long sources, and both engines.
import { describe, expect, it } from 'vitest';
import { mul, reshape, stack, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { HostTensor, Program } from '../../../src/engine/types.js';
import { expectedAlignments, hardAlignment } from '../../../src/model/monotonic.js';
import { Random } from '../../../src/random.js';
import { ENGINES, evaluate, floats, ints, largestDifference, programOf, useEngine } from '../engine/support.js';

/** Alignments of two heads, and the gradient of a weighted sum of them. */
const program: Program = programOf(
  {
    probabilities: { shape: ['B', 2, 'T', 'S'], dtype: 'float32' },
    weights: { shape: ['B', 2, 'T', 'S'], dtype: 'float32' },
    present: { shape: ['B', 'S'], dtype: 'float32' },
  },
  ({ probabilities, weights, present }) => {
    const [batch, , steps, length] = probabilities!.shape as [number, number, number, number];
    // [2·B, 1, S]
    const mask = reshape(stack([present!, present!], 1), [batch * 2, 1, length]);
    const alignments = (p: Tensor) =>
      reshape(expectedAlignments(reshape(p, [batch * 2, steps, length]), mask), p.shape);
    const loss = (p: Tensor) => sum(mul(alignments(p), weights!));
    const { value, grads } = valueAndGrads(loss as never)([probabilities!]);
    return { outputs: { alignments: alignments(probabilities!), loss: value, gradient: grads[0]! } };
  },
);

function inputsOf(batch: number, steps: number, length: number, probability: (random: Random) => number, seed = 1) {
  const random = new Random(seed, 'monotonic');
  const shape = [batch, 2, steps, length];
  const fill = (make: () => number) => floats(Array.from({ length: batch * 2 * steps * length }, make), shape);
  const lengths = Array.from({ length: batch }, (_, b) => (b === 0 ? length : 1 + random.integer(length)));
  return {
    probabilities: fill(() => probability(random)),
    weights: fill(() => random.normal()),
    present: floats(
      lengths.flatMap((used) => Array.from({ length }, (_, s) => (s < used ? 1 : 0))),
      [batch, length],
    ),
  };
}

/** α by walking every path: `stop[t][s]` is the probability of stopping. */
function byEnumeration(stop: readonly (readonly number[])[]): number[][] {
  const length = stop[0]!.length;
  const alignments = stop.map(() => new Array<number>(length).fill(0));
  const walk = (t: number, from: number, mass: number): void => {
    if (t === stop.length) return;
    let here = mass;
    for (let s = from; s < length; s++) {
      const stopping = here * stop[t]![s]!;
      alignments[t]![s]! += stopping;
      walk(t + 1, s, stopping);
      here -= stopping;
    }
  };
  walk(0, 0, 1);
  return alignments;
}

/** Row `[T][S]` number `n` of a tensor `[…, T, S]`. */
function rowsOf({ shape, data }: HostTensor, n: number): number[][] {
  const [steps, length] = shape.slice(-2) as [number, number];
  return Array.from({ length: steps }, (_, t) => {
    const from = (n * steps + t) * length;
    return [...data.slice(from, from + length)];
  });
}

describe.each(ENGINES)('expectedAlignments on %s', (name) => {
  const engine = useEngine(name);

  it('sums over all monotonic paths, and gives padding nothing', async () => {
    const { run, dispose } = await engine().compile(program);
    for (const [batch, steps, length] of [
      [3, 4, 5],
      [1, 1, 1],
      [2, 1, 6],
      [2, 5, 1],
      [2, 6, 3],
    ] as const) {
      const inputs = inputsOf(batch, steps, length, (random) => random.uniform());
      const { alignments } = await run(inputs);
      for (let n = 0; n < 2 * batch; n++) {
        const row = Math.floor(n / 2);
        const present = [...inputs.present.data.slice(row * length, (row + 1) * length)];
        const stop = rowsOf(inputs.probabilities, n).map((p) => p.map((x, s) => x * present[s]!));
        const expected = byEnumeration(stop);
        rowsOf(alignments!, n).forEach((found, t) => {
          found.forEach((x, s) => {
            expect(Math.abs(x - expected[t]![s]!), `${batch} ${steps} ${length}: ${n} ${t} ${s}`).toBeLessThan(1e-6);
            if (!present[s]) expect(x === 0).toBe(true);
          });
        });
      }
    }
    await dispose();
  });

  it('has the gradient of finite differences', async () => {
    const { run, dispose } = await engine().compile(program);
    const inputs = inputsOf(1, 3, 4, (random) => 0.1 + 0.8 * random.uniform(), 2);
    const { gradient } = await run(inputs);
    const { data, shape } = inputs.probabilities;
    for (let i = 0; i < data.length; i++) {
      const lossAt = async (by: number) => {
        const probabilities = floats(data, shape);
        probabilities.data[i]! += by;
        return (await run({ ...inputs, probabilities })).loss!.data[0]!;
      };
      // The loss is linear in every single probability, so the step may be large.
      const slope = ((await lossAt(0.1)) - (await lossAt(-0.1))) / 0.2;
      expect(Math.abs(gradient!.data[i]! - slope), `probability ${i}`).toBeLessThan(2e-5);
    }
    await dispose();
  });

  it('is the hard alignment where probabilities are 0 and 1', async () => {
    const { run, dispose } = await engine().compile(program);
    const steps = 7;
    const length = 9;
    const inputs = inputsOf(3, steps, length, (random) => (random.uniform() < 0.6 ? 1 : 0), 3);
    const { alignments } = await run(inputs);
    const row = await engine().compile(
      programOf(
        {
          probabilities: { shape: ['N', 'S'], dtype: 'float32' },
          previous: { shape: ['N'], dtype: 'float32' },
          present: { shape: ['N', 'S'], dtype: 'float32' },
        },
        ({ probabilities, previous, present }) => ({
          outputs: { ...hardAlignment(probabilities!, previous!, present!) },
        }),
      ),
    );
    const { data } = inputs.present;
    // Each row of the batch has two heads.
    const present = floats(
      [0, 0, 1, 1, 2, 2].flatMap((b) => [...data.slice(b * length, (b + 1) * length)]),
      [6, length],
    );
    let previous = floats([0, 0, 0, 0, 0, 0]);
    let ended = 0;
    for (let t = 0; t < steps; t++) {
      const at = (tensor: HostTensor) => [0, 1, 2, 3, 4, 5].flatMap((n) => rowsOf(tensor, n)[t]!);
      const step = await row.run({ probabilities: floats(at(inputs.probabilities), [6, length]), previous, present });
      expect([...step.weights!.data], `step ${t}`).toEqual(at(alignments!));
      previous = step.position as typeof previous;
      ended = previous.data.filter((position) => position === length).length;
    }
    // Some walks have come to the end, others have not.
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(6);
    await Promise.all([dispose(), row.dispose()]);
  });

  it.each([
    ['near 0', () => 1e-6],
    ['near 1', () => 1 - 1e-6],
    ['0', () => 0],
    ['1', () => 1],
    ['at random', (random: Random) => 1 / (1 + Math.exp(-8 * random.normal()))],
  ])('stays finite over long sources, and so do gradients: probabilities %s', async (_name, probability) => {
    const { run, dispose } = await engine().compile(program);
    const { alignments, gradient } = await run(inputsOf(1, 60, 400, probability, 4));
    for (let n = 0; n < 2; n++) {
      for (const row of rowsOf(alignments!, n)) {
        expect(row.every((x) => x >= 0)).toBe(true);
        expect(row.reduce((total, x) => total + x, 0)).toBeLessThan(1 + 1e-5);
      }
    }
    expect(gradient!.data.every(Number.isFinite)).toBe(true);
    expect(gradient!.data.some((x) => x !== 0)).toBe(true);
    await dispose();
  });
});

describe('expectedAlignments of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it('agree at every size from one compilation', async () => {
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => engine.compile(program)));
    for (const [batch, steps, length] of [
      [3, 4, 5],
      [1, 1, 1],
      [1, 30, 7],
      [4, 9, 40],
    ] as const) {
      const inputs = inputsOf(batch, steps, length, (random) => random.uniform(), 5);
      const [a, b] = await Promise.all([ours!.run(inputs), theirs!.run(inputs)]);
      expect(Object.keys(a)).toHaveLength(3);
      expect(largestDifference(a, b), `${batch} ${steps} ${length}`).toBeLessThan(5e-6);
    }
    await Promise.all([ours!.dispose(), theirs!.dispose()]);
  });
});

describe.each(ENGINES)('hardAlignment on %s', (name) => {
  const engine = useEngine(name);

  it('attends to the first position from the last on that is at least a half likely, or to nothing', async () => {
    const probabilities = floats([0.9, 0.2, 0.5, 0.9, 0.9, 0.2, 0.5, 0.9, 0.9, 0.2, 0.4, 0.1, 0.1, 1, 1, 1], [4, 4]);
    const { weights, position } = await evaluate(
      engine(),
      { probabilities, previous: ints([0, 1, 1, 4]) },
      ({ probabilities, previous }) => ({ ...hardAlignment(probabilities!, previous!) }),
    );
    expect([...weights!.data]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...position!.data]).toEqual([0, 2, 4, 4]);
  });
});
