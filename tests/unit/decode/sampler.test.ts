// Samples drawn inside the decoding step: right tokens for given numbers, right frequencies, nothing depends on the batch.
import { describe, expect, it } from 'vitest';
import { drawTokens } from '../../../src/decode/draw.js';
import { drawSamples } from '../../../src/decode/sampler.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { reshape, type Tensor } from '../../../src/engine/ops.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { ENGINES, evaluate, floats, modelConfig, tinySetup, useEngine } from '../engine/support.js';

/** The draw as its definition has it, in float64. */
function drawnByHand(probabilities: readonly number[], uniform: number): number {
  let sum = 0;
  for (const [i, p] of probabilities.entries()) {
    sum += p;
    if (sum > uniform) return i;
  }
  return probabilities.length - 1;
}

describe.each(ENGINES)('draws on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each([1, 7, 61, 100])('take the token at the uniform number, of %d', async (classes) => {
    const random = new Random(classes, 'draw');
    const rows = 400;
    const table = Array.from({ length: rows }, () => {
      // Many impossible tokens, and some that take nearly all.
      const weights = Array.from({ length: classes }, () => (random.uniform() < 0.4 ? 0 : random.uniform() ** 8));
      weights[random.integer(classes)] = 1;
      const total = weights.reduce((sum, w) => sum + w, 0);
      return weights.map((w) => w / total);
    });
    const uniforms = Array.from({ length: rows }, (_, i) => (i < 20 ? 0 : i < 40 ? 1 - 2 ** -24 : random.uniform()));
    const inputs = { p: floats(table.flat(), [rows, classes]), u: floats(uniforms, [rows, 1]) };
    const { ids, probability } = await evaluate(engine(), inputs, ({ p, u }) => ({
      ...drawTokens(p as Tensor, reshape(u as Tensor, [rows, 1])),
    }));
    let agreed = 0;
    table.forEach((row, i) => {
      const id = ids!.data[i]!;
      // Whatever rounding does, nothing impossible is drawn.
      expect(row[id]).toBeGreaterThan(0);
      expect(probability!.data[i]).toBeCloseTo(row[id]!, 6);
      if (id === drawnByHand(row, uniforms[i]!)) agreed += 1;
    });
    // A number within a millionth of a border may fall on either side.
    expect(agreed).toBeGreaterThan(rows - 5);
  });
});

describe.each(ENGINES)('samples on %s', (engineName) => {
  const engine = useEngine(engineName);
  const { setup, parameters } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }));
  const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
  const sources = [
    [5, 6, 7, 2],
    [4, 2],
    [9, 8, 7, 6, 5, 2],
  ].map((ids) => Int32Array.from(ids));

  const drawn = async (which: readonly number[], samples: number, temperature = 1) => {
    await engine().write(parameters());
    const streams = which.map((source) =>
      Array.from({ length: samples }, (_, k) => new Random(3, 'sample', source, k)),
    );
    return drawSamples(
      new TransformerDecoder(engine(), model),
      which.map((source) => sources[source]!),
      {
        samples,
        temperature,
        maxLengths: which.map((source) => 3 + source),
        uniform: (place, k) => streams[place]![k]!.uniform(),
      },
    );
  };

  it('depend on their source and numbers alone', async () => {
    const together = await drawn([0, 1, 2], 4);
    const reversed = await drawn([2, 1, 0], 4);
    const alone = await drawn([1], 4);
    expect(together).toHaveLength(3);
    const plain = (list: (typeof together)[number]) => list.map(({ tokens, finished }) => [[...tokens], finished]);
    expect(reversed.map(plain).reverse()).toEqual(together.map(plain));
    expect(plain(alone[0]!)).toEqual(plain(together[1]!));
    together.flat().forEach(({ logProb }, i) => {
      expect(logProb).toBeCloseTo(reversed.toReversed().flat()[i]!.logProb, 4);
    });
    // Cut or ended: a sample of the most tokens has no stop token left to draw.
    together.forEach((list, source) => {
      for (const { tokens, finished } of list) {
        expect(tokens.length).toBeLessThanOrEqual(3 + source);
        expect(finished).toBe(tokens.length < 3 + source);
        expect([...tokens]).not.toContain(EOS);
      }
    });
  });

  it('are all the same when the temperature is next to nothing', async () => {
    const [samples] = await drawn([2], 5, 1e-4);
    expect(new Set(samples!.map(({ tokens }) => tokens.join())).size).toBe(1);
    expect(samples![0]!.logProb).toBeCloseTo(0, 4);
  });
});
