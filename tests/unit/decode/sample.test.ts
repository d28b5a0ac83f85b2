// Sampling: frequencies against exact probabilities, and what must not change what is drawn.
import { describe, expect, it } from 'vitest';
import { greedySearch } from '../../../src/decode/search/greedy.js';
import { type SamplingOptions, sampleSearch } from '../../../src/decode/search/sample.js';
import { ConfigError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import { allOutputs, chiSquareZ, countsOf } from './sampling-support.js';
import { logs, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

/** Samples of sentences `first`, `first` + 1 … of some tables. */
function draw(
  tables: Table[],
  samples: number,
  maxLength: number,
  sampling: Partial<SamplingOptions> = {},
  changes: object = {},
) {
  const session = new TableSession(tables, samples, tables[0]!([]).length);
  const options = searchOptions(tables.length, maxLength, { nBest: samples, lengthPenalty: 0, ...changes });
  const sentences = tables.map((_table, i) => i);
  return { session, found: sampleSearch(session, options, { seed: 3, sentences, ...sampling }) };
}

const texts = (found: readonly (readonly { tokens: Int32Array }[])[]) =>
  found.flatMap((hypotheses) => hypotheses.map(({ tokens }) => tokens.join()));
const exactly = (outputs: ReturnType<typeof allOutputs>) =>
  new Map(outputs.map(({ tokens, probability }) => [tokens.join(), probability]));

describe('what is drawn', () => {
  const table = randomTable(11, 5);

  it.each([
    ['from the model', {}, (p: number[]) => p],
    ['with a temperature', { temperature: 1.6 }, (p: number[]) => p.map((it) => it ** (1 / 1.6))],
    [
      'from the best tokens',
      { topK: 2, temperature: 2 },
      (p: number[]) => p.map((it) => (it >= [...p].sort((a, b) => b - a)[1]! ? Math.sqrt(it) : 0)),
    ],
    [
      'with a repetition penalty',
      { repetitionPenalty: 1.8 },
      (p: number[], prefix: readonly number[]) => p.map((it, token) => (prefix.includes(token) ? it ** 1.8 : it)),
    ],
  ])('has its exact probability: %s', async (_what, sampling, reshape) => {
    const outputs = allOutputs(table, 3, reshape);
    expect(outputs.length).toBeGreaterThan(5);
    const { found } = draw(new Array(2500).fill(table), 8, 3, sampling);
    const z = chiSquareZ(countsOf(texts(await found)), exactly(outputs));
    expect(Math.abs(z)).toBeLessThan(3.5);
  });

  it('is told from a distribution that is slightly off', async () => {
    const outputs = allOutputs(table, 3, (p) => p.map((it) => it ** 1.06));
    const { found } = draw(new Array(2500).fill(table), 8, 3);
    expect(chiSquareZ(countsOf(texts(await found)), exactly(outputs))).toBeGreaterThan(5);
  });

  it('is independent from sample to sample and from sentence to sentence', async () => {
    const short: Table = (prefix) => (prefix.length === 0 ? logs(0, 0.1, 0.2, 0.3, 0.4) : logs(0, 1, 0, 0, 0));
    // Of one sample each, because several come in order of their scores, not as they are drawn.
    const columns = await Promise.all([0, 1].map((seed) => draw(new Array(8000).fill(short), 1, 2, { seed }).found));
    const [first, second] = columns.map(texts) as [string[], string[]];
    const single = exactly(allOutputs(short, 2));
    const pairs = new Map([...single].flatMap(([a, p]) => [...single].map(([b, q]) => [`${a}/${b}`, p * q] as const)));
    expect(Math.abs(chiSquareZ(countsOf(first.map((a, i) => `${a}/${second[i]}`)), pairs))).toBeLessThan(3.5);
    expect(Math.abs(chiSquareZ(countsOf(first.slice(1).map((a, i) => `${a}/${first[i]}`)), pairs))).toBeLessThan(3.5);
    // Of two samples of a sentence, in any order, so many are equal.
    const both = (await draw(new Array(8000).fill(short), 2, 2).found).map(([a, b]) =>
      String(a!.tokens.join() === b!.tokens.join()),
    );
    const equal = [...single.values()].reduce((sum, p) => sum + p * p, 0);
    const expected = new Map([
      ['true', equal],
      ['false', 1 - equal],
    ]);
    expect(Math.abs(chiSquareZ(countsOf(both), expected))).toBeLessThan(3.5);
  });

  it('keeps the log-probabilities of the model, and comes by score', async () => {
    const sampling = { temperature: 3, topP: 0.95, repetitionPenalty: 1.2 };
    const tables = [table, randomTable(12, 5)];
    const found = await draw(tables, 12, 4, sampling, { lengthPenalty: 1 }).found;
    for (const [i, hypotheses] of found.entries()) {
      expect(hypotheses).toHaveLength(12);
      for (const { tokens, tokenLogProbs, logProb, score, finished } of hypotheses!) {
        const expected = [...tokens, 1].map((token, k) => tables[i]!([...tokens.slice(0, k)])[token]!);
        expect([...tokenLogProbs]).toEqual(expected);
        expect(logProb).toBeCloseTo(
          expected.reduce((a, b) => a + b),
          6,
        );
        expect(score).toBeCloseTo(logProb / (tokens.length + 1), 10);
        if (tokens.length < 4) expect(finished).toBe(true);
      }
      const scores = hypotheses!.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(new Set(scores).size).toBeGreaterThan(3);
    }
  });

  it('obeys the rules that forbid tokens', async () => {
    const rules = { minLength: 2, noRepeatNgram: 1, suppressTokens: [4] };
    const found = await draw(new Array(40).fill(table), 4, 3, {}, rules).found;
    for (const text of texts(found)) {
      const tokens = text.split(',');
      expect(tokens.length).toBeGreaterThanOrEqual(2);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens).not.toContain('4');
    }
  });

  it('ends where nothing can follow, and by force at the maximum length', async () => {
    const stuck: Table = (prefix) => (prefix.length < 2 ? logs(0, 0, 1, 0) : logs(0, 0, 0, 0));
    const [[dead] = []] = await draw([stuck], 1, 5).found;
    expect([[...dead!.tokens], dead!.finished]).toEqual([[2, 2], false]);
    const forever: Table = () => logs(0, 0.001, 0.999, 0);
    const [[cut] = []] = await draw([forever], 1, 3).found;
    expect([[...cut!.tokens], cut!.finished]).toEqual([[2, 2, 2], false]);
    expect(cut!.logProb).toBeCloseTo(3 * Math.log(0.999) + Math.log(0.001), 5);
  });
});

describe('what is drawn does not depend', () => {
  const tables = Array.from({ length: 64 }, (_, seed) => randomTable(seed, 30));
  const sampling = { topP: 0.95, temperature: 1.3 };

  it('on batches or their order', async () => {
    const whole = await draw(tables, 3, 10, sampling).found;
    expect(new Set(texts(whole)).size).toBeGreaterThan(100);
    for (const size of [1, 7, 64]) {
      for (let start = 0; start < tables.length; start += size) {
        const part = tables.slice(start, start + size);
        const sentences = part.map((_table, i) => start + i);
        expect(await draw(part, 3, 10, { ...sampling, sentences }).found).toEqual(whole.slice(start, start + size));
      }
    }
    const order = new Random(1, 'order').shuffle(tables.map((_table, i) => i));
    const shuffled = order.map((i) => tables[i]!);
    expect(await draw(shuffled, 3, 10, { ...sampling, sentences: order }).found).toEqual(order.map((i) => whole[i]));
  });

  it('on the other samples', async () => {
    const keys = async (samples: number) =>
      (await draw(tables, samples, 10, sampling).found).map((hypotheses) =>
        hypotheses.map(({ tokens }) => tokens.join()),
      );
    const few = await keys(2);
    const many = await keys(5);
    few.forEach((pair, i) => {
      for (const key of pair) expect(many[i]).toContain(key);
    });
  });

  it('on whether the model lists the best tokens or all', async () => {
    const top = draw(tables, 2, 10, { topK: 3 });
    const found = await top.found;
    expect(top.session.calls.every(({ top: width }) => width === 'all')).toBe(false);
    // This penalty is too small to change anything, but asks for all tokens.
    const all = draw(tables, 2, 10, { topK: 3, repetitionPenalty: 1 + 1e-12 });
    expect(await all.found).toEqual(found);
    expect(all.session.calls.every(({ top: width }) => width === 'all')).toBe(true);
  });

  it('but on the seed', async () => {
    const [one, two, again] = await Promise.all([5, 6, 5].map((seed) => draw(tables, 2, 10, { seed }).found));
    expect(again).toEqual(one);
    expect(texts(two!)).not.toEqual(texts(one!));
  });
});

describe('greedy search', () => {
  const tables = Array.from({ length: 30 }, (_, seed) => randomTable(seed, 12));

  it.each([
    ['temperature', { temperature: 1e-6 }],
    ['top-k', { topK: 1 }],
    ['min-p', { minP: 1 }],
  ])('is the limit of %s', async (_what, sampling) => {
    const options = searchOptions(tables.length, 8, { lengthPenalty: 0, noRepeatNgram: 2 });
    const greedy = await greedySearch(new TableSession(tables, 1, 12), options);
    expect(await draw(tables, 1, 8, sampling, { noRepeatNgram: 2 }).found).toEqual(greedy);
  });
});

describe('contradictions', () => {
  it('are refused', async () => {
    const table = randomTable(1, 5);
    await expect(draw([table], 3, 4, {}, { nBest: 2 }).found).rejects.toThrow(ConfigError);
    await expect(draw([table], 3, 4, {}, { nBest: 2 }).found).rejects.toThrow('number of samples (3), but is 2');
    await expect(draw([table], 3, 4, { sentences: [0, 1] }).found).rejects.toThrow('per sentence (1), but has 2');
  });
});
