// Prefix beam search on CTC alone: the most probable transcripts of an utterance.
import type { CtcLogProbs } from '../session.js';
import { logAdd } from './log-math.js';
import { CtcPrefixScorer } from './prefix-scorer.js';

const NEVER = Number.NEGATIVE_INFINITY;

/** A transcript of an utterance. */
export interface CtcTranscript {
  readonly tokens: Int32Array;
  /** Log-probability of the transcript: of all paths that collapse to it. */
  readonly logProb: number;
}

/** A prefix, reached along the longer ones of the tree of all prefixes seen. */
interface Prefix {
  readonly parent: Prefix | undefined;
  /** Its last token; −1 where there is none. */
  readonly token: number;
  readonly children: Map<number, Prefix>;
  /** Whether the beam holds it. */
  held: boolean;
  /** Log-probability of having produced exactly the prefix so far, ending in a blank, in its last token, or in any way. */
  blank: number;
  last: number;
  either: number;
  /** The same with the position that is being read. */
  nextBlank: number;
  nextLast: number;
  /** Whether the position being read has reached it yet. */
  reached: boolean;
}

/**
 * The most probable transcripts (Graves & Jaitly, 2014, "Towards end-to-end speech recognition with recurrent neural networks";
 * Hannun et al., 2014, "First-pass large vocabulary continuous speech recognition"). A transcript's probability sums over all
 * its paths, whereas `ctcGreedy` follows one path.
 *
 * The beam loses paths whose prefixes it drops; what it finds is therefore scored and ranked anew with all of them.
 * @param beam K: prefixes kept at each position
 * @returns up to `beam` transcripts of a probability above 0, by descending probability
 */
export function ctcBeamSearch(ctc: CtcLogProbs, beam: number, blank: number): CtcTranscript[] {
  const { logProbs, positions } = ctc;
  const classes = logProbs.length / positions;
  const empty = prefix(undefined, -1);
  Object.assign(empty, { held: true, blank: 0, either: 0 });
  let held = [empty];
  for (let t = 0; t < positions; t++) {
    const row = logProbs.subarray(t * classes, (t + 1) * classes);
    held = step(held, row, likeliest(row, beam + 1, blank), beam, blank);
  }
  const scorer = new CtcPrefixScorer(ctc, blank);
  return held
    .map((found) => {
      const tokens = tokensOf(found);
      const state = tokens.reduce((before, token) => scorer.extend(before, token), scorer.start());
      return { tokens: Int32Array.from(tokens), logProb: scorer.end(state) };
    })
    .sort((a, b) => b.logProb - a.logProb);
}

/**
 * Reads one position.
 * @param tokens the K + 1 likeliest of the position. No other can lead to a new prefix among the K best: of the K + 1 prefixes
 *   that these make of the same one, at most that which repeats its last token is not at least as probable.
 */
function step(
  held: readonly Prefix[],
  row: Float32Array,
  tokens: readonly number[],
  beam: number,
  blank: number,
): Prefix[] {
  const reached: Prefix[] = [];
  const reach = (node: Prefix): Prefix => {
    if (!node.reached) {
      Object.assign(node, { reached: true, nextBlank: NEVER, nextLast: NEVER });
      reached.push(node);
    }
    return node;
  };
  const grow = (node: Prefix, token: number): void => {
    const before = token === node.token ? node.blank : node.either;
    const logProb = before + (row[token] as number);
    if (logProb === NEVER) return;
    let child = node.children.get(token);
    if (!child) {
      child = prefix(node, token);
      node.children.set(token, child);
    }
    reach(child).nextLast = logAdd(child.nextLast, logProb);
  };
  for (const node of held) {
    reach(node);
    node.nextBlank = logAdd(node.nextBlank, node.either + (row[blank] as number));
    if (node.token >= 0) node.nextLast = logAdd(node.nextLast, node.last + (row[node.token] as number));
    for (const token of tokens) grow(node, token);
    // What is held already gains from the shorter prefix whatever the token.
    for (const { held: isHeld, token } of node.children.values())
      if (isHeld && !tokens.includes(token)) grow(node, token);
  }
  for (const node of reached) {
    Object.assign(node, { reached: false, held: false, blank: node.nextBlank, last: node.nextLast });
    node.either = logAdd(node.blank, node.last);
  }
  // A stable sort: of equal prefixes the one reached first.
  const best = reached
    .filter(({ either }) => either > NEVER)
    .sort((a, b) => b.either - a.either)
    .slice(0, beam);
  for (const node of best) node.held = true;
  for (const node of reached) if (!node.held && node.children.size === 0) node.parent?.children.delete(node.token);
  return best;
}

function prefix(parent: Prefix | undefined, token: number): Prefix {
  return {
    parent,
    token,
    children: new Map(),
    held: false,
    blank: NEVER,
    last: NEVER,
    either: NEVER,
    nextBlank: NEVER,
    nextLast: NEVER,
    reached: false,
  };
}

function tokensOf(found: Prefix): number[] {
  const tokens: number[] = [];
  for (let node = found; node.parent; node = node.parent) tokens.push(node.token);
  return tokens.reverse();
}

/** The most probable tokens of a position by descending probability, equal ones by ascending id. */
function likeliest(row: Float32Array, count: number, blank: number): number[] {
  const best: number[] = [];
  let worst = NEVER;
  for (let token = 0; token < row.length; token++) {
    const logProb = row[token] as number;
    if (logProb <= worst || token === blank) continue;
    let slot = best.length;
    while (slot > 0 && logProb > (row[best[slot - 1] as number] as number)) slot--;
    best.splice(slot, 0, token);
    if (best.length > count) best.pop();
    if (best.length === count) worst = row[best[count - 1] as number] as number;
  }
  return best;
}
