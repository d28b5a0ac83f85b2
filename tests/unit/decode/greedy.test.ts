// Greedy search: the most probable allowed token at every step.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greedySearch } from '../../../src/decode/search/greedy.js';
import { END, logs, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

const run = (tables: Table[], vocabularySize: number, maxLength: number, changes = {}) =>
  greedySearch(new TableSession(tables, 1, vocabularySize), searchOptions(tables.length, maxLength, changes));

describe('greedy search', () => {
  it('follows the most probable token', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const table = randomTable(seed, 6);
        const tokens: number[] = [];
        let logProb = 0;
        for (;;) {
          const row = Array.from(table(tokens));
          const best = tokens.length < 8 ? row.indexOf(Math.max(...row)) : END;
          logProb += row[best]!;
          if (best === END) break;
          tokens.push(best);
        }
        const [[found] = []] = await run([table], 6, 8);
        expect(Array.from(found!.tokens)).toEqual(tokens);
        expect(found!.logProb).toBe(logProb);
        expect(found!.score).toBeCloseTo(logProb / (tokens.length + 1), 10);
        expect(found!.tokenLogProbs.length).toBe(tokens.length + 1);
      }),
    );
  });

  it('obeys minLength, noRepeatNgram and suppressTokens', async () => {
    const table: Table = () => logs(0, 0.5, 0.3, 0.15, 0.05);
    const tokens = async (changes: object) =>
      (await run([table], 5, 6, changes)).map(([best]) => Array.from(best!.tokens));
    expect(await tokens({})).toEqual([[]]);
    expect(await tokens({ minLength: 2 })).toEqual([[2, 2]]);
    expect(await tokens({ minLength: 4, noRepeatNgram: 2 })).toEqual([[2, 2, 3, 2]]);
    expect(await tokens({ minLength: 3, noRepeatNgram: 1 })).toEqual([[2, 3, 4]]);
    expect(await tokens({ minLength: 2, suppressTokens: [2] })).toEqual([[3, 3]]);
  });

  it('does not depend on the batch', async () => {
    const tables = Array.from({ length: 20 }, (_, seed) => randomTable(seed, 30));
    const together = await run(tables, 30, 12, { noRepeatNgram: 1 });
    for (const [i, table] of tables.entries())
      expect((await run([table], 30, 12, { noRepeatNgram: 1 }))[0]).toEqual(together[i]);
  });
});
