// Labelled bracketing as EVALB counts it, sentence by sentence and for a corpus.
import { DataError } from '../../errors.js';
import { type Preterminal, readTrees, type Tree } from './bracket.js';

/** What EVALB reads from a parameter file. */
export interface EvalbParameters {
  /** LABELED: whether brackets match only if their labels do. */
  readonly labelled: boolean;
  /** DELETE_LABEL: words with these tags are left out, and so are phrases with these labels, but not what they hold. */
  readonly deleteLabels: readonly string[];
  /** DELETE_LABEL_FOR_LENGTH: words with these tags do not count towards the length of a sentence. */
  readonly deleteLabelsForLength: readonly string[];
  /** EQ_LABEL: pairs of labels that count as the same, of phrases and of words. */
  readonly equalLabels: readonly (readonly [string, string])[];
  /** EQ_WORD: pairs of words that count as the same. */
  readonly equalWords: readonly (readonly [string, string])[];
  /** CUTOFF_LEN: the most words of a short sentence; short sentences have a summary of their own. */
  readonly cutoffLength: number;
}

/** COLLINS.prm, the parameters of most published results on the Penn Treebank. */
export const COLLINS: EvalbParameters = {
  labelled: true,
  deleteLabels: ['TOP', '-NONE-', ',', ':', '``', "''", '.'],
  deleteLabelsForLength: ['-NONE-'],
  equalLabels: [['ADVP', 'PRT']],
  equalWords: [],
  cutoffLength: 40,
};

/** A row of EVALB's table. */
interface SentenceScore {
  /**
   * `ok`; `unmatched`, where the output's words are not the reference's, and `unreadable`, where its brackets are no trees, both of
   * which EVALB calls errors; `empty`, where the output has no words, which EVALB skips.
   */
  readonly status: 'ok' | 'unmatched' | 'unreadable' | 'empty';
  /** Words of the reference. */
  readonly length: number;
  /** Brackets; all counts are 0 unless the status is `ok`. */
  readonly matched: number;
  readonly ofReference: number;
  readonly ofOutput: number;
  /** Brackets of the output that cross one of the reference. */
  readonly crossing: number;
  /** Words that are not left out, and how many of them are tagged right. */
  readonly words: number;
  readonly correctTags: number;
}

/**
 * Compares an output with the tree that it should be.
 *
 * @param output any text; where EVALB would stop with an error, the status is `unreadable`
 * @throws DataError where the reference is no tree
 */
export function scoreSentence(output: string, reference: string, parameters: EvalbParameters = COLLINS): SentenceScore {
  const goldTrees = readTrees(reference);
  if (goldTrees.length === 0) throw new DataError('expected a tree such as (S (NN dog)), found an empty line');
  const gold = flatten(goldTrees, parameters);
  const fail = (status: SentenceScore['status']): SentenceScore => {
    return { status, length: gold.length, ...NOTHING };
  };
  const trees = readable(output);
  if (!trees) return fail('unreadable');
  const test = flatten(trees, parameters);
  if (test.words.length === 0) return fail('empty');
  const sameWord = equality(parameters.equalWords);
  const sameLabel = equality(parameters.equalLabels);
  const matches = (other: Preterminal, i: number) => sameWord(gold.words[i]!.word, other.word);
  if (gold.words.length !== test.words.length || !test.words.every(matches)) return fail('unmatched');

  // Greedy and in order, as in EVALB: equal labels need not be transitive, so the order can matter.
  const left = new Set(test.spans);
  for (const { start, end, label } of gold.spans) {
    for (const span of left) {
      if (span.start !== start || span.end !== end) continue;
      if (parameters.labelled && !sameLabel(label, span.label)) continue;
      left.delete(span);
      break;
    }
  }
  return {
    status: 'ok',
    length: gold.length,
    matched: test.spans.length - left.size,
    ofReference: gold.spans.length,
    ofOutput: test.spans.length,
    crossing: test.spans.filter((span) => gold.spans.some((other) => cross(span, other) || cross(other, span))).length,
    words: gold.words.length,
    correctTags: test.words.filter(({ label }, i) => sameLabel(gold.words[i]!.label, label)).length,
  };
}

