// Length-normalised scores, and the best score that an unfinished hypothesis can still reach.

/**
 * How log-probabilities of different lengths are compared. `length` counts generated tokens including the end mark and excluding
 * the begin mark, as in fairseq.
 * - `power`: score = logProb / length^alpha
 * - `gnmt`: score = logProb / ((5 + length) / 6)^alpha (Wu et al. 2016, "Google's neural machine translation system", eq. 14)
 */
export interface LengthPenalty {
  readonly kind: 'power' | 'gnmt';
  /** α of any sign; 0 leaves log-probabilities as they are. */
  readonly alpha: number;
}

/** Score of a hypothesis of `length` ≥ 1 tokens, end mark included. */
export function lengthNormalisedScore(penalty: LengthPenalty, logProb: number, length: number): number {
  return logProb / (penalty.kind === 'power' ? length : (5 + length) / 6) ** penalty.alpha;
}

/**
 * Highest score that a hypothesis with `logProb` can reach by ending at some length from `shortest` to `longest`. No
 * continuation raises a log-probability, and for a fixed one the score is monotonic in the length (rising for α > 0, falling
 * for α < 0), so that one of the two ends is the maximum.
 */
export function bestAttainableScore(
  penalty: LengthPenalty,
  logProb: number,
  shortest: number,
  longest: number,
): number {
  return Math.max(lengthNormalisedScore(penalty, logProb, shortest), lengthNormalisedScore(penalty, logProb, longest));
}
