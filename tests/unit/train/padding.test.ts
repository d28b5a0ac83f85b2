// Padding changes nothing: neither the loss nor any gradient depends on how far a batch is padded.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../src/engine/types.js';
import { tokenBatch } from '../../../src/train/batch.js';
import { gradientProgram, validationProgram } from '../../../src/train/programs.js';
import {
  ENGINES,
  largestDifference,
  modelConfig,
  randomBatch,
  tinySetup,
  useEngine,
  VARIANTS,
} from '../engine/support.js';

/** The batch with its sides lengthened by zeros: padding for tokens, no weight in the loss. */
function padded(batch: Record<string, HostTensor>, source: number, target: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { shape, data }]) => {
      const [rows, from] = shape as [number, number];
      const to = from + (name === 'source' ? source : target);
      const longer = data instanceof Float32Array ? new Float32Array(rows * to) : new Int32Array(rows * to);
      for (let row = 0; row < rows; row++) longer.set(data.subarray(row * from, (row + 1) * from), row * to);
      return [name, { shape: [rows, to], data: longer }];
    }),
  );
}

describe.each(ENGINES)('padding on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(Object.entries(VARIANTS))('changes neither loss nor gradients: %s', async (_name, section) => {
    const model = modelConfig({ encoderLayers: 1, decoderLayers: 1, ...section });
    const { setup, parameters } = tinySetup(model);
    await engine().write(parameters());
    const { run } = await engine().compile(gradientProgram(setup));
    const batch = randomBatch(3, 5, 4);
    const expected = await run(batch);
    for (const [source, target] of [
      [6, 0],
      [0, 3],
      [11, 13],
    ] as const) {
      expect(largestDifference(expected, await run(padded(batch, source, target)))).toBeLessThan(1e-6);
    }
  });

  it('changes no validation figure', async () => {
    const { setup, parameters } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }));
    await engine().write(parameters());
    const { run } = await engine().compile(validationProgram(setup));
    const batch = randomBatch(3, 5, 4);
    batch.weights!.data.forEach((weight, i) => {
      batch.weights!.data[i] = weight > 0 ? 1 : 0;
    });
    const expected = await run(batch);
    expect(expected.negativeLogLikelihood!.data[0]).toBeGreaterThan(5);
    expect(Number.isInteger(expected.correct!.data[0])).toBe(true);
    expect(largestDifference(expected, await run(padded(batch, 3, 2)))).toBeLessThan(1e-5);
  });
});

describe('a batch of token sequences', () => {
  it('is padded, shifted behind the begin mark and weighted', () => {
    const examples = [
      { source: Int32Array.of(5, 6, 2), target: Int32Array.of(7, 2) },
      { source: Int32Array.of(2), target: Int32Array.of(8, 9, 10, 2) },
    ];
    const batch = tokenBatch(examples, 0.25);
    expect(batch.source).toEqual({ shape: [2, 3], data: Int32Array.of(5, 6, 2, 2, 0, 0) });
    expect(batch.targetInput).toEqual({ shape: [2, 4], data: Int32Array.of(1, 7, 0, 0, 1, 8, 9, 10) });
    expect(batch.targetOutput).toEqual({ shape: [2, 4], data: Int32Array.of(7, 2, 0, 0, 8, 9, 10, 2) });
    expect(batch.weights!.data).toEqual(Float32Array.of(0.25, 0.25, 0, 0, 0.25, 0.25, 0.25, 0.25));
  });
});
