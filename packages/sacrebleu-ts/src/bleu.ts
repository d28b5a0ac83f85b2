// The metric BLEU: options, the statistics of a growing corpus, and scores of corpora and sentences.
import { BLEUScore, computeBLEU, SMOOTH_DEFAULTS, type SmoothMethod } from './bleu-score.js';
import { toFixedEven } from './fixed.js';
import { NgramMatcher } from './ngram-matcher.js';
import { formatSignature } from './signature.js';
import { TOKENIZERS, type TokenizerName } from './tokenizers.js';
import { trimEnd } from './whitespace.js';

/** How BLEU is computed. Names and defaults are sacreBLEU's. */
export interface BLEUOptions {
  /** Compare lower-cased text; false unless told. */
  lowercase?: boolean;
  /** Do not warn of hypotheses that look tokenized already; false unless told. */
  force?: boolean;
  /** How lines are split into tokens; `'13a'` unless told. */
  tokenize?: TokenizerName;
  /** What an n-gram order without a match counts as; `'exp'` unless told. */
  smoothMethod?: SmoothMethod;
  /** For `'floor'` (0.1 unless told) and `'add-k'` (1 unless told); ignored by the others. */
  smoothValue?: number | undefined;
  /** The longest n-gram; 4 unless told. */
  maxNgramOrder?: number;
  /** Leave out the orders for which the hypotheses are too short; meant for single sentences; false unless told. */
  effectiveOrder?: boolean;
}

/** One reference of a segment; `undefined` (or `null`) where the segment has fewer references than others. */
export type Reference = string | undefined | null;

type Settings = Required<Omit<BLEUOptions, 'smoothValue'>> & { smoothValue: number };

/** From this many hypotheses that end in a detached full stop, they are taken to be tokenized. */
const TOKENIZED_LINES = 100;

function resolve(options: BLEUOptions): Settings {
  const { lowercase = false, force = false, tokenize = '13a', smoothMethod = 'exp', smoothValue } = options;
  const { maxNgramOrder = 4, effectiveOrder = false } = options;
  if (!Object.hasOwn(TOKENIZERS, tokenize)) {
    throw new RangeError(`tokenize: expected one of ${Object.keys(TOKENIZERS).join(', ')}, found ${tokenize}`);
  }
  if (!Object.hasOwn(SMOOTH_DEFAULTS, smoothMethod)) {
    throw new RangeError(
      `smoothMethod: expected one of ${Object.keys(SMOOTH_DEFAULTS).join(', ')}, found ${smoothMethod}`,
    );
  }
  if (smoothValue !== undefined && !(smoothValue >= 0 && smoothValue < Infinity)) {
    throw new RangeError(`smoothValue: expected a finite number of at least 0, found ${smoothValue}`);
  }
  if (!Number.isInteger(maxNgramOrder) || maxNgramOrder < 1) {
    throw new RangeError(`maxNgramOrder: expected a whole number of at least 1, found ${maxNgramOrder}`);
  }
  return {
    lowercase,
    force,
    tokenize,
    smoothMethod,
    smoothValue: smoothValue ?? SMOOTH_DEFAULTS[smoothMethod] ?? 0,
    maxNgramOrder,
    effectiveOrder,
  };
}

/** The length closest to `target`; the smaller of two that are equally close. */
function closest(target: number, lengths: readonly number[]): number {
  let best = Infinity;
  for (const length of lengths) {
    const difference = Math.abs(length - target) - Math.abs(best - target);
    if (difference < 0 || (difference === 0 && length < best)) best = length;
  }
  return best;
}

/**
 * What BLEU needs to know of a corpus, gathered one segment at a time: some counters, so memory does not grow with the
 * corpus. Statistics gathered apart (by workers, say) with the same options can be merged before the score is computed.
 */
export class BLEUStatistics {
  private readonly settings: Settings;
  private readonly matcher: NgramMatcher;
  private readonly matches: Float64Array;
  private readonly ngrams: Float64Array;
  private systemTokens = 0;
  private referenceTokens = 0;
  private segmentsSeen = 0;
  private referencesEach: number | 'var' | undefined;
  private tokenizedLines = 0;

  /** @throws RangeError for an option outside its range. */
  constructor(options: BLEUOptions = {}) {
    this.settings = resolve(options);
    this.matcher = new NgramMatcher(this.settings.maxNgramOrder);
    this.matches = new Float64Array(this.settings.maxNgramOrder);
    this.ngrams = new Float64Array(this.settings.maxNgramOrder);
  }

  /** Segments added so far. */
  get segments(): number {
    return this.segmentsSeen;
  }

  /**
   * Adds one segment.
   *
   * @param hypothesis what the system wrote, detokenized.
   * @param references at least one text; `undefined` entries are left out.
   * @throws TypeError when the hypothesis or a reference is not a text; RangeError without any reference.
   */
  add(hypothesis: string, references: readonly Reference[]): void {
    if (typeof hypothesis !== 'string') throw new TypeError(`hypothesis: expected a text, found ${typeof hypothesis}`);
    const present: string[][] = [];
    for (const reference of references) {
      if (reference === undefined || reference === null) continue;
      if (typeof reference !== 'string') throw new TypeError(`reference: expected a text, found ${typeof reference}`);
      present.push(this.tokens(reference));
    }
    if (present.length === 0)
      throw new RangeError('references: expected at least one text for the segment, found none');

    const tokens = this.tokens(hypothesis);
    this.matcher.addMatches(tokens, present, this.matches);
    for (let n = 0; n < this.ngrams.length && n < tokens.length; n++) {
      this.ngrams[n] = this.ngrams[n]! + tokens.length - n;
    }
    this.systemTokens += tokens.length;
    this.referenceTokens += closest(
      tokens.length,
      present.map((reference) => reference.length),
    );
    if (hypothesis.endsWith(' .')) this.tokenizedLines++;
    this.noteReferences(present.length);
    this.segmentsSeen++;
  }

