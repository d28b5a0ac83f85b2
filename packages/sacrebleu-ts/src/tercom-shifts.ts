// The edits of TER: the search for shifts of words that bring a hypothesis nearer to a reference, with Tercom's limits.
import { BandedDistance } from './tercom-distance.js';

/** Words that are shifted together at most. */
const MAX_SHIFT_SIZE = 10;
/** Words between a hypothesis word and the reference word to whose place it is shifted, at most. */
const MAX_SHIFT_DISTANCE = 50;
/** Once so many shifts were looked at, a pair of sequences is left as it is: sacreBLEU's own limit. */
const MAX_SHIFT_CANDIDATES = 1000;

/** Counts edits, one pair of word sequences at a time. Its memory is reused and is as large as the longest pair needs. */
export class TercomEdits {
  private readonly distance = new BandedDistance();
  private words = new Int32Array(0);
  /** Start, length and target of each shift that may be tried. */
  private readonly candidates = new Int32Array(3 * MAX_SHIFT_CANDIDATES);
  private found = 0;

  /**
   * The fewest insertions, deletions, substitutions and shifts that Tercom's search finds (Snover et al., AMTA 2006): again and
   * again the shift that lowers the edit distance most is made, until none does. It equals sacreBLEU's, which lacks some of
   * Tercom's subtleties.
   *
   * @param hypothesis numbers that stand for words, not negative.
   */
  count(hypothesis: Int32Array, hypothesisLength: number, reference: Int32Array, referenceLength: number): number {
    if (referenceLength === 0 || hypothesisLength === 0) return Math.max(hypothesisLength, referenceLength);
    const { distance } = this;
    if (this.words.length < hypothesisLength) this.words = new Int32Array(2 * hypothesisLength);
    const { words } = this;
    words.set(hypothesis.subarray(0, hypothesisLength));
    distance.begin(hypothesisLength, reference, referenceLength);
    let shifts = 0;
    let seen = 0;
    let unchanged = 0;
    for (;;) {
      const edits = distance.measure(words, unchanged);
      if (edits === 0) return shifts;
      distance.align(words);
      this.collect(hypothesisLength, reference, referenceLength, MAX_SHIFT_CANDIDATES - seen);
      seen += this.found;
      // Even the shift that would have been the best is not made any more.
      if (seen >= MAX_SHIFT_CANDIDATES) return shifts + edits;
      const best = this.best(edits, hypothesisLength);
      if (best === undefined) return shifts + edits;
      rotate(words, best);
      distance.changed(best.end);
      unchanged = best.start;
      shifts++;
    }
  }

  /**
   * Collects shifts of words that the reference has elsewhere: from a place where the hypothesis is wrong to one where the
   * reference is not met. Stops at `limit`.
   */
  private collect(hypothesisLength: number, reference: Int32Array, referenceLength: number, limit: number): void {
    const { words, candidates } = this;
    const { aligned, hypothesisErrors, referenceErrors } = this.distance;
    let found = 0;
    for (let start = 0; start < hypothesisLength; start++) {
      const end = Math.min(start + MAX_SHIFT_DISTANCE + 1, referenceLength);
      for (let goal = Math.max(0, start - MAX_SHIFT_DISTANCE); goal < end; goal++) {
        const longest = Math.min(MAX_SHIFT_SIZE, hypothesisLength - start, referenceLength - goal);
        for (let length = 1; length <= longest; length++) {
          if (words[start + length - 1] !== reference[goal + length - 1]) break;
          if (hypothesisErrors[start + length] === hypothesisErrors[start]) continue;
          if (referenceErrors[goal + length] === referenceErrors[goal]) continue;
          const place = aligned[goal]!;
          if (place >= start && place < start + length) continue;
          // The words may go before the goal's first word or after any of its words.
          let before = -1;
          for (let i = goal - 1; i < goal + length; i++) {
            const target = i < 0 ? 0 : aligned[i]! + 1;
            if (target === before) continue;
            before = target;
            candidates[3 * found] = start;
            candidates[3 * found + 1] = length;
            candidates[3 * found + 2] = target;
            if (++found === limit) {
              this.found = found;
              return;
            }
          }
        }
      }
    }
    this.found = found;
  }

  /**
   * The shift that lowers the distance most; of several the longest, of those the one of the earliest words, of those the one
   * to the earliest place.
   */
  private best(edits: number, hypothesisLength: number): Rotation | undefined {
    const { candidates, words, distance } = this;
    let best: Rotation | undefined;
    let least = edits;
    let [bestStart, bestLength, bestTarget] = [0, 0, 0];
    for (let k = 0; k < this.found; k++) {
      const [start, length, target] = [candidates[3 * k]!, candidates[3 * k + 1]!, candidates[3 * k + 2]!];
      const rotation = shift(start, length, target, hypothesisLength);
      if (rotation.end - rotation.start === rotation.by) continue; // nothing moves
      const after = distance.measureRotated(words, rotation.start, rotation.end, rotation.by);
      if (after > least || after >= edits) continue;
      const preferred =
        after < least ||
        length > bestLength ||
        (length === bestLength && (start < bestStart || (start === bestStart && target < bestTarget)));
      if (!preferred) continue;
      least = after;
      best = rotation;
      [bestStart, bestLength, bestTarget] = [start, length, target];
    }
    return best;
  }
}

/** Words from `start` up to `end` change places: the one at `start + by` comes first, those before it come last. */
interface Rotation {
  start: number;
  end: number;
  by: number;
}

/** What becomes of words when `length` of them, from `start` on, are shifted to `target`. */
function shift(start: number, length: number, target: number, words: number): Rotation {
  if (target < start) return { start: target, end: start + length, by: start - target };
  if (target > start + length) return { start, end: target, by: length };
  // A target within the shifted words: they pass as many of those after them.
  return { start, end: Math.min(target + length, words), by: length };
}

function rotate(words: Int32Array, { start, end, by }: Rotation): void {
  const moved = words.slice(start, start + by);
  words.copyWithin(start, start + by, end);
  words.set(moved, end - by);
}
