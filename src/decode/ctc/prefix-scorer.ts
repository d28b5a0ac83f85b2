// Prefix scores of CTC: the probability that a transcript begins with given tokens.
import type { CtcLogProbs } from '../session.js';
import { logAdd } from './log-math.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** Probabilities kept of tokens seen before, in numbers; 2 MiB. */
const KEPT = 1 << 18;

/** Sums of scaled probabilities below this may have lost terms that matter and are made again from logarithms. */
const TINY = 1e-280;

/** What is known of a prefix: enough to score and to extend it without looking at the shorter ones again. */
export interface PrefixState {
  /** Log-probability of all transcripts that begin with the prefix. */
  readonly score: number;
  /** Its last token; −1 where there is none. */
  readonly last: number;
  /** `[positions]` log-probability of having produced exactly the prefix by then, ending in a blank, or in any way. */
  readonly blank: Float64Array;
  readonly either: Float64Array;
}

/**
 * Scores prefixes of one utterance (Watanabe et al., "Hybrid CTC/attention architecture for end-to-end speech recognition",
 * 2017, algorithm 2; ESPnet's `CTCPrefixScore`). All in float64: searches take differences of these numbers.
 */
export class CtcPrefixScorer {
  private readonly positions: number;
  private readonly logProbs: Float32Array;
  private readonly classes: number;
  /** `[positions]` probabilities of tokens: most of those that may follow one prefix may follow others and later ones too. */
  private readonly columns = new Map<number, Float64Array>();
  /** `[positions]` scaled entries of the prefix that is being scored. */
  private readonly weights: Float64Array;

  /** @param blankId id of the blank, which no transcript contains */
  constructor(
    { logProbs, positions }: CtcLogProbs,
    private readonly blankId: number,
  ) {
    this.positions = positions;
    this.logProbs = logProbs;
    this.classes = logProbs.length / positions;
    this.weights = new Float64Array(positions);
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
    return { score: 0, last: -1, blank, either: blank };
  }

  /** Log-probability that the transcript is exactly the prefix. */
  end({ either, last }: PrefixState): number {
    // Where there are no positions, the transcript is empty.
    return this.positions > 0 ? (either[this.positions - 1] as number) : last < 0 ? 0 : NEVER;
  }

  /** Scores of the prefix continued by each of the tokens, written into `out`; −∞ for the blank. */
  scores(state: PrefixState, tokens: ArrayLike<number>, out: Float64Array): void {
    const scale = this.weigh(state, state.either);
    let repeated = -1;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as number;
      if (token === state.last) repeated = i;
      else out[i] = this.weighedSum(state, token, scale);
    }
    // Last, because it has other weights.
    if (repeated >= 0) out[repeated] = this.weighedSum(state, state.last, this.weigh(state, state.blank));
  }

  /** The prefix with one more token, which must not be the blank. */
  extend(state: PrefixState, next: number): PrefixState {
    const before = entriesOf(state, next);
    const blank = new Float64Array(this.positions);
    const either = new Float64Array(this.positions);
    let inToken = NEVER;
    let inBlank = NEVER;
    let inEither = NEVER;
    for (let t = 0; t < this.positions; t++) {
      inToken = logAdd(inToken, entryAt(state, before, t)) + this.at(t, next);
      inBlank = inEither + this.at(t, this.blankId);
      inEither = logAdd(inToken, inBlank);
      blank[t] = inBlank;
      either[t] = inEither;
    }
    return { score: this.sum(state, next), last: next, blank, either };
  }

  /**
   * Fills in the weights: e^(entry − scale), the scale being the largest entry. Sums over positions then take a multiplication
   * where they would take an exponential.
   */
  private weigh(state: PrefixState, before: Float64Array): number {
    let scale = NEVER;
    for (let t = 0; t < this.positions; t++) scale = Math.max(scale, entryAt(state, before, t));
    for (let t = 0; t < this.positions; t++) {
      this.weights[t] = scale === NEVER ? 0 : Math.exp(entryAt(state, before, t) - scale);
    }
    return scale;
  }

  private weighedSum(state: PrefixState, token: number, scale: number): number {
    if (token === this.blankId) return NEVER;
    const column = this.column(token);
    let total = 0;
    for (let t = 0; t < this.positions; t++) total += (this.weights[t] as number) * (column[t] as number);
    return total > TINY ? scale + Math.log(total) : this.sum(state, token);
  }

  /** log Σ over positions of e^(entry + log-probability of the token there) */
  private sum(state: PrefixState, token: number): number {
    const before = entriesOf(state, token);
    let largest = NEVER;
    for (let t = 0; t < this.positions; t++) largest = Math.max(largest, entryAt(state, before, t) + this.at(t, token));
    if (largest === NEVER) return NEVER;
    let total = 0;
    for (let t = 0; t < this.positions; t++) total += Math.exp(entryAt(state, before, t) + this.at(t, token) - largest);
    return largest + Math.log(total);
  }

  private column(token: number): Float64Array {
    const known = this.columns.get(token);
    if (known) return known;
    if ((this.columns.size + 1) * this.positions > KEPT) this.columns.clear();
    const column = new Float64Array(this.positions);
    for (let t = 0; t < this.positions; t++) column[t] = Math.exp(this.at(t, token));
    this.columns.set(token, column);
    return column;
  }
}

/** After which states of a prefix another token may begin: a repeated one only after a blank. */
function entriesOf({ last, blank, either }: PrefixState, next: number): Float64Array {
  return last === next ? blank : either;
}

/** Log-probability that the prefix is complete before a position; before the first one only the empty prefix is. */
function entryAt({ last }: PrefixState, before: Float64Array, position: number): number {
  if (position === 0) return last < 0 ? 0 : NEVER;
  return before[position - 1] as number;
}
