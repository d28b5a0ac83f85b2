// Targets in any order: the order that training takes is the one that the model finds most likely, token by token.
import { describe, expect, it } from 'vitest';
import { type ModelExample, targetTokensOf } from '../../../src/data/examples.js';
import { FrameSequence, type SourceSequence } from '../../../src/data/sequences.js';
import { decodingConfigSchema } from '../../../src/decode/config.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { sourceInputs } from '../../../src/decode/source-batch.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { frameModelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { trainingConfigSchema } from '../../../src/train/config.js';
import { trueTargetBatches } from '../../../src/train/objectives/batch-maker.js';
import { freeOrderBatches } from '../../../src/train/objectives/free-order.js';
import { validationProgram } from '../../../src/train/programs.js';
import { floats, ints, modelConfig, tinySetup, useEngine } from '../engine/support.js';

const EXAMPLES: ModelExample[] = [
  [
    [5, 9, 4],
    [4, 7, 9],
  ],
  [[6], [8]],
  [
    [7, 7, 5, 10],
    [4, 5, 6, 10],
  ],
  [[8, 4], []],
  [
    [9, 6, 6],
    [5, 8],
  ],
].map(([source, target]) => ({
  source: Int32Array.of(...(source as number[]), EOS),
  target: Int32Array.of(...(target as number[]), EOS),
  targetWeights: Float32Array.of(...(target as number[]), 1),
}));

/** The same targets of frames. */
const FEATURES = 6;
const framed = (): Promise<ModelExample[]> => {
  const random = new Random(5, 'frames');
  return Promise.all(
    EXAMPLES.map(async (example, i) => {
      const length = 3 + i;
      const data = Float32Array.from({ length: length * 4 * FEATURES }, () => 3 * random.normal());
      return { ...example, source: await new FrameSequence(length, 4 * FEATURES, async () => data).load() };
    }),
  );
};

const setUpFrames = () => {
  const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 };
  return tinySetup(resolveModelConfig(frameModelConfigSchema.parse({ ...tiny, subsamplingChannels: 3 })), {
    labelSmoothing: 0,
    vocabulary: { source: { features: FEATURES }, target: 11 },
  });
};

describe('free order', () => {
  const engine = useEngine('onnxruntime');

  it.each([
    ['tokens', () => tinySetup(modelConfig({ dropout: 0 }), { labelSmoothing: 0 })],
    ['frames', setUpFrames],
  ])('is what the model finds most likely, token by token, with the weights of the tokens: %s', async (kind, make) => {
    const { setup, parameters } = make();
    const examples = kind === 'tokens' ? EXAMPLES : await framed();
    await engine().write(parameters());
    const { model: config, parameters: specs, vocabulary } = setup;
    const decoder = new TransformerDecoder(engine(), { config, parameters: specs, vocabulary });
    const inner = trueTargetBatches(trainingConfigSchema.parse({}), 1, false);
    const maker = freeOrderBatches(inner, decoder, decodingConfigSchema.parse({}));
    const { inputs } = await maker.prepare(examples, { step: 0, part: 0, weight: 0.5 });
    const { targetOutput, targetInput, weights } = inputs as Record<string, HostTensor>;
    const [, length] = targetOutput!.shape as [number, number];
    const executable = await engine().compile(validationProgram(setup));
    /** Cost in nats of a token after others. */
    const cost = async (source: SourceSequence, before: readonly number[], token: number): Promise<number> => {
      const count = before.length + 1;
      const { negativeLogLikelihood } = await executable.run({
        ...sourceInputs([source]),
        targetInput: ints([1, ...before], [1, count]),
        targetOutput: ints([...before, token], [1, count]),
        weights: floats([...before.map(() => 0), 1], [1, count]),
      });
      return negativeLogLikelihood!.data[0]!;
    };
    let moved = 0;
    for (const [row, example] of examples.entries()) {
      const remaining = [...targetTokensOf(example)].slice(0, -1);
      const order: number[] = [];
      while (remaining.length > 0) {
        const costs = await Promise.all(remaining.map((token) => cost(example.source, order, token)));
        order.push(...remaining.splice(costs.indexOf(Math.min(...costs)), 1));
      }
      if (order.some((token, i) => token !== targetTokensOf(example)[i])) moved += 1;
      const at = row * length;
      const own = [...targetOutput!.data.slice(at, at + order.length + 1)];
      expect(own).toEqual([...order, EOS]);
      expect([...targetInput!.data.slice(at, at + order.length + 1)]).toEqual([1, ...order]);
      // The weight of a token in this test is its id.
      expect([...weights!.data.slice(at, at + order.length + 1)]).toEqual([...order, 1].map((id) => id / 2));
    }
    expect(moved).toBeGreaterThan(0);
    await decoder.dispose();
  });
});
