// Decodes many sentences: batches of similar length, results in the order of the inputs.
import { loadedSource, type SourceSequence } from '../data/sequences.js';
import { BOS, EOS, PAD } from '../text/special-tokens.js';
import type { DecodingConfig } from './config.js';
import { ctcGreedy } from './ctc/greedy.js';
import { jointRescorer } from './ctc/joint.js';
import { ctcBeamSearch } from './ctc/prefix-beam.js';
import { beamSearch } from './search/beam.js';
import type { Hypothesis } from './search/frontier.js';
import { greedySearch } from './search/greedy.js';
import type { SearchOptions } from './search/options.js';
import { maximumLengths } from './search/stopping.js';
import type { CtcLogProbs, SourceSession, TransformerDecoder } from './session.js';

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
  const ctcWeight = config.ctcWeight ?? 0;
  for (let start = 0; start < order.length; start += config.batchSize) {
    signal?.throwIfAborted();
    const indices = order.slice(start, start + config.batchSize);
    const batch = await Promise.all(indices.map((index) => loadedSource(sources[index] as SourceSequence)));
    const session = await decoder.start(batch, config.beam, onCtc !== undefined || ctcWeight > 0);
    indices.forEach((index, i) => {
      onCtc?.(index, session.ctc[i] as CtcLogProbs);
    });
    const search = ctcWeight === 1 ? ctcAlone : withDecoder;
    const found = await search(session, config, indices.map(length));
    indices.forEach((index, i) => {
      results[index] = found[i] as Hypothesis[];
    });
    onDone(start + indices.length);
  }
  return results;
}

/** Searches with the decoder, and with the CTC head beside it where that has a weight. */
function withDecoder(
  session: SourceSession,
  config: DecodingConfig,
  lengths: readonly number[],
): Promise<Hypothesis[][]> {
  const { ctcWeight = 0 } = config;
  const options: SearchOptions = {
    ...config,
    beginToken: BOS,
    endToken: EOS,
    maxLengths: maximumLengths(config, lengths),
  };
  if (ctcWeight > 0) return beamSearch(session, options, jointRescorer(session.ctc, ctcWeight, PAD, EOS));
  return config.beam === 1 ? greedySearch(session, options) : beamSearch(session, options);
}

/** Leaves the decoder out: the best path of the CTC head, or with a beam its most probable transcripts. */
async function ctcAlone({ ctc }: SourceSession, { beam, nBest }: DecodingConfig): Promise<Hypothesis[][]> {
  return ctc.map((item) => {
    const found = beam === 1 ? [ctcGreedy(item, PAD)] : ctcBeamSearch(item, beam, PAD).slice(0, nBest);
    return found.map(({ tokens, logProb }) => {
      const parts = { attention: 0, ctc: logProb };
      return { tokens, tokenLogProbs: new Float32Array(0), logProb, score: logProb, finished: true, ...parts };
    });
  });
}
