// Corpora drawn from segments, and what the scores of many such corpora have in common, in NumPy's arithmetic.
import type { Confidence } from './format.js';
import type { Metric } from './metric.js';
import type { PCG64 } from './pcg64.js';
import type { SignatureField } from './signature.js';
import type { SegmentStatistics } from './significance-segments.js';
import type { SinglePrecision } from './significance-single.js';

/** How corpora are drawn. */
export interface SamplingOptions {
  /** Corpora that are drawn; sacreBLEU's number unless told. */
  samples?: number;
  /** Where the random numbers start: the same seed draws the same corpora; 12345 unless told. */
  seed?: number;
}

/** sacreBLEU's. */
export const SEED = 12345;
export const BOOTSTRAP_SAMPLES = 1000;

/** @throws RangeError when the option `name` is not a whole number of at least `least` */
export function checkCount(name: string, count: number, least: number): void {
  if (!Number.isInteger(count) || count < least) {
    throw new RangeError(`${name}: expected a whole number of at least ${least}, found ${count}`);
  }
}

/** The fields by which a signature tells of resampled corpora (`bs`) or shuffles (`ar`). */
export const testFields = (tests: { bs?: number; ar?: number }, seed: number): SignatureField[] => [
  ...Object.entries(tests).map(([key, samples]) => ({ key, short: key, value: String(samples) })),
  { key: 'seed', short: 'rs', value: String(seed) },
];

/** A system's segments and the metric that scores them. */
export interface Scored {
  readonly metric: Metric;
  readonly statistics: SegmentStatistics;
}

const scoresSingles = (metric: object): metric is SinglePrecision => 'singleScoreOf' in metric;

/** The score of sums in single precision, by the metric's own rule for them if it has one. */
function scorer(metric: Metric): (sums: Float32Array) => number {
  return scoresSingles(metric)
    ? (sums) => metric.singleScoreOf(sums)
    : (sums) => metric.scoreOf(Float64Array.from(sums));
}

/**
 * Scores of corpora of as many segments as there are, drawn with replacement (Efron, Annals of Statistics 1979; for BLEU
 * Koehn, EMNLP 2004). Every system is given the same segments.
 *
 * @returns for each of `all` the scores of all samples.
 */
export function resample(all: readonly Scored[], segments: number, samples: number, random: PCG64): Float64Array[] {
  const plans = all.map(({ metric, statistics: { values, width } }) => ({
    values: Float32Array.from(values),
    width,
    sums: new Float32Array(width),
    score: scorer(metric),
    scores: new Float64Array(samples),
  }));
  const drawn = new Uint32Array(segments);
  for (let sample = 0; sample < samples; sample++) {
    random.fillBelow(segments, drawn);
    for (const { values, width, sums, score, scores } of plans) {
      sums.fill(0);
      for (let i = 0; i < segments; i++) {
        const at = drawn[i]! * width;
        for (let k = 0; k < width; k++) sums[k] = sums[k]! + values[at + k]!;
      }
      scores[sample] = score(sums);
    }
  }
  return plans.map(({ scores }) => scores);
}

/** Scores that NumPy would hold in an array of 32-bit numbers, as it does those of metrics that compute in 32 bits. */
export type Scores = Float32Array | Float64Array;

/** The narrowest array that holds the scores as they are. */
export const narrow = (scores: Float64Array): Scores =>
  scores.every((score) => Math.fround(score) === score) ? Float32Array.from(scores) : scores;

const exactly = (value: number) => value;

/** Rounds to the precision of an array's numbers. */
export const roundLike = (scores: Scores) => (scores instanceof Float32Array ? Math.fround : exactly);

/** From this many numbers NumPy sums both halves apart. */
const BLOCK = 128;
const LANES = 8;

/** NumPy's `scores.mean()`, to the last bit: its pairwise summation, in the precision of the array. */
export function mean(scores: Scores): number {
  const round = roundLike(scores);
  const sum = (from: number, to: number): number => {
    const count = to - from;
    if (count > BLOCK) {
      const half = count >> 1;
      const middle = from + half - (half % LANES);
      return round(sum(from, middle) + sum(middle, to));
    }
    let total = 0;
    let at = from;
    if (count >= LANES) {
      const lanes = scores.slice(from, from + LANES);
      for (at += LANES; at + LANES <= to; at += LANES) {
        for (let lane = 0; lane < LANES; lane++) lanes[lane] = lanes[lane]! + scores[at + lane]!;
      }
      // Neighbours are added, then neighbouring pairs, then the two halves.
      for (let width = 1; width < LANES; width *= 2) {
        for (let lane = 0; lane < LANES; lane += 2 * width) lanes[lane] = lanes[lane]! + lanes[lane + width]!;
      }
      total = lanes[0]!;
    }
    for (; at < to; at++) total = round(total + scores[at]!);
    return total;
  };
  return round(sum(0, scores.length) / scores.length);
}

/**
 * Mean and interval of the scores of drawn corpora.
 * @param average how the mean is computed: by NumPy's summation, as paired tests do, unless told.
 */
export function interval(scores: Float64Array, average: (scores: Scores) => number = mean): Confidence {
  const sorted = narrow(scores).toSorted();
  const cut = Math.floor(sorted.length / 40);
  const distance = sorted[sorted.length - 1 - cut]! - sorted[cut]!;
  return { mean: average(sorted), halfWidth: 0.5 * roundLike(sorted)(distance) };
}
