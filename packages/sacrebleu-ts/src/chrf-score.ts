// The chrF score from its n-gram statistics.
import { OneNumberScore } from './chrf-ter-score.js';
import type { Signatures } from './metric.js';

/** Numbers that the statistics hold for each order: n-grams of the hypothesis, of the reference, and shared ones. */
export const NUMBERS_PER_ORDER = 3;

/** What sacreBLEU puts in the place of a ratio or F-score that is not defined. */
const EPSILON = 1e-16;

/** How the orders are combined to one number. */
interface CHRFCombination {
  /** How many times as much recall weighs as precision. */
  beta: number;
  /** Average every order's F-score, with a tiny number for what is not defined. */
  epsSmoothing: boolean;
}

/** The F-score of a precision and a recall not both 0; `weight` is beta squared. */
const fScore = (weight: number, precision: number, recall: number) =>
  ((1 + weight) * precision * recall) / (weight * precision + recall);

/**
 * chrF (Popović, WMT 2015; chrF++: WMT 2017) from counts: the F-score of the precision and the recall that are averaged over
 * the orders for which both texts are long enough; with `epsSmoothing` the average of all orders' F-scores.
 *
 * @param statistics {@link NUMBERS_PER_ORDER} numbers for each order, characters before words.
 * @returns 0 to 100.
 */
export function computeCHRF(statistics: ArrayLike<number>, { beta, epsSmoothing }: CHRFCombination): number {
  const orders = statistics.length / NUMBERS_PER_ORDER;
  const weight = beta * beta;
  let fScores = 0;
  let precisions = 0;
  let recalls = 0;
  let effective = 0;
  for (let order = 0; order < orders; order++) {
    const inHypothesis = statistics[NUMBERS_PER_ORDER * order]!;
    const inReference = statistics[NUMBERS_PER_ORDER * order + 1]!;
    const shared = statistics[NUMBERS_PER_ORDER * order + 2]!;
    const precision = inHypothesis > 0 ? shared / inHypothesis : EPSILON;
    const recall = inReference > 0 ? shared / inReference : EPSILON;
    fScores += weight * precision + recall > 0 ? fScore(weight, precision, recall) : EPSILON;
    if (inHypothesis > 0 && inReference > 0) {
      precisions += precision;
      recalls += recall;
      effective++;
    }
  }
  if (epsSmoothing) return (100 * fScores) / orders;
  if (precisions + recalls === 0) return 0;
  return 100 * fScore(weight, precisions / effective, recalls / effective);
}

/** A chrF score with the settings that its name tells. */
export class CHRFScore extends OneNumberScore {
  /** `chrF2`, or `chrF2++` with word n-grams up to order 2. */
  readonly name: string;
  readonly charOrder: number;
  readonly wordOrder: number;
  readonly beta: number;

  /** @internal Scores are made by `CHRF`. */
  constructor(
    score: number,
    { name, charOrder, wordOrder, beta }: { name: string; charOrder: number; wordOrder: number; beta: number },
    signatures: Signatures,
  ) {
    super(score, signatures);
    this.name = name;
    this.charOrder = charOrder;
    this.wordOrder = wordOrder;
    this.beta = beta;
  }
}
