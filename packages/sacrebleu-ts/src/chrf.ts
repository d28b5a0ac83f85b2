// The metric chrF: its options and a segment's statistics.
import { SharedNgramCounter } from './chrf-matcher.js';
import { CHRFScore, computeCHRF, NUMBERS_PER_ORDER } from './chrf-score.js';
import { SymbolSequence, separatePunctuation } from './chrf-symbols.js';
import { Metric, type Signatures } from './metric.js';
import { type SinglePrecision, singleCHRF } from './significance-single.js';

/** How chrF is computed. Defaults are sacreBLEU's. */
export interface CHRFOptions {
  /** The longest n-gram of characters; 6 unless told. */
  charOrder?: number;
  /** The longest n-gram of words: 0, unless told, for chrF, 2 for chrF++. */
  wordOrder?: number;
  /** How many times as much recall weighs as precision; 2 unless told. */
  beta?: number;
  /** Compare lower-cased text; false unless told. */
  lowercase?: boolean;
  /** Count white space among the characters; false unless told. */
  whitespace?: boolean;
  /**
   * Average all orders' F-scores, a tiny number standing in for those not defined, as chrF++.py, NLTK and Moses do. False
   * unless told: orders for which a text is too short are left out.
   */
  epsSmoothing?: boolean;
}

type Settings = Required<CHRFOptions>;

function resolve(options: CHRFOptions): Settings {
  const {
    charOrder = 6,
    wordOrder = 0,
    beta = 2,
    lowercase = false,
    whitespace = false,
    epsSmoothing = false,
  } = options;
  for (const [name, order] of Object.entries({ charOrder, wordOrder })) {
    if (!Number.isInteger(order) || order < 0) {
      throw new RangeError(`${name}: expected a whole number of at least 0, found ${order}`);
    }
  }
  if (charOrder + wordOrder === 0) {
    throw new RangeError('charOrder: expected a whole number of at least 1 when wordOrder is 0, found 0');
  }
  if (!(beta >= 0 && beta * beta < Infinity)) {
    throw new RangeError(`beta: expected a number of at least 0 with a finite square, found ${beta}`);
  }
  return { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing };
}

/**
 * chrF (Popović, WMT 2015) and chrF++ (Popović, WMT 2017), with the numbers and signatures of sacreBLEU (Post, WMT 2018).
 * With several references each segment counts against the one for which it scores highest.
 *
 * @example
 * const chrF = new CHRF({ wordOrder: 2 });
 * const score = chrF.corpusScore(['The dog bit the man.'], [['The dog bit the man.'], ['The dog had bit the man.']]);
 * console.log(`${score}`, score.signature); // chrF2++ = 100.00 nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|...
 */
export class CHRF extends Metric<CHRFScore> implements SinglePrecision {
  readonly name: string;
  readonly higherIsBetter = true;
  readonly width: number;
  protected readonly counting: Readonly<Record<string, unknown>>;
  private readonly settings: Settings;
  private readonly counter = new SharedNgramCounter();
  private readonly hypothesis = new SymbolSequence();
  private readonly references: SymbolSequence[] = [];
  private readonly wordIds = new Map<string, number>();
  /** One vector of statistics a reference. */
  private readonly candidates: Float64Array[] = [];

  /** @throws RangeError for an option outside its range. */
  constructor(options: CHRFOptions = {}) {
    super();
    this.settings = resolve(options);
    // All of them: beta and the smoothing decide which reference is the best.
    this.counting = { ...this.settings };
    const { charOrder, wordOrder, beta } = this.settings;
    this.name = `chrF${beta}${'+'.repeat(wordOrder)}`;
    this.width = NUMBERS_PER_ORDER * (charOrder + wordOrder);
  }

  protected measure(hypothesis: string, references: readonly string[], sums: Float64Array): void {
    const { charOrder, wordOrder, lowercase, whitespace } = this.settings;
    const text = lowercase ? hypothesis.toLowerCase() : hypothesis;
    const others = lowercase ? references.map((reference) => reference.toLowerCase()) : references;
    while (this.references.length < others.length) {
      this.references.push(new SymbolSequence());
      this.candidates.push(new Float64Array(this.width));
    }
    const sequences = this.references.slice(0, others.length);
    if (charOrder > 0) {
      this.hypothesis.readCharacters(text, whitespace);
      for (let k = 0; k < others.length; k++) sequences[k]!.readCharacters(others[k]!, whitespace);
      this.count(sequences, charOrder, 0);
    }
    if (wordOrder > 0) {
      this.wordIds.clear();
      this.hypothesis.readWords(separatePunctuation(text), this.wordIds, true);
      for (let k = 0; k < others.length; k++) {
        sequences[k]!.readWords(separatePunctuation(others[k]!), this.wordIds, false);
      }
      this.count(sequences, wordOrder, NUMBERS_PER_ORDER * charOrder);
    }
    const best = this.candidates[this.best(others.length)]!;
    for (let i = 0; i < this.width; i++) sums[i] = sums[i]! + best[i]!;
  }

  scoreOf(sums: Float64Array): number {
    return computeCHRF(sums, this.settings);
  }

  /** @internal */
  singleScoreOf(sums: Float32Array): number {
    return singleCHRF(sums, this.settings);
  }

  protected explain(sums: Float64Array, signatures: Signatures): CHRFScore {
    return new CHRFScore(this.scoreOf(sums), { name: this.name, ...this.settings }, signatures);
  }

  protected signatureFields() {
    const { charOrder, wordOrder, lowercase, whitespace, epsSmoothing } = this.settings;
    return [
      { key: 'case', short: 'c', value: lowercase ? 'lc' : 'mixed' },
      { key: 'eff', short: 'e', value: epsSmoothing ? 'no' : 'yes' },
      { key: 'nc', short: 'nc', value: String(charOrder) },
      { key: 'nw', short: 'nw', value: String(wordOrder) },
      { key: 'space', short: 's', value: whitespace ? 'yes' : 'no' },
    ];
  }

  /** Writes the statistics of orders 1 to `maxOrder` against each reference, from the vectors' element `from` on. */
  private count(references: readonly SymbolSequence[], maxOrder: number, from: number): void {
    const shared = this.counter.countShared(this.hypothesis, references, maxOrder);
    for (let k = 0; k < references.length; k++) {
      const candidate = this.candidates[k]!;
      for (let n = 1; n <= maxOrder; n++) {
        const place = from + NUMBERS_PER_ORDER * (n - 1);
        const inReference = Math.max(0, references[k]!.length - n + 1);
        // sacreBLEU does not hold n-grams against the hypothesis where the reference is too short to have any.
        candidate[place] = inReference > 0 ? Math.max(0, this.hypothesis.length - n + 1) : 0;
        candidate[place + 1] = inReference;
        candidate[place + 2] = shared[k * maxOrder + n - 1]!;
      }
    }
  }

  /** The first of the references with the highest score. */
  private best(references: number): number {
    if (references === 1) return 0;
    let best = 0;
    let highest = -1;
    for (let k = 0; k < references; k++) {
      const score = computeCHRF(this.candidates[k]!, this.settings);
      if (score > highest) {
        highest = score;
        best = k;
      }
    }
    return best;
  }
}
