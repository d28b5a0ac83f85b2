// Which tokens each logits processor forbids, and the sets they are collected in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BannedTokens,
  createProcessors,
  type LogitsProcessor,
  MinLength,
  NoRepeatNgram,
  SuppressTokens,
} from '../../../src/decode/search/processors.js';
import { END, searchOptions } from './table-model.js';

function forbidden(processors: LogitsProcessor[], prefix: number[], vocabularySize = 10): number[] {
  const banned = new BannedTokens(1, vocabularySize);
  banned.begin(0);
  for (const processor of processors) processor.ban(Int32Array.from(prefix), banned, 0);
  banned.select(0);
  const tokens = Array.from({ length: vocabularySize }, (_, token) => token).filter((token) => banned.has(token));
  expect(banned.largest).toBe(tokens.length);
  return tokens;
}

describe('logits processors', () => {
  it('MinLength forbids the end mark of outputs that are too short', () => {
    const processor = new MinLength(2, END);
    expect(forbidden([processor], [5])).toEqual([END]);
    expect(forbidden([processor], [5, 5])).toEqual([]);
  });

  it('NoRepeatNgram forbids what would complete an n-gram again', () => {
    expect(forbidden([new NoRepeatNgram(3)], [4, 5, 6, 4, 5, 7, 4, 5])).toEqual([6, 7]);
    expect(forbidden([new NoRepeatNgram(3)], [4, 5, 6, 5, 4])).toEqual([]);
    expect(forbidden([new NoRepeatNgram(2)], [4, 4])).toEqual([4]);
    expect(forbidden([new NoRepeatNgram(2)], [4])).toEqual([]);
    expect(forbidden([new NoRepeatNgram(1)], [4, 8, 4])).toEqual([4, 8]);
    expect(forbidden([new NoRepeatNgram(3)], [])).toEqual([]);
  });

  it('NoRepeatNgram is the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 14 }), fc.integer({ min: 1, max: 4 }), (prefix, n) => {
        const grams = (tokens: number[]) =>
          tokens.flatMap((_, i) => (i + n <= tokens.length ? [tokens.slice(i, i + n).join()] : []));
        const repeats = [0, 1, 2, 3].filter((token) => {
          const longer = grams([...prefix, token]);
          return longer.length > 0 && longer.slice(0, -1).includes(longer.at(-1)!);
        });
        expect(forbidden([new NoRepeatNgram(n)], prefix, 4)).toEqual(repeats);
      }),
    );
  });

  it('are made as the options ask', () => {
    expect(createProcessors(searchOptions(1, 5))).toEqual([]);
    const processors = createProcessors(
      searchOptions(1, 5, { minLength: 1, noRepeatNgram: 1, suppressTokens: [0, 9] }),
    );
    expect(processors.map((processor) => processor.constructor)).toEqual([MinLength, SuppressTokens, NoRepeatNgram]);
    expect(forbidden(processors, [])).toEqual([0, END, 9]);
    expect(forbidden(processors, [9, 3])).toEqual([0, 3, 9]);
  });
});

describe('BannedTokens', () => {
  it('keeps rows apart, counts a token once and forgets on clear', () => {
    const banned = new BannedTokens(3, 200);
    const read = (row: number) => {
      banned.select(row);
      return Array.from({ length: 200 }, (_, token) => token).filter((token) => banned.has(token));
    };
    const many = Array.from({ length: 100 }, (_, i) => 2 * i);
    banned.begin(2);
    for (const token of [...many, ...many]) banned.add(token);
    banned.begin(0);
    banned.add(7);
    expect([read(2), read(0), read(1), banned.largest]).toEqual([many, [7], [], 100]);
    banned.clear();
    expect([read(2), read(0), banned.largest]).toEqual([[], [], 0]);
  });
});
