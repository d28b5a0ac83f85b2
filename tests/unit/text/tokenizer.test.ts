// Encoding and decoding: exact round trips, special tokens as text, unknown characters and words, BPE dropout.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, PAD, UNK } from '../../../src/text/tokenizer.js';
import { anyText, corpus, train } from './support.js';

const bpe = train({ kind: 'bpe', vocabularySize: 600 });
const byteBpe = train({ kind: 'byte-bpe', vocabularySize: 480 });
const char = train({ kind: 'char' });
const word = train({ kind: 'word' });

describe.each([bpe, byteBpe])('subwords of kind $kind', (tokenizer) => {
  it('restores any text exactly, and knows everything', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect([PAD, BOS, EOS, UNK].some((special) => ids.includes(special))).toBe(false);
        expect(tokenizer.countUnknown(text)).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('restores texts cut with dropout', () => {
    fc.assert(
      fc.property(anyText, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.integer(), (text, dropout, seed) => {
        const ids = tokenizer.encode(text, { dropout, random: new Random(seed, 'dropout') });
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
  });

  it('restores a text even when no character of it was seen in training', () => {
    const small = train({ kind: tokenizer.kind, vocabularySize: 300 }, ['abc abc']);
    const text = ' ▁ \u001b_ Ω\n😀 <s><0x41>\u0000';
    expect(small.decode(small.encode(text))).toBe(text);
  });

  it('gives the same ids with the cache cold, warm, and overflowing', () => {
    const fresh = train({ kind: tokenizer.kind, vocabularySize: tokenizer.vocabularySize });
    const line = corpus[0]!;
    const cold = fresh.encode(line);
    expect(fresh.encode(line)).toEqual(cold);
    for (let i = 0; i < 140_000; i++) fresh.encode(i.toString(36));
    expect(fresh.encode(line)).toEqual(cold);
  });

  it('merges common words whole', () => {
    expect(tokenizer.encode(' the')).toHaveLength(tokenizer.kind === 'bpe' ? 2 : 1);
    expect(tokenizer.encode('')).toHaveLength(0);
  });

  it('refuses lone surrogates, saying where', () => {
    expect(() => tokenizer.encode('ab\ud800c')).toThrow(DataError);
    expect(() => tokenizer.encode('ab\ud800c')).toThrow(/U\+D800 at position 2/);
    expect(() => tokenizer.encode('\ude00\ud83d')).toThrow(/U\+DE00 at position 0/);
  });

  it('encodes a very long piece without slowing down more than in proportion', () => {
    const text = 'abcab'.repeat(40_000);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  describe('with BPE dropout', () => {
    const line = corpus[3]!;
    const encode = (dropout: number, seed = 1) =>
      tokenizer.encode(line, { dropout, random: new Random(seed, 'dropout') });

    it('equals plain encoding at 0, and draws nothing', () => {
      const random = new Random(1, 'dropout');
      const before = random.state();
      expect(tokenizer.encode(line, { dropout: 0, random })).toEqual(tokenizer.encode(line));
      expect(random.state()).toEqual(before);
    });

    it('follows the seed', () => {
      expect(encode(0.3)).toEqual(encode(0.3));
      expect(encode(0.3, 2)).not.toEqual(encode(0.3));
    });

    it('cuts finer the higher it is, down to single characters at 1', () => {
      const mean = (dropout: number) => {
        let total = 0;
        for (let seed = 0; seed < 50; seed++) total += encode(dropout, seed).length;
        return total / 50;
      };
      expect(mean(0.1)).toBeGreaterThan(tokenizer.encode(line).length);
      expect(mean(0.5)).toBeGreaterThan(mean(0.1));
      // Kind bpe has the prepended white-space marker besides.
      expect(encode(1)).toHaveLength(line.length + (tokenizer.kind === 'bpe' ? 1 : 0));
    });

    it('needs a source of randomness', () => {
      expect(() => tokenizer.encode(line, { dropout: 0.1 })).toThrow(TypeError);
    });
  });
});

it('drops each merge with the probability given', () => {
  // One merge, so "ab" stays cut exactly when that merge is dropped.
  const tokenizer = train({ kind: 'byte-bpe', vocabularySize: 261 }, ['ab']);
  const random = new Random(5, 'dropout');
  let cut = 0;
  for (let i = 0; i < 4000; i++) cut += tokenizer.encode('ab', { dropout: 0.25, random }).length - 1;
  expect(cut / 4000).toBeGreaterThan(0.22);
  expect(cut / 4000).toBeLessThan(0.28);
});

describe('char', () => {
  it('gives one token a code point and restores every text of seen characters', () => {
    const seen = [...new Set(corpus.join(''))];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...seen)), (characters) => {
        const ids = char.encode(characters.join(''));
        expect(ids).toHaveLength(characters.length);
        expect(char.decode(ids)).toBe(characters.join(''));
      }),
    );
  });

  it('gives one unknown token for each unseen character', () => {
    expect(char.decode(char.encode('dog ⅋⅋ 🦆.'))).toBe('dog <unk><unk> <unk>.');
    expect(char.countUnknown('dog ⅋⅋ 🦆.')).toBe(3);
  });
});

describe('word', () => {
  it('cuts at any white space and joins with spaces', () => {
    const ids = word.encode('\u3000A dog  runs\u0085through\tthe\u2028water \n');
    expect(word.decode(ids)).toBe('A dog runs through the water');
    expect(word.encode(' \t ')).toHaveLength(0);
  });

  it('counts words it does not know, the text of special tokens among them', () => {
    const text = 'A dog <s> zebra <unk> </s>';
    expect(word.countUnknown(text)).toBe(4);
    expect([...word.encode(text)].slice(2)).toEqual([UNK, UNK, UNK, UNK]);
    expect(word.decode(word.encode(text))).toBe('A dog <unk> <unk> <unk> <unk>');
  });

  it('has the most frequent words first and leaves out the rarer ones', () => {
    const lines = ['b a a', 'c c a <s>', 'd __proto__ __proto__ __proto__ __proto__'];
    const tokenizer = train({ kind: 'word', vocabularySize: 7 }, lines);
    expect([4, 5, 6].map(tokenizer.token)).toEqual(['__proto__', 'a', 'c']);
    const frequent = train({ kind: 'word', minFrequency: 2 }, lines);
    expect(frequent.vocabularySize).toBe(7);
    expect(frequent.countUnknown('a b c d')).toBe(2);
  });
});

describe.each([char, word, bpe, byteBpe])('vocabulary of kind $kind', (tokenizer) => {
  it('has the special tokens at their ids and maps both ways', () => {
    expect([PAD, BOS, EOS, UNK].map(tokenizer.token)).toEqual(['<pad>', '<s>', '</s>', '<unk>']);
    for (let id = 0; id < tokenizer.vocabularySize; id++) expect(tokenizer.id(tokenizer.token(id))).toBe(id);
    expect(tokenizer.id('no such token')).toBeUndefined();
  });

  it('leaves out padding, begin and end when decoding, and shows unknown', () => {
    const ids = tokenizer.encode('A dog');
    expect(tokenizer.decode([BOS, ...ids, EOS, PAD, PAD])).toBe('A dog');
    expect(tokenizer.decode([UNK])).toBe('<unk>');
    expect(tokenizer.decode([])).toBe('');
  });

  it('refuses ids outside the vocabulary', () => {
    const size = tokenizer.vocabularySize;
    expect(() => tokenizer.decode([size])).toThrow(`token id must be in 0 … ${size - 1}, but is ${size}`);
    expect(() => tokenizer.token(-1)).toThrow(RangeError);
  });
});

describe('normalization', () => {
  it('folds compatible forms with nfkc and case with lowercase, before all else', () => {
    const tokenizer = train({ kind: 'bpe', vocabularySize: 600, normalization: 'nfkc', lowercase: true });
    expect(tokenizer.decode(tokenizer.encode('ﬁRST Ｍａｉｎ\u00a0½ ▁'))).toBe('first main 1⁄2 ▁');
    const text = 'Ⅻ ΣΑΣ e\u0301';
    expect(tokenizer.decode(tokenizer.encode(text))).toBe('xii σασ é');
  });

  it('holds for characters and words too', () => {
    const words = train({ kind: 'word', lowercase: true });
    expect(words.decode(words.encode('A DOG'))).toBe('a dog');
    const characters = train({ kind: 'char', normalization: 'nfkc' });
    expect(characters.decode(characters.encode('ｄｏｇ'))).toBe('dog');
  });
});
