// The metrics ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum of a corpus: means over its examples.
import { type Metric, ReferenceCount } from '../types.js';
import { bestRouge, type RougeType } from './rouge.js';

/** Mean F1 from 0 to 1, with mean precision and recall, as rouge_score's users average it. 0 for no examples. */
function rougeMetric(name: RougeType): Metric {
  return {
    name,
    higherIsBetter: true,
    accumulate({ stem = false }) {
      const references = new ReferenceCount();
      let examples = 0;
      const sums = { precision: 0, recall: 0, fmeasure: 0 };
      return {
        add(hypothesis, texts) {
          references.note(texts);
          const score = bestRouge(name, texts, hypothesis, stem);
          examples += 1;
          for (const key of ['precision', 'recall', 'fmeasure'] as const) sums[key] += score[key];
        },
        result() {
          const mean = (sum: number) => (examples === 0 ? 0 : sum / examples);
          return {
            score: mean(sums.fmeasure),
            signature: `${references}|stem:${stem ? 'porter' : 'no'}`,
            details: { precision: mean(sums.precision), recall: mean(sums.recall), examples },
          };
        },
      };
    },
  };
}

export const ROUGE_METRICS: readonly Metric[] = (['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const).map(rougeMetric);
