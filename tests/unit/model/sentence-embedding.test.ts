// Sentences as source positions: sums by hand, padding that changes nothing, and equal engines.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutSource, SentenceSequence } from '../../../src/data/sequences.js';
import { sourceInputs, sourceSpecs, sourceTensors } from '../../../src/decode/source-batch.js';
import type { Tensor } from '../../../src/engine/ops.js';
import { type HostTensor, sizeOf, type TensorSpec } from '../../../src/engine/types.js';
import { modelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../../../src/model/parameters.js';
import { createScope } from '../../../src/model/scope.js';
import { embedSentences, sentencePresence } from '../../../src/model/sentence-embedding.js';
import { encodeSource } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { ENGINES, floats, largestDifference, useEngine } from '../engine/support.js';

const WIDTH = 6;
const vocabulary = { source: 11, target: 7, sentences: 4 };
const section = { modelDim: WIDTH, feedForwardDim: 8, heads: 1, encoderLayers: 1, decoderLayers: 1, dropout: 0 };
const config = resolveModelConfig(modelConfigSchema.parse({ ...section, embeddings: 'tied' }));
const specs = parameterSpecs(config, vocabulary);
/** Made anew each time: an engine takes what it is given. */
const parameters = () => initialParameters(specs, 3);

const sentences = (...rows: number[][]) => new SentenceSequence([...rows, [EOS]].map((row) => Int32Array.from(row)));

/** Σⱼ fⱼ ⊙ eⱼ (Henaff et al., 2017, equation 1), times √D. */
function byHand(tokens: readonly number[], weights: HostTensor): number[] {
  const matrix = parameters()['source.embedding'] as HostTensor;
  return Array.from({ length: WIDTH }, (_, k) => {
    const terms = tokens.map((id, j) => {
      const weight = weights.data[Math.min(j, vocabulary.sentences - 1) * WIDTH + k] as number;
      return weight * (matrix.data[id * WIDTH + k] as number);
    });
    return Math.sqrt(WIDTH) * terms.reduce((sum, term) => sum + term, 0);
  });
}

describe.each(ENGINES)('sentences on %s', (name) => {
  const engine = useEngine(name);

  it('are sums of their tokens, weighted by place; padding has no part in them', async () => {
    const { run } = await engine().compile({
      name: 'sentences',
      variables: parameterVariables(specs),
      inputs: sourceSpecs(vocabulary) as Record<string, TensorSpec>,
      body(variables, { source }) {
        // Rotary positions are those of attention, so that an embedding is the sum alone.
        const scope = createScope({ ...config, positions: 'rotary' }, variables);
        return {
          outputs: { embedded: embedSentences(scope, source as Tensor), present: sentencePresence(source as Tensor) },
        };
      },
    });
    const weights = () => {
      const random = new Random(4, 'places');
      const data = Array.from({ length: vocabulary.sentences * WIDTH }, () => random.normal());
      return floats(data, [vocabulary.sentences, WIDTH]);
    };
    expect(new Set(parameters()['source.places']?.data)).toEqual(new Set([1]));
    await engine().write({ ...parameters(), 'source.places': weights() });
    const rows = [[[4, 5, 6], [7], [8, 9, 4, 4, 10]], [[5, 4]]];
    const result = await run(sourceInputs(rows.map((row) => sentences(...row))));
    expect([...(result.present?.data ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    const embedded = result.embedded as HostTensor;
    expect(embedded.shape).toEqual([8, WIDTH]);
    const expected = rows.flatMap((row) => {
      const whole = [...row, [EOS]].map((tokens) => byHand(tokens, weights()));
      return [...whole, ...Array.from({ length: 4 - whole.length }, () => Array<number>(WIDTH).fill(0))];
    });
    const difference = largestDifference({ embedded }, { embedded: floats(expected.flat(), [8, WIDTH]) });
    expect(difference).toBeLessThan(1e-6);
  });

  it('are encoded alike alone and among longer ones', async () => {
    const { run } = await engine().compile({
      name: 'encoder',
      variables: parameterVariables(specs),
      inputs: sourceSpecs(vocabulary) as Record<string, TensorSpec>,
      body: (variables, inputs) => ({
        outputs: { memory: encodeSource(createScope(config, variables), sourceTensors(inputs)).memory },
      }),
    });
    await engine().write(parameters());
    const short = sentences([4, 5], [6, 7, 8]);
    const alone = (await run(sourceInputs([short]))).memory as HostTensor;
    const among = (await run(sourceInputs([short, sentences([9], [4, 4, 4, 4, 5], [6], [7], [8])])))
      .memory as HostTensor;
    const same = floats([...among.data.slice(0, sizeOf(alone.shape))], alone.shape);
    expect(largestDifference({ memory: alone }, { memory: same })).toBeLessThan(1e-5);
  });
});

it('are cut with the stop token kept, and padded without a token lost', () => {
  const cut = cutSource(sentences([4], [5, 6], [7]), 2) as SentenceSequence;
  expect(cut.sentences.map((tokens) => [...tokens])).toEqual([[4], [EOS]]);
  const tokens = fc.array(fc.integer({ min: 3, max: 10 }), { minLength: 1, maxLength: 6 });
  const source = fc.array(tokens, { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(source, { minLength: 1, maxLength: 4 }), (rows) => {
      const { source: packed } = sourceInputs(rows.map((row) => sentences(...row))) as { source: HostTensor };
      const [batch, length, width] = packed.shape as [number, number, number];
      const at = (b: number, s: number) => [
        ...packed.data.slice((b * length + s) * width, (b * length + s + 1) * width),
      ];
      expect(batch).toBe(rows.length);
      rows.forEach((row, b) => {
        const found = Array.from({ length }, (_, s) => at(b, s).filter((id) => id !== 0)).filter(
          ({ length: n }) => n > 0,
        );
        expect(found).toEqual([...row, [EOS]]);
      });
    }),
  );
});
