// Stochastic beam search: K different outputs, drawn without replacement.
import { Random } from '../../random.js';
import { Frontier, type Hypothesis } from './frontier.js';
import { type Continuations, runSearch, type SearchStrategy } from './loop.js';
import type { DecodingSession } from './model.js';
import { NextTokens } from './next-tokens.js';
import { checkSearchOptions, lengthPenaltyOf, type SearchOptions } from './options.js';
import { candidatesToDrawFrom, checkSamplingOptions, type SamplingOptions } from './sample.js';
import { createWarpers, type Warper } from './warpers.js';

/**
 * Draws K = `session.beam` different outputs of each sentence: exactly as if one were drawn after another from all outputs, each time from
 * those not drawn yet, in proportion to their probabilities (Kool et al. 2019, "Stochastic beams and where to find them").
 *
 * Each output has its log-probability plus Gumbel noise as its perturbed one, and the K highest are the sample. A prefix has the
 * highest perturbed log-probability of all outputs that begin with it, so a beam search by these finds them. Given that of a prefix, those
 * of its continuations are drawn in descending order: the highest is that of the prefix and falls on a token by its probability; each
 * further one is a Gumbel number of the tokens that are left, truncated at the one before. So no more of them are drawn
 * than the beam can hold, and no difference of nearly equal exponentials is ever taken. A sentence's numbers come
 * from the stream (`seed`, number of the sentence).
 *
 * The distribution is that of `sampleSearch` with the same options; an output cut at the maximum length counts with the
 * probability of its tokens.
 *
 * @returns for each sentence K hypotheses by descending score, or fewer if there are no more. Their log-probabilities are those of the
 *   model, neither warped nor perturbed.
 * @throws ConfigError when the options contradict each other or the session.
 * @throws EngineError when the model returns something other than log-probabilities, such as NaN.
 */
export async function stochasticBeamSearch(
  session: DecodingSession,
  options: SearchOptions,
  sampling: SamplingOptions,
): Promise<Hypothesis[][]> {
  checkSearchOptions(session, options);
  checkSamplingOptions(session, options, sampling);
  const frontier = new Frontier(session.sentences, session.beam, lengthPenaltyOf(options));
  const tokens = new NextTokens(session.vocabularySize);
  return runSearch(session, options, frontier, new StochasticBeamStrategy(frontier, options, sampling, tokens));
}

/** An output that has ended, or a prefix of outputs. */
interface Perturbed {
  /** Log-probability of the distribution that is drawn from. */
  readonly logProb: number;
  /** The same with Gumbel noise. */
  readonly perturbed: number;
}

/** An output that has ended. */
interface Leaf {
  readonly perturbed: number;
  readonly result: Hypothesis;
}

/** How a hypothesis may go on. */
interface Branch extends Perturbed {
  readonly hypothesis: number;
  readonly token: number;
  readonly modelLogProb: number;
}

class StochasticBeamStrategy implements SearchStrategy {
  readonly candidates: number | 'all';
  private readonly warpers: readonly Warper[];
  private readonly streams: readonly Random[];
  /** For each sentence its open hypotheses, the first ones being its first rows. */
  private readonly open: Perturbed[][];
  private readonly ended: Leaf[][];

  constructor(
    private readonly frontier: Frontier,
    private readonly options: SearchOptions,
    sampling: SamplingOptions,
    private readonly tokens: NextTokens,
  ) {
    this.candidates = candidatesToDrawFrom(sampling);
    this.warpers = createWarpers(sampling);
    this.streams = Array.from(
      sampling.sentences,
      (sentence) => new Random(sampling.seed, 'sample without replacement', sentence),
    );
    this.open = this.streams.map((random) => [{ logProb: 0, perturbed: -Math.log(exponential(random)) }]);
    this.ended = this.streams.map(() => []);
  }

  advance(next: Continuations): Hypothesis[] | undefined {
    const { frontier } = this;
    const { sentence } = next;
    const firstRow = sentence * frontier.beam;
    const best: (Leaf | Branch)[] = [...this.ended[sentence]!];
    for (const [hypothesis, parent] of this.open[sentence]!.entries()) this.grow(next, hypothesis, parent, best);

    const open: Perturbed[] = [];
    const ended: Leaf[] = [];
    for (const item of best) {
      if ('result' in item) ended.push(item);
      else if (item.token === this.options.endToken) {
        const result = frontier.hypothesis(firstRow + item.hypothesis, item.modelLogProb, true);
        ended.push({ perturbed: item.perturbed, result });
      } else {
        frontier.extend(firstRow + open.length, item.hypothesis, item.token, item.modelLogProb);
        open.push(item);
      }
    }
    this.open[sentence] = open;
    this.ended[sentence] = ended;
    frontier.open[sentence] = open.length;
    if (open.length > 0) return undefined;
    return ended.map(({ result }) => result).sort((a, b) => b.score - a.score);
  }

  /** Adds what an open hypothesis becomes to the best, as far as it belongs there. */
  private grow(next: Continuations, hypothesis: number, parent: Perturbed, best: (Leaf | Branch)[]): void {
    const { frontier, tokens } = this;
    const random = this.streams[next.sentence]!;
    const row = next.sentence * frontier.beam + hypothesis;
    tokens.load(next, frontier, hypothesis);
    for (const warp of this.warpers) warp(tokens, frontier.prefix(row));
    tokens.weigh();
    if (tokens.count === 0 || next.mustEnd) {
      const finished = tokens.count > 0 && tokens.ids[tokens.draw(random)] === this.options.endToken;
      const end = next.mustEnd ? next.endLogProb(hypothesis) : Number.NEGATIVE_INFINITY;
      const result = frontier.hypothesis(row, end > Number.NEGATIVE_INFINITY ? end : undefined, finished);
      this.insert({ perturbed: parent.perturbed, result }, best);
      return;
    }
    // Log-probabilities are scores less this, once for all tokens.
    const normaliser = tokens.highest + Math.log(tokens.total) - parent.logProb;
    let { perturbed } = parent;
    for (;;) {
      const index = tokens.draw(random);
      const branch = {
        hypothesis,
        token: tokens.ids[index]!,
        modelLogProb: tokens.logProbs[index]!,
        logProb: tokens.scores[index]! - normaliser,
        perturbed,
      };
      if (!this.insert(branch, best)) return;
      tokens.take(index);
      if (tokens.total === 0) return;
      perturbed = truncatedGumbel(tokens.highest + Math.log(tokens.total) - normaliser, perturbed, random);
    }
  }

  /** Inserts an item among the at most K best by descending perturbed log-probability. @returns whether it is among them */
  private insert(item: Leaf | Branch, best: (Leaf | Branch)[]): boolean {
    let rank = best.length;
    while (rank > 0 && best[rank - 1]!.perturbed < item.perturbed) rank--;
    if (rank === this.frontier.beam) return false;
    best.splice(rank, 0, item);
    if (best.length > this.frontier.beam) best.pop();
    return true;
  }
}

/** A standard exponential number, above 0, of 64 random bits: a Gumbel number is −log of it, exact in both tails. */
function exponential(random: Random): number {
  const high = random.uint32();
  const uniform = (high + (random.uint32() + 0.5) / 0x100000000) / 0x100000000;
  return -Math.log1p(-uniform);
}

/** A Gumbel number of a location, given that it is below `bound`: −log(exp(−bound) + E·exp(−location)) for an exponential E. */
function truncatedGumbel(location: number, bound: number, random: Random): number {
  const a = -bound;
  const b = Math.log(exponential(random)) - location;
  return -(Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))));
}
