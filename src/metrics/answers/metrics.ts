// The metrics of question answering: exact match and F1 as SQuAD has them.
import { type Metric, ReferenceCount } from '../types.js';
import { answerF1, normalizeAnswer } from './squad.js';

/** A percentage: the mean over examples of the best score against any of the references, both texts normalised. 0 for no examples. */
function squadMetric(name: string, score: (answer: string, gold: string) => number): Metric {
  return {
    name,
    higherIsBetter: true,
    accumulate() {
      const count = new ReferenceCount();
      let examples = 0;
      let total = 0;
      return {
        add(hypothesis, references) {
          count.note(references);
          const answer = normalizeAnswer(hypothesis);
          examples += 1;
          total += Math.max(...references.map((reference) => score(answer, normalizeAnswer(reference))));
        },
        result: () => ({ score: examples === 0 ? 0 : (100 * total) / examples, signature: `${count}|squad:1.1` }),
      };
    },
  };
}

export const ANSWER_METRICS: readonly Metric[] = [
  squadMetric('squadExactMatch', (answer, gold) => (answer === gold ? 1 : 0)),
  squadMetric('squadF1', answerF1),
];
