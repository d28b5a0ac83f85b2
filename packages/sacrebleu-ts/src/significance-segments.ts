// Statistics of single segments, kept apart so that a corpus can be drawn from its segments again and again.
import {
  checkLengths,
  type Metric,
  presentReferences,
  type Reference,
  type ReferenceCount,
  referencesOf,
} from './metric.js';

/** The sufficient statistics of every segment of a corpus. */
export interface SegmentStatistics {
  /** One vector after another: segment i's is elements `i * width` to `(i + 1) * width`. */
  readonly values: Float64Array;
  /** Numbers in a segment's vector; what each means is the metric's own affair. */
  readonly width: number;
  readonly segments: number;
  /** References of every segment. */
  readonly references: ReferenceCount;
}

/**
 * The statistics that `metric` sums, one vector a segment.
 *
 * @throws RangeError when the lengths differ, without segments, or when a segment has no reference; TypeError when a
 *   hypothesis or a reference is not a text.
 */
export function segmentStatistics(
  metric: Metric,
  hypotheses: readonly string[],
  references: readonly (readonly Reference[])[],
): SegmentStatistics {
  checkLengths(hypotheses, references);
  if (hypotheses.length === 0) throw new RangeError('hypotheses: expected at least one segment, found none');
  const { width } = metric;
  const values = new Float64Array(hypotheses.length * width);
  const counts = new Set<number>();
  for (const [i, hypothesis] of hypotheses.entries()) {
    const present = presentReferences(hypothesis, referencesOf(references, i));
    metric.addTo(values.subarray(i * width, (i + 1) * width), hypothesis, present);
    counts.add(present.length);
  }
  const [count, ...others] = counts;
  return { values, width, segments: hypotheses.length, references: others.length === 0 ? count! : 'var' };
}

/** The statistics of the whole corpus. */
export function corpusSums({ values, width }: SegmentStatistics): Float64Array {
  const sums = new Float64Array(width);
  for (let at = 0; at < values.length; at += width) {
    for (let k = 0; k < width; k++) sums[k] = sums[k]! + values[at + k]!;
  }
  return sums;
}
