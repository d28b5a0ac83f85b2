// Training: the merges of a naive implementation, determinism, bounded memory, and sizes that cannot be met.
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../../src/errors.js';
import { learnMerges } from '../../../src/text/merge-learner.js';
import { PieceCounter } from '../../../src/text/piece-counter.js';
import { TokenizerTrainer, trainTokenizer } from '../../../src/text/tokenizer.js';
import { configure, corpus, reference, train, trainReferences } from './support.js';

type Counted = readonly (readonly [string, number])[];

/** BPE as the paper has it: counts all pairs anew for each merge. */
function naiveMerges(pieces: Counted, base: string[], size: number, minFrequency: number): [string, string][] {
  const tokens = [...base];
  const words = pieces.map(([piece, count]) => ({ symbols: [...piece], count }));
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of words) {
      for (let i = 1; i < symbols.length; i++) {
        if (!tokens.includes(symbols[i - 1]!) || !tokens.includes(symbols[i]!)) continue;
        const key = `${symbols[i - 1]}\n${symbols[i]}`;
        counts.set(key, (counts.get(key) ?? 0) + count);
      }
    }
    const ranked = [...counts].map(([key, count]) => ({ pair: key.split('\n') as [string, string], count }));
    ranked.sort(
      (a, b) =>
        b.count - a.count ||
        tokens.indexOf(a.pair[0]) - tokens.indexOf(b.pair[0]) ||
        tokens.indexOf(a.pair[1]) - tokens.indexOf(b.pair[1]),
    );
    const best = ranked[0];
    if (!best || best.count < minFrequency) break;
    const [left, right] = best.pair;
    merges.push(best.pair);
    if (!tokens.includes(left + right)) tokens.push(left + right);
    for (const { symbols } of words) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        if (symbols[i] === left && symbols[i + 1] === right) symbols.splice(i, 2, left + right);
      }
    }
  }
  return merges;
}

