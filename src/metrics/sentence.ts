// Metrics of single sentences, as rewards: more is better, scores from 0 to 100 count as 0 to 1.
import { BLEU } from 'sacrebleu-ts';
import { findMetric } from './metric.js';
import type { MetricOptions } from './types.js';

/** How good an output is, given what it should have been. */
export type Reward = (output: string, reference: string) => number;

/** Metrics whose scores are percentages. */
const PERCENTAGES = new Set([
  ...['bleu', 'chrf', 'chrf++', 'ter', 'exactMatch', 'f1', 'pronunciationErrorRate'],
  ...['squadExactMatch', 'squadF1', 'evalbF1', 'uas', 'las', 'distinct-1', 'distinct-2'],
]);

/**
 * The reward by a registered metric. BLEU of a sentence is smoothed as sacreBLEU's `sentence_bleu` does it (exponential, effective
 * order); metrics that are better when lower count as negative.
 * @throws UsageError listing the metrics there are
 */
export function metricReward(name: string, options: MetricOptions): Reward {
  const metric = findMetric(name);
  if (name === 'bleu') {
    const { tokenize, lowercase } = options;
    const bleu = new BLEU({ tokenize, lowercase, force: true, effectiveOrder: true });
    return (output, reference) => bleu.sentenceScore(output, [reference]).score / 100;
  }
  const scale = (metric.higherIsBetter ? 1 : -1) / (PERCENTAGES.has(name) ? 100 : 1);
  return (output, reference) => {
    const accumulator = metric.accumulate(options);
    accumulator.add(output, [reference]);
    return accumulator.result().score * scale;
  };
}
