// Ancestral sampling: every hypothesis of a sentence is drawn token by token, independently of the others.
import { ConfigError } from '../../errors.js';
import { Random } from '../../random.js';
import { Frontier, type Hypothesis } from './frontier.js';
import { type Continuations, runSearch, type SearchStrategy } from './loop.js';
import type { DecodingSession } from './model.js';
import { NextTokens } from './next-tokens.js';
import { checkSearchOptions, lengthPenaltyOf, type SearchOptions } from './options.js';
import { createWarpers, type Warper, type WarperOptions } from './warpers.js';

/** How outputs are drawn. */
export interface SamplingOptions extends WarperOptions {
  readonly seed: number;
  /** `[B]` the number of each sentence in the whole input. What is drawn for it follows from that and the seed, never from the batch. */
  readonly sentences: ArrayLike<number>;
}

/**
 * Draws K = `session.beam` outputs of each sentence, independently of each other (the same one may come twice). Every token is drawn from
 * what the model, the rules that forbid tokens, and then the warpers leave, renormalised. Sample k of sentence s takes one number a step
 * from the stream (`seed`, s, k). An output of the maximum length is ended by force, unless the end mark is what is drawn there.
 *
 * @returns for each sentence K hypotheses by descending score, equal ones as they were numbered. Their log-probabilities are those of
 *   the model, whatever the warpers did.
 * @throws ConfigError when the options contradict each other or the session.
 * @throws EngineError when the model returns something other than log-probabilities, such as NaN.
 */
export async function sampleSearch(
  session: DecodingSession,
  options: SearchOptions,
  sampling: SamplingOptions,
): Promise<Hypothesis[][]> {
  checkSearchOptions(session, options);
  checkSamplingOptions(session, options, sampling);
  const frontier = new Frontier(session.sentences, session.beam, lengthPenaltyOf(options));
  const tokens = new NextTokens(session.vocabularySize);
  return runSearch(session, options, frontier, new SampleStrategy(frontier, options, sampling, tokens));
}

/** How many candidates of a hypothesis suffice to draw from: those that top-k keeps, unless something changes their order before. */
export function candidatesToDrawFrom({ topK, repetitionPenalty = 1 }: WarperOptions): number | 'all' {
  return topK === undefined || repetitionPenalty !== 1 ? 'all' : topK;
}

/** @throws ConfigError when there is not one number a sentence, or not one output a hypothesis. */
export function checkSamplingOptions(
  { beam, sentences }: DecodingSession,
  { nBest }: SearchOptions,
  sampling: SamplingOptions,
): void {
  if (sampling.sentences.length !== sentences) {
    throw new ConfigError(
      `\`sentences\` must have one number per sentence (${sentences}), but has ${sampling.sentences.length}.`,
    );
  }
  if (nBest !== beam) {
    throw new ConfigError(
      `Sampling returns all that it draws: \`nBest\` must be the number of samples (${beam}), but is ${nBest}.`,
    );
  }
}

class SampleStrategy implements SearchStrategy {
  readonly candidates: number | 'all';
  private readonly warpers: readonly Warper[];
  /** For each sentence the number of the sample that each open hypothesis is. At the first step one hypothesis is all of them. */
  private readonly open: number[][];
  private readonly streams: readonly (readonly Random[])[];
  private readonly ended: Hypothesis[][];

  constructor(
    private readonly frontier: Frontier,
    private readonly options: SearchOptions,
    sampling: SamplingOptions,
    private readonly tokens: NextTokens,
  ) {
    this.candidates = candidatesToDrawFrom(sampling);
    this.warpers = createWarpers(sampling);
    const numbers = Array.from({ length: frontier.beam }, (_, sample) => sample);
    this.open = Array.from({ length: frontier.sentences }, () => [...numbers]);
    this.streams = Array.from(sampling.sentences, (sentence) =>
      numbers.map((sample) => new Random(sampling.seed, 'sample', sentence, sample)),
    );
    this.ended = Array.from({ length: frontier.sentences }, () => []);
  }

  advance(next: Continuations): Hypothesis[] | undefined {
    const { frontier, tokens } = this;
    const { sentence } = next;
    const firstRow = sentence * frontier.beam;
    const samples = this.open[sentence]!;
    const isFirst = frontier.length === 0;
    let open = 0;
    for (const [k, sample] of samples.entries()) {
      const hypothesis = isFirst ? 0 : k;
      if (k === 0 || !isFirst) {
        tokens.load(next, frontier, hypothesis);
        for (const warp of this.warpers) warp(tokens, frontier.prefix(firstRow + hypothesis));
        tokens.weigh();
      }
      const ended = this.step(next, hypothesis, firstRow + open, this.streams[sentence]![sample]!);
      if (ended) this.ended[sentence]![sample] = ended;
      else samples[open++] = sample;
    }
    samples.length = open;
    frontier.open[sentence] = open;
    // Sorting is stable, so equal ones stay in order of their numbers.
    return open === 0 ? this.ended[sentence]!.sort((a, b) => b.score - a.score) : undefined;
  }

  /** Draws what follows a hypothesis and lets `row` hold the result. @returns the hypothesis if it has ended */
  private step(next: Continuations, hypothesis: number, row: number, random: Random): Hypothesis | undefined {
    const { frontier, tokens } = this;
    const parent = next.sentence * frontier.beam + hypothesis;
    if (tokens.count === 0) return frontier.hypothesis(parent, undefined, false);
    const index = tokens.draw(random);
    const token = tokens.ids[index]!;
    const logProb = tokens.logProbs[index]!;
    if (token === this.options.endToken) return frontier.hypothesis(parent, logProb, true);
    if (next.mustEnd) {
      const end = next.endLogProb(hypothesis);
      return frontier.hypothesis(parent, end > Number.NEGATIVE_INFINITY ? end : undefined, false);
    }
    frontier.extend(row, hypothesis, token, logProb);
    return undefined;
  }
}
