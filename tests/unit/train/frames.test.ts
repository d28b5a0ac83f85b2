// Training on frames: both engines agree on loss and gradients, losses are what they are said to be, padding counts for nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetFramesOf } from '../../../src/data/examples.js';
import { prenetMasks } from '../../../src/decode/frames/inputs.js';
import type { Tensor } from '../../../src/engine/ops.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { createScope } from '../../../src/model/scope.js';
import { Random } from '../../../src/random.js';
import { frameBatch, frameInputs } from '../../../src/train/frame-batch.js';
import { frameStatistics, frameValidationBatch, frameValidationProgram } from '../../../src/train/frame-validation.js';
import { monotonicDurations } from '../../../src/train/monotonic-path.js';
import { writtenFrames } from '../../../src/train/objectives/frames.js';
import type { FramesSetup } from '../../../src/train/objectives/types.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { floats, largestDifference, useEngine } from '../engine/support.js';
import { FEATURES, frameExamples, frameModel, frameSetup, framesOf, LOSS } from './frames-support.js';

const GUIDED = { weight: 2, sigma: 0.2, layers: 1, heads: 1 };
type Case = { craft?: Partial<FramesSetup>; frames?: object; model?: object; speakers?: number };
const CASES: Readonly<Record<string, Case>> = {
  'autoregressive, guided': { craft: { guidedAttention: GUIDED } },
  'autoregressive, three frames at a time, no postnet': { frames: { reduction: 3, postnetLayers: 0 } },
  'autoregressive, scheduled sampling': { craft: { scheduledPasses: 2 }, model: { dropout: 0.1 } },
  'autoregressive, conformer': { model: { encoderBlock: 'conformer', convolutionKernel: 3, dropout: 0.1 } },
  'autoregressive, location-aware, several voices': { model: { crossAttention: 'location-aware' }, speakers: 3 },
  'autoregressive, monotonic': { model: { crossAttention: 'monotonic' } },
  'autoregressive, guided by durations': { craft: { guidedAttention: GUIDED, guide: 'durations' } },
  parallel: { frames: { kind: 'parallel' } },
  'parallel, conformer, several voices': {
    frames: { kind: 'parallel', reduction: 1 },
    model: { encoderBlock: 'conformer', convolutionKernel: 3, dropout: 0.1 },
    speakers: 3,
  },
};

const setupOf = ({ craft, frames, model, speakers }: Case) =>
  frameSetup(frameModel({ ...frames }, { ...model }), craft, speakers === undefined ? {} : { speakers });

describe('gradients of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each(Object.entries(CASES))('agree: %s', async (_name, given) => {
    const { setup, dropout, parameters } = setupOf(given);
    const program = gradientProgram(setup);
    const compiled = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write({ ...parameters(), ...dropout.pools(0) });
        return engine.compile(program);
      }),
    );
    const { reduction } = setup.model.frames!;
    for (const lengths of [
      [[5, 11] as const, [7, 4] as const, [3, 9] as const],
      [[4, 13] as const, [9, 6] as const],
    ]) {
      const batch = frameBatch(setup, frameExamples(lengths, reduction), 0.1);
      const { weights } = batch as { weights: HostTensor };
      const random = new Random(5, 'mask');
      const inputs = {
        ...batch,
        ...(given.craft?.scheduledPasses
          ? {
              scheduledMask: floats(
                weights.data.map((_, i) => (i % weights.shape[1]! > 0 && random.uniform() < 0.5 ? 1 : 0)),
                weights.shape,
              ),
            }
          : {}),
        dropoutOffsets: dropout.offsets(0),
      };
      const [a, b] = await Promise.all(compiled.map((executable) => executable.run(inputs)));
      expect(a!.loss!.data[0]).toBeGreaterThan(0.5);
      // Single precision is relative to the largest numbers that went into a sum.
      const size = Math.max(1, ...Object.values(a!).flatMap(({ data }) => Array.from(data, Math.abs)));
      expect(largestDifference(a!, b!) / size).toBeLessThan(5e-6);
    }
  });
});

