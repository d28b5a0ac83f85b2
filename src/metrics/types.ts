// What a metric is: options, accumulators and scores.
import { UsageError } from '../errors.js';
import type { TagScheme } from './entities/spans.js';
import type { CharacterUnit } from './error-rates/units.js';
import type { NormalizerName } from './normalizers/normalize.js';
import type { EvalbParameters } from './trees/evalb.js';

/** The one metric that is of the model and not of its outputs. */
export const PERPLEXITY = 'perplexity';

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
  /** Compare without regard to case. */
  readonly lowercase: boolean;
  /** What error rates of words and characters (wer, cer, mer, wil) do to both texts before all else; nothing unless told. */
  readonly normalize?: NormalizerName | undefined;
  /** What cer counts; code points, as jiwer does, unless told. */
  readonly characters?: CharacterUnit | undefined;
  /** Whether per and pronunciationErrorRate compare `AH0` as `AH`, so that stress does not matter; false unless told. */
  readonly ignoreStress?: boolean | undefined;
  /** Whether ROUGE compares the stems of English words; false unless told. */
  readonly stem?: boolean | undefined;
  /** The labels of multi-label classification; those that occur unless told. */
  readonly labels?: readonly string[] | undefined;
  /** How entityF1 reads tags; as conlleval does unless told. */
  readonly tagScheme?: TagScheme | undefined;
  /** What evalbF1 leaves out and takes for equal; COLLINS.prm unless told. */
  readonly evalb?: EvalbParameters | undefined;
}

/**
 * Collects what a corpus-level score needs, example by example. Its memory does not grow with the number of examples, only, in some,
 * with how many different things are in them: the n-grams of distinct-1 and distinct-2, the labels of multi-label classification.
 */
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

/**
 * The reference of an example, for metrics that are defined for one only.
 * @throws UsageError where there is another number of them
 */
export function soleReference(metric: string, references: readonly string[]): string {
  const [reference, ...others] = references;
  if (reference === undefined || others.length > 0) {
    const { length } = references;
    throw new UsageError(
      `${metric}: expected one reference for each example, found ${length}; give it one, or use another metric`,
    );
  }
  return reference;
}

/** How many references the examples have, as signatures tell it: the same number for each, or `var`. */
export class ReferenceCount {
  private count: number | 'var' | undefined;

  /** @throws RangeError where an example has none */
  note(references: readonly string[]): void {
    const { length } = references;
    if (length === 0) {
      throw new RangeError(
        'references: expected at least one text to compare with, found none; give every example one',
      );
    }
    this.count ??= length;
    if (this.count !== length) this.count = 'var';
  }

  /** Whether there has been no example. */
  get isNone(): boolean {
    return this.count === undefined;
  }

  toString(): string {
    return `nrefs:${this.count ?? 0}`;
  }
}
