// The hypotheses of one beam that have ended.
import type { Hypothesis } from './frontier.js';

/** Counts them and keeps the best. */
export class EndedHypotheses {
  /** The best of them, at most `nBest`, by descending score; of equal ones the one that ended first comes first. */
  readonly best: Hypothesis[] = [];
  /** How many have ended, whether kept or not. */
  count = 0;

  constructor(private readonly nBest: number) {}

  /** Score of the last of the n best, or `undefined` while there are fewer than n. */
  get worstKept(): number | undefined {
    return this.best[this.nBest - 1]?.score;
  }

  add(hypothesis: Hypothesis): void {
    const { best } = this;
    this.count++;
    let rank = best.length;
    while (rank > 0 && best[rank - 1]!.score < hypothesis.score) rank--;
    best.splice(rank, 0, hypothesis);
    if (best.length > this.nBest) best.pop();
  }
}
