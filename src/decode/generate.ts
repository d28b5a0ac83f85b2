// Decodes many sentences: batches of similar length, results in the order of the inputs.

import type { OutputGrammar } from '../data/output-grammar.js';
import { loadedSource, type SourceSequence } from '../data/sequences.js';
import { ConfigError } from '../errors.js';
import { BOS, EOS, PAD } from '../text/special-tokens.js';
import { type DecodingConfig, hypothesesPerSentence, USUAL_DIVERSITY } from './config.js';
import { ctcGreedy } from './ctc/greedy.js';
import { jointRescorer } from './ctc/joint.js';
import { ctcBeamSearch } from './ctc/prefix-beam.js';
import { aboveThresholds } from './relevance.js';
import { beamSearch } from './search/beam.js';
import { diverseBeamSearch } from './search/diverse.js';
import type { Hypothesis } from './search/frontier.js';
import { greedySearch } from './search/greedy.js';
import type { SearchOptions } from './search/options.js';
import { type SamplingOptions, sampleSearch } from './search/sample.js';
import { stochasticBeamSearch } from './search/stochastic-beam.js';
import { maximumLengths } from './search/stopping.js';
import type { CtcLogProbs, SourceSession, TransformerDecoder } from './session.js';

/** Where in the whole input the sentences of one call stand, so that what is drawn for them does not depend on how they are grouped. */
interface SampleOrigin {
  readonly seed: number;
  /** Number of the first sentence, counted from 0. */
  readonly first: number;
}

/** What a call of {@link generate} may have besides. */
export interface GenerateOptions {
  /** Called with the number of sentences finished so far. */
  readonly onDone?: ((finished: number) => void) | undefined;
  /** Stops between batches. */
  readonly signal?: AbortSignal | undefined;
  /** Called with what the CTC head says of each source; only for models that have one. */
  readonly onCtc?: ((index: number, ctc: CtcLogProbs) => void) | undefined;
  /** Seed and place of what is drawn; needed where the method is sampling. */
  readonly origin?: SampleOrigin | undefined;
  /** What the output of each source may look like; anything where there is none. */
  readonly grammars?: readonly (OutputGrammar | undefined)[] | undefined;
}

/**
 * Decodes sentences by the method of the settings.
 * @param sources token ids of each sentence with the stop token, or frames
 * @returns for each sentence its hypotheses, best first
 * @throws ConfigError when the settings contradict each other or the grammars
 */
export async function generate(
  decoder: TransformerDecoder,
  sources: readonly SourceSequence[],
  config: DecodingConfig,
  { onDone, signal, onCtc, origin, grammars }: GenerateOptions = {},
): Promise<Hypothesis[][]> {
  const length = (index: number): number => (sources[index] as SourceSequence).length;
  const order = sources.map((_source, index) => index).sort((a, b) => length(a) - length(b) || a - b);
  const results = new Array<Hypothesis[]>(sources.length);
  const ctcWeight = config.ctcWeight ?? 0;
  for (const name of ['minLength', 'noRepeatNgram'] as const) {
    if (config[name] === 0 || !grammars?.some((grammar) => grammar !== undefined)) continue;
    throw new ConfigError(
      `\`${name}\` must be 0 where a grammar says what outputs may look like, as it could leave nothing to follow, but is ${config[name]}.`,
    );
  }
  for (let start = 0; start < order.length; start += config.batchSize) {
    signal?.throwIfAborted();
    const indices = order.slice(start, start + config.batchSize);
    const batch = await Promise.all(indices.map((index) => loadedSource(sources[index] as SourceSequence)));
    if (decoder.relevance) {
      const found = aboveThresholds(await decoder.relevance.score(batch));
      indices.forEach((index, i) => {
        results[index] = [found[i] as Hypothesis];
      });
      onDone?.(start + indices.length);
      continue;
    }
    const session = await decoder.start(batch, hypothesesPerSentence(config), onCtc !== undefined || ctcWeight > 0);
    indices.forEach((index, i) => {
      onCtc?.(index, session.ctc[i] as CtcLogProbs);
    });
    const limits = maximumLengths(config, indices.map(length));
    const own = grammars && indices.map((index) => grammars[index]);
    // What cannot be said in less must be given room.
    const maxLengths = limits.map((limit, i) => Math.max(limit, own?.[i]?.shortest ?? 0));
    const sampling = samplingOf(config, indices, origin);
    const found = await (ctcWeight === 1
      ? ctcAlone(session, config)
      : withDecoder(session, config, { maxLengths, grammars: own }, sampling));
    indices.forEach((index, i) => {
      results[index] = found[i] as Hypothesis[];
    });
    onDone?.(start + indices.length);
  }
  return results;
}

/** How the sentences of a batch are drawn, where they are. */
function samplingOf(
  config: DecodingConfig,
  indices: readonly number[],
  origin?: SampleOrigin,
): SamplingOptions | undefined {
  if (config.method === 'beam') return undefined;
  if (origin === undefined) {
    throw new ConfigError(`\`method: ${config.method}\` needs a seed, but outputs are to be found by search here.`);
  }
  return { ...config, seed: origin.seed, sentences: indices.map((index) => origin.first + index) };
}

/** Searches with the decoder, and with the CTC head beside it where that has a weight. */
function withDecoder(
  session: SourceSession,
  config: DecodingConfig,
  limits: Pick<SearchOptions, 'maxLengths' | 'grammars'>,
  sampling: SamplingOptions | undefined,
): Promise<Hypothesis[][]> {
  const { beamGroups: groups = 1, ctcWeight = 0, diversityStrength: strength = USUAL_DIVERSITY } = config;
  const options: SearchOptions = {
    ...config,
    ...limits,
    beginToken: BOS,
    endToken: EOS,
  };
  if (sampling) {
    const search = config.method === 'sample' ? sampleSearch : stochasticBeamSearch;
    return search(session, options, sampling);
  }
  if (groups > 1) return diverseBeamSearch(session, options, { groups, strength });
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
