// Searches with a real model: the output of a sentence depends on nothing but the sentence.
import { describe, expect, it } from 'vitest';
import { type DecodingConfig, decodingConfigSchema } from '../../../src/decode/config.js';
import { generate } from '../../../src/decode/generate.js';
import { beamSearch } from '../../../src/decode/search/beam.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { initialParameters } from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS } from '../../../src/text/special-tokens.js';
import { ENGINES, modelConfig, tinySetup, useEngine } from '../engine/support.js';

const VOCABULARY = 11;
const random = new Random(9, 'search');
const SOURCES = Array.from({ length: 64 }, () =>
  Int32Array.from({ length: 1 + random.integer(12) }, () => 3 + random.integer(VOCABULARY - 3)),
);
const settings = (section: Record<string, unknown>): DecodingConfig =>
  decodingConfigSchema.parse({ maxLength: 14, batchSize: 64, ...section });

describe.each(ENGINES)('searches on %s', (engineName) => {
  const engine = useEngine(engineName);
  const { setup, specs } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1, embeddings: 'separate' }));
  /** An untrained model with strong opinions, on when to end above all. */
  const parameters = () => {
    const values = initialParameters(specs, 4);
    const { shape, data } = values['output.embedding']!;
    const width = shape[1]!;
    for (let i = 0; i < data.length; i++) data[i] = data[i]! * (Math.floor(i / width) === EOS ? 4 : 2);
    return values;
  };
  const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
  const decoder = () => new TransformerDecoder(engine(), model, { constants: parameters() });
  /** The eager oracle is slow. */
  const sources = engineName === 'cpu' ? SOURCES.slice(0, 10) : SOURCES;

  it('give the same outputs in batches of any size and order', async () => {
    const search = decoder();
    const whole = await generate(search, sources, settings({ beam: 4, nBest: 2 }));
    expect(new Set(whole.map(([best]) => best!.tokens.length)).size).toBeGreaterThan(3);
    for (const batchSize of engineName === 'cpu' ? [7] : [1, 7, 33]) {
      const parts = await generate(search, sources, settings({ beam: 4, nBest: 2, batchSize }));
      parts.forEach((hypotheses, i) => {
        expect(hypotheses.map(({ tokens }) => [...tokens])).toEqual(whole[i]!.map(({ tokens }) => [...tokens]));
        hypotheses.forEach(({ score }, rank) => {
          expect(Math.abs(score - whole[i]![rank]!.score)).toBeLessThan(1e-5);
        });
      });
    }
    const order = new Random(1, 'order').shuffle(sources.map((_source, i) => i));
    const shuffled = await generate(
      search,
      order.map((i) => sources[i]!),
      settings({ beam: 4, batchSize: 7 }),
    );
    order.forEach((i, place) => {
      expect([...shuffled[place]![0]!.tokens]).toEqual([...whole[i]![0]!.tokens]);
    });
    await search.dispose();
  });

  it('find with one beam what greedy search finds', async () => {
    const search = decoder();
    const config = settings({ beam: 1 });
    const greedy = await generate(search, sources, config);
    const session = await search.start(sources, 1);
    const maxLengths = new Int32Array(sources.length).fill(config.maxLength);
    const beam = await beamSearch(session, { ...config, beginToken: BOS, endToken: EOS, maxLengths });
    beam.forEach(([best], i) => {
      expect([...best!.tokens]).toEqual([...greedy[i]![0]!.tokens]);
      expect(best!.logProb).toBeCloseTo(greedy[i]![0]!.logProb, 4);
    });
    await search.dispose();
  });

  it('rank the same hypothesis first however many are asked for', async () => {
    const search = decoder();
    const few = sources.slice(0, 5);
    const one = await generate(search, few, settings({ beam: 5 }));
    const five = await generate(search, few, settings({ beam: 5, nBest: 5 }));
    five.forEach((hypotheses, i) => {
      expect(hypotheses).toHaveLength(5);
      expect([...hypotheses[0]!.tokens]).toEqual([...one[i]![0]!.tokens]);
      const scores = hypotheses.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    });
    await search.dispose();
  });

  it('stop between batches when told to', async () => {
    const search = decoder();
    const stop = new AbortController();
    const finished: number[] = [];
    const onDone = (count: number) => {
      finished.push(count);
      if (finished.length === 2) stop.abort();
    };
    const run = generate(search, sources.slice(0, 10), settings({ beam: 1, batchSize: 4 }), {
      onDone,
      signal: stop.signal,
    });
    await expect(run).rejects.toThrow(/abort/i);
    expect(finished).toEqual([4, 8]);
    await search.dispose();
  });
});
