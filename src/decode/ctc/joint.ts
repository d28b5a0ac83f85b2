// Joint CTC/attention scores: what a model says may follow, rescored with the prefix scores of CTC.
import type { Frontier } from '../search/frontier.js';
import type { Continuations, Rescorer } from '../search/loop.js';
import type { CtcLogProbs } from '../session.js';
import { CtcPrefixScorer, type PrefixState } from './prefix-scorer.js';

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Scores continuations by `(1 − λ)·log p_attention + λ·(ψ(prefix + token) − ψ(prefix))`, and the end by the probability that
 * the transcript is exactly the prefix (Watanabe et al., 2017). The parts of a hypothesis add up to `(1 − λ)·log p_attention + λ·log
 * p_ctc` of the whole. No part is above 0, because a transcript that begins with the longer prefix also begins with the
 * shorter one, so whatever bounds a search by its log-probabilities holds for these scores too.
 *
 * The candidates are those that the model proposes, and the end mark.
 * @param ctc what the CTC head says of each sentence @param weight λ, above 0 @param endToken the end mark
 */
export function jointRescorer(ctc: readonly CtcLogProbs[], weight: number, blank: number, endToken: number): Rescorer {
  const scorers = ctc.map((item) => new CtcPrefixScorer(item, blank));
  /** The prefixes of each sentence's open hypotheses. */
  const states: PrefixState[][] = scorers.map((scorer) => [scorer.start()]);
  return {
    rescore(next, frontier) {
      const { sentence } = next;
      const scorer = scorers[sentence] as CtcPrefixScorer;
      const present = follow(scorer, states[sentence] as PrefixState[], frontier, sentence);
      states[sentence] = present;
      return rescored(next, scorer, present, weight, endToken);
    },
  };
}

/** The prefixes of the open hypotheses, from those of the step before. */
function follow(scorer: CtcPrefixScorer, before: PrefixState[], frontier: Frontier, sentence: number): PrefixState[] {
  if (frontier.length === 0) return before;
  return Array.from({ length: frontier.open[sentence] as number }, (_, k) => {
    const row = sentence * frontier.beam + k;
    return scorer.extend(before[frontier.lastParent(row)] as PrefixState, frontier.lastToken(row));
  });
}

/** The continuations with joint scores, each hypothesis's by descending score and then token id. */
function rescored(
  next: Continuations,
  scorer: CtcPrefixScorer,
  states: readonly PrefixState[],
  weight: number,
  endToken: number,
): Continuations {
  const width = next.width + 1;
  const ids = new Int32Array(states.length * width);
  const logProbs = new Float32Array(states.length * width);
  const ends = new Float64Array(states.length);
  const scores = new Float64Array(next.width);
  const joint = (attention: number, ctc: number): number =>
    attention === NEVER || ctc === NEVER ? NEVER : (1 - weight) * attention + weight * Math.min(ctc, 0);
  states.forEach((state, k) => {
    const offset = next.offset + k * next.width;
    const tokens = next.ids
      ? next.ids.subarray(offset, offset + next.width)
      : Int32Array.from({ length: next.width }, (_, token) => token);
    scorer.scores(state, tokens, scores);
    const end = joint(next.endLogProb(k), scorer.end(state) - state.score);
    ends[k] = end;
    const candidates: { token: number; score: number }[] = [{ token: endToken, score: end }];
    tokens.forEach((token, j) => {
      if (token === endToken) return;
      const score = joint(next.logProbs[offset + j] as number, (scores[j] as number) - state.score);
      candidates.push({ token, score: Math.fround(score) });
    });
    candidates.sort((a, b) => b.score - a.score || a.token - b.token);
    for (let j = 0; j < width; j++) {
      const candidate = candidates[j];
      ids[k * width + j] = candidate?.token ?? endToken;
      logProbs[k * width + j] = candidate?.score ?? NEVER;
    }
  });
  return { ...next, offset: 0, width, ids, logProbs, endLogProb: (hypothesis) => ends[hypothesis] as number };
}
