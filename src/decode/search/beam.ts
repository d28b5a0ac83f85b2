// Beam search: the K most probable prefixes of every sentence side by side.
import { EndedHypotheses } from './ended.js';
import { Frontier, type Hypothesis } from './frontier.js';
import { type Continuations, type Rescorer, runSearch, type SearchStrategy } from './loop.js';
import type { DecodingSession } from './model.js';
import { checkSearchOptions, lengthPenaltyOf, type SearchOptions } from './options.js';
import { BestContinuations, mostProbable } from './selection.js';
import { isComplete, type StoppingRule } from './stopping.js';

/**
 * Beam search with K = `session.beam`.
 *
 * At each step all continuations of a sentence's open hypotheses are ranked by log-probability (equal ones by hypothesis, then
 * token id). An end mark among the best K ends its hypothesis; the best K other continuations stay open, so that a hypothesis
 * that ends does not narrow the beam. A hypothesis of the maximum length is ended by force and pays for its end mark. All this
 * is as in fairseq. Unlike there (unless `earlyStopping` is set), a sentence is complete only when no open hypothesis can score
 * higher than the `nBest` best of those that have ended; a lower `nBest` thus ends the search sooner but with the same best
 * hypothesis. A beam of 1 is greedy search: it stops at its first end mark, for the runner-up is not a hypothesis it keeps.
 *
 * @param rescorer changes the scores of continuations before they are ranked. As none is above 0, the total of a hypothesis only
 *   falls while it grows, which is all that the rule of stopping needs.
 * @returns for each sentence up to `nBest` hypotheses by descending score, of equal scores the one that ended first. There are
 *   fewer where fewer have a probability above 0, but always at least one: if none can be ended, the open ones as they are.
 * @throws ConfigError when the options contradict each other or the session.
 * @throws EngineError when the model returns something other than log-probabilities, such as NaN.
 */
export async function beamSearch(
  session: DecodingSession,
  options: SearchOptions,
  rescorer?: Rescorer,
): Promise<Hypothesis[][]> {
  checkSearchOptions(session, options);
  const frontier = new Frontier(session.sentences, session.beam, lengthPenaltyOf(options));
  return runSearch(session, options, frontier, new BeamStrategy(frontier, options, rescorer), rescorer);
}

class BeamStrategy implements SearchStrategy {
  private readonly ended: EndedHypotheses[];
  private readonly continuations: BestContinuations;
  private readonly stopping: StoppingRule;

  constructor(
    private readonly frontier: Frontier,
    private readonly options: SearchOptions,
    private readonly rescorer: Rescorer | undefined,
  ) {
    const { beam, sentences } = frontier;
    this.ended = Array.from({ length: sentences }, () => new EndedHypotheses(options.nBest));
    // Each hypothesis can be ended once, so that among twice K continuations at least K do not end.
    this.continuations = new BestContinuations(2 * beam);
    this.stopping = {
      penalty: lengthPenaltyOf(options),
      minLength: options.minLength,
      enough: options.earlyStopping || beam === 1 ? beam : Number.POSITIVE_INFINITY,
    };
  }

  advance(next: Continuations): Hypothesis[] | undefined {
    return next.mustEnd ? this.endAll(next) : this.goOn(next);
  }

  private goOn(next: Continuations): Hypothesis[] | undefined {
    const { continuations, frontier } = this;
    const { beam } = frontier;
    const { sentence } = next;
    const firstRow = sentence * beam;
    continuations.find(next, frontier);
    let open = 0;
    let bestOpen = Number.NEGATIVE_INFINITY;
    for (let rank = 0; rank < continuations.count && open < beam; rank++) {
      const hypothesis = continuations.hypotheses[rank]!;
      const token = continuations.tokens[rank]!;
      const logProb = continuations.logProbs[rank]!;
      if (token !== this.options.endToken) {
        if (open === 0) bestOpen = continuations.totals[rank]!;
        frontier.extend(firstRow + open++, hypothesis, token, logProb);
      } else if (rank < beam) this.end(sentence, hypothesis, logProb, true);
    }
    if (open === 0 || this.isComplete(sentence, bestOpen)) return this.result(sentence);
    frontier.open[sentence] = open;
    return undefined;
  }

  /** Ends every open hypothesis; one that the model would have continued counts as unfinished. */
  private endAll(next: Continuations): Hypothesis[] {
    const { frontier } = this;
    const { endToken } = this.options;
    for (let hypothesis = 0; hypothesis < frontier.open[next.sentence]!; hypothesis++) {
      const logProb = next.endLogProb(hypothesis);
      if (logProb === Number.NEGATIVE_INFINITY) continue;
      this.end(next.sentence, hypothesis, logProb, mostProbable(next, frontier, hypothesis)?.token === endToken);
    }
    return this.result(next.sentence);
  }

  private end(sentence: number, hypothesis: number, logProb: number, finished: boolean): void {
    const parts = this.rescorer?.parts(sentence, hypothesis, true);
    const row = sentence * this.frontier.beam + hypothesis;
    this.ended[sentence]!.add(this.frontier.hypothesis(row, logProb, finished, parts));
  }

  private isComplete(sentence: number, bestOpen: number): boolean {
    const { count, worstKept } = this.ended[sentence]!;
    return isComplete(this.stopping, {
      ended: count,
      worstKept,
      bestOpen,
      length: this.frontier.length + 1,
      maxLength: this.options.maxLengths[sentence]!,
    });
  }

  private result(sentence: number): Hypothesis[] {
    const { best } = this.ended[sentence]!;
    if (best.length > 0) return best;
    const count = Math.min(this.frontier.open[sentence]!, this.options.nBest);
    const firstRow = sentence * this.frontier.beam;
    return Array.from({ length: count }, (_, k) =>
      this.frontier.hypothesis(firstRow + k, undefined, false, this.rescorer?.parts(sentence, k, false)),
    );
  }
}
