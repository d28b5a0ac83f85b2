// What each warper does to a distribution: cases computed by hand, and the definitions of transformers written out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frontier } from '../../../src/decode/search/frontier.js';
import type { Continuations } from '../../../src/decode/search/loop.js';
import { NextTokens } from '../../../src/decode/search/next-tokens.js';
import { BannedTokens } from '../../../src/decode/search/processors.js';
import {
  createWarpers,
  minP,
  repetitionPenalty,
  temperature,
  topK,
  topP,
  typical,
  type Warper,
} from '../../../src/decode/search/warpers.js';
import { Random } from '../../../src/random.js';
import { logs } from './table-model.js';

/** Loads log-probabilities, as the list of all tokens or as one sorted by probability of the `best`. */
function loaded(logProbs: Float32Array, best?: number, banned: number[] = []): NextTokens {
  const vocabularySize = logProbs.length;
  const order = [...logProbs.keys()].sort((a, b) => logProbs[b]! - logProbs[a]! || a - b).slice(0, best);
  const forbidden = new BannedTokens(1, vocabularySize);
  forbidden.begin(0);
  for (const token of banned) forbidden.add(token);
  const next: Continuations = {
    sentence: 0,
    offset: 0,
    width: best ?? vocabularySize,
    ids: best === undefined ? undefined : Int32Array.from(order),
    logProbs: best === undefined ? logProbs : Float32Array.from(order, (id) => logProbs[id]!),
    mustEnd: false,
    endLogProb: () => Number.NaN,
    banned: forbidden,
  };
  const tokens = new NextTokens(vocabularySize);
  tokens.load(next, new Frontier(1, 1, { kind: 'power', alpha: 0 }), 0);
  return tokens;
}

/** Renormalised probabilities by token id after some warpers; 0 for what was dropped. */
function warped(tokens: NextTokens, warpers: readonly Warper[], prefix: number[] = []): number[] {
  for (const warp of warpers) warp(tokens, Int32Array.from(prefix));
  tokens.weigh();
  const probabilities = new Array<number>(tokens.scores.length).fill(0);
  for (let i = 0; i < tokens.count; i++) probabilities[tokens.ids[i]!] = tokens.weights[i]! / tokens.total;
  return probabilities;
}

const expectClose = (found: readonly number[], expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 6);
  });
};

describe('by hand', () => {
  const table = logs(0.4, 0.1, 0.2, 0.05, 0.25);
  const run = (warper: Warper, prefix: number[] = []) => warped(loaded(table), [warper], prefix);

  it('temperature raises probabilities to 1/T', () => {
    const squares = [0.16, 0.01, 0.04, 0.0025, 0.0625];
    const sum = squares.reduce((a, b) => a + b);
    expectClose(
      run(temperature(0.5)),
      squares.map((square) => square / sum),
    );
    const roots = [0.4, 0.1, 0.2, 0.05, 0.25].map(Math.sqrt);
    const rootSum = roots.reduce((a, b) => a + b);
    expectClose(
      run(temperature(2)),
      roots.map((root) => root / rootSum),
    );
    expectClose(run(temperature(1e-9)), [1, 0, 0, 0, 0]);
  });

  it('topK keeps the k best, of equal ones the lowest ids', () => {
    expectClose(run(topK(1)), [1, 0, 0, 0, 0]);
    expectClose(run(topK(3)), [0.4 / 0.85, 0, 0.2 / 0.85, 0, 0.25 / 0.85]);
    expectClose(run(topK(9)), [0.4, 0.1, 0.2, 0.05, 0.25]);
    expectClose(warped(loaded(logs(0.2, 0.2, 0.2, 0.4)), [topK(3)]), [0.25, 0.25, 0, 0.5]);
  });

  it('topP keeps the fewest best that reach the probability', () => {
    expectClose(run(topP(0.3)), [1, 0, 0, 0, 0]);
    expectClose(run(topP(0.5)), [0.4 / 0.65, 0, 0, 0, 0.25 / 0.65]);
    expectClose(run(topP(0.7)), [0.4 / 0.85, 0, 0.2 / 0.85, 0, 0.25 / 0.85]);
    expectClose(run(topP(0.99)), [0.4, 0.1, 0.2, 0.05, 0.25]);
    expectClose(warped(loaded(logs(0.25, 0.25, 0.25, 0.25)), [topP(0.3)]), [0.5, 0.5, 0, 0]);
  });

  it('minP keeps what is at least so probable beside the best', () => {
    expectClose(run(minP(1)), [1, 0, 0, 0, 0]);
    expectClose(run(minP(0.45)), [0.4 / 0.85, 0, 0.2 / 0.85, 0, 0.25 / 0.85]);
    expectClose(run(minP(0.2)), [0.4 / 0.95, 0.1 / 0.95, 0.2 / 0.95, 0, 0.25 / 0.95]);
  });

  it('typical keeps what is nearest to the entropy, which need not be the best', () => {
    // Entropy 0.8·ln(1/0.8) + 8·0.025·ln 40 = 0.9163: 0.693 from ln(1/0.8) = 0.223, and 2.77 from ln 40 = 3.69.
    const peaked = logs(0.8, ...new Array<number>(8).fill(0.025));
    expectClose(warped(loaded(peaked), [typical(0.5)]), [1, ...new Array<number>(8).fill(0)]);
    // Entropy 0.4·ln 2.5 + 6·0.1·ln 10 = 1.748: nearer to ln 10 = 2.303 than to ln 2.5 = 0.916.
    const flat = logs(0.4, ...new Array<number>(6).fill(0.1));
    expectClose(warped(loaded(flat), [typical(0.25)]), [0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0]);
  });

  it('the repetition penalty multiplies the log-probabilities of what was there', () => {
    const powers = [0.4 ** 1.5, 0.1, 0.2, 0.05 ** 1.5, 0.25];
    const sum = powers.reduce((a, b) => a + b);
    expectClose(
      run(repetitionPenalty(1.5), [0, 3, 0]),
      powers.map((power) => power / sum),
    );
  });

  it('leaves the log-probabilities of the model alone', () => {
    const tokens = loaded(table, undefined, [4]);
    warped(tokens, createWarpers({ temperature: 0.7, topK: 3, topP: 0.9, repetitionPenalty: 2 }), [0]);
    for (let i = 0; i < tokens.count; i++) expect(tokens.logProbs[i]).toBe(table[tokens.ids[i]!]);
  });
});