describe('the loss of frames', () => {
  const engine = useEngine('onnxruntime');

  it('is what its parts add up to, computed on the host from what the model writes', async () => {
    const { setup, parameters } = frameSetup(frameModel({ prenetDropout: 0 }));
    const examples = frameExamples(
      [
        [4, 7],
        [6, 3],
      ],
      2,
    );
    const batch = frameBatch(setup, examples, 1);
    await engine().write(parameters());
    const program = {
      name: 'written',
      variables: setup.parameters,
      inputs: frameInputs(setup),
      body: (variables: Record<string, Tensor>, inputs: Record<string, Tensor>) => {
        const { before, after, stop } = writtenFrames(createScope(setup.model, variables), inputs);
        return { outputs: { before, after, stop: stop! } };
      },
    };
    const written = await (await engine().compile(program as never)).run(batch);
    const validation = await (await engine().compile(frameValidationProgram(setup, LOSS))).run(batch);
    let [l1, l2, stop, plainStop, right] = [0, 0, 0, 0, 0];
    const [, length] = batch.weights!.shape as [number, number];
    examples.forEach((example, row) => {
      const true_ = framesOf(example);
      const { frames, length: own } = targetFramesOf(example);
      for (let i = 0; i < frames * FEATURES; i++) {
        const difference = written.after!.data[row * length * 2 * FEATURES + i]! - true_[i]!;
        l1 += Math.abs(difference) / FEATURES / 2;
        l2 += difference ** 2 / FEATURES / 2;
      }
      for (let t = 0; t < own; t++) {
        const logit = written.stop!.data[row * length + t]!;
        const isLast = t === own - 1;
        const nats = Math.log1p(Math.exp(isLast ? -logit : logit));
        stop += nats * (isLast ? LOSS.stopPositiveWeight : 1);
        plainStop += nats;
        right += Number(logit > 0 === isLast);
      }
    });
    const value = (name: string): number => validation[name]!.data[0]!;
    expect(value('l1')).toBeCloseTo(l1, 4);
    expect(value('l2')).toBeCloseTo(l2, 4);
    expect(value('stop')).toBeCloseTo(plainStop, 4);
    expect(value('rightStops')).toBe(right);
    expect(value('loss')).toBeCloseTo(l1 + 0.5 * l2 + 0.7 * stop, 3);
    expect(frameStatistics({ l1: 6, rightStops: 2 }, 4)).toEqual({ l1: 1.5, stopAccuracy: 0.5 });
  });

  it.each(['autoregressive', 'parallel'])('does not depend on what else is in a batch: %s', async (kind) => {
    const { setup, parameters } = frameSetup(frameModel({ kind }, { encoderBlock: 'conformer', convolutionKernel: 3 }));
    const examples = frameExamples(
      [
        [4, 7],
        [9, 16],
        [6, 3],
      ],
      2,
    );
    await engine().write(parameters());
    const executable = await engine().compile(frameValidationProgram(setup, LOSS));
    const sums = async (rows: readonly number[]) => {
      const batch = { examples: rows.map((row) => examples[row]!), rows };
      return executable.run(frameValidationBatch(setup, batch, 3));
    };
    const together = await sums([0, 1, 2]);
    const alone = [await sums([0]), await sums([1]), await sums([2])];
    for (const [name, { data }] of Object.entries(together)) {
      const total = alone.reduce((sum, result) => sum + result[name]!.data[0]!, 0);
      expect(Math.abs(data[0]! / total - 1), name).toBeLessThan(1e-5);
    }
  });

  it('sees no true frame before it is due', async () => {
    const { setup, parameters } = frameSetup(frameModel({ postnetLayers: 0, prenetDropout: 0 }));
    const [example] = frameExamples([[5, 8]], 2);
    const batch = frameBatch(setup, [example!], 1);
    // Changing position 2's own frames changes nothing up to position 2, and something after it.
    const changed = { ...batch, targetInput: floats(batch.targetInput!.data, batch.targetInput!.shape) };
    changed.targetInput.data[3 * FEATURES] = 5;
    const program = {
      name: 'written',
      variables: setup.parameters,
      inputs: frameInputs(setup),
      body: (variables: Record<string, Tensor>, inputs: Record<string, Tensor>) => ({
        outputs: { before: writtenFrames(createScope(setup.model, variables), inputs).before },
      }),
    };
    await engine().write(parameters());
    const executable = await engine().compile(program as never);
    const [a, b] = [(await executable.run(batch)).before!.data, (await executable.run(changed)).before!.data];
    const position = 2 * FEATURES;
    expect(b.slice(0, 3 * position)).toEqual(a.slice(0, 3 * position));
    expect(b.slice(3 * position)).not.toEqual(a.slice(3 * position));
  });
});

