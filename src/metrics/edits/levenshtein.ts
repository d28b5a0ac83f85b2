// The table of edit distances, 32 cells at a time, within the band that paths of a given cost can reach.
import { MatchMasks } from './match-masks.js';

/** Larger than any distance, and twice as much is still an integer of 32 bits. */
const UNREACHED = 0x3fffffff;

/**
 * Differences of neighbouring cells, for every row: bit i-1 of row j-1 in `plus` is set where D(i, j) = D(i-1, j) + 1, in
 * `minus` where it is one less. A row holds `stride` words, from word `first[j-1]` of the pattern on.
 */
export interface DifferenceTable {
  readonly plus: Int32Array;
  readonly minus: Int32Array;
  readonly first: Int32Array;
  readonly stride: number;
}

/** The last row that a sweep computed. */
interface SweptRow {
  readonly plus: Int32Array;
  readonly minus: Int32Array;
  readonly first: number;
  readonly last: number;
  /** The value above word `first`. */
  readonly top: number;
}

/** How far from the diagonal a path of cost `most` between patterns of m and texts of n symbols gets, to either side. */
function band(m: number, n: number, most: number) {
  return { below: Math.floor((most - m + n) / 2), above: Math.floor((most + m - n) / 2) };
}

/** An empty table for {@link sweep}. */
export function createTable(m: number, n: number, most: number): DifferenceTable {
  const { below, above } = band(m, n, most);
  const stride = Math.min((m + 31) >>> 5, ((below + above + 1 + 31) >>> 5) + 1);
  return {
    plus: new Int32Array(stride * n),
    minus: new Int32Array(stride * n),
    first: new Int32Array(n),
    stride,
  };
}

/**
 * Computes rows of D(i, j), the distance between the first i symbols of the pattern and the first j of the text, with the
 * bit-parallel recurrence of Myers (JACM 1999) in Hyyrö's blocks (2003), inside Ukkonen's band: cells on a path of cost
 * `most` or less are exact, others are not less than they should be.
 *
 * @param rows how many symbols of the text to take
 * @param most at least the difference of the two lengths
 * @param table filled with every row where given
 */
function sweep(
  pattern: Int32Array,
  text: Int32Array,
  rows: number,
  most: number,
  table?: DifferenceTable | undefined,
): SweptRow {
  const m = pattern.length;
  const { below, above } = band(m, text.length, most);
  const masks = new MatchMasks(pattern, text);
  const { bits } = masks;
  const plus = new Int32Array(masks.words).fill(-1);
  const minus = new Int32Array(masks.words);
  let first = 0;
  let last = 0;
  let top = 0;
  for (let j = 1; j <= rows; j++) {
    // A word that joins the band is as it was filled: each cell one more than the cell before it, which some path does cost.
    last = (Math.min(m, j + above) - 1) >>> 5;
    for (const next = (Math.max(1, j - below) - 1) >>> 5; first < next; first++) {
      top += bitCount(plus[first]!) - bitCount(minus[first]!);
    }
    const row = masks.row(j - 1, first, last);
    top += 1;
    let carryPlus = 1;
    let carryMinus = 0;
    for (let word = first; word <= last; word++) {
      const up = plus[word]!;
      const down = minus[word]!;
      const match = bits[row + word]!;
      const vertical = match | down;
      const matched = match | carryMinus;
      const horizontal = ((((matched & up) + up) | 0) ^ up) | matched;
      let rise = down | ~(horizontal | up);
      let fall = up & horizontal;
      const nextPlus = rise >>> 31;
      const nextMinus = fall >>> 31;
      rise = (rise << 1) | carryPlus;
      fall = (fall << 1) | carryMinus;
      plus[word] = fall | ~(vertical | rise);
      minus[word] = rise & vertical;
      carryPlus = nextPlus;
      carryMinus = nextMinus;
    }
    if (table) {
      table.first[j - 1] = first;
      for (let word = first, at = (j - 1) * table.stride; word <= last; word++, at++) {
        table.plus[at] = plus[word]!;
        table.minus[at] = minus[word]!;
      }
    }
  }
  return { plus, minus, first, last, top };
}

/** Fills `table`, made by {@link createTable} with the same lengths and `most`, which must not be less than the distance. */
export function fillTable(pattern: Int32Array, text: Int32Array, most: number, table: DifferenceTable): void {
  sweep(pattern, text, text.length, most, table);
}

/** D(0, rows) to D(m, rows), where a path of cost `most` can pass; more than any distance elsewhere. */
export function rowOfDistances(pattern: Int32Array, text: Int32Array, rows: number, most: number): Int32Array {
  const m = pattern.length;
  const { plus, minus, first, last, top } = sweep(pattern, text, rows, most);
  const distances = new Int32Array(m + 1).fill(UNREACHED);
  let value = top;
  distances[first << 5] = value;
  for (let i = first << 5, end = Math.min(m, (last + 1) << 5); i < end; i++) {
    value += ((plus[i >>> 5]! >>> (i & 31)) & 1) - ((minus[i >>> 5]! >>> (i & 31)) & 1);
    distances[i + 1] = value;
  }
  return distances;
}

/** How many of 32 bits are set. */
function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
