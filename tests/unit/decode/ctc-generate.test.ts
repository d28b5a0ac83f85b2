// The joint search with a real model: what CTC says of each source reaches the outputs of that source, in any batch.
import { describe, expect, it } from 'vitest';
import { FrameSequence } from '../../../src/data/sequences.js';
import { ctcDecodingConfigSchema, type DecodingConfig } from '../../../src/decode/config.js';
import { CtcPrefixScorer } from '../../../src/decode/ctc/prefix-scorer.js';
import { generate } from '../../../src/decode/generate.js';
import { type CtcLogProbs, TransformerDecoder } from '../../../src/decode/session.js';
import { frameModelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { initialParameters } from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { PAD } from '../../../src/text/special-tokens.js';
import { tinySetup, useEngine } from '../engine/support.js';

const FEATURES = 6;
const VOCABULARY = 40;

describe('the joint search with a model', () => {
  const engine = useEngine('onnxruntime');
  const config = resolveModelConfig(
    frameModelConfigSchema.parse({
      ...{ modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 1, decoderLayers: 1, dropout: 0 },
      ...{ subsampling: 'stack', embeddings: 'tied' },
    }),
  );
  const vocabulary = { source: { features: FEATURES }, target: VOCABULARY, ctc: VOCABULARY };
  const { setup, specs } = tinySetup(config, { vocabulary, ctcWeight: 0.3 });
  /** An untrained model with strong opinions. */
  const constants = () => {
    const values = initialParameters(specs, 4);
    for (const [name, { data }] of Object.entries(values)) {
      if (name.startsWith('output') || name.includes('mbedding') || name.includes('ctc')) {
        for (let i = 0; i < data.length; i++) data[i] = data[i]! * 4;
      }
    }
    return values;
  };
  const random = new Random(5, 'frames');
  const sources = Array.from({ length: 20 }, () => {
    const length = 3 + random.integer(14);
    const data = Float32Array.from({ length: length * 4 * FEATURES }, () => random.normal());
    return new FrameSequence(length, 4 * FEATURES, async () => data);
  });
  const settings = (changes: Record<string, unknown>): DecodingConfig =>
    ctcDecodingConfigSchema.parse({ maxLength: 10, lengthPenalty: 0, batchSize: 64, ...changes });

  it.each([1, 4])('gives each source its own output whatever else is in the batch (beam %i)', async (beam) => {
    const model = { config, parameters: setup.parameters, vocabulary };
    const decoder = new TransformerDecoder(engine(), model, { constants: constants() });
    const said: CtcLogProbs[] = [];
    const keep = (index: number, { logProbs, positions }: CtcLogProbs): void => {
      said[index] = { logProbs: logProbs.slice(), positions };
    };
    const whole = await generate(decoder, sources, settings({ beam, ctcWeight: 0.4 }), { onCtc: keep });
    expect(new Set(whole.map(([best]) => best!.tokens.join())).size).toBeGreaterThan(5);
    for (const [i, [best]] of whole.entries()) {
      const { tokens, logProb, attention, ctc } = best!;
      expect(logProb).toBeCloseTo(0.6 * attention! + 0.4 * ctc!, 4);
      const scorer = new CtcPrefixScorer(said[i]!, PAD);
      let state = scorer.start();
      for (const token of tokens) state = scorer.extend(state, token);
      expect(ctc).toBeCloseTo(scorer.end(state), 9);
    }
    for (const batchSize of [1, 6]) {
      const parts = await generate(decoder, sources, settings({ beam, ctcWeight: 0.4, batchSize }));
      for (const [i, [best]] of parts.entries()) {
        expect(Array.from(best!.tokens)).toEqual(Array.from(whole[i]![0]!.tokens));
        expect(best!.score).toBeCloseTo(whole[i]![0]!.score, 4);
      }
    }
    const plain = await generate(decoder, sources, settings({ beam, ctcWeight: 0 }));
    expect(plain.map(([best]) => best!.tokens.join())).not.toEqual(whole.map(([best]) => best!.tokens.join()));
    await decoder.dispose();
  });
});
