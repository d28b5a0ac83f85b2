// Forced alignment: the most probable path of CTC through given tokens.
import type { CtcLogProbs } from '../session.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** Where tokens were said, in encoder positions. */
export interface CtcAlignment {
  /** First position of each token, and the one behind its last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Mean probability of each token over its positions. */
  readonly confidences: Float64Array;
  /** Log-probability of the path. */
  readonly logProb: number;
}

/**
 * Aligns tokens with an utterance (Viterbi, 1967), as torchaudio's `forced_align` and `merge_tokens`. Of equally probable paths
 * the one that stays longer is taken, seen from the end.
 * @param tokens without blanks
 * @returns undefined where the tokens do not fit into the positions, or no path has a probability above 0
 */
export function ctcAlign(
  { logProbs, positions }: CtcLogProbs,
  tokens: Int32Array,
  blank: number,
): CtcAlignment | undefined {
  if (positions === 0) return tokens.length === 0 ? nothing() : undefined;
  const classes = logProbs.length / positions;
  const states = 2 * tokens.length + 1;
  const label = (state: number): number => (state % 2 === 0 ? blank : (tokens[(state - 1) / 2] as number));
  const emission = (t: number, state: number): number => logProbs[t * classes + label(state)] as number;
  // How many states the best way into each state came over: 0, 1 or 2.
  const moves = new Uint8Array(positions * states);
  let scores = new Float64Array(states).fill(NEVER);
  scores[0] = emission(0, 0);
  if (states > 1) scores[1] = emission(0, 1);
  for (let t = 1; t < positions; t++) {
    const next = new Float64Array(states);
    for (let s = 0; s < states; s++) {
      let best = scores[s] as number;
      let move = 0;
      if (s > 0 && (scores[s - 1] as number) > best) [best, move] = [scores[s - 1] as number, 1];
      const maySkip = s % 2 === 1 && s > 1 && label(s) !== label(s - 2);
      if (maySkip && (scores[s - 2] as number) > best) [best, move] = [scores[s - 2] as number, 2];
      next[s] = best + emission(t, s);
      moves[t * states + s] = move;
    }
    scores = next;
  }
  const last = scores[states - 1] as number;
  const token = states > 1 ? (scores[states - 2] as number) : NEVER;
  const logProb = Math.max(last, token);
  if (logProb === NEVER) return undefined;
  const starts = new Int32Array(tokens.length).fill(positions);
  const ends = new Int32Array(tokens.length);
  const sums = new Float64Array(tokens.length);
  for (let t = positions - 1, s = token > last ? states - 2 : states - 1; t >= 0; t--) {
    if (s % 2 === 1) {
      const i = (s - 1) / 2;
      starts[i] = t;
      ends[i] = Math.max(ends[i] as number, t + 1);
      sums[i] = (sums[i] as number) + Math.exp(emission(t, s));
    }
    s -= moves[t * states + s] as number;
  }
  const confidences = sums.map((sum, i) => sum / Math.max((ends[i] as number) - (starts[i] as number), 1));
  return { starts, ends, confidences, logProb };
}

/** The path through no tokens and no positions. */
function nothing(): CtcAlignment {
  const none = new Int32Array(0);
  return { starts: none, ends: none, confidences: new Float64Array(0), logProb: 0 };
}
