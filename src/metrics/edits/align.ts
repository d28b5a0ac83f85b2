// Edit operations between two sequences of symbols: the cheapest, and among those the ones that RapidFuzz takes.
import { createTable, type DifferenceTable, fillTable, rowOfDistances } from './levenshtein.js';

/** What happens to a symbol, as numbers in {@link Edits.operations}. */
export const EQUAL = 0;
export const SUBSTITUTE = 1;
export const INSERT = 2;
export const DELETE = 3;

/** How a hypothesis differs from its reference. */
export interface Edits {
  /** One operation a step from beginning to end: {@link EQUAL}, {@link SUBSTITUTE}, {@link INSERT} or {@link DELETE}. */
  readonly operations: Uint8Array;
  readonly hits: number;
  readonly substitutions: number;
  /** Symbols of the hypothesis that the reference lacks. */
  readonly insertions: number;
  /** Symbols of the reference that the hypothesis lacks. */
  readonly deletions: number;
}

/** Tables of this many bytes, as RapidFuzz counts them, are not built: the sequences are halved instead. */
const TABLE_BYTES = 1024 * 1024;

/** Operations in the making; there are never more than both lengths together. */
class Operations {
  readonly codes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.codes = new Uint8Array(capacity);
  }

  /** @param count of symbols that are equal, for which the codes are right already */
  equal(count: number): void {
    this.length += count;
  }

  push(code: number): void {
    this.codes[this.length] = code;
    this.length += 1;
  }

  /** Turns round what was pushed since the length was `from`. */
  reverseFrom(from: number): void {
    this.codes.subarray(from, this.length).reverse();
  }
}

/**
 * Aligns a hypothesis with its reference at the least number of substitutions, insertions and deletions.
 *
 * Several alignments cost the least and differ in what they call a substitution. The one taken is that of RapidFuzz 3 (which
 * jiwer 4 calls), for sequences of any length: common ends are cut off; small tables are walked from the end, deletion before
 * insertion before the diagonal; for sequences whose table would be large the hypothesis is halved (Hirschberg, CACM 1975)
 * where RapidFuzz halves it. So the counts of each kind are jiwer's. Time is in proportion to length times distance / 32 for long
 * sequences, memory to the lengths.
 *
 * @param reference @param hypothesis symbols as integers from 0, numbered densely: memory grows with the largest
 */
export function align(reference: Int32Array, hypothesis: Int32Array): Edits {
  const operations = new Operations(reference.length + hypothesis.length);
  alignInto(operations, reference, hypothesis, undefined);
  const codes = operations.codes.subarray(0, operations.length);
  const counts = [0, 0, 0, 0];
  for (const code of codes) counts[code]! += 1;
  const [hits, substitutions, insertions, deletions] = counts as [number, number, number, number];
  return { operations: codes, hits, substitutions, insertions, deletions };
}

/** @param known the distance, where it is known */
function alignInto(out: Operations, reference: Int32Array, hypothesis: Int32Array, known: number | undefined): void {
  const { prefix, suffix } = commonEnds(reference, hypothesis);
  const source = reference.subarray(prefix, reference.length - suffix);
  const target = hypothesis.subarray(prefix, hypothesis.length - suffix);
  out.equal(prefix);
  const m = source.length;
  const n = target.length;
  const longer = Math.max(m, n);
  // The rule is RapidFuzz's, to the letter: where it halves decides which of the cheapest alignments is found.
  const width = Math.min(m, 2 * Math.min(known ?? longer, longer) + 1);
  if (Math.floor((2 * width * n) / 8) < TABLE_BYTES || m < 65 || n < 10) {
    walk(out, source, target, known ?? longer);
  } else {
    halve(out, source, target, known ?? Math.max(64, Math.abs(m - n)));
  }
  out.equal(suffix);
}

/** How many symbols two sequences have in common at the beginning, and of the rest at the end. */
export function commonEnds(a: Int32Array, b: Int32Array) {
  const shorter = Math.min(a.length, b.length);
  let prefix = 0;
  while (prefix < shorter && a[prefix] === b[prefix]) prefix++;
  let suffix = 0;
  while (suffix < shorter - prefix && a[a.length - 1 - suffix] === b[b.length - 1 - suffix]) suffix++;
  return { prefix, suffix };
}

/**
 * Aligns the halves of the target with the parts of the source that they go with.
 *
 * @param guess the distance, or less: the band of paths that are looked at grows until it holds a cheapest one
 */
function halve(out: Operations, source: Int32Array, target: Int32Array, guess: number): void {
  const m = source.length;
  const middle = target.length >>> 1;
  const [backwards, targetBackwards] = [source.toReversed(), target.toReversed()];
  for (let most = guess; ; ) {
    const left = rowOfDistances(source, target, middle, most);
    const right = rowOfDistances(backwards, targetBackwards, target.length - middle, most);
    let cut = 0;
    for (let i = 1; i <= m; i++) if (left[i]! + right[m - i]! < left[cut]! + right[m - cut]!) cut = i;
    const cost = left[cut]! + right[m - cut]!;
    if (cost <= most) {
      alignInto(out, source.subarray(0, cut), target.subarray(0, middle), left[cut]!);
      alignInto(out, source.subarray(cut), target.subarray(middle), right[m - cut]!);
      return;
    }
    // Some path has this cost, so the distance is not larger; it is less as a rule where the band was much too narrow.
    most = Math.min(4 * most, cost);
  }
}

/** Whether a bit of `words`, one of the two halves of a table, is set. */
function test({ first, stride }: DifferenceTable, words: Int32Array, row: number, column: number): boolean {
  const word = (column >>> 5) - first[row]!;
  return word >= 0 && word < stride && ((words[row * stride + word]! >>> (column & 31)) & 1) === 1;
}

/** Aligns by way of a whole table. @param most not less than the distance */
function walk(out: Operations, source: Int32Array, target: Int32Array, most: number): void {
  const begin = out.length;
  let i = source.length;
  let j = target.length;
  if (i > 0 && j > 0) {
    const table = createTable(i, j, most);
    fillTable(source, target, most, table);
    while (i > 0 && j > 0) {
      if (test(table, table.plus, j - 1, i - 1)) {
        i--;
        out.push(DELETE);
      } else if (j > 1 && test(table, table.minus, j - 2, i - 1)) {
        j--;
        out.push(INSERT);
      } else {
        i--;
        j--;
        out.push(source[i] === target[j] ? EQUAL : SUBSTITUTE);
      }
    }
  }
  for (; i > 0; i--) out.push(DELETE);
  for (; j > 0; j--) out.push(INSERT);
  out.reverseFrom(begin);
}
