// The BLEU score of a corpus from its n-gram statistics, and how it is written.
import { toFixedEven } from './fixed.js';
import { formatScore, type ScoreFormat } from './format.js';
import type { Score, Signatures } from './metric.js';

/** How an n-gram order without a match is given a precision (Chen and Cherry, WMT 2014). */
export type SmoothMethod = 'exp' | 'floor' | 'add-k' | 'none';

/** The value each smoothing method takes when none is given; `undefined` for those that take none. */
export const SMOOTH_DEFAULTS: Readonly<Record<SmoothMethod, number | undefined>> = {
  exp: undefined,
  floor: 0.1,
  'add-k': 1,
  none: undefined,
};

/** What a corpus is reduced to before its score is computed: element `n - 1` of an array belongs to n-grams of order n. */
export interface BLEUCounts {
  /** Clipped matches. */
  counts: ArrayLike<number>;
  /** N-grams in the hypotheses. */
  totals: ArrayLike<number>;
  /** Tokens in the hypotheses. */
  systemLength: number;
  /** Tokens in each segment's reference of the closest length, summed. */
  referenceLength: number;
}

/** How the precisions are smoothed and combined. */
export interface SmoothingOptions {
  smoothMethod: SmoothMethod;
  smoothValue: number;
  effectiveOrder: boolean;
}

/** The numbers of a BLEU score. */
export interface BLEUNumbers {
  /** 0 to 100. */
  score: number;
  /** Matches of each order; with `add-k` smoothing the added value is included, as in sacreBLEU. */
  counts: number[];
  /** N-grams of each order; with `add-k` smoothing the added value is included, as in sacreBLEU. */
  totals: number[];
  /** Precision of each order, in percent, smoothed. */
  precisions: number[];
  /** Brevity penalty, 0 to 1. */
  bp: number;
  /** Tokens in the hypotheses. */
  systemLength: number;
  /** Tokens in each segment's reference of the closest length, summed. */
  referenceLength: number;
}

/** sacreBLEU's logarithm: that of 0 is a number low enough that the score becomes 0. */
const flooredLog = (value: number) => (value === 0 ? -9999999999 : Math.log(value));

/**
 * BLEU (Papineni et al., ACL 2002) from counts: the brevity penalty times the geometric mean of the n-gram precisions.
 * Without any match the score and all precisions are 0, whatever the smoothing.
 */
export function computeBLEU(corpus: BLEUCounts, options: SmoothingOptions): BLEUNumbers {
  const { systemLength, referenceLength } = corpus;
  const { smoothMethod, smoothValue, effectiveOrder } = options;
  const counts = Array.from(corpus.counts);
  const totals = Array.from(corpus.totals);
  const maxOrder = counts.length;
  const precisions = new Array<number>(maxOrder).fill(0);
  let bp = 1;
  if (systemLength < referenceLength) bp = systemLength > 0 ? Math.exp(1 - referenceLength / systemLength) : 0;
  const rest = { counts, totals, precisions, bp, systemLength, referenceLength };
  if (counts.every((count) => count === 0)) return { score: 0, ...rest };

  let halvings = 1;
  let order = maxOrder;
  for (let n = 0; n < maxOrder; n++) {
    if (smoothMethod === 'add-k' && n > 0) {
      counts[n] = counts[n]! + smoothValue;
      totals[n] = totals[n]! + smoothValue;
    }
    const count = counts[n]!;
    const total = totals[n]!;
    if (total === 0) break;
    if (effectiveOrder) order = n + 1;
    if (count !== 0) {
      precisions[n] = (100 * count) / total;
    } else if (smoothMethod === 'exp') {
      halvings *= 2;
      precisions[n] = 100 / (halvings * total);
    } else if (smoothMethod === 'floor') {
      precisions[n] = (100 * smoothValue) / total;
    }
  }
  let logs = 0;
  for (let n = 0; n < order; n++) logs += flooredLog(precisions[n]!);
  return { score: bp * Math.exp(logs / order), ...rest };
}

/** A BLEU score with all that went into it. */
export class BLEUScore implements BLEUNumbers, Score {
  readonly name = 'BLEU';
  readonly score: number;
  readonly counts: number[];
  readonly totals: number[];
  readonly precisions: number[];
  readonly bp: number;
  readonly systemLength: number;
  readonly referenceLength: number;
  readonly signature: string;
  readonly shortSignature: string;
  readonly warnings: readonly string[];

  /** @internal Scores are made by `BLEU`. */
  constructor(numbers: BLEUNumbers, signatures: Signatures, warnings: readonly string[]) {
    this.score = numbers.score;
    this.counts = numbers.counts;
    this.totals = numbers.totals;
    this.precisions = numbers.precisions;
    this.bp = numbers.bp;
    this.systemLength = numbers.systemLength;
    this.referenceLength = numbers.referenceLength;
    this.signature = signatures.signature;
    this.shortSignature = signatures.shortSignature;
    this.warnings = warnings;
  }

  /** System length over reference length; 0 when the references are empty. */
  get ratio(): number {
    return this.referenceLength === 0 ? 0 : this.systemLength / this.referenceLength;
  }

  /** The score as sacreBLEU prints it: `BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)`. */
  format(format?: ScoreFormat): string {
    return formatScore(this, this.verbose(), format);
  }

  /** As {@link BLEUScore.format} without options. */
  toString(): string {
    return this.format();
  }

  private verbose(): string {
    const precisions = this.precisions.map((precision) => toFixedEven(precision, 1)).join('/');
    return (
      `${precisions} (BP = ${toFixedEven(this.bp, 3)} ratio = ${toFixedEven(this.ratio, 3)} ` +
      `hyp_len = ${this.systemLength} ref_len = ${this.referenceLength})`
    );
  }
}
