// The registry of the metrics that score text, and several of them at once.
import { BLEU, CHRF, type Metric as SacreMetric, type Score, TER } from 'sacrebleu-ts';
import { UsageError } from '../errors.js';
import { ERROR_RATE_METRICS } from './error-rates/metrics.js';
import { ROUGE_METRICS } from './rouge/metrics.js';
import type { Metric, MetricOptions, MetricScore } from './types.js';

export type { Metric, MetricOptions, MetricScore } from './types.js';

/** A metric whose numbers are sacreBLEU's. */
function sacreMetric<S extends Score>(
  name: string,
  higherIsBetter: boolean,
  create: (options: MetricOptions) => SacreMetric<S>,
  details?: (score: S) => Record<string, unknown>,
): Metric {
  return {
    name,
    higherIsBetter,
    accumulate(options) {
      const statistics = create(options).statistics();
      return {
        add: (hypothesis, references) => statistics.add(hypothesis, references),
        result() {
          const score = statistics.score();
          const { signature } = score;
          return { score: score.score, signature, ...(details ? { details: details(score) } : {}) };
        },
      };
    },
  };
}

const SACRE_METRICS: readonly Metric[] = [
  sacreMetric(
    'bleu',
    true,
    ({ tokenize, lowercase }) => new BLEU({ tokenize, lowercase, force: true }),
    ({ precisions, bp, systemLength, referenceLength }) => {
      return { precisions: [...precisions], brevityPenalty: bp, systemLength, referenceLength };
    },
  ),
  sacreMetric('chrf', true, ({ lowercase }) => new CHRF({ lowercase })),
  sacreMetric('chrf++', true, ({ lowercase }) => new CHRF({ lowercase, wordOrder: 2 })),
  // TER never minds case, as sacreBLEU has it.
  sacreMetric(
    'ter',
    false,
    () => new TER(),
    ({ numEdits, referenceLength }) => ({ edits: numEdits, referenceLength }),
  ),
];

/** Percentage of outputs that equal a reference. */
const exactMatch: Metric = {
  name: 'exactMatch',
  higherIsBetter: true,
  accumulate({ lowercase }) {
    const fold = (text: string): string => (lowercase ? text.toLowerCase() : text);
    let hits = 0;
    let examples = 0;
    return {
      add(hypothesis, references) {
        examples += 1;
        if (references.some((reference) => fold(reference) === fold(hypothesis))) hits += 1;
      },
      result: () => ({ score: examples === 0 ? 0 : (100 * hits) / examples }),
    };
  },
};

/** All there are, in the order in which they are listed; what translations are scored with comes first. */
const METRICS: readonly Metric[] = [...SACRE_METRICS, exactMatch, ...ERROR_RATE_METRICS, ...ROUGE_METRICS];

/** Names of all text metrics. */
export const METRIC_NAMES: readonly string[] = METRICS.map(({ name }) => name);

/** @throws UsageError listing the metrics there are. */
export function findMetric(name: string): Metric {
  const metric = METRICS.find((candidate) => candidate.name === name);
  if (!metric) throw new UsageError(`unknown metric "${name}"; the metrics here are ${METRIC_NAMES.join(', ')}`);
  return metric;
}

/** Several metrics at once. */
export interface Scorer {
  add(hypothesis: string, references: readonly string[]): void;
  results(): Record<string, MetricScore>;
}

/** @throws UsageError for an unknown metric */
export function createScorer(names: readonly string[], options: MetricOptions): Scorer {
  const accumulators = names.map((name) => [name, findMetric(name).accumulate(options)] as const);
  return {
    add(hypothesis, references) {
      for (const [, accumulator] of accumulators) accumulator.add(hypothesis, references);
    },
    results: () => Object.fromEntries(accumulators.map(([name, accumulator]) => [name, accumulator.result()])),
  };
}

/** Whether a line still carries marks of a subword tokenizer, which would make every score wrong. */
export function hasSubwordMarks(line: string): boolean {
  return /(^|\s)▁|@@(\s|$)/u.test(line);
}
