// Diverse beam search against plain beam search and a slow search of its own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../../src/decode/search/beam.js';
import { diverseBeamSearch } from '../../../src/decode/search/diverse.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import { ConfigError } from '../../../src/errors.js';
import { END, exhaustiveSearch, logs, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

const NEVER = Number.NEGATIVE_INFINITY;
const session = (tables: Table[], beam: number) => new TableSession(tables, beam, tables[0]!([]).length);

interface Found {
  readonly tokens: readonly number[];
  readonly total: number;
  readonly score: number;
}

/** Diverse beam search of one sentence over all candidates, straight from its description. */
function slowDiverse(table: Table, beam: number, groups: number, strength: number, options: SearchOptions): Found[] {
  const size = beam / groups;
  const maxLength = options.maxLengths[0]!;
  const score = (total: number, tokens: number): number => total / (tokens + 1) ** options.lengthPenalty;
  const state = Array.from({ length: groups }, () => ({
    open: [{ tokens: [] as number[], total: 0 }],
    ended: [] as Found[],
  }));
  for (let length = 0; length <= maxLength; length++) {
    const used: number[] = [];
    for (const group of state) {
      const ranked = group.open
        .flatMap(({ tokens, total }, hypothesis) =>
          Array.from(table(tokens), (logProb, token) => {
            const isAllowed = token === END ? length >= options.minLength : length < maxLength;
            const uses = token === END ? 0 : used.filter((it) => it === token).length;
            const sum = isAllowed ? total + logProb : NEVER;
            return { hypothesis, token, tokens: [...tokens, token], total: sum, worth: sum - strength * uses };
          }),
        )
        .filter(({ total }) => total > NEVER)
        .sort((a, b) => b.worth - a.worth || a.hypothesis - b.hypothesis || a.token - b.token);
      for (const { tokens, token, total } of ranked.slice(0, length === maxLength ? ranked.length : size)) {
        if (token === END) group.ended.push({ tokens: tokens.slice(0, -1), total, score: score(total, length) });
      }
      group.open = ranked.filter(({ token }) => token !== END).slice(0, size);
      const kept = group.ended.map((it) => it.score).sort((a, b) => b - a)[Math.min(options.nBest, size) - 1];
      const bestOpen = Math.max(...group.open.map(({ total }) => total));
      const ends = Array.from({ length: maxLength + 1 }, (_, end) => end).filter(
        (end) => end > length && end >= options.minLength,
      );
      const attainable = Math.max(...ends.map((end) => score(bestOpen, end)));
      if (kept !== undefined && attainable <= kept) group.open = [];
      if (size === 1 && group.ended.length > 0) group.open = [];
      used.push(...group.open.map(({ tokens }) => tokens.at(-1)!));
    }
  }
  const lists = state.map(({ ended }) => [...ended].sort((a, b) => b.score - a.score));
  const chosen = new Map<string, Found>();
  for (let rank = 0; rank < size; rank++) {
    for (const found of lists.flatMap((list) => list[rank] ?? []).sort((a, b) => b.score - a.score)) {
      if (chosen.size < options.nBest && !chosen.has(found.tokens.join())) chosen.set(found.tokens.join(), found);
    }
  }
  return [...chosen.values()].sort((a, b) => b.score - a.score);
}

describe('diverse beam search', () => {
  it('with one group is beam search', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(-1, 0, 1),
        fc.boolean(),
        fc.constantFrom(2, 3, Number.POSITIVE_INFINITY),
        async (seed, beam, lengthPenalty, earlyStopping, levels) => {
          const tables = [0, 1, 2].map((i) => randomTable(seed + i, 7, levels));
          for (const rules of [{}, { minLength: 2, noRepeatNgram: 2, suppressTokens: [3] }]) {
            const options = searchOptions(3, 6, { nBest: beam, lengthPenalty, earlyStopping, ...rules });
            const found = await diverseBeamSearch(session(tables, beam), options, { groups: 1, strength: 0.7 });
            expect(found).toEqual(await beamSearch(session(tables, beam), options));
          }
        },
      ),
    );
  });

  it('is what its description says', async () => {
    let differing = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom([2, 2], [3, 3], [4, 2], [6, 3], [6, 2]),
        fc.constantFrom(0, 0.3, 1, 10),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 2),
        fc.constantFrom(3, Number.POSITIVE_INFINITY),
        async (seed, [beam, groups], strength, lengthPenalty, minLength, levels) => {
          const table = randomTable(seed, 9, levels);
          for (const nBest of [1, groups!, beam!]) {
            const options = searchOptions(1, 5, { nBest, lengthPenalty, minLength });
            const [found] = await diverseBeamSearch(session([table], beam!), options, { groups: groups!, strength });
            const expected = slowDiverse(table, beam!, groups!, strength, options);
            expect(found!.map(({ tokens }) => [...tokens])).toEqual(expected.map(({ tokens }) => tokens));
            found!.forEach(({ logProb, score }, i) => {
              expect(logProb).toBeCloseTo(expected[i]!.total, 5);
              expect(score).toBeCloseTo(expected[i]!.score, 5);
            });
            const [plain] = await beamSearch(session([table], beam!), options);
            if (
              plain!.map(({ tokens }) => tokens.join()).join(' ') !==
              found!.map(({ tokens }) => tokens.join()).join(' ')
            )
              differing++;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(differing).toBeGreaterThan(300);
  });

  it('finds outputs that differ from the first token on where that is cheap', async () => {
    // a = 2 is a little better than b = 3, which is a little better than c = 4.
    const table: Table = (prefix) => (prefix.length < 3 ? logs(0, 0, 0.4, 0.35, 0.25) : logs(0, 1, 0, 0, 0));
    const run = async (strength: number) => {
      const options = searchOptions(1, 3, { nBest: 3 });
      const [found] = await diverseBeamSearch(session([table], 3), options, { groups: 3, strength });
      return found!.map(({ tokens }) => tokens.join(''));
    };
    expect(await run(0)).toEqual(['222']);
    // ln(0.4 / 0.35) = 0.134 makes b worth it for the second group; a and b cost the third one so much, and c ln(0.4 / 0.25) = 0.47.
    expect(await run(0.14)).toEqual(['222', '333']);
    expect(await run(0.5)).toEqual(['222', '333', '444']);
  });

  it('finds no worse outputs than there are, and each once', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const table = randomTable(seed, 5);
      const options = searchOptions(1, 4, { nBest: 4 });
      const all = exhaustiveSearch(table, options).map(({ tokens }) => tokens.join());
      const [found] = await diverseBeamSearch(session([table], 4), options, { groups: 2, strength: 0.5 });
      const keys = found!.map(({ tokens }) => tokens.join());
      expect(new Set(keys).size).toBe(keys.length);
      for (const key of keys) expect(all).toContain(key);
    }
  });

  it('does not depend on the batch', async () => {
    const tables = Array.from({ length: 20 }, (_, seed) => randomTable(seed, 40));
    const changes = { nBest: 6, noRepeatNgram: 1 };
    const diversity = { groups: 3, strength: 0.4 };
    const together = await diverseBeamSearch(session(tables, 6), searchOptions(20, 10, changes), diversity);
    for (const [i, table] of tables.entries()) {
      const [alone] = await diverseBeamSearch(session([table], 6), searchOptions(1, 10, changes), diversity);
      expect(alone).toEqual(together[i]);
    }
  });

  it('keeps open hypotheses where none can be ended', async () => {
    const stuck: Table = (prefix) => (prefix.length < 2 ? logs(0, 0, 0.6, 0.4) : logs(0, 0, 0, 0));
    const [found] = await diverseBeamSearch(session([stuck], 2), searchOptions(1, 5, { nBest: 2 }), {
      groups: 2,
      strength: 1,
    });
    expect(found!.map(({ tokens, finished }) => [tokens.join(''), finished])).toEqual([
      ['22', false],
      ['33', false],
    ]);
  });

  it('refuses a beam that cannot be divided, and a strength below 0', async () => {
    const run = (groups: number, strength: number) =>
      diverseBeamSearch(session([randomTable(1, 5)], 4), searchOptions(1, 3), { groups, strength });
    await expect(run(3, 1)).rejects.toThrow(ConfigError);
    await expect(run(3, 1)).rejects.toThrow('`beam` must be a multiple of `beamGroups` (3), but is 4.');
    await expect(run(2, -1)).rejects.toThrow('`diversityStrength` must be a number of at least 0, but is -1.');
    await expect(run(2, Number.NaN)).rejects.toThrow(ConfigError);
  });
});