const NOTHING = { matched: 0, ofReference: 0, ofOutput: 0, crossing: 0, words: 0, correctTags: 0 };

function readable(line: string): Tree[] | undefined {
  try {
    return readTrees(line);
  } catch {
    return undefined;
  }
}

interface Span {
  readonly start: number;
  /** Behind the last word. */
  end: number;
  readonly label: string;
}

/** The words and brackets that count, and the length of the sentence. Labels of phrases end before the first `-` or `=`. */
function flatten(trees: readonly Tree[], { deleteLabels, deleteLabelsForLength, equalLabels }: EvalbParameters) {
  const words: Preterminal[] = [];
  const spans: Span[] = [];
  let length = 0;
  const visit = (tree: Tree): void => {
    if ('word' in tree) {
      if (!deleteLabelsForLength.includes(tree.label)) length += 1;
      if (!deleteLabels.includes(tree.label)) words.push(tree);
      return;
    }
    const span = { start: words.length, end: 0, label: tree.label.replace(/[-=].*/s, '') };
    spans.push(span);
    tree.children.forEach(visit);
    span.end = words.length;
  };
  trees.forEach(visit);
  const sameLabel = equality(equalLabels);
  const counts = ({ start, end, label }: Span) => start < end && !deleteLabels.some((other) => sameLabel(label, other));
  return { words, spans: spans.filter(counts), length };
}

/** Whether two texts are the same or one of the pairs, either way round. */
function equality(pairs: readonly (readonly [string, string])[]) {
  return (a: string, b: string): boolean =>
    a === b || pairs.some(([one, other]) => (a === one && b === other) || (a === other && b === one));
}

/** Whether `b` begins inside `a` and ends behind it. */
const cross = (a: Span, b: Span): boolean => a.start < b.start && b.start < a.end && a.end < b.end;

/** The sums over many sentences. */
export class EvalbTotals {
  private sentences = 0;
  private readonly not = { unmatched: 0, unreadable: 0, empty: 0 };
  private readonly sums = { ...NOTHING };
  private complete = 0;
  private uncrossed = 0;
  private littleCrossed = 0;

  add(score: SentenceScore): void {
    this.sentences += 1;
    if (score.status !== 'ok') {
      this.not[score.status] += 1;
      return;
    }
    for (const key of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) this.sums[key] += score[key];
    if (score.matched === score.ofReference && score.matched === score.ofOutput) this.complete += 1;
    if (score.crossing === 0) this.uncrossed += 1;
    if (score.crossing <= 2) this.littleCrossed += 1;
  }

  /** EVALB's summary: percentages, but for the mean number of crossing brackets; 0 where EVALB would divide by 0. */
  summary() {
    const { matched, ofReference, ofOutput, crossing, words, correctTags } = this.sums;
    const { unmatched, unreadable, empty } = this.not;
    const errorSentences = unmatched + unreadable;
    const valid = this.sentences - errorSentences - empty;
    const recall = ratio(100 * matched, ofReference);
    const precision = ratio(100 * matched, ofOutput);
    return {
      f1: ratio(2 * precision * recall, precision + recall),
      recall,
      precision,
      completeMatch: ratio(100 * this.complete, valid),
      averageCrossing: ratio(crossing, valid),
      noCrossing: ratio(100 * this.uncrossed, valid),
      twoOrLessCrossing: ratio(100 * this.littleCrossed, valid),
      taggingAccuracy: ratio(100 * correctTags, words),
      sentences: this.sentences,
      errorSentences,
      unreadableSentences: unreadable,
      skippedSentences: empty,
    };
  }
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
