// The metrics of multi-label classification, as scikit-learn defines them: micro and macro F1, subset accuracy and Hamming loss.
import { type Metric, type MetricScore, soleReference } from '../types.js';
import { LabelCounts, labelScores, ratio } from './counts.js';

/**
 * A fraction from 0 to 1, equal to scikit-learn's with `zero_division=0`. Outputs and references are lists of labels with a comma and a
 * space between them (`joy, surprise`), in any order; a blank line is no labels. The labels are those of `options.labels`, or else all
 * that occur. Labels of outputs that are not among those given are wrong (so precision falls) but have no F1 of their own.
 */
function labelMetric(
  name: string,
  higherIsBetter: boolean,
  score: (counts: LabelCounts) => Pick<MetricScore, 'score' | 'details'>,
): Metric {
  return {
    name,
    higherIsBetter,
    accumulate({ labels, lowercase }) {
      const fold = (text: string): string => (lowercase ? text.toLowerCase() : text);
      const counts = new LabelCounts(labels?.map(fold));
      return {
        add: (hypothesis, references) => counts.add(fold(hypothesis), fold(soleReference(name, references))),
        result: () => ({
          signature: `nrefs:1|case:${lowercase ? 'lc' : 'mixed'}|labels:${labels ? 'given' : 'seen'}`,
          ...score(counts),
        }),
      };
    },
  };
}

export const LABEL_METRICS: readonly Metric[] = [
  labelMetric('microF1', true, (counts) => {
    const { f1, precision, recall } = labelScores(counts.total());
    const { repeated, unknownLabels } = counts;
    return { score: f1, details: { precision, recall, labels: counts.rows(), unknownLabels, repeated } };
  }),
  labelMetric('macroF1', true, (counts) => {
    return {
      score: ratio(
        counts.rows().reduce((sum, { f1 }) => sum + f1, 0),
        counts.size,
      ),
    };
  }),
  labelMetric('subsetAccuracy', true, ({ equal, examples }) => ({ score: ratio(equal, examples) })),
  labelMetric('hammingLoss', false, (counts) => {
    const { both, inOutputs, inReferences } = counts.total();
    // Of no examples there is no rate; a 0 would pass for a perfect one.
    const score =
      counts.examples === 0 ? Number.NaN : ratio(inOutputs + inReferences - 2 * both, counts.examples * counts.size);
    return { score };
  }),
];