describe('a batch of frames', () => {
  it('reads the last frame of the position before, and is to stop at the last one', () => {
    const { setup } = frameSetup(frameModel());
    const examples = frameExamples(
      [
        [4, 5],
        [3, 2],
      ],
      2,
    );
    const { targetInput, stopTargets, frameWeights, weights } = frameBatch(setup, examples, 0.5);
    const first = framesOf(examples[0]!);
    expect([...targetInput!.data.slice(0, FEATURES)]).toEqual([0, 0, 0, 0]);
    expect(targetInput!.data.slice(FEATURES, 2 * FEATURES)).toEqual(first.slice(FEATURES, 2 * FEATURES));
    expect(targetInput!.data.slice(2 * FEATURES, 3 * FEATURES)).toEqual(first.slice(3 * FEATURES, 4 * FEATURES));
    expect([...stopTargets!.data]).toEqual([0, 0, 1, 1, 0, 0]);
    expect([...weights!.data]).toEqual([0.5, 0.5, 0.5, 0.5, 0, 0]);
    expect([...frameWeights!.data]).toEqual([0.25, 0.25, 0.25, 0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0]);
  });

  it('aligns by durations', () => {
    const { setup } = frameSetup(frameModel({ kind: 'parallel' }));
    const [a, b] = frameExamples(
      [
        [3, 8],
        [2, 3],
      ],
      2,
    );
    const examples = [
      { ...a!, durations: Int32Array.of(1, 0, 3) },
      { ...b!, durations: Int32Array.of(1, 1) },
    ];
    const { alignment, durationTargets, durationWeights } = frameBatch(setup, examples, 0.1);
    expect([...alignment!.data]).toEqual([0, 2, 2, 2, 3, 4, 0, 0]);
    expect(durationTargets!.data[2]).toBeCloseTo(Math.log(4), 6);
    const sums = [0, 3].map((row) =>
      (durationWeights!.data as Float32Array).slice(row, row + 3).reduce((x, y) => x + y, 0),
    );
    expect(sums[0]).toBeCloseTo(0.4, 6);
    expect(sums[1]).toBeCloseTo(0.2, 6);
  });

  it('has masks of the prenet that drop the configured share', () => {
    const model = frameModel({ prenetDropout: 0.25, prenetDim: 32 });
    const masks = prenetMasks(model, [new Random(1, 'a'), new Random(1, 'b')], 500);
    expect(masks.length).toBe(2 * 500 * 64);
    expect(new Set(masks)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(masks.filter((value) => value === 0).length / masks.length).toBeCloseTo(0.25, 2);
    expect(prenetMasks(model, [new Random(1, 'b')], 500)).toEqual(masks.slice(500 * 64));
  });
});

describe('the best monotonic path', () => {
  /** All ways of going through S positions in T steps, by brute force. */
  function* walks(targets: number, sources: number, jump: number, walk: number[] = [0]): Generator<number[]> {
    const last = walk.at(-1)!;
    if (walk.length === targets) {
      if (last === sources - 1) yield walk;
      return;
    }
    for (let step = 0; step <= jump; step++)
      if (last + step < sources) yield* walks(targets, sources, jump, [...walk, last + step]);
  }

  it('has the largest product of weights of all paths', () => {
    const weight = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 7 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(weight, { minLength: 42, maxLength: 42 }),
        (targets, sources, pool) => {
          const weights = Float32Array.from(pool.slice(0, targets * sources));
          const jump = targets >= sources ? 1 : Math.ceil((sources - 1) / (targets - 1));
          const score = (walk: readonly number[]) =>
            walk.reduce((sum, s, t) => sum + Math.log(weights[t * sources + s]!), 0);
          const best = Math.max(...[...walks(targets, sources, jump)].map(score));
          const durations = monotonicDurations(weights, targets, sources);
          const walk = [...durations].flatMap((count, s) => new Array<number>(count).fill(s));
          expect(walk.length).toBe(targets);
          expect(score(walk)).toBeCloseTo(best, 9);
        },
      ),
    );
  });

  it('follows a diagonal', () => {
    const weights = Float32Array.from({ length: 6 * 3 }, (_, i) => (Math.floor(i / 6) === i % 3 ? 0.9 : 0.05));
    expect([...monotonicDurations(weights, 6, 3)]).toEqual([2, 2, 2]);
    expect([...monotonicDurations(Float32Array.of(0.2, 0.8), 1, 2)]).toEqual([1, 0]);
  });
});
