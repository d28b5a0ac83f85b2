// Utterances for the tests of CTC, the enumeration of all their paths, and a session that names its end mark.
import type { Candidates } from '../../../src/decode/search/model.js';
import type { CtcLogProbs } from '../../../src/decode/session.js';
import { Random } from '../../../src/random.js';
import { END, TableSession } from './table-model.js';

export const BLANK = 0;

/**
 * Random log-probabilities; the end mark is never a label.
 * @param spread how unequal they are
 */
export function utterance(seed: number, positions: number, classes: number, spread = 2): CtcLogProbs {
  const random = new Random(seed, 'ctc');
  const logProbs = new Float32Array(positions * classes);
  for (let t = 0; t < positions; t++) {
    const weights = Array.from({ length: classes }, (_, c) => (c === END ? 0 : Math.exp(spread * random.normal())));
    const sum = weights.reduce((a, b) => a + b);
    for (let c = 0; c < classes; c++) logProbs[t * classes + c] = Math.log(weights[c]! / sum);
  }
  return { logProbs, positions };
}

/** One way through an utterance. */
export interface Path {
  readonly classes: readonly number[];
  /** What it collapses to. */
  readonly tokens: readonly number[];
  readonly logProb: number;
}

/** Every path through an utterance. */
export function paths({ logProbs, positions }: CtcLogProbs): Path[] {
  const count = logProbs.length / positions;
  const labels = Array.from({ length: count }, (_, c) => c).filter((c) => c !== END);
  let all: number[][] = [[]];
  for (let t = 0; t < positions; t++) all = all.flatMap((path) => labels.map((label) => [...path, label]));
  return all.map((classes) => ({
    classes,
    tokens: classes.filter((label, t) => label !== BLANK && label !== classes[t - 1]),
    logProb: classes.reduce((sum, label, t) => sum + logProbs[t * count + label]!, 0),
  }));
}

/** Log-probability of any of the paths; −∞ for none. */
export const total = (list: readonly Path[]): number =>
  Math.log(list.reduce((sum, { logProb }) => sum + Math.exp(logProb), 0));

/** Log-probability of each transcript, by its tokens joined with commas. */
export function transcripts(spoken: CtcLogProbs): Map<string, number> {
  const groups = new Map<string, Path[]>();
  for (const path of paths(spoken)) {
    const key = path.tokens.join();
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return new Map([...groups].map(([key, group]) => [key, total(group)]));
}

/** A session that reports the end mark's log-probability, as that of a Transformer does, and is thus asked for few candidates. */
export class EndingSession extends TableSession {
  readonly endToken = END;
  /** What was asked for at each step. */
  readonly tops: (number | 'all')[] = [];

  override async step(tokens: Int32Array, parents: Int32Array, top: number | 'all'): Promise<Candidates> {
    this.tops.push(top);
    const all = await super.step(tokens, parents, 'all');
    const rows = this.sentences * this.beam;
    const endLogProbs = Float32Array.from({ length: rows }, (_, row) => all.logProbs[row * all.width + END]!);
    if (top === 'all') return { ...all, endLogProbs };
    const ids = new Int32Array(rows * top);
    const logProbs = new Float32Array(rows * top);
    for (let row = 0; row < rows; row++) {
      const own = all.logProbs.subarray(row * all.width, (row + 1) * all.width);
      const order = Array.from(own.keys()).sort((a, b) => (own[a] === own[b] ? a - b : own[b]! - own[a]!));
      for (let j = 0; j < top; j++) {
        ids[row * top + j] = order[j]!;
        logProbs[row * top + j] = own[order[j]!]!;
      }
    }
    return { width: top, ids, logProbs, endLogProbs };
  }
}
