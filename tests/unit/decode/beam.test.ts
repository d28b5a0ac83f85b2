// Beam search against hand-computed, exhaustive and slow searches, and what must not depend on the batch.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../../src/decode/search/beam.js';
import type { Hypothesis } from '../../../src/decode/search/frontier.js';
import { greedySearch } from '../../../src/decode/search/greedy.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import { ConfigError, EngineError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import {
  exhaustiveSearch,
  logs,
  randomTable,
  searchOptions,
  slowBeamSearch,
  type Table,
  TableSession,
} from './table-model.js';

const NEVER = Number.NEGATIVE_INFINITY;
const vocabularyOf = (table: Table) => table([]).length;

/** Result of a beam search of one sentence. */
async function search(table: Table, beam: number, options: SearchOptions): Promise<Hypothesis[]> {
  const [result] = await beamSearch(new TableSession([table], beam, vocabularyOf(table)), options);
  return result!;
}

const plain = (hypotheses: readonly { tokens: ArrayLike<number>; logProb: number; score: number }[]) =>
  hypotheses.map(({ tokens, logProb, score }) => ({ tokens: Array.from(tokens), logProb, score }));

/** Options drawn at random for one sentence. */
const arbitraryOptions = fc.record({
  lengthPenalty: fc.constantFrom(-1, -0.4, 0, 0.6, 1, 2),
  lengthPenaltyKind: fc.constantFrom('power' as const, 'gnmt' as const),
  minLength: fc.constantFrom(0, 0, 2),
  noRepeatNgram: fc.constantFrom(0, 0, 1, 2),
  suppressTokens: fc.constantFrom([], [], [2]),
});

describe('a hand-computed case', () => {
  // a = 2, b = 3. Only "a b", with the probability 0.5 × 0.5 × 0.8 = 0.2, and "b", with 0.5 × 0.5 = 0.25, can win.
  const table: Table = (prefix) => {
    if (prefix.length === 0) return logs(0, 0, 0.5, 0.5);
    if (prefix.length === 1) return prefix[0] === 2 ? logs(0, 0.25, 0.25, 0.5) : logs(0, 0.5, 0.25, 0.25);
    return prefix.join() === '2,3' ? logs(0, 0.8, 0.1, 0.1) : logs(0, 0.02, 0.49, 0.49);
  };

  it('divides by the number of tokens with the end mark', async () => {
    const [longer, shorter] = await search(table, 2, searchOptions(1, 3, { nBest: 2 }));
    expect(Array.from(longer!.tokens)).toEqual([2, 3]);
    expect(longer!.logProb).toBeCloseTo(Math.log(0.2), 6);
    expect(longer!.score).toBeCloseTo(Math.log(0.2) / 3, 6); // -0.536
    expect(Array.from(longer!.tokenLogProbs)).toEqual(Array.from(logs(0.5, 0.5, 0.8)));
    expect(longer!.finished).toBe(true);
    expect(Array.from(shorter!.tokens)).toEqual([3]);
    expect(shorter!.score).toBeCloseTo(Math.log(0.25) / 2, 6); // -0.693
  });

  it('prefers the more probable one without a penalty, and by ((5 + length) / 6)^α follows Wu et al.', async () => {
    const [first] = await search(table, 2, searchOptions(1, 3, { lengthPenalty: 0 }));
    expect(Array.from(first!.tokens)).toEqual([3]);
    expect(first!.score).toBe(first!.logProb);
    const [gnmt] = await search(table, 2, searchOptions(1, 3, { lengthPenaltyKind: 'gnmt', lengthPenalty: 2 }));
    expect(Array.from(gnmt!.tokens)).toEqual([2, 3]);
    expect(gnmt!.score).toBeCloseTo(Math.log(0.2) / (8 / 6) ** 2, 6);
  });
});

