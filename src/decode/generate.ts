// Decodes many sentences: batches of similar length, results in the order of the inputs.
import { loadedSource, type SourceSequence } from '../data/sequences.js';
import { BOS, EOS, PAD } from '../text/special-tokens.js';
import type { DecodingConfig } from './config.js';
import { jointRescorer } from './ctc/joint.js';
import { beamSearch } from './search/beam.js';
import type { Hypothesis } from './search/frontier.js';
import { greedySearch } from './search/greedy.js';
import type { SearchOptions } from './search/options.js';
import { maximumLengths } from './search/stopping.js';
import type { CtcLogProbs, TransformerDecoder } from './session.js';

/**
 * Decodes sentences.
 * @param sources token ids of each sentence with the stop token, or frames
 * @param onDone called with the number of sentences finished so far
 * @param signal stops between batches
 * @param onCtc called with what the CTC head says of each source; only for models that have one
 * @returns for each sentence its hypotheses, best first
 */
export async function generate(
  decoder: TransformerDecoder,
  sources: readonly SourceSequence[],
  config: DecodingConfig,
  onDone: (finished: number) => void = () => undefined,
  signal?: AbortSignal,
  onCtc?: (index: number, ctc: CtcLogProbs) => void,
): Promise<Hypothesis[][]> {
  const length = (index: number): number => (sources[index] as SourceSequence).length;
  const order = sources.map((_source, index) => index).sort((a, b) => length(a) - length(b) || a - b);
  const results = new Array<Hypothesis[]>(sources.length);
  for (let start = 0; start < order.length; start += config.batchSize) {
    signal?.throwIfAborted();
    const indices = order.slice(start, start + config.batchSize);
    const batch = await Promise.all(indices.map((index) => loadedSource(sources[index] as SourceSequence)));
    const ctcWeight = config.ctcWeight ?? 0;
    const session = await decoder.start(batch, config.beam, onCtc !== undefined || ctcWeight > 0);
    indices.forEach((index, i) => {
      onCtc?.(index, session.ctc[i] as CtcLogProbs);
    });
    const options: SearchOptions = {
      ...config,
      beginToken: BOS,
      endToken: EOS,
      maxLengths: maximumLengths(config, indices.map(length)),
    };
    const rescorer = ctcWeight > 0 ? jointRescorer(session.ctc, ctcWeight, PAD, EOS) : undefined;
    const isGreedy = config.beam === 1 && !rescorer;
    const found = await (isGreedy ? greedySearch(session, options) : beamSearch(session, options, rescorer));
    indices.forEach((index, i) => {
      results[index] = found[i] as Hypothesis[];
    });
    onDone(start + indices.length);
  }
  return results;
}
