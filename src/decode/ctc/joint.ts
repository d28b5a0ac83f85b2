// Joint CTC/attention scores: what a model says may follow, rescored with the prefix scores of CTC.
import { ConfigError } from '../../errors.js';
import type { Frontier, ScoreParts } from '../search/frontier.js';
import type { Continuations, Rescorer } from '../search/loop.js';
import { bestTokens } from '../search/selection.js';
import type { CtcLogProbs } from '../session.js';
import { CtcPrefixScorer, type PrefixState } from './prefix-scorer.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** A token that may follow, or the end mark. */
interface Candidate {
  readonly token: number;
  /** Log-probability by attention. */
  readonly attention: number;
  /** Joint score, rounded as a search stores it so that equal ones are seen to be equal. */
  readonly score: number;
}

/** An open hypothesis. */
interface Open {
  readonly state: PrefixState;
  /** Log-probability by attention. */
  readonly attention: number;
  /** What may follow, by descending score, equal ones by token id; always with the end mark. */
  readonly candidates: readonly Candidate[];
}

/** An open hypothesis of which it is not known yet what may follow. */
type Grown = Omit<Open, 'candidates'>;

/**
 * Scores continuations by `(1 − λ)·log p_attention + λ·(ψ(prefix + token) − ψ(prefix))`, and the end by the probability that
 * the transcript is exactly the prefix (Watanabe et al., 2017). The parts of a hypothesis add up to `(1 − λ)·log p_attention + λ·log
 * p_ctc` of the whole. For λ ≤ 1 no part is above 0, because a transcript that begins with the longer prefix, or that is the
 * prefix, also begins with the shorter one. So a hypothesis only loses by growing, and whatever bounds a search by its
 * log-probabilities (see `isComplete`) holds for these scores too, exactly.
 *
 * Attention proposes the candidates of each hypothesis: its most probable allowed tokens, and always the end mark. With λ = 0 a
 * search finds what it finds without this, with λ = 1 attention does nothing else than to propose.
 * @param ctc what the CTC head says of each sentence
 * @param weight λ from 0 to 1
 * @param blank id of the blank
 * @param endToken the end mark
 * @param preBeam tokens proposed for each hypothesis; without it twice the beam (ESPnet takes 1.5 times the beam)
 * @throws ConfigError when a number is out of its range
 */
export function jointRescorer(
  ctc: readonly CtcLogProbs[],
  weight: number,
  blank: number,
  endToken: number,
  preBeam?: number,
): Rescorer {
  if (!(weight >= 0 && weight <= 1)) throw new ConfigError(`\`ctcWeight\` must be from 0 to 1, but is ${weight}.`);
  if (preBeam !== undefined && !(Number.isInteger(preBeam) && preBeam >= 1)) {
    throw new ConfigError(`\`preBeam\` must be an integer of at least 1, but is ${preBeam}.`);
  }
  const candidates = (beam: number): number => preBeam ?? 2 * beam;
  const sentences = ctc.map((item) => new JointSentence(new CtcPrefixScorer(item, blank), weight, endToken));
  return {
    candidates,
    rescore: (next, frontier) =>
      (sentences[next.sentence] as JointSentence).rescore(next, frontier, candidates(frontier.beam)),
    parts: (sentence, hypothesis, ended) => (sentences[sentence] as JointSentence).parts(hypothesis, ended),
  };
}

/** The open hypotheses of one sentence. */
class JointSentence {
  private open: readonly Open[] = [];

  constructor(
    private readonly scorer: CtcPrefixScorer,
    private readonly weight: number,
    private readonly endToken: number,
  ) {}

  rescore(next: Continuations, frontier: Frontier, count: number): Continuations {
    const { endToken } = this;
    this.open = this.grown(frontier, next.sentence).map((hypothesis, k) => ({
      ...hypothesis,
      candidates: this.candidates(hypothesis, bestTokens(next, frontier, k, count, endToken), next.endLogProb(k)),
    }));
    const width = count + 1;
    const ids = new Int32Array(this.open.length * width).fill(endToken);
    const logProbs = new Float32Array(this.open.length * width).fill(NEVER);
    for (const [k, { candidates }] of this.open.entries()) {
      for (const [j, { token, score }] of candidates.entries()) {
        ids[k * width + j] = token;
        logProbs[k * width + j] = score;
      }
    }
    const endLogProb = (k: number): number => this.end(this.open[k] as Open).score;
    return { ...next, offset: 0, width, ids, logProbs, endLogProb };
  }

  parts(k: number, ended: boolean): ScoreParts {
    const hypothesis = this.open[k] as Open;
    const { attention, state } = hypothesis;
    if (!ended) return { attention, ctc: state.score };
    return { attention: attention + this.end(hypothesis).attention, ctc: this.scorer.end(state) };
  }

  private end({ candidates }: Open): Candidate {
    return candidates.find(({ token }) => token === this.endToken) as Candidate;
  }

  /** The open hypotheses, grown from those of the step before. */
  private grown(frontier: Frontier, sentence: number): Grown[] {
    if (frontier.length === 0) return [{ state: this.scorer.start(), attention: 0 }];
    return Array.from({ length: frontier.open[sentence] as number }, (_, k) => {
      const row = sentence * frontier.beam + k;
      const parent = this.open[frontier.lastParent(row)] as Open;
      const last = frontier.lastToken(row);
      const { attention } = parent.candidates.find(({ token }) => token === last) as Candidate;
      return { state: this.scorer.extend(parent.state, last), attention: parent.attention + attention };
    });
  }

  private candidates(
    { state }: Grown,
    proposed: readonly { token: number; logProb: number }[],
    end: number,
  ): Candidate[] {
    const tokens = proposed.map(({ token }) => token);
    const scores = new Float64Array(tokens.length);
    this.scorer.scores(state, tokens, scores);
    const joint = (token: number, attention: number, ctc: number): Candidate => ({
      token,
      attention,
      score: Math.fround(this.joint(attention, ctc - state.score)),
    });
    return [
      joint(this.endToken, end, this.scorer.end(state)),
      ...proposed.map(({ token, logProb }, j) => joint(token, logProb, scores[j] as number)),
    ].sort((a, b) => (a.score === b.score ? a.token - b.token : b.score - a.score));
  }

  /** What no model thinks possible stays impossible, though 0 · −∞ is not a number; a CTC that has no weight says nothing. */
  private joint(attention: number, ctc: number): number {
    if (this.weight === 0) return attention;
    if (attention === NEVER || !(ctc > NEVER)) return NEVER;
    // Rounding may leave a longer prefix above a shorter one by a hair.
    return (1 - this.weight) * attention + this.weight * Math.min(ctc, 0);
  }
}
