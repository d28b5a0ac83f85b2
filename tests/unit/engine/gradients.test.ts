// The traced engine against the eager oracle: loss and every gradient, for every variant of the model, at several sizes.
import { describe, expect, it } from 'vitest';
import { gradientProgram } from '../../../src/train/programs.js';
import { largestDifference, modelConfig, randomBatch, tinySetup, useEngine, VARIANTS } from './support.js';

const CASES = { ...VARIANTS, 'all kinds of dropout': { dropout: 0.1, attentionDropout: 0.2, activationDropout: 0.3 } };

describe('gradients of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each(Object.entries(CASES))('agree to 1e-6: %s', async (_name, section) => {
    const model = modelConfig(section);
    const { setup, dropout, parameters } = tinySetup(model);
    const program = gradientProgram(setup);
    const runs = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write({ ...parameters(), ...dropout.pools(0) });
        const executable = await engine.compile(program);
        return async (sizes: [number, number, number]) => {
          const inputs = randomBatch(...sizes);
          return executable.run(
            'dropoutOffsets' in program.inputs ? { ...inputs, dropoutOffsets: dropout.offsets(0) } : inputs,
          );
        };
      }),
    );
    for (const sizes of [
      [3, 5, 6],
      [2, 9, 4],
      [1, 1, 1],
    ] as [number, number, number][]) {
      const [a, b] = await Promise.all(runs.map((run) => run(sizes)));
      expect(Object.keys(a!).length).toBe(1 + Object.keys(setup.parameters).length);
      expect(a!.loss!.data[0]).toBeGreaterThan(0.5);
      expect(largestDifference(a!, b!)).toBeLessThan(1e-6);
    }
  });

  // The tracer tells symbolic sizes apart by primes; fixed sizes made of those primes must not confuse it.
  it.each([
    { vocabulary: 101 },
    { vocabulary: 103 },
    { vocabulary: 107 },
    { vocabulary: 149 * 2 },
    { vocabulary: 11, modelDim: 202, feedForwardDim: 303 },
    { vocabulary: 157, modelDim: 214, feedForwardDim: 103 },
  ])('agree at the sizes of %o', async ({ vocabulary, ...sizes }) => {
    const model = modelConfig({ encoderLayers: 1, decoderLayers: 1, embeddings: 'tied', ...sizes });
    const { setup, parameters } = tinySetup(model, {}, vocabulary);
    const [a, b] = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write(parameters());
        return (await engine.compile(gradientProgram(setup))).run(randomBatch(3, 5, 6));
      }),
    );
    expect(largestDifference(a!, b!)).toBeLessThan(3e-6);
  });
});
