// The CTC loss: PyTorch's numbers, all paths by hand, batches, and both engines.
import { describe, expect, it } from 'vitest';
import { ctcLoss } from '../../../src/engine/fused/ctc.js';
import { ctcMinimumFrames, ctcTargets } from '../../../src/engine/fused/ctc-targets.js';
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

const fits = (targets: readonly (readonly number[])[], lengths: readonly number[]): number[] =>
  targets.map((row, i) => (ctcMinimumFrames(Int32Array.from(row)) <= lengths[i]! ? 1 : 0));

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

  it('equals PyTorch, rows without a path left out', async () => {
    for (const { lengths, targets, logits, losses, gradient } of cases) {
      const classes = logits.shape[2]!;
      const inputs = inputsOf(floatTensor(logits), lengths, targets, fits(targets, lengths));
      const result = await run(engine(), classes, inputs);
      expect(Math.abs(result.loss!.data[0]! - losses.data.reduce((a, b) => a + b, 0))).toBeLessThan(
        1e-5 * losses.data.length,
      );
      expect(distance(result.gradient, gradient)).toBeLessThan(1e-5);
    }
  });

  it('is the probability of all paths that collapse to the target', async () => {
    const random = new Random(3, 'ctc');
    for (const target of [[], [1], [1, 1], [1, 2], [2, 1, 2]]) {
      const logits = floats(
        Array.from({ length: 4 * 3 }, () => random.normal()),
        [1, 4, 3],
      );
      const probabilities = Array.from({ length: 4 }, (_, t) => {
        const row = Array.from(logits.data.slice(3 * t, 3 * t + 3), Math.exp);
        const sum = row.reduce((a, b) => a + b, 0);
        return row.map((x) => x / sum);
      });
      const { loss } = await run(engine(), 3, inputsOf(logits, [4], [target]));
      expect(Math.exp(-loss!.data[0]!)).toBeCloseTo(byEnumeration(probabilities, target), 5);
    }
  });

  it('gives a row the same gradient alone and among longer ones, from one compiled program', async () => {
    const random = new Random(5, 'ctc');
    const executable = await engine().compile(program(7));
    const row = Array.from({ length: 6 * 7 }, () => random.normal());
    const alone = await executable.run(inputsOf(floats(row, [1, 6, 7]), [6], [[3, 3, 5]]));
    const frames = 11;
    const data = Array.from({ length: 3 * frames * 7 }, () => random.normal());
    data.splice(frames * 7, row.length, ...row);
    const inputs = inputsOf(floats(data, [3, frames, 7]), [11, 6, 9], [[1, 2, 3, 4, 5], [3, 3, 5], [6]]);
    const together = await executable.run(inputs);
    const part = together.gradient!.data.slice(frames * 7, frames * 7 + row.length);
    part.forEach((x, i) => {
      expect(Math.abs(x - alone.gradient!.data[i]!)).toBeLessThan(1e-6);
    });
    expect(together.gradient!.data.slice(frames * 7 + row.length, 2 * frames * 7).every((x) => x === 0)).toBe(true);
    await executable.dispose();
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
