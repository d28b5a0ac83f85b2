// Confidence intervals: how far the score of a single system is to be trusted.
import type { Confidence } from './format.js';
import type { Metric, Reference, Score, Signatures } from './metric.js';
import { PCG64 } from './pcg64.js';
import {
  BOOTSTRAP_SAMPLES,
  checkCount,
  interval,
  resample,
  roundLike,
  type SamplingOptions,
  type Scores,
  SEED,
  testFields,
} from './significance-sample.js';
import { corpusSums, segmentStatistics } from './significance-segments.js';

/** A score and how far it is to be trusted; the signatures tell of both. */
export interface ScoreWithConfidence<S extends Score = Score> extends Signatures {
  /** The corpus's; its own signature says nothing of the resampling. */
  readonly score: S;
  /** From the drawn corpora's scores. */
  readonly confidence: Confidence;
  readonly samples: number;
  readonly seed: number;
}

/** The mean without the error of summing in single precision: here sacreBLEU uses Python's exact `statistics.mean`. */
const exactMean = (scores: Scores) =>
  roundLike(scores)([...scores].reduce((sum, score) => sum + score, 0) / scores.length);

/**
 * The score of a corpus with its 95 % confidence interval, from 1000 corpora drawn from the segments with replacement
 * (Efron, Annals of Statistics 1979; for BLEU Koehn, EMNLP 2004).
 *
 * @param references one array a reference stream, as in {@link Metric.corpusScore}.
 * @throws RangeError when the lengths differ, without segments, when a segment has no reference, or for an option outside
 *   its range.
 * @example
 * const { score, confidence, signature } = confidenceInterval(new BLEU(), hypotheses, references);
 * console.log(score.format({ confidence, signature })); // BLEU|nrefs:1|bs:1000|seed:12345|... = 43.19 (μ = 43.22 ± 5.48) ...
 */
export function confidenceInterval<S extends Score>(
  metric: Metric<S>,
  hypotheses: readonly string[],
  references: readonly (readonly Reference[])[],
  { samples = BOOTSTRAP_SAMPLES, seed = SEED }: SamplingOptions = {},
): ScoreWithConfidence<S> {
  checkCount('samples', samples, 1);
  const random = new PCG64(seed);
  const statistics = segmentStatistics(metric, hypotheses, references);
  const [scores] = resample([{ metric, statistics }], statistics.segments, samples, random);
  return {
    score: metric.resultOf(corpusSums(statistics), statistics.references),
    confidence: interval(scores!, exactMean),
    samples,
    seed,
    ...metric.signatures(statistics.references, testFields({ bs: samples }, seed)),
  };
}
