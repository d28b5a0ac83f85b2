// Edit distance of two sequences of words near the diagonal, in a form that makes shifted words cheap to try.

/** Reach to either side of the diagonal, in reference words: Tercom's beam. */
const BEAM_WIDTH = 25;
/** More than any distance; sums of two still fit. */
const FAR = 2 ** 29;

/** What the least edits make of each word. */
interface Alignment {
  /** For each reference word the hypothesis word it is aligned to: the last one before it if it was left out, or -1. */
  readonly aligned: Int32Array;
  /** How many of the first i hypothesis words are not right, at i. */
  readonly hypothesisErrors: Int32Array;
  /** How many of the first j reference words are not met, at j. */
  readonly referenceErrors: Int32Array;
}

/**
 * The table of the edit distance between hypothesis and reference; row i, column j belong to the first i and j words. As in
 * sacreBLEU only the columns near to the diagonal of a row are looked at, and the whole of row 0. Those are kept of two tables:
 * the distances of the first words, and those of the last words. Where words between two rows change places, the distance is
 * the least sum of both tables along the second row, once the rows from the first to the second are computed anew. That
 * equals a computation of all rows, for which columns a row looks at depends on nothing but lengths.
 */
export class BandedDistance implements Alignment {
  aligned = new Int32Array(0);
  hypothesisErrors = new Int32Array(0);
  referenceErrors = new Int32Array(0);
  /** The reference's words, from 1 on; -1, which is no word, at either end. */
  private reference = new Int32Array(0);
  private rows = 0;
  private columns = 0;
  // Per row: the columns looked at, `from` included and `to` not. A table's row i, column j is at i * stride - from[i] + j.
  private from = new Int32Array(0);
  private to = new Int32Array(0);
  private stride = 0;
  private prefixes = new Int32Array(0);
  private suffixes = new Int32Array(0);
  /** Rows of `suffixes` from this one on hold what belongs to the words. */
  private suffixRow = 0;
  private scratch: [Int32Array, Int32Array] = [new Int32Array(0), new Int32Array(0)];

  /** Begins with a pair of sequences of so many words, both at least one. */
  begin(hypothesisLength: number, reference: Int32Array, referenceLength: number): void {
    this.rows = hypothesisLength;
    this.columns = referenceLength;
    this.reserve();
    this.reference[0] = -1;
    this.reference.set(reference.subarray(0, referenceLength), 1);
    this.reference[referenceLength + 1] = -1;
    this.placeWindows();
    for (let j = this.from[0]!; j < this.to[0]!; j++) this.prefixes[j - this.from[0]!] = j;
    const last = this.base(this.rows);
    for (let j = this.from[this.rows]!; j <= referenceLength; j++) this.suffixes[last + j] = referenceLength - j;
    this.suffixRow = this.rows;
  }

  /** The distance of all words, when those before `unchanged` are the same as in the call before. */
  measure(words: Int32Array, unchanged: number): number {
    for (let i = unchanged + 1; i <= this.rows; i++) {
      this.fillRow(this.prefixes, this.base(i - 1), i, words[i - 1]!, this.prefixes, this.base(i));
    }
    return this.prefixes[this.base(this.rows) + this.columns]!;
  }

  /** Tells that words before `end` changed. */
  changed(end: number): void {
    this.suffixRow = Math.max(this.suffixRow, end);
  }

  /**
   * The distance if the words from `start` up to `end` were rotated so that the one at `start + by` came first.
   * @param words those that {@link BandedDistance.measure} was called with last.
   */
  measureRotated(words: Int32Array, start: number, end: number, by: number): number {
    this.fillSuffixes(words, end);
    let [row, other] = this.scratch;
    let before: Int32Array = this.prefixes;
    let base = this.base(start);
    let source = start + by;
    for (let i = start + 1; i <= end; i++) {
      this.fillRow(before, base, i, words[source]!, row, -this.from[i]!);
      before = row;
      base = -this.from[i]!;
      [row, other] = [other, row];
      if (++source === end) source = start;
    }
    const rest = this.base(end);
    let least = FAR;
    for (let j = this.from[end]!; j < this.to[end]!; j++) {
      const distance = before[base + j]! + this.suffixes[rest + j]!;
      if (distance < least) least = distance;
    }
    return least;
  }

