// Prefix scores of CTC: the probability that a transcript begins with given tokens.
import type { CtcLogProbs } from '../session.js';
import { logAdd } from './log-math.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** What is known of a prefix. */
export interface PrefixState {
  /** Log-probability of all transcripts that begin with the prefix. */
  readonly score: number;
  /** Its last token; −1 where there is none. */
  readonly last: number;
  /** `[positions]` log-probability of having produced exactly the prefix by then, ending in its last token or in a blank. */
  readonly token: Float64Array;
  readonly blank: Float64Array;
}

/**
 * Scores prefixes of one utterance (Watanabe et al., "Hybrid CTC/attention architecture for end-to-end speech recognition",
 * 2017, algorithm 2; ESPnet's `CTCPrefixScore`).
 */
export class CtcPrefixScorer {
  private readonly positions: number;
  private readonly logProbs: Float32Array;
  private readonly classes: number;

  /** @param blank id of the blank */
  constructor(
    { logProbs, positions }: CtcLogProbs,
    private readonly blankId: number,
  ) {
    this.positions = positions;
    this.logProbs = logProbs;
    this.classes = logProbs.length / positions;
  }

  private at(position: number, token: number): number {
    return this.logProbs[position * this.classes + token] as number;
  }

  /** The empty prefix, which every transcript begins with. */
  start(): PrefixState {
    const blank = new Float64Array(this.positions);
    let total = 0;
    for (let t = 0; t < this.positions; t++) {
      total += this.at(t, this.blankId);
      blank[t] = total;
    }
    return { score: 0, last: -1, token: new Float64Array(this.positions).fill(NEVER), blank };
  }

  /** Log-probability that the transcript is exactly the prefix. */
  end({ token, blank }: PrefixState): number {
    const last = this.positions - 1;
    return logAdd(token[last] as number, blank[last] as number);
  }

  /** `[positions]`: log-probability that the prefix is complete and another token may begin at each position. */
  private entries({ token, blank, last }: PrefixState, next: number): Float64Array {
    const entries = new Float64Array(this.positions);
    // Before the first position only the empty prefix is complete.
    entries[0] = last < 0 ? 0 : NEVER;
    for (let t = 1; t < this.positions; t++) {
      const afterBlank = blank[t - 1] as number;
      entries[t] = last === next ? afterBlank : logAdd(token[t - 1] as number, afterBlank);
    }
    return entries;
  }

  /** Scores of the prefix continued by each of the tokens, written into `out`. */
  scores(state: PrefixState, tokens: ArrayLike<number>, out: Float64Array): void {
    const usual = this.entries(state, -2);
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as number;
      out[i] = this.sum(token === state.last ? this.entries(state, token) : usual, token);
    }
  }

  /** log Σ over positions of e^(entry + log-probability of the token there) */
  private sum(entries: Float64Array, token: number): number {
    let largest = NEVER;
    for (let t = 0; t < this.positions; t++) {
      const value = (entries[t] as number) + this.at(t, token);
      if (value > largest) largest = value;
    }
    if (largest === NEVER) return NEVER;
    let total = 0;
    for (let t = 0; t < this.positions; t++) total += Math.exp((entries[t] as number) + this.at(t, token) - largest);
    return largest + Math.log(total);
  }

  /** The prefix with one more token. */
  extend(state: PrefixState, next: number): PrefixState {
    const entries = this.entries(state, next);
    const token = new Float64Array(this.positions);
    const blank = new Float64Array(this.positions);
    let inToken = NEVER;
    let inBlank = NEVER;
    for (let t = 0; t < this.positions; t++) {
      const wasToken = inToken;
      inToken = logAdd(inToken, entries[t] as number) + this.at(t, next);
      inBlank = logAdd(inBlank, wasToken) + this.at(t, this.blankId);
      token[t] = inToken;
      blank[t] = inBlank;
    }
    return { score: this.sum(entries, next), last: next, token, blank };
  }
}
