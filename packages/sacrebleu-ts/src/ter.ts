// The metric TER: its options, a segment's statistics and its score.
import { OneNumberScore } from './chrf-ter-score.js';
import { Metric, type Signatures } from './metric.js';
import { type SinglePrecision, singleTER } from './significance-single.js';
import { TercomEdits } from './tercom-shifts.js';
import { type TercomOptions, tokenizeReference, tokenizeTercom } from './tokenizers/tercom.js';
import { trimEnd } from './whitespace.js';

/** How TER is computed. Names and defaults are sacreBLEU's. */
export type TEROptions = TercomOptions;

/** A TER score with what went into it. */
export class TERScore extends OneNumberScore {
  readonly name = 'TER';
  /** Edits of all segments, each against the reference that needs fewest. */
  readonly numEdits: number;
  /** The average of a segment's references' lengths in words, summed over segments. */
  readonly referenceLength: number;

  /** @internal Scores are made by `TER`. */
  constructor(score: number, numEdits: number, referenceLength: number, signatures: Signatures) {
    super(score, signatures);
    this.numEdits = numEdits;
    this.referenceLength = referenceLength;
  }
}

/** Where the vector of statistics keeps what. */
enum Place {
  edits,
  referenceLength,
}

/** The words of one text as numbers. */
interface Words {
  ids: Int32Array;
  length: number;
}

const yesNo = (value: boolean) => (value ? 'yes' : 'no');

/**
 * Translation edit rate (Snover et al., AMTA 2006), with the numbers and signatures of sacreBLEU (Post, WMT 2018): edits a
 * hundred reference words, where a shift of words is one edit. Lower is better. It lower-cases unless told otherwise.
 *
 * @example
 * const ter = new TER();
 * const score = ter.corpusScore(['the dog the man bit'], [['the dog bit the man']]);
 * console.log(`${score}`, score.signature); // TER = 20.00 nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|...
 */
export class TER extends Metric<TERScore> implements SinglePrecision {
  readonly name = 'TER';
  readonly higherIsBetter = false;
  readonly width = 2;
  protected readonly counting: Readonly<Record<string, unknown>>;
  private readonly settings: Required<TEROptions>;
  private readonly edits = new TercomEdits();
  private readonly wordIds = new Map<string, number>();
  private readonly hypothesis: Words = { ids: new Int32Array(0), length: 0 };
  private readonly reference: Words = { ids: new Int32Array(0), length: 0 };

  constructor(options: TEROptions = {}) {
    super();
    const { normalized = false, noPunct = false, asianSupport = false, caseSensitive = false } = options;
    this.settings = { normalized, noPunct, asianSupport, caseSensitive };
    this.counting = this.settings;
  }

  protected measure(hypothesis: string, references: readonly string[], sums: Float64Array): void {
    this.wordIds.clear();
    this.read(tokenizeTercom(trimEnd(hypothesis), this.settings), this.hypothesis);
    let fewest = Infinity;
    let lengths = 0;
    for (const reference of references) {
      this.read(tokenizeReference(trimEnd(reference), this.settings), this.reference);
      lengths += this.reference.length;
      const { ids, length } = this.hypothesis;
      fewest = Math.min(fewest, this.edits.count(ids, length, this.reference.ids, this.reference.length));
    }
    sums[Place.edits] = sums[Place.edits]! + fewest;
    sums[Place.referenceLength] = sums[Place.referenceLength]! + lengths / references.length;
  }

  scoreOf(sums: Float64Array): number {
    const edits = sums[Place.edits]!;
    const referenceLength = sums[Place.referenceLength]!;
    if (referenceLength > 0) return 100 * (edits / referenceLength);
    return edits > 0 ? 100 : 0;
  }

  /** @internal */
  singleScoreOf(sums: Float32Array): number {
    return singleTER(sums[Place.edits]!, sums[Place.referenceLength]!);
  }

  protected explain(sums: Float64Array, signatures: Signatures): TERScore {
    return new TERScore(this.scoreOf(sums), sums[Place.edits]!, sums[Place.referenceLength]!, signatures);
  }

  protected signatureFields() {
    const { normalized, noPunct, asianSupport, caseSensitive } = this.settings;
    return [
      { key: 'case', short: 'c', value: caseSensitive ? 'mixed' : 'lc' },
      { key: 'tok', short: 't', value: 'tercom' },
      { key: 'norm', short: 'nr', value: yesNo(normalized) },
      { key: 'punct', short: 'pn', value: yesNo(!noPunct) },
      { key: 'asian', short: 'as', value: yesNo(asianSupport) },
    ];
  }

  /** Numbers the words of a text: equal words of one segment have equal numbers. */
  private read(tokens: readonly string[], words: Words): void {
    if (words.ids.length < tokens.length) words.ids = new Int32Array(2 * tokens.length);
    words.length = tokens.length;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      let id = this.wordIds.get(token);
      if (id === undefined) {
        id = this.wordIds.size;
        this.wordIds.set(token, id);
      }
      words.ids[i] = id;
    }
  }
}
