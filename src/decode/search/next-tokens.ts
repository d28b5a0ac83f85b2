// What may follow one hypothesis as a distribution to draw from: the allowed tokens in order of id, with scores that warpers change.
import type { Random } from '../../random.js';
import type { Frontier } from './frontier.js';
import type { Continuations } from './loop.js';

/**
 * The allowed tokens after one hypothesis, always by ascending id, so that what a number draws depends neither on the order in which
 * a model lists tokens nor on how ties between them are broken.
 */
export class NextTokens {
  /** Tokens held; the arrays are longer. */
  count = 0;
  /** `[V]` token ids, ascending. */
  readonly ids: Int32Array;
  /** `[V]` log-probabilities by the model; nothing changes them. */
  readonly logProbs: Float32Array;
  /** `[V]` unnormalised log-probabilities to draw by: at first those of the model, then what the warpers make of them. */
  readonly scores: Float64Array;
  /** `[V]` exp(score − the highest score); valid after {@link weigh}. */
  readonly weights: Float64Array;
  /** The highest score and the sum of the weights; valid after {@link weigh}. */
  highest = Number.NEGATIVE_INFINITY;
  total = 0;

  constructor(vocabularySize: number) {
    this.ids = new Int32Array(vocabularySize);
    this.logProbs = new Float32Array(vocabularySize);
    this.scores = new Float64Array(vocabularySize);
    this.weights = new Float64Array(vocabularySize);
  }

  /** Replaces what is held by the tokens that may follow a hypothesis: neither forbidden nor of probability 0. */
  load(next: Continuations, frontier: Frontier, hypothesis: number): void {
    const { banned, ids, logProbs, width } = next;
    banned.select(next.sentence * frontier.beam + hypothesis);
    const offset = next.offset + hypothesis * width;
    let places: Int32Array | undefined;
    if (ids) {
      places = Int32Array.from({ length: width }, (_, j) => offset + j).sort((a, b) => ids[a]! - ids[b]!);
    }
    this.count = 0;
    for (let j = 0; j < width; j++) {
      const place = places ? places[j]! : offset + j;
      const logProb = logProbs[place]!;
      const id = ids ? ids[place]! : j;
      if (logProb === Number.NEGATIVE_INFINITY || banned.has(id)) continue;
      this.ids[this.count] = id;
      this.logProbs[this.count] = logProb;
      this.scores[this.count++] = logProb;
    }
  }

  /** Drops the tokens of which `keeps`, asked in order, says no. */
  filter(keeps: (index: number) => boolean): void {
    const { ids, logProbs, scores } = this;
    let kept = 0;
    for (let index = 0; index < this.count; index++) {
      if (!keeps(index)) continue;
      ids[kept] = ids[index]!;
      logProbs[kept] = logProbs[index]!;
      scores[kept++] = scores[index]!;
    }
    this.count = kept;
  }

  /**
   * Keeps the fewest tokens of the lowest keys that together have at least this mass, of those of equal keys the lowest ids; all of them
   * if they do not have it.
   * @param keys one for each token held
   * @param masses likewise, none below 0; 1 each when absent
   */
  keepLowest(keys: Float64Array, target: number, masses?: Float64Array): void {
    const { limit, below } = limitOf(keys, this.count, target, masses);
    let sum = below;
    this.filter((index) => {
      if (keys[index] !== limit || sum >= target) return keys[index]! < limit;
      sum += masses ? masses[index]! : 1;
      return true;
    });
  }

  /** Computes the weights from the scores; all are 0 where every score is −∞. */
  weigh(): void {
    const { count, scores, weights } = this;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) highest = Math.max(highest, scores[i]!);
    let total = 0;
    for (let i = 0; i < count; i++) {
      weights[i] = scores[i] === Number.NEGATIVE_INFINITY ? 0 : Math.exp(scores[i]! - highest);
      total += weights[i]!;
    }
    this.highest = highest;
    this.total = total;
  }

  /** Takes out a token that was drawn. The sum is made anew, not subtracted from: what is left may be a tiny part. */
  take(index: number): void {
    this.scores[index] = Number.NEGATIVE_INFINITY;
    this.weights[index] = 0;
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.weights[i]!;
    this.total = total;
    // So little is left beside the highest score that its weights are no longer exact.
    if (total < 1e-200) this.weigh();
  }

  /**
   * Draws a token by its weight, by inversion of the cumulated weights: one number from the stream.
   * @returns its index among those held, of which there must be one
   */
  draw(random: Random): number {
    const target = random.uniform() * this.total;
    let sum = 0;
    let last = 0;
    for (let index = 0; index < this.count; index++) {
      if (this.weights[index] === 0) continue;
      sum += this.weights[index]!;
      if (sum > target) return index;
      last = index;
    }
    return last;
  }
}

/**
 * The key up to which items are to be taken, lowest first, to have at least the `target` mass, and the mass of those below it. Found
 * by parting the items around one of them, again and again: no sorting.
 */
function limitOf(
  keys: Float64Array,
  count: number,
  target: number,
  masses?: Float64Array,
): { limit: number; below: number } {
  const items = keys.slice(0, count);
  const weights = masses ? masses.slice(0, count) : new Float64Array(count).fill(1);
  let below = 0;
  for (let [low, high] = [0, count]; ; ) {
    const limit = items[(low + high) >>> 1]!;
    // low … lower: below the limit; lower … higher: at it; higher … high: above.
    let [lower, higher, massBelow, massAt] = [low, high, 0, 0];
    for (let i = low; i < higher; ) {
      const key = items[i]!;
      const mass = weights[i]!;
      if (key === limit) {
        massAt += mass;
        i++;
        continue;
      }
      const isBelow = key < limit;
      if (isBelow) massBelow += mass;
      const place = isBelow ? lower++ : --higher;
      items[i] = items[place]!;
      weights[i] = weights[place]!;
      items[place] = key;
      weights[place] = mass;
      if (isBelow) i++;
    }
    if (lower > low && below + massBelow >= target) {
      high = lower;
      continue;
    }
    below += massBelow;
    if (higher === high || below + massAt >= target) return { limit, below };
    below += massAt;
    low = higher;
  }
}
