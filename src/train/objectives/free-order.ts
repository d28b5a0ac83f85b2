// Targets whose tokens may come in any order: which order is learned, the model as it stands decides.
import { type ModelExample, targetTokensOf } from '../../data/examples.js';
import type { OutputGrammar } from '../../data/output-grammar.js';
import { beamSettings, type DecodingConfig } from '../../decode/config.js';
import { generate } from '../../decode/generate.js';
import type { TransformerDecoder } from '../../decode/session.js';
import { EOS } from '../../text/special-tokens.js';
import type { BatchMaker } from './batch-maker.js';

/** The tokens of a target without the stop token, in any order. */
function anyOrder(tokens: Int32Array): OutputGrammar {
  return {
    shortest: tokens.length,
    *following(prefix) {
      if (prefix.length === tokens.length) yield EOS;
      else for (const token of tokens) if (!prefix.includes(token)) yield token;
    },
  };
}

/** The example with its target in another order, what each token counts along with it. @param order without the stop token */
function reordered(example: ModelExample, order: Int32Array): ModelExample {
  const { targetWeights } = example;
  const before = targetTokensOf(example);
  const target = Int32Array.of(...order, EOS);
  if (!targetWeights) return { ...example, target };
  return {
    ...example,
    target,
    targetWeights: Float32Array.from(target, (id) => targetWeights[before.indexOf(id)] ?? 1),
  };
}

/**
 * Puts targets in the order that the model finds most likely, token by token, before batches are made of them (Tsai & Lee, 2020,
 * "Order-Free Learning Alleviating Exposure Bias in Multi-label Classification"). Targets are sets: no token is in one twice, and
 * all end with the stop token.
 */
export function freeOrderBatches(inner: BatchMaker, decoder: TransformerDecoder, decoding: DecodingConfig): BatchMaker {
  return {
    ...inner,
    async prepare(examples, place) {
      const several = examples.filter(({ target }) => target.length > 2);
      const settings = {
        ...beamSettings(decoding, 1),
        minLength: 0,
        noRepeatNgram: 0,
        batchSize: Math.max(1, several.length),
      };
      const found = await generate(
        decoder,
        several.map(({ source }) => source),
        settings,
        { grammars: several.map((example) => anyOrder(targetTokensOf(example).subarray(0, -1))) },
      );
      const orders = new Map(several.map((example, i) => [example, found[i]?.[0]?.tokens as Int32Array]));
      const chosen = examples.map((example) => {
        const order = orders.get(example);
        return order ? reordered(example, order) : example;
      });
      return inner.prepare(chosen, place);
    },
  };
}
