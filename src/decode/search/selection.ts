// Finding the best allowed continuations of a sentence's hypotheses.
import type { Frontier } from './frontier.js';
import type { Continuations } from './loop.js';

/** The most probable allowed token after one hypothesis, of equal ones the lowest id; `undefined` when there is none. */
export function mostProbable(
  next: Continuations,
  frontier: Frontier,
  hypothesis: number,
): { token: number; logProb: number } | undefined {
  const { banned, ids, logProbs, width } = next;
  banned.select(next.sentence * frontier.beam + hypothesis);
  const offset = next.offset + hypothesis * width;
  let token = -1;
  let best = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < width; j++) {
    const logProb = logProbs[offset + j]!;
    if (logProb <= best) {
      if (ids) break; // sorted: nothing better follows
      continue;
    }
    const id = ids ? ids[offset + j]! : j;
    if (banned.has(id)) continue;
    token = id;
    best = logProb;
  }
  return token < 0 ? undefined : { token, logProb: best };
}

/**
 * The most probable allowed tokens after one hypothesis besides the end mark, by descending log-probability, equal ones by
 * ascending id: at most `count` of them, none of probability 0. The same whether candidates are sorted or not.
 */
export function bestTokens(
  next: Continuations,
  frontier: Frontier,
  hypothesis: number,
  count: number,
  endToken: number,
): { token: number; logProb: number }[] {
  const { banned, ids, logProbs, width } = next;
  banned.select(next.sentence * frontier.beam + hypothesis);
  const offset = next.offset + hypothesis * width;
  const best: { token: number; logProb: number }[] = [];
  let worst = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < width; j++) {
    const logProb = logProbs[offset + j]!;
    if (logProb <= worst) {
      if (ids) break; // sorted: nothing better follows
      continue;
    }
    const token = ids ? ids[offset + j]! : j;
    if (token === endToken || banned.has(token)) continue;
    let slot = best.length;
    while (slot > 0 && logProb > best[slot - 1]!.logProb) slot--;
    best.splice(slot, 0, { token, logProb });
    if (best.length > count) best.pop();
    if (best.length === count) worst = best[count - 1]!.logProb;
  }
  return best;
}

/**
 * The `capacity` best continuations of one sentence's hypotheses, by descending total log-probability; equal ones by ascending
 * hypothesis, then token id. The order of ties is that in which candidates are visited: a later one must be strictly better.
 */
export class BestContinuations {
  /** Continuations held. */
  count = 0;
  /** `[capacity]` total log-probability including the token. */
  readonly totals: Float64Array;
  /** `[capacity]` log-probability of the token alone. */
  readonly logProbs: Float32Array;
  /** `[capacity]` the hypothesis that is continued. */
  readonly hypotheses: Int32Array;
  /** `[capacity]` the token that it is continued with. */
  readonly tokens: Int32Array;

  constructor(private readonly capacity: number) {
    this.totals = new Float64Array(capacity);
    this.logProbs = new Float32Array(capacity);
    this.hypotheses = new Int32Array(capacity);
    this.tokens = new Int32Array(capacity);
  }

  /** Replaces what is held by the best continuations of one sentence; those of probability 0 are never among them. */
  find(next: Continuations, frontier: Frontier): void {
    const { banned, ids, logProbs, width } = next;
    this.count = 0;
    let worst = Number.NEGATIVE_INFINITY;
    const open = frontier.open[next.sentence]!;
    for (let hypothesis = 0; hypothesis < open; hypothesis++) {
      const row = next.sentence * frontier.beam + hypothesis;
      const base = frontier.total(row);
      const offset = next.offset + hypothesis * width;
      banned.select(row);
      for (let j = 0; j < width; j++) {
        const logProb = logProbs[offset + j]!;
        if (base + logProb <= worst) {
          if (ids) break; // sorted: nothing better follows
          continue;
        }
        const token = ids ? ids[offset + j]! : j;
        if (banned.has(token)) continue;
        this.insert(base + logProb, hypothesis, token, logProb);
        if (this.count === this.capacity) worst = this.totals[this.capacity - 1]!;
      }
    }
  }

  private insert(total: number, hypothesis: number, token: number, logProb: number): void {
    const { totals, logProbs, hypotheses, tokens } = this;
    // When full, the worst one makes room.
    let slot = this.count < this.capacity ? this.count++ : this.capacity - 1;
    for (; slot > 0 && total > totals[slot - 1]!; slot--) {
      totals[slot] = totals[slot - 1]!;
      logProbs[slot] = logProbs[slot - 1]!;
      hypotheses[slot] = hypotheses[slot - 1]!;
      tokens[slot] = tokens[slot - 1]!;
    }
    totals[slot] = total;
    logProbs[slot] = logProb;
    hypotheses[slot] = hypothesis;
    tokens[slot] = token;
  }
}
