// What every metric shares: corpora scored at once or a segment at a time, from sums of segments' sufficient statistics.
import type { ScoreFormat } from './format.js';

import { formatSignature, type SignatureField } from './signature.js';

/** One reference of a segment; `undefined` (or `null`) where the segment has fewer references than others. */
export type Reference = string | undefined | null;

/** The score of a corpus or a segment. */
export interface Score {
  /** As tables call it: `BLEU`, `chrF2++`, `TER`. */
  readonly name: string;
  readonly score: number;
  /** How the score was computed, e.g. `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:ts-0.1.0`. */
  readonly signature: string;
  /** The same with short keys, e.g. `#:1|c:mixed|e:no|tok:13a|s:exp|v:ts-0.1.0`. */
  readonly shortSignature: string;
  /** What a reader should know before trusting the score; sacreBLEU logs these. */
  readonly warnings: readonly string[];
  /** The score as sacreBLEU prints it. */
  format(options?: ScoreFormat): string;
  toString(): string;
}

/** The two notations of a score's signature. */
export interface Signatures {
  readonly signature: string;
  readonly shortSignature: string;
}

/** Segments by references: how many each has, or `'var'` when they differ. */
export type ReferenceCount = number | 'var';

/**
 * A corpus-level metric whose score is a function of statistics that are summed over segments. Texts are detokenized.
 * Instances hold scratch memory and must not be shared between threads.
 */
export abstract class Metric<S extends Score = Score> {
  /** As tables call it: `BLEU`, `chrF2++`, `TER`. */
  abstract readonly name: string;
  /** Whether a larger score is a better one. */
  abstract readonly higherIsBetter: boolean;
  /** Numbers in the vector of a segment's sufficient statistics. */
  abstract readonly width: number;
  /** The options on which the statistics depend: only statistics gathered under equal ones can be added. */
  protected abstract readonly counting: Readonly<Record<string, unknown>>;

  /** Adds a segment's sufficient statistics, those against the best reference or against all, to `sums`. */
  protected abstract measure(hypothesis: string, references: readonly string[], sums: Float64Array): void;
  /** The score that summed statistics lead to, as a bare number. */
  abstract scoreOf(sums: Float64Array): number;
  /** The same with all that goes with it. */
  protected abstract explain(sums: Float64Array, signatures: Signatures): S;
  /** What the signature says between the number of references and the version. */
  protected abstract signatureFields(): SignatureField[];

  /** Long and short signature for a corpus with so many references a segment. @param test fields of a significance test */
  signatures(references: ReferenceCount, test: readonly SignatureField[] = []): Signatures {
    return formatSignature(references, test, this.signatureFields());
  }

  /** @internal The number, from sums gathered by {@link Statistics}. */
  resultOf(sums: Float64Array, references: ReferenceCount): S {
    return this.explain(sums, this.signatures(references));
  }

  /** @internal */
  addTo(sums: Float64Array, hypothesis: string, references: readonly string[]): void {
    this.measure(hypothesis, references, sums);
  }

  /** @internal @throws RangeError when `other` counts otherwise */
  checkMergeable(other: Metric): void {
    for (const key of new Set([...Object.keys(this.counting), ...Object.keys(other.counting)])) {
      const [mine, theirs] = [this.counting[key], other.counting[key]];
      if (mine !== theirs) throw new RangeError(`${key}: expected ${mine}, found ${theirs}`);
    }
  }

  /** Statistics without any segment, to which a corpus is added a segment at a time. */
  statistics(): Statistics<S> {
    return new Statistics(this);
  }

  /**
   * The score of a corpus.
   *
   * @param hypotheses what the system wrote, one text a segment.
   * @param references one array a reference stream, each with one entry a segment: `references[k][i]` is segment i's k-th
   *   reference, or `undefined` where it has fewer.
   * @throws RangeError when the lengths differ, without segments, or when a segment has no reference.
   */
  corpusScore(hypotheses: readonly string[], references: readonly (readonly Reference[])[]): S {
    checkLengths(hypotheses, references);
    const statistics = this.statistics();
    for (let i = 0; i < hypotheses.length; i++) statistics.add(hypotheses[i]!, referencesOf(references, i));
    return statistics.score();
  }