  /**
   * Adds all that `other` gathered.
   *
   * @throws RangeError when `other` counts otherwise: another tokenizer, case handling or n-gram order.
   */
  merge(other: BLEUStatistics): void {
    for (const key of ['lowercase', 'tokenize', 'maxNgramOrder'] as const) {
      if (this.settings[key] !== other.settings[key]) {
        throw new RangeError(`${key}: expected ${this.settings[key]}, found ${other.settings[key]}`);
      }
    }
    for (let n = 0; n < this.matches.length; n++) {
      this.matches[n] = this.matches[n]! + other.matches[n]!;
      this.ngrams[n] = this.ngrams[n]! + other.ngrams[n]!;
    }
    this.systemTokens += other.systemTokens;
    this.referenceTokens += other.referenceTokens;
    this.tokenizedLines += other.tokenizedLines;
    if (other.referencesEach !== undefined) this.noteReferences(other.referencesEach);
    this.segmentsSeen += other.segmentsSeen;
  }

  /**
   * The score of all segments added so far; more can be added afterwards.
   *
   * @throws RangeError when there is none.
   */
  score(): BLEUScore {
    if (this.referencesEach === undefined) throw new RangeError('BLEU of no segments is not defined: add one first');
    const { settings } = this;
    const numbers = computeBLEU(
      {
        counts: this.matches,
        totals: this.ngrams,
        systemLength: this.systemTokens,
        referenceLength: this.referenceTokens,
      },
      settings,
    );
    const warnings: string[] = [];
    if (!settings.force && this.tokenizedLines >= TOKENIZED_LINES) {
      warnings.push(
        `${this.tokenizedLines} hypotheses end in a detached full stop: scores are meant for detokenized text ` +
          '(set `force` if it is)',
      );
    }
    return new BLEUScore(numbers, formatSignature(this.referencesEach, this.signatureFields()), warnings);
  }

  private tokens(text: string): string[] {
    const { lowercase, tokenize } = this.settings;
    return TOKENIZERS[tokenize](trimEnd(lowercase ? text.toLowerCase() : text));
  }

  private noteReferences(count: number | 'var'): void {
    if (this.referencesEach === undefined) this.referencesEach = count;
    else if (this.referencesEach !== count) this.referencesEach = 'var';
  }

  private signatureFields() {
    const { lowercase, effectiveOrder, tokenize, smoothMethod, smoothValue } = this.settings;
    const takesValue = SMOOTH_DEFAULTS[smoothMethod] !== undefined;
    return [
      { key: 'case', short: 'c', value: lowercase ? 'lc' : 'mixed' },
      { key: 'eff', short: 'e', value: effectiveOrder ? 'yes' : 'no' },
      { key: 'tok', short: 'tok', value: tokenize },
      {
        key: 'smooth',
        short: 's',
        value: takesValue ? `${smoothMethod}[${toFixedEven(smoothValue, 2)}]` : smoothMethod,
      },
    ];
  }
}

/**
 * BLEU (Papineni et al., ACL 2002), with the numbers and signatures of sacreBLEU (Post, WMT 2018).
 *
 * @example
 * const bleu = new BLEU();
 * const score = bleu.corpusScore(['The dog bit the man.'], [['The dog bit the man.'], ['The dog had bit the man.']]);
 * console.log(`${score}`, score.signature);
 */
export class BLEU {
  private readonly options: BLEUOptions;

  /** @throws RangeError for an option outside its range. */
  constructor(options: BLEUOptions = {}) {
    this.options = resolve(options);
  }

  /** Statistics without any segment, to which a corpus is added a segment at a time. */
  statistics(): BLEUStatistics {
    return new BLEUStatistics(this.options);
  }

  /**
   * BLEU of a corpus.
   *
   * @param hypotheses what the system wrote, one text a segment.
   * @param references one array a reference stream, each with one entry a segment: `references[k][i]` is segment i's k-th
   *   reference, or `undefined` where it has fewer.
   * @throws RangeError when the lengths differ, without segments, or when a segment has no reference.
   */
  corpusScore(hypotheses: readonly string[], references: readonly (readonly Reference[])[]): BLEUScore {
    for (const [k, stream] of references.entries()) {
      if (stream.length !== hypotheses.length) {
        throw new RangeError(
          `references[${k}]: expected ${hypotheses.length} segments as in the hypotheses, found ${stream.length}`,
        );
      }
    }
    const statistics = this.statistics();
    for (let i = 0; i < hypotheses.length; i++) {
      statistics.add(
        hypotheses[i]!,
        references.map((stream) => stream[i]),
      );
    }
    return statistics.score();
  }

  /**
   * BLEU of one segment. `effectiveOrder` should be on: without it a segment shorter than `maxNgramOrder` scores 0 or
   * next to it.
   */
  sentenceScore(hypothesis: string, references: readonly Reference[]): BLEUScore {
    const statistics = this.statistics();
    statistics.add(hypothesis, references);
    return statistics.score();
  }
}
