// What a metric is, and the registry of those that score text.
import { BLEU } from 'sacrebleu-ts';
import { UsageError } from '../errors.js';

/** A score with what makes it comparable. */
export interface MetricScore {
  readonly score: number;
  /** The metric's settings, as sacreBLEU writes them. */
  readonly signature?: string;
  /** Further numbers, such as BLEU's precisions. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How text is compared. */
export interface MetricOptions {
  /** BLEU's tokenizer. */
  readonly tokenize: '13a' | 'intl' | 'char' | 'zh' | 'none';
  readonly lowercase: boolean;
}

/** Collects what a corpus-level score needs, example by example, in memory that does not grow with the corpus. */
interface Accumulator {
  /** @param references one per reference stream */
  add(hypothesis: string, references: readonly string[]): void;
  result(): MetricScore;
}

/** A corpus-level score of outputs against references. */
export interface Metric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  accumulate(options: MetricOptions): Accumulator;
}

/** Corpus BLEU, equal to sacreBLEU's. */
const bleu: Metric = {
  name: 'bleu',
  higherIsBetter: true,
  accumulate(options) {
    const statistics = new BLEU({ ...options, force: true }).statistics();
    return {
      add: (hypothesis, references) => statistics.add(hypothesis, references),
      result() {
        const result = statistics.score();
        const { precisions, bp, systemLength, referenceLength } = result;
        return {
          score: result.score,
          signature: String(result.signature),
          details: { precisions: [...precisions], brevityPenalty: bp, systemLength, referenceLength },
        };
      },
    };
  },
};

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

const METRICS: readonly Metric[] = [bleu, exactMatch];

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