  /** The score of one segment. */
  sentenceScore(hypothesis: string, references: readonly Reference[]): S {
    const statistics = this.statistics();
    statistics.add(hypothesis, references);
    return statistics.score();
  }
}

/** The references of segment i. */
export const referencesOf = (references: readonly (readonly Reference[])[], i: number): Reference[] =>
  references.map((stream) => stream[i]);

/** @throws RangeError naming the stream whose number of segments is not that of the hypotheses */
export function checkLengths(hypotheses: readonly string[], references: readonly (readonly Reference[])[]): void {
  for (const [k, stream] of references.entries()) {
    if (stream.length !== hypotheses.length) {
      throw new RangeError(
        `references[${k}]: expected ${hypotheses.length} segments as in the hypotheses, found ${stream.length}`,
      );
    }
  }
}

/**
 * The texts of one segment's references.
 * @throws TypeError when the hypothesis or a reference is not a text; RangeError without any reference.
 */
export function presentReferences(hypothesis: string, references: readonly Reference[]): string[] {
  if (typeof hypothesis !== 'string') throw new TypeError(`hypothesis: expected a text, found ${typeof hypothesis}`);
  const present: string[] = [];
  for (const reference of references) {
    if (reference === undefined || reference === null) continue;
    if (typeof reference !== 'string') throw new TypeError(`reference: expected a text, found ${typeof reference}`);
    present.push(reference);
  }
  if (present.length === 0) throw new RangeError('references: expected at least one text for the segment, found none');
  return present;
}

/**
 * What a metric needs to know of a corpus, gathered one segment at a time: some counters, so memory does not grow with the
 * corpus. Statistics gathered apart (by workers, say) with the same options can be merged before the score is computed.
 */
export class Statistics<S extends Score = Score> {
  private readonly sums: Float64Array;
  private segmentsSeen = 0;
  private referencesEach: ReferenceCount | undefined;

  /** @internal Made by {@link Metric.statistics}. */
  constructor(private readonly metric: Metric<S>) {
    this.sums = new Float64Array(metric.width);
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
    const present = presentReferences(hypothesis, references);
    this.metric.addTo(this.sums, hypothesis, present);
    this.note(present.length);
    this.segmentsSeen++;
  }

  /**
   * Adds all that `other` gathered.
   *
   * @throws RangeError when `other` counts otherwise: another tokenizer, case handling or n-gram order, say.
   */
  merge(other: Statistics<S>): void {
    this.metric.checkMergeable(other.metric);
    for (let i = 0; i < this.sums.length; i++) this.sums[i] = this.sums[i]! + other.sums[i]!;
    if (other.referencesEach !== undefined) this.note(other.referencesEach);
    this.segmentsSeen += other.segmentsSeen;
  }

  /** What was gathered as plain data, to be sent to another thread or kept in a file; see {@link Statistics.restore}. */
  save(): SavedStatistics {
    const { segmentsSeen: segments, referencesEach: references } = this;
    return { sums: [...this.sums], segments, ...(references === undefined ? {} : { references }) };
  }

  /**
   * Adds what {@link Statistics.save} wrote, gathered with the same options.
   * @throws RangeError when it is not of this metric's width.
   */
  restore({ sums, segments, references }: SavedStatistics): void {
    if (sums.length !== this.sums.length) {
      throw new RangeError(`sums: expected ${this.sums.length} numbers, found ${sums.length}`);
    }
    sums.forEach((value, i) => {
      this.sums[i] = this.sums[i]! + value;
    });
    if (references !== undefined) this.note(references);
    this.segmentsSeen += segments;
  }

  /**
   * The score of all segments added so far; more can be added afterwards.
   *
   * @throws RangeError when there is none.
   */
  score(): S {
    if (this.referencesEach === undefined) {
      throw new RangeError(`${this.metric.name} of no segments is not defined: add one first`);
    }
    return this.metric.resultOf(this.sums, this.referencesEach);
  }

  private note(count: ReferenceCount): void {
    if (this.referencesEach === undefined) this.referencesEach = count;
    else if (this.referencesEach !== count) this.referencesEach = 'var';
  }
}

/** {@link Statistics} as plain data. */
export interface SavedStatistics {
  readonly sums: readonly number[];
  readonly segments: number;
  /** References of every segment; absent without segments. */
  readonly references?: ReferenceCount;
}