/** The definitions of transformers' processors, on whole arrays of scores in which −∞ is a token that was dropped. */
const NEVER = Number.NEGATIVE_INFINITY;
const softmax = (scores: readonly number[]): number[] => {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
};
const definitions = {
  repetitionPenalty: (penalty: number, prefix: number[]) => (scores: number[]) =>
    scores.map((score, token) => (prefix.includes(token) ? (score < 0 ? score * penalty : score / penalty) : score)),
  temperature: (degree: number) => (scores: number[]) => scores.map((score) => score / degree),
  topK: (most: number) => (scores: number[]) => {
    const limit = [...scores].sort((a, b) => b - a)[Math.min(most, scores.length) - 1]!;
    return scores.map((score) => (score < limit ? NEVER : score));
  },
  // Ascending: what has at most 1 − p together with all less probable ones is removed, but never the last.
  topP: (mass: number) => (scores: number[]) => {
    const probabilities = softmax(scores);
    const ascending = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
    const result = [...scores];
    let sum = 0;
    for (const token of ascending.slice(0, -1)) {
      sum += probabilities[token]!;
      if (sum <= 1 - mass) result[token] = NEVER;
    }
    return result;
  },
  minP: (share: number) => (scores: number[]) => {
    const probabilities = softmax(scores);
    const limit = share * Math.max(...probabilities);
    return scores.map((score, token) => (probabilities[token]! < limit ? NEVER : score));
  },
  typical: (mass: number) => (scores: number[]) => {
    const probabilities = softmax(scores);
    const information = probabilities.map((p) => -Math.log(p));
    const entropy = probabilities.reduce((sum, p, i) => sum + (p > 0 ? p * information[i]! : 0), 0);
    const shifted = information.map((value) => Math.abs(value - entropy));
    const order = [...scores.keys()].sort((a, b) => shifted[a]! - shifted[b]!);
    let sum = 0;
    let last = 0;
    for (const token of order) {
      sum += probabilities[token]!;
      if (sum < mass) last++;
    }
    const limit = shifted[order[Math.min(last, scores.length - 1)]!]!;
    return scores.map((score, token) => (shifted[token]! > limit ? NEVER : score));
  },
};

describe('as transformers defines them', () => {
  const settings = fc.record(
    {
      repetitionPenalty: fc.constantFrom(0.8, 1.3, 2),
      temperature: fc.constantFrom(0.3, 0.9, 1.7),
      topK: fc.integer({ min: 1, max: 14 }),
      topP: fc.constantFrom(0.15, 0.5, 0.9, 0.99),
      minP: fc.constantFrom(0.02, 0.1, 0.5),
      typicalP: fc.constantFrom(0.2, 0.6, 0.95),
    },
    { requiredKeys: [] },
  );
  const prefixes = fc.array(fc.nat(11), { maxLength: 6 });

  it('alone and all together, in their order', () => {
    let dropped = 0;
    fc.assert(
      fc.property(fc.nat(), settings, prefixes, (seed, options, prefix) => {
        const random = new Random(seed, 'warpers');
        const scores = Array.from({ length: 12 }, () => 3 * random.normal());
        const table = logs(...softmax(scores));
        const steps = [
          options.repetitionPenalty && definitions.repetitionPenalty(options.repetitionPenalty, prefix),
          options.temperature && definitions.temperature(options.temperature),
          options.topK && definitions.topK(options.topK),
          options.topP && definitions.topP(options.topP),
          options.minP && definitions.minP(options.minP),
          options.typicalP && definitions.typical(options.typicalP),
        ];
        const expected = softmax(steps.reduce((result, step) => (step ? step(result) : result), Array.from(table)));
        const found = warped(loaded(table), createWarpers(options), prefix);
        expectClose(found, expected);
        dropped += found.filter((p) => p === 0).length;
      }),
      { seed: 1, numRuns: 500 },
    );
    expect(dropped).toBeGreaterThan(500);
  });

  it('top-k from a list of the best tokens as from all of them', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), settings, (seed, most, { topP, minP, temperature }) => {
        const random = new Random(seed, 'ties');
        const weights = Array.from({ length: 20 }, () => 1 + random.integer(4));
        const table = logs(...weights.map((weight) => weight / 100));
        const warpers = createWarpers({ topK: most, topP, minP, temperature });
        expect(warped(loaded(table, most + 2, [3, 5]), warpers)).toEqual(
          warped(loaded(table, undefined, [3, 5]), warpers),
        );
      }),
    );
  });
});
