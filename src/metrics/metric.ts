// The registry of the metrics that score text, and several of them at once.
import { BLEU, CHRF, type Metric as SacreMetric, type Score, TER } from 'sacrebleu-ts';
import { UsageError } from '../errors.js';
import { ANSWER_METRICS } from './answers/metrics.js';
import { DIVERSITY_METRICS } from './diversity/metrics.js';
import { entityF1 } from './entities/metrics.js';
import { ERROR_RATE_METRICS } from './error-rates/metrics.js';
import { pronunciationErrorRate } from './error-rates/pronunciations.js';
import { LABEL_METRICS } from './labels/metrics.js';
import { ROUGE_METRICS } from './rouge/metrics.js';
import { TREE_METRICS } from './trees/metrics.js';
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

/** Words two texts share over the mean of their lengths: F1 of bags of words, averaged over examples (best reference). */
const f1: Metric = {
  name: 'f1',
  higherIsBetter: true,
  accumulate({ lowercase }) {
    const words = (text: string): string[] => (lowercase ? text.toLowerCase() : text).split(/\s+/u).filter(Boolean);
    let total = 0;
    let examples = 0;
    return {
      add(hypothesis, references) {
        examples += 1;
        total += Math.max(...references.map((reference) => bagF1(words(hypothesis), words(reference))));
      },
      result: () => ({ score: examples === 0 ? 0 : (100 * total) / examples }),
    };
  },
};

/** 1 for two empty bags, as both say nothing. */
function bagF1(a: readonly string[], b: readonly string[]): number {
  if (a.length + b.length === 0) return 1;
  const left = new Map<string, number>();
  for (const word of b) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of a) {
    const count = left.get(word) ?? 0;
    if (count > 0) shared += 1;
    left.set(word, count - 1);
  }
  return (2 * shared) / (a.length + b.length);
}

/** All there are, in the order in which they are listed; what translations are scored with comes first. */
const METRICS: readonly Metric[] = [
  ...SACRE_METRICS,
  exactMatch,
  f1,
  ...ERROR_RATE_METRICS,
  pronunciationErrorRate,
  ...ROUGE_METRICS,
  ...ANSWER_METRICS,
  ...LABEL_METRICS,
  ...TREE_METRICS,
  entityF1,
  ...DIVERSITY_METRICS,
];

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
