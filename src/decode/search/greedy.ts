// Greedy search: the most probable allowed token at every step.
import { ConfigError } from '../../errors.js';
import { Frontier, type Hypothesis } from './frontier.js';
import { type Continuations, runSearch, type SearchStrategy } from './loop.js';
import type { DecodingSession } from './model.js';
import { checkSearchOptions, lengthPenaltyOf, type SearchOptions } from './options.js';
import { mostProbable } from './selection.js';

/**
 * Continues each sentence with the most probable allowed token (of equal ones the lowest id) until that is the end mark or the
 * maximum length is reached. Gives exactly what beam search gives with a beam of 1.
 * @returns for each sentence a list of one hypothesis.
 * @throws ConfigError when the session has a beam larger than 1 or the options contradict each other.
 * @throws EngineError when the model returns something other than log-probabilities, such as NaN.
 */
export async function greedySearch(session: DecodingSession, options: SearchOptions): Promise<Hypothesis[][]> {
  if (session.beam !== 1) {
    throw new ConfigError(
      `Greedy search needs a \`beam\` of 1, because it follows a single hypothesis, but the beam is ${session.beam}.`,
    );
  }
  checkSearchOptions(session, options);
  const frontier = new Frontier(session.sentences, 1, lengthPenaltyOf(options));
  return runSearch(session, options, frontier, new GreedyStrategy(frontier, options.endToken));
}

class GreedyStrategy implements SearchStrategy {
  constructor(
    private readonly frontier: Frontier,
    private readonly endToken: number,
  ) {}

  advance(next: Continuations): Hypothesis[] | undefined {
    const { frontier, endToken } = this;
    const row = next.sentence;
    const best = mostProbable(next, frontier, 0);
    if (best === undefined) return [frontier.hypothesis(row, undefined, false)];
    if (best.token === endToken) return [frontier.hypothesis(row, best.logProb, true)];
    if (next.mustEnd) {
      const end = next.endLogProb(0);
      return [frontier.hypothesis(row, end > Number.NEGATIVE_INFINITY ? end : undefined, false)];
    }
    frontier.extend(row, 0, best.token, best.logProb);
    return undefined;
  }
}
