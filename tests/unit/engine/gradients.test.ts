// The traced engine against the eager oracle: loss and every gradient, for every variant of the model, at several sizes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/create.js';
import type { Engine } from '../../../src/engine/types.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { largestDifference, modelConfig, randomBatch, tinySetup } from './support.js';

const VARIANTS: Record<string, Record<string, unknown>> = {
  'pre-norm ReLU': {},
  'post-norm': { normPosition: 'post' },
  'RMS norm, SwiGLU, rotary': { norm: 'rms', activation: 'swiglu', positions: 'rotary' },
  'GELU, learned positions, separate embeddings': { activation: 'gelu', positions: 'learned', embeddings: 'separate' },
  'tied embeddings': { embeddings: 'tied' },
  'all kinds of dropout': { dropout: 0.1, attentionDropout: 0.2, activationDropout: 0.3 },
};

describe('gradients of onnxruntime and cpu', () => {
  let onnx: Engine;
  let cpu: Engine;
  beforeAll(async () => {
    onnx = await createEngine('onnxruntime', 2);
    cpu = await createEngine('cpu');
  });
  afterAll(async () => {
    await onnx.dispose();
    await cpu.dispose();
  });

  it.each(Object.entries(VARIANTS))('agree to 1e-6: %s', async (_name, section) => {
    const model = modelConfig(section);
    const { setup, dropout, parameters } = tinySetup(model);
    const program = gradientProgram(setup);
    const runs = await Promise.all(
      [onnx, cpu].map(async (engine) => {
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
});
