// The metrics WER, CER, MER, WIL and PER of a corpus: rates of the counts of all its segments together.
import { NORMALIZERS } from '../normalizers/normalize.js';
import { type Metric, type MetricOptions, ReferenceCount } from '../types.js';
import { countErrors } from './count.js';
import {
  type ErrorCounts,
  ErrorTotals,
  errorRate,
  matchErrorRate,
  referenceLength,
  wordInformationLost,
  wordInformationPreserved,
} from './rates.js';
import { codePoints, graphemes, phonemes, type Splitter, unstressedPhonemes, words } from './units.js';

/** What sets one error rate apart from another. */
interface ErrorRateKind {
  readonly name: string;
  /** Whether {@link MetricOptions.normalize} is heeded. */
  readonly normalizes: boolean;
  /** What is counted, with a field of the signature that tells of it. */
  split(options: MetricOptions): { splitter: Splitter; field: string };
  rate(counts: ErrorCounts): number;
  further?(counts: ErrorCounts): Record<string, number>;
}

function errorRateMetric({ name, normalizes, split, rate, further }: ErrorRateKind): Metric {
  return {
    name,
    higherIsBetter: false,
    accumulate(options) {
      const { splitter, field } = split(options);
      const normalizer = normalizes ? (options.normalize ?? 'none') : 'none';
      const normalize = NORMALIZERS[normalizer];
      const prepare = (text: string): string => {
        const normalized = normalize(text);
        return options.lowercase ? normalized.toLowerCase() : normalized;
      };
      const totals = new ErrorTotals();
      const count = new ReferenceCount();
      return {
        add(hypothesis, references) {
          count.note(references);
          totals.add(countErrors(prepare(hypothesis), references.map(prepare), splitter));
        },
        result() {
          const { substitutions, insertions, deletions, hits } = totals;
          const casing = options.lowercase ? 'lc' : 'mixed';
          return {
            // Of no examples there is no rate; a 0 would pass for a perfect one.
            score: count.isNone ? Number.NaN : rate(totals),
            signature: `${count}|case:${casing}|norm:${normalizer}|${field}`,
            details: {
              ...further?.(totals),
              substitutions,
              insertions,
              deletions,
              hits,
              referenceLength: referenceLength(totals),
            },
          };
        },
      };
    },
  };
}

const ofWords = () => ({ splitter: words, field: 'unit:word' });

/** Rates are fractions, as in jiwer: 0.1 is one error in ten units. */
export const ERROR_RATE_METRICS: readonly Metric[] = [
  errorRateMetric({ name: 'wer', normalizes: true, split: ofWords, rate: errorRate }),
  errorRateMetric({
    name: 'cer',
    normalizes: true,
    split: ({ characters = 'codePoint' }) => ({
      splitter: characters === 'grapheme' ? graphemes : codePoints,
      field: `unit:${characters}`,
    }),
    rate: errorRate,
  }),
  errorRateMetric({ name: 'mer', normalizes: true, split: ofWords, rate: matchErrorRate }),
  errorRateMetric({
    name: 'wil',
    normalizes: true,
    split: ofWords,
    rate: wordInformationLost,
    further: (counts) => ({ preserved: wordInformationPreserved(counts) }),
  }),
  errorRateMetric({
    name: 'per',
    // The normalisers are made for words: they would take phonemes such as AH0 apart.
    normalizes: false,
    split: ({ ignoreStress = false }) => ({
      splitter: ignoreStress ? unstressedPhonemes : phonemes,
      field: `unit:phoneme|stress:${ignoreStress ? 'ignored' : 'kept'}`,
    }),
    rate: errorRate,
  }),
];
