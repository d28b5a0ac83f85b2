// Greedy CTC decoding: the most probable class at each position, without repetitions and blanks.
import type { CtcLogProbs } from '../session.js';

/** The best path of an utterance. */
export interface CtcPath {
  readonly tokens: Int32Array;
  /** Position at which each token begins. */
  readonly positions: Int32Array;
  /** Log-probability of the path. */
  readonly logProb: number;
}

/** Follows the most probable class, of equal ones the lowest (Graves et al., 2006, "best path decoding"). */
export function ctcGreedy({ logProbs, positions }: CtcLogProbs, blank: number): CtcPath {
  const classes = logProbs.length / positions;
  const tokens: number[] = [];
  const starts: number[] = [];
  let before = blank;
  let total = 0;
  for (let t = 0; t < positions; t++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((logProbs[t * classes + c] as number) > (logProbs[t * classes + best] as number)) best = c;
    }
    total += logProbs[t * classes + best] as number;
    if (best !== blank && best !== before) {
      tokens.push(best);
      starts.push(t);
    }
    before = best;
  }
  return { tokens: Int32Array.from(tokens), positions: Int32Array.from(starts), logProb: total };
}