describe('beam search', () => {
  it('equals exhaustive search when the beam holds every hypothesis', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(-1, 0, 1, 2),
        fc.constantFrom('power' as const, 'gnmt' as const),
        async (seed, lengthPenalty, lengthPenaltyKind) => {
          const table = randomTable(seed, 4);
          const options = searchOptions(1, 4, { lengthPenalty, lengthPenaltyKind, nBest: 4 });
          // 2^4 prefixes of 4 tokens, each of which could be ended.
          expect(plain(await search(table, 48, options))).toEqual(exhaustiveSearch(table, options).slice(0, 4));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('equals exhaustive search with a beam of 2 where there is one prefix of each length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(-1, 0, 1, 2), async (seed, lengthPenalty) => {
        const table = randomTable(seed, 3);
        const options = searchOptions(1, 12, { lengthPenalty });
        expect(plain(await search(table, 2, options))).toEqual(exhaustiveSearch(table, options).slice(0, 1));
      }),
      { numRuns: 100 },
    );
  });

  it('equals a slow search that ranks everything and never stops early', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 4, max: 24 }),
        fc.constantFrom(3, 12, Number.POSITIVE_INFINITY),
        arbitraryOptions,
        async (seed, beam, vocabularySize, levels, changes) => {
          const table = randomTable(seed, vocabularySize, levels);
          const options = searchOptions(1, 7, { ...changes, nBest: beam });
          const expected = slowBeamSearch(table, beam, options);
          const found = await search(table, beam, options);
          if (expected.length > 0) expect(plain(found)).toEqual(expected);
          else expect(found.every(({ finished }) => !finished)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has the same first hypothesis however many are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.boolean(),
        fc.constantFrom(2, Number.POSITIVE_INFINITY),
        arbitraryOptions,
        async (seed, earlyStopping, levels, changes) => {
          const table = randomTable(seed, 9, levels);
          const options = searchOptions(1, 8, { ...changes, earlyStopping });
          const five = await search(table, 5, { ...options, nBest: 5 });
          expect(await search(table, 5, options)).toEqual(five.slice(0, 1));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is greedy search with a beam of 1', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(3, Number.POSITIVE_INFINITY),
        arbitraryOptions,
        async (seed, levels, changes) => {
          const table = randomTable(seed, 7, levels);
          const options = searchOptions(1, 9, changes);
          const greedy = await greedySearch(new TableSession([table], 1, 7), options);
          expect(await search(table, 1, options)).toEqual(greedy[0]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('finds what greedy search misses', async () => {
    const table: Table = (prefix) => {
      if (prefix.length === 0) return logs(0, 0, 0.6, 0.4);
      return prefix[0] === 2 ? logs(0, 0.4, 0.3, 0.3) : logs(0, 1, 0, 0);
    };
    const options = searchOptions(1, 4, { lengthPenalty: 0 });
    const [greedy] = (await greedySearch(new TableSession([table], 1, 4), options))[0]!;
    const [beam] = await search(table, 5, options);
    expect([greedy!.logProb, beam!.logProb]).toEqual([expect.closeTo(Math.log(0.24)), expect.closeTo(Math.log(0.4))]);
  });

  it('gives a sentence the same result in any batch and order', async () => {
    const beam = 4;
    const vocabularySize = 40;
    const tables = Array.from({ length: 64 }, (_, i) => randomTable(i, vocabularySize, i % 3 === 0 ? 4 : undefined));
    const limits = Int32Array.from(tables, (_, i) => 3 + (i % 11));
    const changes: Partial<SearchOptions> = { nBest: 3, noRepeatNgram: 2, minLength: 2 };
    const run = async (order: readonly number[], size: number) => {
      const results: Hypothesis[][] = new Array(order.length);
      for (let from = 0; from < order.length; from += size) {
        const batch = order.slice(from, from + size);
        const session = new TableSession(
          batch.map((i) => tables[i]!),
          beam,
          vocabularySize,
        );
        const maxLengths = Int32Array.from(batch, (i) => limits[i]!);
        const found = await beamSearch(session, searchOptions(batch.length, 0, { ...changes, maxLengths }));
        for (const [j, i] of batch.entries()) results[i] = found[j]!;
      }
      return results;
    };
    const order = Array.from(tables.keys());
    const alone = await run(order, 1);
    expect(await run(order, 7)).toEqual(alone);
    expect(await run(order, 64)).toEqual(alone);
    expect(await run(new Random(1, 'order').shuffle([...order]), 7)).toEqual(alone);
    expect(await run([...order].reverse(), 64)).toEqual(alone);
  });

  it('breaks ties by hypothesis, then by token id, whether candidates are sorted or not', async () => {
    const even: Table = () => logs(0, 0.2, 0.2, 0.2, 0.2, 0.2);
    const tokens = async (changes: Partial<SearchOptions>) =>
      (await search(even, 3, searchOptions(1, 2, { nBest: 3, lengthPenalty: 0, ...changes }))).map((h) =>
        Array.from(h.tokens),
      );
    expect(await tokens({ minLength: 2 })).toEqual([
      [2, 2],
      [2, 3],
      [2, 4],
    ]);
    // Forbidding much makes the search ask for all tokens.
    expect(await tokens({ minLength: 2, noRepeatNgram: 1 })).toEqual([
      [2, 3],
      [2, 4],
      [2, 5],
    ]);
  });
});

describe('where a sentence stops', () => {
  /** An end mark of probability 0.4 at once; where it is not taken, one that is certain after `length` tokens. */
  const late =
    (length: number): Table =>
    (prefix) => {
      if (prefix.length === 0) return logs(0, 0.4, 0.6);
      return prefix.length < length ? logs(0, 0, 1) : logs(0, 1, 0);
    };

  it('goes on while a longer output can still win, and no further', async () => {
    for (const [lengthPenalty, length] of [
      [-1, 0],
      [0, 6],
      [1, 6],
      [2, 6],
    ] as const) {
      const session = new TableSession([late(6)], 2, 3);
      const [[best] = []] = await beamSearch(session, searchOptions(1, 20, { lengthPenalty }));
      expect(best!.tokens.length).toBe(length);
      expect(session.calls.length).toBe(lengthPenalty < 0 ? 1 : 7);
    }
  });

  it('stops once `beam` hypotheses have ended when asked to', async () => {
    const table: Table = (prefix) => (prefix.length < 2 ? logs(0, 0.5, 0.5) : late(9)(prefix));
    const options = searchOptions(1, 20, { earlyStopping: true });
    const session = new TableSession([table], 2, 3);
    const [[best] = []] = await beamSearch(session, options);
    expect(session.calls.length).toBe(2);
    expect(best!.tokens.length).toBe(0);
    const [longest] = await search(table, 2, { ...options, earlyStopping: false });
    expect(longest!.tokens.length).toBe(9);
  });

  it('forces the end mark at the maximum length and says so', async () => {
    const endless: Table = () => logs(0, 0.01, 0.6, 0.39);
    for (const beam of [1, 3]) {
      const [best] = await search(endless, beam, searchOptions(1, 4));
      expect(best).toMatchObject({ tokens: Int32Array.of(2, 2, 2, 2), finished: false });
      expect(best!.logProb).toBeCloseTo(4 * Math.log(0.6) + Math.log(0.01), 5);
      expect(best!.tokenLogProbs.length).toBe(5);
    }
  });

  it('calls a hypothesis of the maximum length finished if the model ends it there', async () => {
    for (const beam of [1, 2])
      expect(await search(late(6), beam, searchOptions(1, 6, { minLength: 1 }))).toMatchObject([{ finished: true }]);
  });

  it('returns the open hypothesis where nothing may follow or the end mark is impossible', async () => {
    const endless: Table = () => logs(0, 0, 0.7, 0.3);
    for (const beam of [1, 2]) {
      const [cut] = await search(endless, beam, searchOptions(1, 3));
      expect(cut).toMatchObject({ tokens: Int32Array.of(2, 2, 2), finished: false });
      expect(cut!.score).toBeCloseTo(Math.log(0.7), 5);
      const [stuck] = await search(endless, beam, searchOptions(1, 9, { noRepeatNgram: 1 }));
      expect(stuck).toMatchObject({ tokens: Int32Array.of(2, 3), finished: false });
      expect(stuck!.tokenLogProbs.length).toBe(2);
      const [nothing] = await search(() => new Float32Array(4).fill(NEVER), beam, searchOptions(1, 3));
      expect(nothing).toMatchObject({ tokens: Int32Array.of(), logProb: 0, score: 0, finished: false });
    }
  });

  it('drops sentences from the session once a quarter of them is finished', async () => {
    const session = new TableSession([1, 2, 3, 4, 5, 6, 7, 8].map(late), 1, 3);
    const found = await beamSearch(session, searchOptions(8, 20, { minLength: 1 }));
    expect(found.map(([best]) => best!.tokens.length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(session.calls.map(({ sentences }) => sentences)).toEqual([8, 8, 8, 6, 6, 4, 3, 2, 1]);
  });

  it('accepts an empty batch', async () => {
    expect(await beamSearch(new TableSession([], 2, 4), searchOptions(0, 5))).toEqual([]);
  });
});

describe('what a search asks of a session', () => {
  it('asks for all tokens only where an end mark is forced or much is forbidden', async () => {
    const table = randomTable(3, 50);
    const tops = async (changes: Partial<SearchOptions>) => {
      const session = new TableSession([table], 2, 50);
      await beamSearch(session, searchOptions(1, 7, { minLength: 7, ...changes }));
      return session.calls.map(({ top }) => top);
    };
    expect(await tops({})).toEqual([8, 8, 8, 8, 8, 8, 8, 'all']);
    // The end mark and one token a step are forbidden; 3 candidates of 8 are needed.
    expect(await tops({ noRepeatNgram: 1 })).toEqual([8, 8, 8, 8, 8, 'all', 'all', 'all']);
  });

  it('refuses NaN, naming the step and the sentence', async () => {
    const broken: Table = (prefix) => (prefix.length === 2 ? logs(0, 0.5, Number.NaN, 0.5) : logs(0, 0.1, 0.9, 0));
    for (const beam of [1, 2]) {
      const session = () => new TableSession([randomTable(1, 4), broken], beam, 4);
      const options = searchOptions(2, 8, { minLength: 3 });
      const message = /log-probability NaN at decoding step 2 for sentence 1 of the batch/;
      await expect(beamSearch(session(), options)).rejects.toThrow(EngineError);
      await expect(beamSearch(session(), options)).rejects.toThrow(message);
      if (beam === 1) await expect(greedySearch(session(), options)).rejects.toThrow(message);
    }
    await expect(search(() => Float32Array.of(0, Number.POSITIVE_INFINITY, 0), 2, searchOptions(1, 3))).rejects.toThrow(
      EngineError,
    );
  });

  it('refuses fewer candidates than it asked for', async () => {
    const session = new TableSession([randomTable(1, 9)], 2, 9);
    const step = session.step.bind(session);
    session.step = (tokens, parents) => step(tokens, parents, 2);
    await expect(beamSearch(session, searchOptions(1, 5))).rejects.toThrow(
      /8 candidates for each of 2 rows, but returned 2/,
    );
  });

  it('refuses options that do not fit together', async () => {
    const table = randomTable(1, 4);
    const refusal = async (beam: number, options: SearchOptions) => {
      const error = await search(table, beam, options).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).message;
    };
    expect(await refusal(2, searchOptions(1, 5, { nBest: 3 }))).toMatch(
      /`nBest` must be at most `beam` \(2\), because .* but is 3/,
    );
    expect(await refusal(2, searchOptions(1, 5, { nBest: 0 }))).toMatch(/`nBest` must be an integer of at least 1/);
    expect(await refusal(2, searchOptions(1, 5, { minLength: 6 }))).toMatch(
      /is 6 where sentence 0 of the batch may have 5/,
    );
    expect(await refusal(2, searchOptions(1, 5, { lengthPenalty: Number.NaN }))).toMatch(
      /`lengthPenalty` must be finite/,
    );
    expect(await refusal(2, searchOptions(2, 5))).toMatch(/one limit per sentence \(1\), but has 2/);
    expect(await refusal(2, searchOptions(1, 5, { endToken: 4 }))).toMatch(/from 0 to 3, but one is 4/);
    expect(await refusal(2, searchOptions(1, 5, { suppressTokens: [1] }))).toMatch(/no output could ever end/);
    await expect(greedySearch(new TableSession([table], 2, 4), searchOptions(1, 5))).rejects.toThrow(
      /needs a `beam` of 1/,
    );
  });
});
