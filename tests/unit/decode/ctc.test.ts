// CTC in decoding: prefix scores, the joint search and alignments against the enumeration of all paths.
import { describe, expect, it } from 'vitest';
import { ctcAlign } from '../../../src/decode/ctc/align.js';
import { ctcGreedy } from '../../../src/decode/ctc/greedy.js';
import { jointRescorer } from '../../../src/decode/ctc/joint.js';
import { CtcPrefixScorer } from '../../../src/decode/ctc/prefix-scorer.js';
import { beamSearch } from '../../../src/decode/search/beam.js';
import type { CtcLogProbs } from '../../../src/decode/session.js';
import { Random } from '../../../src/random.js';
import { END, exhaustiveSearch, randomTable, searchOptions, TableSession } from './table-model.js';

const BLANK = 0;

/** Random log-probabilities; the end mark is never a label. */
function utterance(seed: number, positions: number, classes: number): CtcLogProbs {
  const random = new Random(seed, 'ctc');
  const logProbs = new Float32Array(positions * classes);
  for (let t = 0; t < positions; t++) {
    const weights = Array.from({ length: classes }, (_, c) => (c === END ? 0 : Math.exp(2 * random.normal())));
    const sum = weights.reduce((a, b) => a + b);
    for (let c = 0; c < classes; c++) logProbs[t * classes + c] = Math.log(weights[c]! / sum);
  }
  return { logProbs, positions };
}

interface Path {
  readonly classes: readonly number[];
  readonly tokens: readonly number[];
  readonly logProb: number;
}

/** Every path through an utterance, and the tokens it collapses to. */
function paths({ logProbs, positions }: CtcLogProbs): Path[] {
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

const total = (list: readonly Path[]): number =>
  Math.log(list.reduce((sum, { logProb }) => sum + Math.exp(logProb), 0));
const beginsWith = (tokens: readonly number[], prefix: readonly number[]) => prefix.every((p, i) => tokens[i] === p);

describe('prefix scores', () => {
  it.each([1, 2, 3])('are the probabilities of all paths that begin alike (seed %i)', (seed) => {
    const spoken = utterance(seed, 5, 4);
    const all = paths(spoken);
    const scorer = new CtcPrefixScorer(spoken, BLANK);
    for (const prefix of [[], [2], [3], [2, 2], [2, 3], [3, 3], [2, 3, 2], [2, 2, 2], [3, 2, 3, 2]]) {
      const state = prefix.reduce((before, token) => scorer.extend(before, token), scorer.start());
      const expected = total(all.filter(({ tokens }) => beginsWith(tokens, prefix)));
      expect(state.score).toBeCloseTo(expected, 5);
      expect(scorer.end(state)).toBeCloseTo(total(all.filter(({ tokens }) => tokens.join() === prefix.join())), 5);
      const scores = new Float64Array(2);
      scorer.scores(state, [2, 3], scores);
      [2, 3].forEach((token, i) => {
        const longer = all.filter(({ tokens }) => beginsWith(tokens, [...prefix, token]));
        if (longer.length === 0) expect(scores[i]).toBe(Number.NEGATIVE_INFINITY);
        else expect(scores[i]).toBeCloseTo(total(longer), 5);
        expect(scores[i]!).toBeLessThanOrEqual(state.score + 1e-9);
      });
    }
  });
});

describe('the joint search', () => {
  const classes = 5;
  const beam = 60;

  it.each([0.3, 0.5, 1])('finds the best of all outputs with weight %f', async (weight) => {
    for (const seed of [1, 2, 3, 4]) {
      const spoken = utterance(seed, 4, classes);
      const table = randomTable(seed, classes);
      const options = searchOptions(1, 3, { lengthPenalty: 0, nBest: 3 });
      const all = paths(spoken);
      const expected = exhaustiveSearch(table, options)
        .map(({ tokens, logProb }) => {
          const same = all.filter((path) => path.tokens.join() === tokens.join());
          const ctc = same.length === 0 ? Number.NEGATIVE_INFINITY : total(same);
          return { tokens, score: (1 - weight) * logProb + weight * ctc };
        })
        .sort((a, b) => b.score - a.score)
        .slice(0, 3);
      const session = new TableSession([table], beam, classes);
      const [found] = await beamSearch(session, options, jointRescorer([spoken], weight, BLANK, END));
      expect(found!.map(({ tokens }) => Array.from(tokens))).toEqual(expected.map(({ tokens }) => tokens));
      found!.forEach(({ score }, i) => {
        expect(score).toBeCloseTo(expected[i]!.score, 4);
      });
    }
  });

  it('gives the same outputs whatever else is in the batch', async () => {
    const spoken = [1, 2, 3, 4, 5].map((seed) => utterance(seed, 3 + seed, classes));
    const tables = [1, 2, 3, 4, 5].map((seed) => randomTable(seed + 10, classes));
    const search = async (which: readonly number[]) => {
      const session = new TableSession(
        which.map((i) => tables[i]!),
        3,
        classes,
      );
      const rescorer = jointRescorer(
        which.map((i) => spoken[i]!),
        0.4,
        BLANK,
        END,
      );
      const found = await beamSearch(session, searchOptions(which.length, 6, { lengthPenalty: 0 }), rescorer);
      return found.map(([best]) => ({ tokens: Array.from(best!.tokens), score: best!.score }));
    };
    const together = await search([0, 1, 2, 3, 4]);
    for (const i of [0, 1, 2, 3, 4]) expect((await search([i]))[0]).toEqual(together[i]);
    expect(await search([4, 2])).toEqual([together[4], together[2]]);
  });
});

describe('paths', () => {
  it('of greedy decoding are the most probable ones', () => {
    for (const seed of [1, 2, 3]) {
      const spoken = utterance(seed, 5, 4);
      const [best] = paths(spoken).sort((a, b) => b.logProb - a.logProb);
      const { tokens, positions, logProb } = ctcGreedy(spoken, BLANK);
      expect(Array.from(tokens)).toEqual(best!.tokens);
      expect(logProb).toBeCloseTo(best!.logProb, 5);
      positions.forEach((position, i) => {
        expect(best!.classes[position]).toBe(tokens[i]);
      });
    }
  });

  it('of an alignment are the most probable ones through its tokens', () => {
    for (const seed of [1, 2, 3, 4]) {
      const spoken = utterance(seed, 6, 4);
      for (const tokens of [[2], [2, 3], [3, 3], [2, 3, 2], [3, 3, 2]]) {
        const through = paths(spoken).filter((path) => path.tokens.join() === tokens.join());
        const best = through.reduce((a, b) => (b.logProb > a.logProb ? b : a));
        const found = ctcAlign(spoken, Int32Array.from(tokens), BLANK)!;
        expect(found.logProb).toBeCloseTo(best.logProb, 5);
        const labels = new Array<number>(6).fill(BLANK);
        found.starts.forEach((start, i) => {
          labels.fill(tokens[i]!, start, found.ends[i]!);
        });
        expect(labels).toEqual(best.classes);
      }
    }
    expect(ctcAlign(utterance(1, 2, 4), Int32Array.of(3, 3), BLANK)).toBeUndefined();
    expect(ctcAlign(utterance(1, 3, 4), new Int32Array(0), BLANK)!.logProb).toBeLessThan(0);
  });
});
