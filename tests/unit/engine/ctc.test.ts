// The CTC loss: PyTorch's numbers, all paths by hand, batches, and both engines.
import { describe, expect, it } from 'vitest';
import { ctcMinimumFrames, ctcTargets } from '../../../src/data/ctc-targets.js';
import { ctcLoss } from '../../../src/engine/fused/ctc.js';
import { type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { Engine, HostTensor, Program } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { distance, floatTensor, type ReferenceTensor, reference } from './reference.js';
import { ENGINES, floats, ints, programOf, useEngine } from './support.js';

interface Case {
  readonly lengths: readonly number[];
  readonly targets: readonly (readonly number[])[];
  readonly logits: ReferenceTensor;
  readonly losses: ReferenceTensor;
  readonly gradient: ReferenceTensor;
}

const { cases } = reference<{ cases: Case[] }>('ctc');

/** Loss and gradient for batches of any size. */
const program = (classes: number): Program =>
  programOf(
    {
      logits: { shape: ['B', 'S', classes], dtype: 'float32' },
      present: { shape: ['B', 'S'], dtype: 'float32' },
      labels: { shape: ['B', 'U'], dtype: 'int32' },
      skip: { shape: ['B', 'U'], dtype: 'float32' },
      final: { shape: ['B', 'U'], dtype: 'float32' },
      weights: { shape: ['B'], dtype: 'float32' },
    },
    ({ logits, present, ...targets }) => {
      const loss = (x: Tensor) => ctcLoss(x, present as Tensor, targets as never) as never;
      const { value, grads } = valueAndGrads(loss as never)([logits as Tensor]);
      return { outputs: { loss: value, gradient: grads[0] as Tensor } };
    },
  );

function inputsOf(
  logits: HostTensor,
  lengths: readonly number[],
  targets: readonly (readonly number[])[],
  weights = targets.map(() => 1),
): Record<string, HostTensor> {
  const [batch, frames] = logits.shape as [number, number];
  const states = ctcTargets(
    targets.map((row) => Int32Array.from(row)),
    0,
  );
  const shape = [batch, states.length];
  return {
    logits,
    present: floats(
      Array.from({ length: batch * frames }, (_, i) => (i % frames < lengths[Math.floor(i / frames)]! ? 1 : 0)),
      [batch, frames],
    ),
    labels: ints(states.labels, shape),
    skip: floats(states.skip, shape),
    final: floats(states.final, shape),
    weights: floats(weights),
  };
}

/** A batch of normal logits. */
function randomLogits(seed: number, batch: number, frames: number, classes: number): HostTensor {
  const random = new Random(seed, 'ctc');
  return floats(
    Array.from({ length: batch * frames * classes }, () => random.normal()),
    [batch, frames, classes],
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Σ over all paths of length `frames` that collapse to `target`, of their probability. */
function byEnumeration(probabilities: number[][], target: readonly number[]): number {
  const classes = probabilities[0]!.length;
  let total = 0;
  for (let code = 0; code < classes ** probabilities.length; code++) {
    const path = probabilities.map((_p, t) => Math.floor(code / classes ** t) % classes);
    const collapsed = path.filter((label, t) => label !== 0 && label !== path[t - 1]);
    if (collapsed.join() === target.join()) total += path.reduce((p, label, t) => p * probabilities[t]![label]!, 1);
  }
  return total;
}

describe.each(ENGINES)('ctcLoss on %s', (engineName) => {
  const engine = useEngine(engineName);
  const run = async (on: Engine, classes: number, inputs: Record<string, HostTensor>) => {
    const executable = await on.compile(program(classes));
    const result = await executable.run(inputs);
    await executable.dispose();
    return result;
  };

  it.each(cases)('equals PyTorch for $targets in $lengths frames', async ({ lengths, targets, ...theirs }) => {
    const { run, dispose } = await engine().compile(program(theirs.logits.shape[2]!));
    const logits = floatTensor(theirs.logits);
    const { loss, gradient } = await run(inputsOf(logits, lengths, targets));
    expect(Math.abs(loss!.data[0]! - sum(theirs.losses.data))).toBeLessThan(1e-5 * targets.length);
    expect(distance(gradient, theirs.gradient)).toBeLessThan(1e-5);
    for (const [row, expected] of theirs.losses.data.entries()) {
      const only = targets.map((_target, i) => (i === row ? 1 : 0));
      const { loss } = await run(inputsOf(logits, lengths, targets, only));
      expect(Math.abs(loss!.data[0]! - expected), `row ${row}`).toBeLessThan(1e-5);
      const fits = ctcMinimumFrames(Int32Array.from(targets[row]!)) <= lengths[row]!;
      expect(fits, `row ${row}`).toBe(expected > 0);
    }
    await dispose();
  });

  it('is the probability of all paths that collapse to the target', async () => {
    for (const [seed, target] of [[], [1], [1, 1], [1, 2], [2, 1, 2]].entries()) {
      const logits = randomLogits(seed, 1, 4, 3);
      const probabilities = Array.from({ length: 4 }, (_, t) => {
        const row = Array.from(logits.data.slice(3 * t, 3 * t + 3), Math.exp);
        const sum = row.reduce((a, b) => a + b, 0);
        return row.map((x) => x / sum);
      });
      const { loss } = await run(engine(), 3, inputsOf(logits, [4], [target]));
      expect(Math.exp(-loss!.data[0]!)).toBeCloseTo(byEnumeration(probabilities, target), 5);
    }
  });

  it('gives a row the same loss and gradient alone and among longer ones, from one compiled program', async () => {
    const { run, dispose } = await engine().compile(program(7));
    const row = randomLogits(5, 1, 6, 7);
    const alone = await run(inputsOf(row, [6], [[3, 3, 5]]));
    const frames = 11;
    const logits = randomLogits(6, 3, frames, 7);
    logits.data.set(row.data, frames * 7);
    const targets = [[1, 2, 3, 4, 5], [3, 3, 5], [6]];
    const together = await run(inputsOf(logits, [11, 6, 9], targets, [0, 1, 0]));
    expect(Math.abs(together.loss!.data[0]! - alone.loss!.data[0]!)).toBeLessThan(1e-6);
    for (const weights of [
      [0, 1, 0],
      [1, 1, 1],
    ]) {
      const { gradient } = await run(inputsOf(logits, [11, 6, 9], targets, weights));
      const part = gradient!.data.slice(frames * 7, 2 * frames * 7);
      for (const [i, x] of part.entries()) {
        const expected = alone.gradient!.data[i] ?? 0;
        if (i < row.data.length) expect(Math.abs(x - expected)).toBeLessThan(1e-6);
        else expect(x === 0, `padding ${i}`).toBe(true);
      }
    }
    await dispose();
  });

  it('counts each row with its weight', async () => {
    const { run, dispose } = await engine().compile(program(6));
    const logits = randomLogits(7, 2, 8, 6);
    const [a, b, both] = await Promise.all(
      [
        [1, 0],
        [0, 1],
        [0.25, 3],
      ].map((weights) => run(inputsOf(logits, [8, 5], [[1, 2], [4]], weights))),
    );
    expect(both!.loss!.data[0]).toBeCloseTo(0.25 * a!.loss!.data[0]! + 3 * b!.loss!.data[0]!, 4);
    const expected = a!.gradient!.data.map((x, i) => 0.25 * x + 3 * b!.gradient!.data[i]!);
    expect(distance(both!.gradient, { shape: [2, 8, 6], data: [...expected] })).toBeLessThan(1e-6);
    await dispose();
  });

  it('takes nothing from rows whose targets do not fit, whatever their weight', async () => {
    const { run, dispose } = await engine().compile(program(4));
    const logits = randomLogits(8, 3, 4, 4);
    const tooLong = [
      [1, 2, 3, 1, 2],
      [1, 1, 1],
      [2, 3],
    ];
    const { loss, gradient } = await run(inputsOf(logits, [4, 4, 0], tooLong, [1, 2, 1000]));
    expect(loss!.data[0]! === 0).toBe(true);
    expect(gradient!.data.every((x) => x === 0)).toBe(true);
    await dispose();
  });

  it('has the gradient of finite differences', async () => {
    const { run, dispose } = await engine().compile(program(4));
    const logits = randomLogits(9, 2, 5, 4);
    const inputs = inputsOf(logits, [5, 4], [[1, 1, 2], [3]], [1, 0.5]);
    const { gradient } = await run(inputs);
    const lossAt = async (index: number, by: number) => {
      const moved = floats(logits.data, logits.shape);
      moved.data[index]! += by;
      return (await run({ ...inputs, logits: moved })).loss!.data[0]!;
    };
    for (let i = 0; i < logits.data.length; i++) {
      const slope = ((await lossAt(i, 0.02)) - (await lossAt(i, -0.02))) / 0.04;
      expect(Math.abs(gradient!.data[i]! - slope), `logit ${i}`).toBeLessThan(5e-4);
    }
    await dispose();
  });

  // α and β of long inputs are large numbers, whose rounding must not reach the gradient as a bias of whole frames.
  it('keeps the gradient of every frame at a sum of 0 over hundreds of frames', async () => {
    const { run, dispose } = await engine().compile(program(9));
    const frames = 400;
    const target = Array.from({ length: 60 }, (_, i) => 1 + ((i * 5) % 8));
    const { gradient } = await run(inputsOf(randomLogits(10, 1, frames, 9), [frames], [target]));
    for (let t = 0; t < frames; t++) {
      expect(Math.abs(sum([...gradient!.data.slice(9 * t, 9 * t + 9)])), `frame ${t}`).toBeLessThan(5e-6);
    }
    await dispose();
  });
});

describe('ctcLoss of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  // 101 and 2 · 103 are, or are made of, sizes that the tracer gives symbolic dimensions.
  it.each([5, 101, 206])('agrees at every size from one compilation: %d classes', async (classes) => {
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => engine.compile(program(classes))));
    const random = new Random(11, 'ctc');
    for (const [batch, frames, longest] of [
      [1, 1, 0],
      [1, 1, 1],
      [4, 13, 5],
      [2, 30, 12],
      [3, 4, 6],
    ] as const) {
      const targets = Array.from({ length: batch }, (_, row) =>
        Array.from(
          { length: row === 0 ? longest : random.integer(longest + 1) },
          () => 1 + random.integer(classes - 1),
        ),
      );
      const lengths = targets.map((_target, row) => (row === 0 ? frames : 1 + random.integer(frames)));
      const inputs = inputsOf(randomLogits(12, batch, frames, classes), lengths, targets);
      const [a, b] = await Promise.all([ours!.run(inputs), theirs!.run(inputs)]);
      for (const [name, { shape, data }] of Object.entries(b)) {
        // The log-probabilities reach 160, where float32 numbers lie 1.5e-5 apart.
        expect(distance(a[name], { shape, data: [...data] }), `${name} ${batch} ${frames}`).toBeLessThan(1e-5);
      }
    }
    await Promise.all([ours!.dispose(), theirs!.dispose()]);
  });
});

it('lays targets out as states', () => {
  const { labels, skip, final, length } = ctcTargets([Int32Array.of(4, 4, 2), Int32Array.of(5), new Int32Array(0)], 0);
  expect(length).toBe(7);
  expect([...labels]).toEqual([0, 4, 0, 4, 0, 2, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...skip.slice(0, 7)]).toEqual([0, 0, 0, 0, 0, 1, 0]);
  expect([...final.slice(0, 7)]).toEqual([0, 0, 0, 0, 0, 1, 1]);
  expect([...final.slice(14)]).toEqual([1, 0, 0, 0, 0, 0, 0]);
  expect(ctcMinimumFrames(Int32Array.of(4, 4, 2))).toBe(4);
});
