// Decodes many sentences: batches of similar length, results in the order of the inputs.
import { BOS, EOS } from '../text/special-tokens.js';
import type { DecodingConfig } from './config.js';
import { beamSearch } from './search/beam.js';
import type { Hypothesis } from './search/frontier.js';
import { greedySearch } from './search/greedy.js';
import type { SearchOptions } from './search/options.js';
import { maximumLengths } from './search/stopping.js';
import type { TransformerDecoder } from './session.js';

/**
 * Decodes sentences.
 * @param sources token ids of each sentence, with the stop token
 * @param onDone called with the number of sentences finished so far
 * @param signal stops between batches
 * @returns for each sentence its hypotheses, best first
 */
export async function generate(
  decoder: TransformerDecoder,
  sources: readonly Int32Array[],
  config: DecodingConfig,
  onDone: (finished: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Hypothesis[][]> {
  const length = (index: number): number => (sources[index] as Int32Array).length;
  const order = sources.map((_source, index) => index).sort((a, b) => length(a) - length(b) || a - b);
  const results = new Array<Hypothesis[]>(sources.length);
  for (let start = 0; start < order.length; start += config.batchSize) {
    signal?.throwIfAborted();
    const indices = order.slice(start, start + config.batchSize);
    const session = await decoder.start(
      indices.map((index) => sources[index] as Int32Array),
      config.beam,
    );
    const options: SearchOptions = {
      ...config,
      beginToken: BOS,
      endToken: EOS,
      maxLengths: maximumLengths(config, indices.map(length)),
    };
    const found = await (config.beam === 1 ? greedySearch(session, options) : beamSearch(session, options));
    indices.forEach((index, i) => {
      results[index] = found[i] as Hypothesis[];
    });
    onDone(start + indices.length);
  }
  return results;
}
