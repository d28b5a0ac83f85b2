// Longest common subsequences, 32 cells at a time.
import { commonEnds } from '../edits/align.js';
import { MatchMasks } from '../edits/match-masks.js';

/** Rows of this many words altogether are kept; beyond it only every so many rows are, and the others are computed again. */
const KEPT_WORDS = 1 << 20;

/**
 * One row of the table of common lengths after another (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004): bit i-1 of
 * row j is 0 where the first i tokens of the reference have one more in common with the first j of the candidate than the first
 * i-1 have.
 */
class CommonLengths {
  private readonly masks: MatchMasks;
  readonly words: number;

  constructor(reference: Int32Array, candidate: Int32Array) {
    this.masks = new MatchMasks(reference, candidate);
    this.words = this.masks.words;
  }

  /** Turns row j into row j + 1. */
  advance(row: Int32Array, j: number): void {
    const last = this.words - 1;
    const { bits: masks } = this.masks;
    const begin = this.masks.row(j, 0, last);
    let carry = 0;
    for (let word = 0; word <= last; word++) {
      const bits = row[word]!;
      const matched = bits & masks[begin + word]!;
      const sum = (bits + matched + carry) | 0;
      // The highest bit is carried over if both have it, or one does and the sum has lost it; `matched` is a part of `bits`.
      carry = (matched | (bits & ~sum)) >>> 31;
      row[word] = sum | (bits & ~matched);
    }
  }
}

/** How many tokens the longest common subsequence has. */
export function lcsLength(reference: Int32Array, candidate: Int32Array): number {
  const { prefix, suffix } = commonEnds(reference, candidate);
  const source = reference.subarray(prefix, reference.length - suffix);
  const target = candidate.subarray(prefix, candidate.length - suffix);
  let length = prefix + suffix;
  if (source.length === 0 || target.length === 0) return length;
  const lengths = new CommonLengths(source, target);
  const row = new Int32Array(lengths.words).fill(-1);
  for (let j = 0; j < target.length; j++) lengths.advance(row, j);
  for (let i = 0; i < source.length; i++) length += 1 - ((row[i >>> 5]! >>> (i & 31)) & 1);
  return length;
}

/**
 * Which tokens of the reference a longest common subsequence takes, ascending: of all there are, the one that rouge_score 0.1.2
 * finds walking back from the end (equal tokens, else back in the candidate where that alone keeps the length, else in the
 * reference). Memory is limited: rows are kept at intervals, and those between are computed a second time.
 */
export function lcsPositions(reference: Int32Array, candidate: Int32Array): number[] {
  const n = candidate.length;
  const positions: number[] = [];
  if (reference.length === 0 || n === 0) return positions;
  const lengths = new CommonLengths(reference, candidate);
  const { words } = lengths;
  const interval = Math.max(Math.floor(KEPT_WORDS / words), Math.ceil(Math.sqrt(n)));
  const checkpoints: Int32Array[] = [];
  const row = new Int32Array(words).fill(-1);
  for (let j = 0; j < n; j++) {
    if (j % interval === 0) checkpoints.push(row.slice());
    lengths.advance(row, j);
  }
  let i = reference.length;
  for (let block = checkpoints.length - 1; block >= 0 && i > 0; block--) {
    // Rows begin + 1 to end, by their distance from begin.
    const begin = block * interval;
    const rows: Int32Array[] = [];
    const current = checkpoints[block]!;
    for (let j = begin; j < Math.min(n, begin + interval); j++) {
      lengths.advance(current, j);
      rows.push(current.slice());
    }
    for (let j = begin + rows.length; j > begin && i > 0; ) {
      if (reference[i - 1] === candidate[j - 1]) {
        i--;
        j--;
        positions.push(i);
      } else if (((rows[j - begin - 1]![(i - 1) >>> 5]! >>> ((i - 1) & 31)) & 1) === 0) j--;
      else i--;
    }
  }
  return positions.reverse();
}
