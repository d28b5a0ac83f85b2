// Scores in single precision: the arithmetic that sacreBLEU uses for resampled corpora, where NumPy's rules keep every
// intermediate result in 32 bits. In double precision means would differ from Python's by about 1e-6.
import type { SmoothingOptions } from './bleu-score.js';

/** A metric that can score sums in single precision; the others are scored in double precision when resampled. */
export interface SinglePrecision {
  /** @internal The score as NumPy would compute it from 32-bit sums. */
  singleScoreOf(sums: Float32Array): number;
}

const { fround } = Math;

/** BLEU in single precision; as in sacreBLEU only the logarithms and what follows from them are in double precision. */
export function singleBLEU(
  counts: Float32Array,
  totals: Float32Array,
  lengths: { systemLength: number; referenceLength: number },
  { smoothMethod, smoothValue, effectiveOrder }: SmoothingOptions,
): number {
  if (counts.every((count) => count === 0)) return 0;
  const { systemLength, referenceLength } = lengths;
  let penalty = 1;
  if (systemLength < referenceLength) penalty = systemLength > 0 ? Math.exp(1 - referenceLength / systemLength) : 0;
  const added = smoothMethod === 'add-k' ? fround(smoothValue) : 0;
  let halvings = 1;
  let order = counts.length;
  const precisions = new Float32Array(counts.length);
  for (let n = 0; n < counts.length; n++) {
    const extra = n > 0 ? added : 0;
    const count = fround(counts[n]! + extra);
    const total = fround(totals[n]! + extra);
    if (total === 0) break;
    if (effectiveOrder) order = n + 1;
    if (count !== 0) {
      precisions[n] = fround(100 * count) / total;
    } else if (smoothMethod === 'exp') {
      halvings *= 2;
      precisions[n] = 100 / fround(halvings * total);
    } else if (smoothMethod === 'floor') {
      precisions[n] = fround(100 * smoothValue) / total;
    }
  }
  let logs = 0;
  for (let n = 0; n < order; n++) logs += precisions[n] === 0 ? -9999999999 : Math.log(precisions[n]!);
  return penalty * Math.exp(logs / order);
}

/** What chrF calls a precision or recall of an n-gram order that the text is too short for. */
const EPSILON = 1e-16;

/**
 * chrF in single precision.
 *
 * @param sums for each n-gram order, those of characters first, the n-grams of the hypotheses, of the references, and the
 *   matches.
 */
export function singleCHRF(
  sums: Float32Array,
  { beta, epsSmoothing }: { beta: number; epsSmoothing: boolean },
): number {
  const factor = beta ** 2;
  const orders = sums.length / 3;
  /** F of a precision and a recall that are not both 0. */
  const combine = (precision: number, recall: number) =>
    fround(
      fround(fround((1 + factor) * precision) * recall) / fround(fround(fround(factor) * precision) + fround(recall)),
    );
  let score = 0;
  let precisions = 0;
  let recalls = 0;
  let effective = 0;
  for (let i = 0; i < orders; i++) {
    const hypothesis = sums[3 * i]!;
    const reference = sums[3 * i + 1]!;
    const matches = sums[3 * i + 2]!;
    const precision = hypothesis > 0 ? fround(matches / hypothesis) : EPSILON;
    const recall = reference > 0 ? fround(matches / reference) : EPSILON;
    score = fround(score + (factor * precision + recall > 0 ? combine(precision, recall) : EPSILON));
    if (hypothesis > 0 && reference > 0) {
      precisions = fround(precisions + precision);
      recalls = fround(recalls + recall);
      effective++;
    }
  }
  if (epsSmoothing) return fround(fround(100 * score) / orders);
  if (precisions + recalls === 0) return 0;
  return fround(100 * combine(fround(precisions / effective), fround(recalls / effective)));
}

/** TER in single precision, from the edits and the references' lengths. */
export function singleTER(edits: number, length: number): number {
  if (length > 0) return fround(100 * fround(edits / length));
  return edits > 0 ? 100 : 0;
}
