// Decoding at the reference size: 32 sentences of 32 tokens, 32 output tokens each, beam 4; and greedy.
import { beamSearch } from '../dist/src/decode/search/beam.js';
import { greedySearch } from '../dist/src/decode/search/greedy.js';
import { TransformerDecoder } from '../dist/src/decode/session.js';
import { createEngine } from '../dist/src/engine/create.js';
import { modelConfigSchema, resolveModelConfig } from '../dist/src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../dist/src/model/parameters.js';
import { Random } from '../dist/src/random.js';
import { BOS, EOS } from '../dist/src/text/special-tokens.js';

const VOCABULARY = 8000;
const LENGTH = 32;

/** Prepares decoding of `sentences` sentences. @returns a function that decodes them once and resolves to its milliseconds */
export async function prepareDecoding({ sentences = 32, beam = 4, threads = 2 } = {}) {
  const config = resolveModelConfig(modelConfigSchema.parse({ preset: 'small' }));
  const specs = parameterSpecs(config, { source: VOCABULARY, target: VOCABULARY });
  const engine = await createEngine('onnxruntime', threads);
  const decoder = new TransformerDecoder(
    engine,
    { config, parameters: parameterVariables(specs), vocabulary: { source: VOCABULARY, target: VOCABULARY } },
    { constants: initialParameters(specs, 1) },
  );
  const random = new Random(1, 'sentences');
  const sources = Array.from({ length: sentences }, () =>
    Int32Array.from({ length: LENGTH }, () => 4 + random.integer(VOCABULARY - 4)),
  );
  const options = {
    nBest: 1,
    lengthPenalty: 1,
    lengthPenaltyKind: 'power',
    earlyStopping: false,
    // The end mark is forced after exactly LENGTH tokens.
    minLength: LENGTH,
    maxLengths: new Int32Array(sentences).fill(LENGTH),
    noRepeatNgram: 0,
    beginToken: BOS,
    endToken: EOS,
  };
  const run = async () => {
    const started = performance.now();
    const session = await decoder.start(sources, beam);
    const results = await (beam === 1 ? greedySearch(session, options) : beamSearch(session, options));
    if (results.some(([best]) => best.tokens.length !== LENGTH)) throw new Error('an output has another length');
    return performance.now() - started;
  };
  return { run, sentences, engine };
}
