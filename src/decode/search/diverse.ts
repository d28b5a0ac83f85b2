// Diverse beam search: groups of hypotheses that keep away from each other.
import { ConfigError } from '../../errors.js';
import { EndedHypotheses } from './ended.js';
import { Frontier, type Hypothesis } from './frontier.js';
import { type Continuations, runSearch, type SearchStrategy } from './loop.js';
import type { DecodingSession } from './model.js';
import { checkSearchOptions, lengthPenaltyOf, type SearchOptions } from './options.js';
import { mostProbable } from './selection.js';
import { isComplete, type StoppingRule } from './stopping.js';

/** How the hypotheses of a sentence are kept apart. */
export interface Diversity {
  /** Groups that K is divided into evenly. */
  readonly groups: number;
  /** What a token costs, in log-probability, for every hypothesis of the groups before that goes on with it at the same step. */
  readonly strength: number;
}

/**
 * Diverse beam search (Vijayakumar et al. 2018) with Hamming diversity: K = `session.beam` is divided into groups, each a beam search of
 * its own by the rules of `beamSearch`. At every step the groups choose one after another, and what the ones before go on with costs
 * the next ones. The cost counts where a group chooses its continuations; log-probabilities, scores, and so which
 * outputs are best and when a group stops, are the model's alone. End marks cost nothing. One group gives exactly what beam search gives.
 *
 * @returns for each sentence up to `nBest` different hypotheses by descending score: the best of each group, then the second best of
 *   each, and so on until there are enough; if none can be ended, open ones as they are.
 * @throws ConfigError when the options contradict each other or the session.
 * @throws EngineError when the model returns something other than log-probabilities, such as NaN.
 */
export async function diverseBeamSearch(
  session: DecodingSession,
  options: SearchOptions,
  diversity: Diversity,
): Promise<Hypothesis[][]> {
  checkSearchOptions(session, options);
  const { groups, strength } = diversity;
  if (!Number.isInteger(groups) || groups < 1 || session.beam % groups !== 0) {
    throw new ConfigError(`\`beam\` must be a multiple of \`beamGroups\` (${groups}), but is ${session.beam}.`);
  }
  if (!(strength >= 0 && strength < Number.POSITIVE_INFINITY)) {
    throw new ConfigError(`\`diversityStrength\` must be a number of at least 0, but is ${strength}.`);
  }
  const frontier = new Frontier(session.sentences, session.beam, lengthPenaltyOf(options));
  return runSearch(session, options, frontier, new DiverseStrategy(frontier, options, diversity));
}

/** A beam of its own within a sentence. */
interface Group {
  /** Its open hypotheses are `from` … `to` - 1 of the sentence. */
  from: number;
  to: number;
  isOpen: boolean;
  readonly ended: EndedHypotheses;
  /** What it had open when it stopped without an end. */
  unfinished: Hypothesis[];
}

/** A continuation as a group sees it. */
interface Ranked {
  readonly hypothesis: number;
  readonly token: number;
  readonly logProb: number;
  /** Log-probability of the whole less what the token costs. */
  readonly worth: number;
}

class DiverseStrategy implements SearchStrategy {
  /** K of one group. */
  private readonly size: number;
  private readonly groups: readonly (readonly Group[])[];
  private readonly stopping: StoppingRule;

  constructor(
    private readonly frontier: Frontier,
    private readonly options: SearchOptions,
    private readonly diversity: Diversity,
  ) {
    const size = frontier.beam / diversity.groups;
    this.size = size;
    const kept = Math.min(options.nBest, size);
    this.groups = Array.from({ length: frontier.sentences }, () =>
      Array.from({ length: diversity.groups }, () => ({
        from: 0,
        to: 1,
        isOpen: true,
        ended: new EndedHypotheses(kept),
        unfinished: [],
      })),
    );
    this.stopping = {
      penalty: lengthPenaltyOf(options),
      minLength: options.minLength,
      enough: options.earlyStopping || size === 1 ? size : Number.POSITIVE_INFINITY,
    };
  }

  advance(next: Continuations): Hypothesis[] | undefined {
    const { sentence } = next;
    const groups = this.groups[sentence]!;
    /** Hypotheses of the groups before that go on with a token. */
    const uses = new Map<number, number>();
    let open = 0;
    for (const group of groups) {
      if (!group.isOpen) continue;
      if (next.mustEnd) this.endAll(next, group);
      else open = this.goOn(next, group, uses, open);
    }
    this.frontier.open[sentence] = open;
    return open > 0 ? undefined : gathered(groups, this.options.nBest);
  }

