// Sampling and diverse search with a real model: what a source is given depends on its number and the seed, on no batch.
import { describe, expect, it } from 'vitest';
import type { OutputGrammar } from '../../../src/data/output-grammar.js';
import { type DecodingConfig, decodingConfigSchema } from '../../../src/decode/config.js';
import { generate } from '../../../src/decode/generate.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { ConfigError } from '../../../src/errors.js';
import { initialParameters } from '../../../src/model/parameters.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { modelConfig, tinySetup, useEngine } from '../engine/support.js';

const random = new Random(2, 'generate');
const sources = Array.from({ length: 64 }, () =>
  Int32Array.from({ length: 1 + random.integer(12) }, () => 3 + random.integer(8)),
);
const settings = (section: Record<string, unknown>): DecodingConfig =>
  decodingConfigSchema.parse({ maxLength: 12, batchSize: 64, ...section });

describe('with a model', () => {
  const engine = useEngine('onnxruntime');
  const { setup, specs } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }));
  const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
  const decoder = () => new TransformerDecoder(engine(), model, { constants: initialParameters(specs, 4) });
  /** Outputs of some sources, of which the first has the number `first`. */
  const outputs = async (it: TransformerDecoder, config: DecodingConfig, first = 0, seed = 7, end = sources.length) => {
    const origin = { seed, first };
    const found = await generate(it, sources.slice(first, end), config, { origin });
    return found.map((hypotheses) => hypotheses.map(({ tokens }) => tokens.join()));
  };

  it.each([
    ['sample', { topP: 0.9, nBest: 3 }],
    ['sample', { topK: 4, nBest: 2, temperature: 0.8 }],
    ['sample-without-replacement', { nBest: 3 }],
  ])('%s gives each source its own, in batches and groups of any size', async (method, section) => {
    const it = decoder();
    const whole = await outputs(it, settings({ method, ...section }));
    expect(new Set(whole.flat()).size).toBeGreaterThan(40);
    for (const hypotheses of whole) expect(hypotheses).toHaveLength(section.nBest);
    for (const batchSize of [1, 7]) {
      expect(await outputs(it, settings({ method, batchSize, ...section }))).toEqual(whole);
    }
    const halves = [
      await outputs(it, settings({ method, ...section }), 0, 7, 20),
      await outputs(it, settings({ method, ...section }), 20),
    ];
    expect(halves.flat()).toEqual(whole);
    expect(await outputs(it, settings({ method, ...section }), 0, 8)).not.toEqual(whole);
    await it.dispose();
  });

  it('keeps to the grammar of each source, at any length, and refuses rules that could leave nothing', async () => {
    const it = decoder();
    /** A number of 5s, then the end. */
    const grammar = (count: number): OutputGrammar => ({
      shortest: count,
      following: (prefix) => [prefix.length === count ? EOS : 5],
    });
    const grammars = sources.map((_source, i) => (i % 3 === 0 ? undefined : grammar(i % 20)));
    for (const batchSize of [64, 7]) {
      const found = await generate(it, sources, settings({ beam: 2, batchSize }), { grammars });
      for (const [i, [best]] of found.entries()) {
        if (i % 3 > 0) expect([...best!.tokens]).toEqual(new Array(i % 20).fill(5));
      }
      expect(new Set(found.map(([best]) => best!.tokens.join())).size).toBeGreaterThan(20);
    }
    for (const section of [{ noRepeatNgram: 2 }, { minLength: 1 }]) {
      await expect(generate(it, sources, settings(section), { grammars })).rejects.toThrow(ConfigError);
      await generate(it, sources, settings(section), { grammars: [] });
    }
    await it.dispose();
  });

  it('diverse beam search gives each source its own too, and other outputs than beam search', async () => {
    const it = decoder();
    const section = { beam: 6, nBest: 3, beamGroups: 3 };
    const whole = await outputs(it, settings(section));
    expect(await outputs(it, settings({ ...section, batchSize: 5 }))).toEqual(whole);
    const strong = await outputs(it, settings({ ...section, diversityStrength: 5 }));
    expect(strong).not.toEqual(whole);
    expect(await outputs(it, settings({ ...section, diversityStrength: 0.5 }))).toEqual(whole);
    expect(await outputs(it, settings({ beam: 6, nBest: 3 }))).not.toEqual(whole);
    await it.dispose();
  });

  it('does not draw without a seed', async () => {
    const it = decoder();
    const unseeded = generate(it, sources, settings({ method: 'sample' }));
    await expect(unseeded).rejects.toThrow(ConfigError);
    await it.dispose();
  });
});
