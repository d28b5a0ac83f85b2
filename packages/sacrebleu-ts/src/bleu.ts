// The metric BLEU: its options and a segment's statistics.
import { BLEUScore, computeBLEU, SMOOTH_DEFAULTS, type SmoothMethod } from './bleu-score.js';
import { toFixedEven } from './fixed.js';
import { Metric, type Signatures } from './metric.js';
import { NgramMatcher } from './ngram-matcher.js';
import { type SinglePrecision, singleBLEU } from './significance-single.js';
import { findTokenizer, type NamedTokenizer, type TokenizerName } from './tokenizers.js';
import { trimEnd } from './whitespace.js';

/** How BLEU is computed. Names and defaults are sacreBLEU's. */
export interface BLEUOptions {
  /** Compare lower-cased text; false unless told. */
  lowercase?: boolean;
  /** Do not warn of hypotheses that look tokenized already; false unless told. */
  force?: boolean;
  /** How lines are split into tokens: a name, or what `sentencePieceTokenizer` made; `'13a'` unless told. */
  tokenize?: TokenizerName | NamedTokenizer;
  /** What an n-gram order without a match counts as; `'exp'` unless told. */
  smoothMethod?: SmoothMethod;
  /** For `'floor'` (0.1 unless told) and `'add-k'` (1 unless told); ignored by the others. */
  smoothValue?: number | undefined;
  /** The longest n-gram; 4 unless told. */
  maxNgramOrder?: number;
  /** Leave out the orders for which the hypotheses are too short; meant for single sentences; false unless told. */
  effectiveOrder?: boolean;
}

type Settings = Required<Omit<BLEUOptions, 'smoothValue' | 'tokenize'>> & {
  smoothValue: number;
  tokenize: NamedTokenizer;
};

/** From this many hypotheses that end in a detached full stop, they are taken to be tokenized. */
const TOKENIZED_LINES = 100;

function resolve(options: BLEUOptions): Settings {
  const { lowercase = false, force = false, tokenize = '13a', smoothMethod = 'exp', smoothValue } = options;
  const { maxNgramOrder = 4, effectiveOrder = false } = options;
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
    tokenize: findTokenizer(tokenize),
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

/** Where the vector of statistics keeps what precedes the matches of each order and the n-grams of each order. */
enum Place {
  systemLength,
  referenceLength,
  tokenizedLines,
  counts,
}

/**
 * BLEU (Papineni et al., ACL 2002), with the numbers and signatures of sacreBLEU (Post, WMT 2018).
 *
 * @example
 * const bleu = new BLEU();
 * const score = bleu.corpusScore(['The dog bit the man.'], [['The dog bit the man.'], ['The dog had bit the man.']]);
 * console.log(`${score}`, score.signature);
 */
export class BLEU extends Metric<BLEUScore> implements SinglePrecision {
  readonly name = 'BLEU';
  readonly higherIsBetter = true;
  readonly width: number;
  protected readonly counting: Readonly<Record<string, unknown>>;
  private readonly settings: Settings;
  private readonly matcher: NgramMatcher;

  /**
   * `effectiveOrder` should be on for single segments: without it one shorter than `maxNgramOrder` scores 0 or next to it.
   * @throws RangeError for an option outside its range.
   */
  constructor(options: BLEUOptions = {}) {
    super();
    this.settings = resolve(options);
    const { lowercase, tokenize, maxNgramOrder } = this.settings;
    this.counting = { lowercase, tokenize: tokenize.name, maxNgramOrder };
    this.width = Place.counts + 2 * maxNgramOrder;
    this.matcher = new NgramMatcher(maxNgramOrder);
  }

  protected measure(hypothesis: string, references: readonly string[], sums: Float64Array): void {
    const { maxNgramOrder } = this.settings;
    const tokens = this.tokens(hypothesis);
    const others = references.map((reference) => this.tokens(reference));
    this.matcher.addMatches(tokens, others, sums, Place.counts);
    const totals = Place.counts + maxNgramOrder;
    for (let n = 0; n < maxNgramOrder && n < tokens.length; n++) {
      sums[totals + n] = sums[totals + n]! + tokens.length - n;
    }
    const lengths = others.map((reference) => reference.length);
    sums[Place.systemLength] = sums[Place.systemLength]! + tokens.length;
    sums[Place.referenceLength] = sums[Place.referenceLength]! + closest(tokens.length, lengths);
    if (hypothesis.endsWith(' .')) sums[Place.tokenizedLines] = sums[Place.tokenizedLines]! + 1;
  }

  scoreOf(sums: Float64Array): number {
    return this.numbers(sums).score;
  }

  /** @internal */
  singleScoreOf(sums: Float32Array): number {
    const totals = Place.counts + this.settings.maxNgramOrder;
    const lengths = { systemLength: sums[Place.systemLength]!, referenceLength: sums[Place.referenceLength]! };
    return singleBLEU(sums.subarray(Place.counts, totals), sums.subarray(totals), lengths, this.settings);
  }

  protected explain(sums: Float64Array, signatures: Signatures): BLEUScore {
    const warnings: string[] = [];
    const tokenizedLines = sums[Place.tokenizedLines]!;
    if (!this.settings.force && tokenizedLines >= TOKENIZED_LINES) {
      warnings.push(
        `${tokenizedLines} hypotheses end in a detached full stop: scores are meant for detokenized text ` +
          '(set `force` if it is)',
      );
    }
    return new BLEUScore(this.numbers(sums), signatures, warnings);
  }

  protected signatureFields() {
    const { lowercase, effectiveOrder, tokenize, smoothMethod, smoothValue } = this.settings;
    const takesValue = SMOOTH_DEFAULTS[smoothMethod] !== undefined;
    return [
      { key: 'case', short: 'c', value: lowercase ? 'lc' : 'mixed' },
      { key: 'eff', short: 'e', value: effectiveOrder ? 'yes' : 'no' },
      { key: 'tok', short: 'tok', value: tokenize.name },
      {
        key: 'smooth',
        short: 's',
        value: takesValue ? `${smoothMethod}[${toFixedEven(smoothValue, 2)}]` : smoothMethod,
      },
    ];
  }

  private numbers(sums: Float64Array) {
    const { maxNgramOrder } = this.settings;
    const totals = Place.counts + maxNgramOrder;
    return computeBLEU(
      {
        counts: sums.subarray(Place.counts, totals),
        totals: sums.subarray(totals, totals + maxNgramOrder),
        systemLength: sums[Place.systemLength]!,
        referenceLength: sums[Place.referenceLength]!,
      },
      this.settings,
    );
  }

  private tokens(text: string): string[] {
    const { lowercase, tokenize } = this.settings;
    return tokenize.tokenize(trimEnd(lowercase ? text.toLowerCase() : text));
  }
}
