// Sources of frames: both front ends and both kinds of layer, with a CTC head, on both engines and in any batch.
import { describe, expect, it } from 'vitest';
import { FrameSequence } from '../../../src/data/sequences.js';
import { encodingProgram } from '../../../src/decode/programs.js';
import { sourceInputs } from '../../../src/decode/source-batch.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { frameModelConfigSchema, type ModelConfig, resolveModelConfig } from '../../../src/model/config.js';
import { Random } from '../../../src/random.js';
import { tokenBatch } from '../../../src/train/batch.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { ENGINES, largestDifference, tinySetup, useEngine } from '../engine/support.js';

const FEATURES = 6;
const WIDTH = 4 * FEATURES;
const VOCABULARY = 9;

const KINDS: Readonly<Record<string, Record<string, unknown>>> = {
  'conv2d, Transformer': {},
  'stacked frames, Transformer': { subsampling: 'stack' },
  'conv2d, Conformer': { encoderBlock: 'conformer', convolutionKernel: 3 },
  'stacked frames, Conformer with rotary positions': {
    subsampling: 'stack',
    encoderBlock: 'conformer',
    convolutionKernel: 5,
    positions: 'rotary',
    activation: 'swiglu',
  },
};

function frameConfig(section: Record<string, unknown>): ModelConfig {
  const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 2, decoderLayers: 1, dropout: 0 };
  const sizes = { subsamplingChannels: 3, embeddings: 'tied' };
  return resolveModelConfig(frameModelConfigSchema.parse({ ...tiny, ...sizes, ...section }));
}

const vocabulary = { source: { features: FEATURES }, target: VOCABULARY, ctc: VOCABULARY };

async function frames(random: Random, length: number): Promise<FrameSequence> {
  const data = Float32Array.from({ length: length * WIDTH }, () => random.normal());
  return new FrameSequence(length, WIDTH, async () => data).load();
}

async function examples(seed: number, lengths: readonly number[]) {
  const random = new Random(seed, 'frames');
  return Promise.all(
    lengths.map(async (length) => {
      const target = Int32Array.from([4 + random.integer(5), 4 + random.integer(5), 2]);
      return { source: await frames(random, length), target, ctcTarget: target.subarray(0, -1) };
    }),
  );
}

describe('gradients', () => {
  const engines = ENGINES.map((name) => useEngine(name));

  it.each(Object.entries(KINDS))('agree between the engines to 1e-6: %s', async (_name, section) => {
    const { setup, parameters } = tinySetup(frameConfig(section), { vocabulary, ctcWeight: 0.3 });
    const batch = tokenBatch(await examples(1, [7, 4, 6]), 1 / 9);
    const results: Record<string, HostTensor>[] = [];
    for (const engine of engines) {
      await engine().write(parameters());
      const executable = await engine().compile(gradientProgram(setup));
      results.push(await executable.run(batch));
      await executable.dispose();
    }
    const [traced, oracle] = results as [Record<string, HostTensor>, Record<string, HostTensor>];
    expect(largestDifference(traced, oracle)).toBeLessThan(1e-6);
    // Every parameter is learned.
    for (const [name, { data }] of Object.entries(oracle))
      expect(
        data.some((x) => x !== 0),
        name,
      ).toBe(true);
  });
});

describe.each(ENGINES)('a source of frames on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(Object.entries(KINDS))('is encoded alike alone and among longer ones: %s', async (_name, section) => {
    const config = frameConfig(section);
    const { setup, parameters } = tinySetup(config, { vocabulary, ctcWeight: 0.3 });
    const program = encodingProgram(config, setup.parameters, vocabulary, true);
    const executable = await engine().compile(program, { constants: parameters() });
    await engine().write(parameters());
    const random = new Random(2, 'frames');
    const short = await frames(random, 4);
    const alone = (await executable.run(sourceInputs([short]))).ctcLogProbs!;
    const batch = [await frames(random, 9), short, await frames(random, 5)];
    const together = (await executable.run(sourceInputs(batch))).ctcLogProbs!;
    expect(together.shape).toEqual([3, 9, VOCABULARY]);
    const part = together.data.slice(9 * VOCABULARY, 9 * VOCABULARY + alone.data.length);
    part.forEach((x, i) => {
      expect(Math.abs(x - alone.data[i]!)).toBeLessThan(2e-6);
    });
    await executable.dispose();
  });
});