  /** Lets a group go on with hypotheses from `open` on. @returns how many are open now in the sentence */
  private goOn(next: Continuations, group: Group, uses: Map<number, number>, open: number): number {
    const { frontier, size } = this;
    const firstRow = next.sentence * frontier.beam;
    const from = open;
    const tokens: number[] = [];
    let bestOpen = Number.NEGATIVE_INFINITY;
    for (const [rank, { hypothesis, token, logProb }] of this.ranked(next, group, uses).entries()) {
      if (tokens.length === size) break;
      if (token !== this.options.endToken) {
        frontier.extend(firstRow + from + tokens.length, hypothesis, token, logProb);
        tokens.push(token);
        bestOpen = Math.max(bestOpen, frontier.total(firstRow + hypothesis) + logProb);
      } else if (rank < size) group.ended.add(frontier.hypothesis(firstRow + hypothesis, logProb, true));
    }
    if (tokens.length === 0) this.stop(next, group);
    else if (this.isComplete(next.sentence, group, bestOpen)) group.isOpen = false;
    if (!group.isOpen) return open;
    for (const token of tokens) uses.set(token, (uses.get(token) ?? 0) + 1);
    group.from = from;
    group.to = from + tokens.length;
    return group.to;
  }

  /** The best continuations of a group, twice as many as it has hypotheses, so that enough of them do not end. */
  private ranked(next: Continuations, group: Group, uses: ReadonlyMap<number, number>): Ranked[] {
    const { frontier } = this;
    const { banned, ids, logProbs, width } = next;
    const capacity = 2 * this.size;
    const best: Ranked[] = [];
    let worst = Number.NEGATIVE_INFINITY;
    for (let hypothesis = group.from; hypothesis < group.to; hypothesis++) {
      const row = next.sentence * frontier.beam + hypothesis;
      const base = frontier.total(row);
      const offset = next.offset + hypothesis * width;
      banned.select(row);
      for (let j = 0; j < width; j++) {
        const logProb = logProbs[offset + j]!;
        if (logProb === Number.NEGATIVE_INFINITY || base + logProb < worst) {
          if (ids) break; // sorted, and no token is worth more than its log-probability
          continue;
        }
        const token = ids ? ids[offset + j]! : j;
        if (banned.has(token)) continue;
        const cost = token === this.options.endToken ? 0 : this.diversity.strength * (uses.get(token) ?? 0);
        insert(best, { hypothesis, token, logProb, worth: base + logProb - cost }, capacity);
        if (best.length === capacity) worst = best[capacity - 1]!.worth;
      }
    }
    return best;
  }

  /** Ends every open hypothesis of a group; one that the model would have continued counts as unfinished. */
  private endAll(next: Continuations, group: Group): void {
    const { frontier } = this;
    for (let hypothesis = group.from; hypothesis < group.to; hypothesis++) {
      const logProb = next.endLogProb(hypothesis);
      if (logProb === Number.NEGATIVE_INFINITY) continue;
      const finished = mostProbable(next, frontier, hypothesis)?.token === this.options.endToken;
      group.ended.add(frontier.hypothesis(next.sentence * frontier.beam + hypothesis, logProb, finished));
    }
    this.stop(next, group);
  }

  private stop(next: Continuations, group: Group): void {
    const { frontier } = this;
    group.isOpen = false;
    if (group.ended.count > 0) return;
    const firstRow = next.sentence * frontier.beam;
    group.unfinished = Array.from({ length: group.to - group.from }, (_, k) =>
      frontier.hypothesis(firstRow + group.from + k, undefined, false),
    );
  }

  private isComplete(sentence: number, { ended }: Group, bestOpen: number): boolean {
    return isComplete(this.stopping, {
      ended: ended.count,
      worstKept: ended.worstKept,
      bestOpen,
      length: this.frontier.length + 1,
      maxLength: this.options.maxLengths[sentence]!,
    });
  }
}

/** Equal ones are ordered by hypothesis, then token. */
function isBetter(a: Ranked, b: Ranked): boolean {
  if (a.worth !== b.worth) return a.worth > b.worth;
  return a.hypothesis === b.hypothesis ? a.token < b.token : a.hypothesis < b.hypothesis;
}

function insert(best: Ranked[], item: Ranked, capacity: number): void {
  let rank = best.length;
  while (rank > 0 && isBetter(item, best[rank - 1]!)) rank--;
  if (rank === capacity) return;
  best.splice(rank, 0, item);
  if (best.length > capacity) best.pop();
}

/** The outputs of all groups: those of rank 0, then of rank 1 …, each one once. */
function gathered(groups: readonly Group[], nBest: number): Hypothesis[] {
  const anyEnded = groups.some(({ ended }) => ended.count > 0);
  const lists = groups.map(({ ended, unfinished }) => (anyEnded ? ended.best : unfinished));
  const chosen = new Map<string, Hypothesis>();
  for (let rank = 0; lists.some((list) => rank < list.length); rank++) {
    const level = lists.flatMap((list) => list[rank] ?? []).sort((a, b) => b.score - a.score);
    for (const hypothesis of level) {
      const key = hypothesis.tokens.join();
      if (chosen.size < nBest && !chosen.has(key)) chosen.set(key, hypothesis);
    }
  }
  const found = [...chosen.values()];
  return anyEnded ? found.sort((a, b) => b.score - a.score) : found;
}