describe('learnMerges', () => {
  it('gives the merges of counting anew each time', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', '?'), minLength: 1, maxLength: 14 });
    const pieces = fc.array(fc.tuple(piece, fc.integer({ min: 1, max: 5 })), { maxLength: 25 });
    fc.assert(
      // The alphabet lacks `?`, which therefore is never merged.
      fc.property(
        pieces,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 4, max: 60 }),
        (counted, minFrequency, size) => {
          const base = ['a', 'b', 'c', 'd'];
          const options = { tokens: base, reserved: new Set<string>(), vocabularySize: size, minFrequency };
          expect(learnMerges(counted, options).merges).toEqual(naiveMerges(counted, base, size, minFrequency));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('makes no token with a reserved text', () => {
    const options = { tokens: ['<', 's', '>'], reserved: new Set(['<s>', '<s']), vocabularySize: 99, minFrequency: 1 };
    expect(learnMerges([['<s>', 9]], options).tokens).toEqual(['<', 's', '>', 's>']);
  });
});

describe('trainTokenizer', () => {
  const kinds = (['char', 'word', 'bpe', 'byte-bpe'] as const).map((kind) => ({ kind }));

  it.each(kinds)('gives the same $kind tokenizer again, in any order of lines', ({ kind }) => {
    const [first, again, reversed] = [corpus, corpus, corpus.toReversed()].map((lines) =>
      JSON.stringify(train({ kind, vocabularySize: 500 }, lines)),
    );
    expect(again).toBe(first);
    expect(reversed).toBe(first);
  });

  it.each(kinds)('gives the same $kind tokenizer from several files as from their lines together', ({ kind }) => {
    const trainer = new TokenizerTrainer(configure({ kind, vocabularySize: 500 }));
    for (const line of corpus.slice(0, 20)) trainer.add(line);
    for (const line of corpus.slice(20)) trainer.add(line);
    expect(trainer.finish().toJSON()).toEqual(train({ kind, vocabularySize: 500 }).toJSON());
  });

  it.each(kinds)('refuses a corpus without text for kind $kind', ({ kind }) => {
    expect(() => train({ kind }, [])).toThrow(DataError);
    expect(() => train({ kind }, ['', ''])).toThrow(/No text to train/);
  });

  it('refuses a corpus of blank lines for words', () => {
    expect(() => train({ kind: 'word' }, [' ', '\t'])).toThrow(DataError);
  });

  it('refuses lines that are not Unicode text', () => {
    expect(() => train({ kind: 'bpe' }, ['ok', 'a\udfff'])).toThrow(/lone surrogate U\+DFFF/);
  });

  it('reaches the size asked for, and stops early when there is nothing left to merge', () => {
    expect(train({ kind: 'bpe', vocabularySize: 700 }).vocabularySize).toBe(700);
    expect(train({ kind: 'byte-bpe', vocabularySize: 700 }).vocabularySize).toBe(700);
    // ▁, a, b; then ▁a and ▁ab.
    expect(train({ kind: 'bpe', vocabularySize: 700 }, ['ab ab']).vocabularySize).toBe(4 + 256 + 3 + 2);
    expect(train({ kind: 'bpe', vocabularySize: 700, minFrequency: 3 }, ['ab ab']).vocabularySize).toBe(4 + 256 + 3);
  });

  it('refuses a size smaller than the alphabet, naming the least that would do', () => {
    const expectLeast = (kind: 'char' | 'bpe' | 'byte-bpe', vocabularySize: number, least: number) => {
      const lines = ['abc'];
      expect(() => train({ kind, vocabularySize }, lines)).toThrow(ConfigError);
      expect(() => train({ kind, vocabularySize }, lines)).toThrow(`at least ${least} for kind ${kind}`);
      expect(train({ kind, vocabularySize: least }, lines).vocabularySize).toBe(least);
    };
    expectLeast('char', 6, 7);
    expectLeast('bpe', 263, 264);
    expectLeast('byte-bpe', 259, 260);
  });

  it('leaves rare characters without a token when the coverage is below 1', () => {
    const lines = ['aaaaaaaaa aaaaaaaaa x'];
    const whole = train({ kind: 'char' }, lines);
    const partial = train({ kind: 'char', characterCoverage: 0.9 }, lines);
    expect([whole.countUnknown('xa'), partial.countUnknown('xa')]).toEqual([0, 1]);
    // Kind bpe spells such a character with its bytes, and always keeps its white-space marker.
    const bytes = train({ kind: 'bpe', characterCoverage: 0.5 }, lines);
    expect(Array.from(bytes.encode('x'), bytes.token)).toEqual(['▁', '<0x78>']);
    expect(train({ kind: 'char', minFrequency: 2 }, lines).countUnknown('xa')).toBe(1);
  });

  it('keeps words apart from punctuation and digits', () => {
    const tokenizer = train({ kind: 'bpe', vocabularySize: 400 }, Array(9).fill('home. (home) home21'));
    expect(Array.from(tokenizer.encode('home. (home) home21'), tokenizer.token)).toEqual([
      '▁home',
      '.',
      '▁(',
      'home',
      ')',
      '▁home',
      '21',
    ]);
  });

  it('never learns the text of special and byte tokens', () => {
    const lines = Array(50).fill('<s> </s> <pad> <unk> <0x41> a<s>b');
    for (const kind of ['bpe', 'byte-bpe'] as const) {
      const tokenizer = trainTokenizer(configure({ kind, vocabularySize: 2000 }), lines);
      expect(tokenizer.decode(tokenizer.encode(lines[0]))).toBe(lines[0]);
      expect(tokenizer.countUnknown(lines[0])).toBe(0);
    }
  });
});

describe('reference tokenizers', () => {
  it.each(Object.entries(trainReferences()))(
    '%s is still written as the file that Python was asked about',
    async (name, tokenizer) => {
      const text = `${JSON.stringify(tokenizer, null, 1)}\n`;
      await expect(text).toMatchFileSnapshot(fileURLToPath(reference(`${name}.json`)));
    },
  );
});

describe('PieceCounter', () => {
  it('counts exactly within its budget', () => {
    const counter = new PieceCounter(1000);
    for (const piece of ['a', 'b', 'a', 'a longer piece than thirteen', 'a']) counter.add(piece);
    expect([...counter.entries()]).toEqual([
      ['a', 3],
      ['b', 1],
      ['a longer piece than thirteen', 1],
    ]);
  });

  it('forgets the rarest pieces when its budget is used up, and tells', () => {
    const forgotten: [string, number][] = [];
    const counter = new PieceCounter(2600, (piece, count) => forgotten.push([piece, count]));
    for (let i = 0; i < 20_000; i++) {
      counter.add('often');
      counter.add(`r${i}`);
    }
    const entries = new Map(counter.entries());
    expect(entries.get('often')).toBe(20_000);
    expect(entries.size).toBeLessThan(110);
    expect(entries.size + forgotten.length).toBe(20_001);
  });

  it('lets a trainer learn from more distinct words than fit, all characters included', () => {
    const trainer = new TokenizerTrainer(configure({ kind: 'bpe', vocabularySize: 400 }), { budget: 4000 });
    const letters = Array.from({ length: 52 }, (_, i) => String.fromCharCode((i < 26 ? 65 : 71) + i));
    for (let i = 0; i < 3000; i++) {
      trainer.add(`house ${letters[i % 52]}${letters[(i * 7) % 51]}${letters[(i * 11) % 47]}${letters[(i * 13) % 43]}`);
    }
    const tokenizer = trainer.finish();
    expect(tokenizer.id('▁house')).toBeDefined();
    for (const letter of letters) expect(tokenizer.id(letter)).toBeDefined();
  });
});
