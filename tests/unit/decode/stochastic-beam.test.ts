// Sampling without replacement: the sets that are drawn against their exact probabilities.
import { describe, expect, it } from 'vitest';
import type { SamplingOptions } from '../../../src/decode/search/sample.js';
import { stochasticBeamSearch } from '../../../src/decode/search/stochastic-beam.js';
import { Random } from '../../../src/random.js';
import { allOutputs, chiSquareZ, countsOf, type Likely } from './sampling-support.js';
import { logs, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

function draw(
  tables: Table[],
  count: number,
  maxLength: number,
  sampling: Partial<SamplingOptions> = {},
  changes: object = {},
) {
  const session = new TableSession(tables, count, tables[0]!([]).length);
  const options = searchOptions(tables.length, maxLength, { nBest: count, lengthPenalty: 0, ...changes });
  const sentences = tables.map((_table, i) => i);
  return stochasticBeamSearch(session, options, { seed: 8, sentences, ...sampling });
}

const keysOf = (hypotheses: readonly { tokens: Int32Array }[]) => hypotheses.map(({ tokens }) => tokens.join());

/**
 * The probability of every set of `count` outputs, drawn one after another, each in proportion to its probability among those that
 * are left (Plackett and Luce).
 */
function setsOf(outputs: readonly Likely[], count: number): Map<string, number> {
  const sets = new Map<string, number>();
  const visit = (chosen: string[], left: readonly Likely[], probability: number): void => {
    if (chosen.length === count) {
      const key = [...chosen].sort().join(' ');
      sets.set(key, (sets.get(key) ?? 0) + probability);
      return;
    }
    const sum = left.reduce((total, it) => total + it.probability, 0);
    for (const it of left) {
      const rest = left.filter((other) => other !== it);
      visit([...chosen, `[${it.tokens.join()}]`], rest, (probability * it.probability) / sum);
    }
  };
  visit([], outputs, 1);
  return sets;
}

describe('outputs drawn without replacement', () => {
  const DRAWS = 20_000;

  it.each([
    ['2 of few', 21, 4, 2, 2, {}, (p: number[]) => p],
    ['3 of few', 22, 4, 2, 3, {}, (p: number[]) => p],
    ['3 of more', 23, 4, 3, 3, {}, (p: number[]) => p],
    ['3, flattened', 24, 4, 3, 3, { temperature: 2 }, (p: number[]) => p.map(Math.sqrt)],
    [
      '2 of the best two tokens of each step',
      25,
      5,
      3,
      2,
      { topK: 2 },
      (p: number[]) => p.map((it) => (it >= [...p].sort((a, b) => b - a)[1]! ? it : 0)),
    ],
  ])(
    'come in sets of their exact probability: %s',
    async (_what, seed, vocabulary, maxLength, count, sampling, reshape) => {
      const table = randomTable(seed, vocabulary);
      const outputs = allOutputs(table, maxLength, reshape);
      const sets = setsOf(outputs, count);
      expect(sets.size).toBeGreaterThan(5);
      const found = await draw(new Array(DRAWS).fill(table), count, maxLength, sampling);
      for (const hypotheses of found) expect(new Set(keysOf(hypotheses)).size).toBe(count);
      const drawn = found.map((hypotheses) => keysOf(hypotheses).map((key) => `[${key}]`));
      const counts = countsOf(drawn.map((keys) => [...keys].sort().join(' ')));
      expect(Math.abs(chiSquareZ(counts, sets))).toBeLessThan(3.5);
      // And each output is in as many of the sets as it should be: no more than 4 standard deviations off.
      const included = countsOf(drawn.flat());
      for (const { tokens } of outputs) {
        const key = `[${tokens.join()}]`;
        const inclusion = [...sets].reduce((sum, [set, p]) => sum + (set.split(' ').includes(key) ? p : 0), 0);
        const deviation = Math.sqrt(DRAWS * inclusion * (1 - inclusion));
        expect(Math.abs((included.get(key) ?? 0) - DRAWS * inclusion) / Math.max(deviation, 1)).toBeLessThan(4);
      }
    },
  );

  it('are told from sets that are slightly off', async () => {
    const table = randomTable(22, 4);
    const sets = setsOf(
      allOutputs(table, 2, (p) => p.map((it) => it ** 1.1)),
      3,
    );
    const found = await draw(new Array(DRAWS).fill(table), 3, 2);
    const counts = countsOf(
      found.map((hypotheses) =>
        keysOf(hypotheses)
          .map((key) => `[${key}]`)
          .sort()
          .join(' '),
      ),
    );
    expect(chiSquareZ(counts, sets)).toBeGreaterThan(5);
  });

  it('are all there are, where as many are asked for or more', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const table = randomTable(seed, 4);
      const outputs = allOutputs(table, 3);
      for (const count of [outputs.length, outputs.length + 5]) {
        const [found] = await draw([table], count, 3, { seed });
        expect(keysOf(found!).sort()).toEqual(outputs.map(({ tokens }) => tokens.join()).sort());
        const scores = found!.map(({ score }) => score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
      }
    }
  });

  it('are found beside one that is almost certain', async () => {
    const table: Table = (prefix) =>
      prefix.length === 0 ? Float32Array.of(-Infinity, -1e-9, -200, -201, -900) : logs(0, 1, 0, 0, 0);
    const found = await draw(new Array(300).fill(table), 4, 2);
    for (const hypotheses of found) expect(keysOf(hypotheses)).toEqual(['', '2', '3', '4']);
    const two = await draw(new Array(3000).fill(table), 2, 2);
    const seconds = countsOf(two.map((hypotheses) => keysOf(hypotheses)[1]!));
    const share = 1 / (1 + Math.exp(-1));
    expect(Math.abs(seconds.get('2')! - 3000 * share) / Math.sqrt(3000 * share * (1 - share))).toBeLessThan(4);
  });

  it('keep the log-probabilities of the model and obey the rules', async () => {
    const table = randomTable(5, 7);
    const [found] = await draw([table], 6, 4, { temperature: 2 }, { minLength: 2, noRepeatNgram: 1 });
    expect(found).toHaveLength(6);
    for (const { tokens, tokenLogProbs } of found!) {
      expect([...tokenLogProbs]).toEqual([...tokens, 1].map((token, i) => table([...tokens.slice(0, i)])[token]!));
      expect(tokens.length).toBeGreaterThanOrEqual(2);
      expect(new Set(tokens).size).toBe(tokens.length);
    }
  });

  it('keep what cannot go on as it is', async () => {
    const stuck: Table = (prefix) => (prefix[0] === 2 ? logs(0, 0, 0, 0) : logs(0, 0.5, 0.5, 0));
    const [found] = await draw([stuck], 3, 4);
    expect(found!.map(({ tokens, finished }) => [tokens.join(), finished])).toEqual(
      expect.arrayContaining([
        ['', true],
        ['2', false],
      ]),
    );
    expect(found).toHaveLength(2);
  });

  it('do not depend on the batch', async () => {
    const tables = Array.from({ length: 64 }, (_, seed) => randomTable(seed, 20));
    const whole = await draw(tables, 4, 8);
    for (const size of [1, 7]) {
      for (let start = 0; start < tables.length; start += size) {
        const part = tables.slice(start, start + size);
        const sentences = part.map((_table, i) => start + i);
        expect(await draw(part, 4, 8, { sentences })).toEqual(whole.slice(start, start + size));
      }
    }
    const order = new Random(1, 'order').shuffle(tables.map((_table, i) => i));
    const shuffled = await draw(
      order.map((i) => tables[i]!),
      4,
      8,
      { sentences: order },
    );
    expect(shuffled).toEqual(order.map((i) => whole[i]));
    expect(await draw(tables, 4, 8, { seed: 9 })).not.toEqual(whole);
  });
});