  /** Finds the {@link Alignment} of the words measured last: of several with the least edits the one that Tercom takes. */
  align(words: Int32Array): void {
    const { prefixes, from, to, reference, aligned, hypothesisErrors, referenceErrors } = this;
    let [i, j] = [this.rows, this.columns];
    while (i > 0 || j > 0) {
      // As in sacreBLEU: rather a substitution or none, then a superfluous word, then a missing one.
      if (i > 0 && j > 0) {
        const here = prefixes[this.base(i) + j]!;
        const above = this.base(i - 1);
        const error = words[i - 1] === reference[j] ? 0 : 1;
        const [first, end] = [from[i - 1]!, to[i - 1]!];
        if (j > first && j <= end && prefixes[above + j - 1]! + error === here) {
          i--;
          j--;
          aligned[j] = i;
          hypothesisErrors[i + 1] = error;
          referenceErrors[j + 1] = error;
          continue;
        }
        if (j >= end || j < first || prefixes[above + j]! + 1 !== here) {
          j--;
          aligned[j] = i - 1;
          referenceErrors[j + 1] = 1;
          continue;
        }
      }
      if (i > 0) {
        i--;
        hypothesisErrors[i + 1] = 1;
      } else {
        j--;
        aligned[j] = -1;
        referenceErrors[j + 1] = 1;
      }
    }
    for (let k = 1; k <= this.rows; k++) hypothesisErrors[k] = hypothesisErrors[k]! + hypothesisErrors[k - 1]!;
    for (let k = 1; k <= this.columns; k++) referenceErrors[k] = referenceErrors[k]! + referenceErrors[k - 1]!;
  }

  /** Where column 0 of a table's row would be. */
  private base(row: number): number {
    return row * this.stride - this.from[row]!;
  }

  /** Computes row i, which ends with `word`, from the row before; the bases are where their column 0 would be. */
  private fillRow(before: Int32Array, base: number, i: number, word: number, row: Int32Array, target: number): void {
    const { reference, from, to } = this;
    const [start, end, endBefore] = [from[i]!, to[i]!, to[i - 1]!];
    let left = FAR;
    let diagonal = start > from[i - 1]! ? before[base + start - 1]! : FAR;
    for (let j = start; j < end; j++) {
      const up = j < endBefore ? before[base + j]! : FAR;
      const replaced = reference[j] === word ? diagonal : diagonal + 1;
      const edited = up < left ? up + 1 : left + 1;
      left = edited < replaced ? edited : replaced;
      row[target + j] = left;
      diagonal = up;
    }
  }

  /** Computes the distances of the last words, from row `first` on. */
  private fillSuffixes(words: Int32Array, first: number): void {
    const { suffixes, reference, from, to } = this;
    for (; this.suffixRow > first; this.suffixRow--) {
      const i = this.suffixRow - 1;
      const [row, after] = [this.base(i), this.base(i + 1)];
      const [word, startAfter, end] = [words[i]!, from[i + 1]!, to[i]!];
      let right = FAR;
      let diagonal = end < to[i + 1]! ? suffixes[after + end]! : FAR;
      for (let j = end - 1; j >= from[i]!; j--) {
        const down = j >= startAfter ? suffixes[after + j]! : FAR;
        const replaced = reference[j + 1] === word ? diagonal : diagonal + 1;
        const edited = down < right ? down + 1 : right + 1;
        right = edited < replaced ? edited : replaced;
        suffixes[row + j] = right;
        diagonal = down;
      }
    }
  }

  /** Decides which columns each row looks at. */
  private placeWindows(): void {
    const { rows, columns, from, to } = this;
    const ratio = columns / rows;
    const reach = beamReach(ratio);
    for (let i = 1; i <= rows; i++) {
      const diagonal = Math.floor(i * ratio);
      from[i] = Math.max(0, diagonal - reach);
      to[i] = i === rows ? columns + 1 : Math.min(columns + 1, diagonal + reach);
    }
    from[0] = Math.max(0, from[1]! - 1);
    to[0] = to[1]!;
  }

  private reserve(): void {
    const { rows, columns } = this;
    this.stride = Math.min(columns + 1, 2 * beamReach(columns / rows) + 1);
    const size = (rows + 1) * this.stride;
    if (size > this.prefixes.length) {
      this.prefixes = new Int32Array(2 * size);
      this.suffixes = new Int32Array(2 * size);
    }
    if (this.stride > this.scratch[0].length) {
      this.scratch = [new Int32Array(2 * this.stride), new Int32Array(2 * this.stride)];
    }
    if (rows + 1 > this.from.length) {
      this.from = new Int32Array(2 * (rows + 1));
      this.to = new Int32Array(2 * (rows + 1));
      this.hypothesisErrors = new Int32Array(2 * (rows + 1));
    }
    if (columns + 2 > this.reference.length) {
      this.reference = new Int32Array(2 * (columns + 2));
      this.aligned = new Int32Array(2 * (columns + 2));
      this.referenceErrors = new Int32Array(2 * (columns + 2));
    }
  }
}

/** How far a row looks, which is further where sequences of very different lengths would not meet otherwise. */
const beamReach = (ratio: number) => (BEAM_WIDTH < ratio / 2 ? Math.ceil(ratio / 2 + BEAM_WIDTH) : BEAM_WIDTH);
