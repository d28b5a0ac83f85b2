// What unknown tokens stand for: their texts, ids beyond the vocabulary, and spellings that are not special tokens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenizerFromJSON, UNK } from '../../../src/text/tokenizer.js';
import { anyText, train, trainReferences } from './support.js';

describe('texts of unknown tokens', () => {
  const word = train({ kind: 'word' }, ['a dog', 'a cat']);
  const char = train({ kind: 'char' }, ['abc def']);

  it('are the words or characters that the vocabulary lacks, in order', () => {
    expect([...word.encode('a bird , a cat <unk> bird')].filter((id) => id === UNK)).toHaveLength(4);
    expect(word.unknownTexts('a bird , a cat <unk> bird')).toEqual(['bird', ',', '<unk>', 'bird']);
    expect(char.unknownTexts('aXbÿ😀c')).toEqual(['X', 'ÿ', '😀']);
    expect(train({ kind: 'word', lowercase: true }, ['a']).unknownTexts('A BIRD')).toEqual(['bird']);
  });

  it('of a vocabulary that fuses them are whole runs', () => {
    const json = structuredClone(char.toJSON());
    if (json.model.type !== 'BPE') throw new Error('a character vocabulary is one of BPE without merges');
    json.model.fuse_unk = true;
    const fused = tokenizerFromJSON(json, 'fused.json');
    expect(fused.unknownTexts('aXYbZ')).toEqual(['XY', 'Z']);
    expect(fused.countUnknown('aXYbZ')).toBe(2);
  });

  it.each(Object.entries(trainReferences()))(
    'are as many as there are unknown tokens, and make up the text again: %s',
    (_name, tokenizer) => {
      fc.assert(
        fc.property(
          anyText.filter((text) => !/\p{Surrogate}/u.test(text)),
          (text) => {
            const texts = tokenizer.unknownTexts(text);
            expect(texts).toHaveLength(tokenizer.countUnknown(text));
            let unknown = 0;
            const size = tokenizer.vocabularySize;
            const extended = tokenizer.encode(text).map((id) => (id === UNK ? size + unknown++ : id));
            const { normalizers = [] } = (tokenizer.toJSON().normalizer as { normalizers?: unknown[] } | null) ?? {};
            if (tokenizer.kind === 'char' && normalizers.length === 0)
              expect(tokenizer.decode(extended, texts)).toBe(text);
            else if (tokenizer.kind === 'word') {
              expect(tokenizer.decode(extended, texts)).toBe((text.match(/\P{White_Space}+/gu) ?? []).join(' '));
            } else expect(texts).toEqual([]);
          },
        ),
      );
    },
  );

  it('tells ordinary tokens from special ones', () => {
    expect(word.ordinaryId('dog')).toBe(word.id('dog'));
    for (const special of ['<pad>', '<s>', '</s>', '<unk>']) {
      expect(word.id(special)).toBeDefined();
      expect(word.ordinaryId(special)).toBeUndefined();
    }
    expect(() => word.decode([word.vocabularySize])).toThrow(RangeError);
    expect(word.decode([word.id('a') as number, word.vocabularySize], ['bird'])).toBe('a bird');
  });
});
