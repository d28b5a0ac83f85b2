// Pieces of a text: where they end, and that nothing is lost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/errors.js';
import { type SplitOptions, type SpokenPiece, splitSentences } from '../../../../src/text/spoken/split-sentences.js';

const joined = (pieces: readonly SpokenPiece[]) =>
  pieces.map(({ text, after }, i) => text + (i < pieces.length - 1 && after !== 'nothing' ? ' ' : '')).join('');
const sentences = (text: string, options: Partial<SplitOptions> = {}) =>
  splitSentences(text, { maxCharacters: 500, ...options }).map((piece) => piece.text);

describe('splitSentences', () => {
  it.each([
    ['One. Two! Three? Four... five. "Six." Seven', 6],
    ['Mr. Smith met Dr. Jones. They left.', 2],
    ['He paid $3.50. She paid 4.', 2],
    ['We ate, drank, etc. Then we slept at 5 p.m. Everyone did.', 3],
    ['J. S. Bach and J. R. R. Tolkien met the U.S. Army.', 1],
    ['"Stop!" he said. "Go."', 2],
    ['1. Introduction. 2. Method.', 2],
    ['It was I. Then it ended.', 2],
  ])('English: %s', (text, count) => expect(sentences(text, { language: 'english' })).toHaveLength(count));

  it.each([
    ['Am 3. Mai kam er. Er blieb bis zum 5. Juni.', 2],
    ['Der 2. Weltkrieg endete 1945. Peter war 5. Danach ging er.', 3],
    ['Z. B. Hunde, d. h. Tiere, usw. Der Hund bellt.', 2],
    ['Heinrich VIII. Tudor war König. Ludwig XIV. Der Sonnenkönig.', 3],
    ['Er wohnt in der Hauptstr. 5. Das Haus ist alt.', 2],
    ['Dr. Müller sah Nr. 5 und ca. 20 Mio. Menschen.', 1],
    ['„Halt!“ rief er. „Gut.“ Dann ging er.', 3],
  ])('German: %s', (text, count) => expect(sentences(text, { language: 'german' })).toHaveLength(count));

  it('knows the abbreviations of both languages without a language', () => {
    expect(sentences('Mr. Smith sah z. B. Hunde am 3. Mai. Er ging.')).toEqual([
      'Mr. Smith sah z. B. Hunde am 3. Mai.',
      'Er ging.',
    ]);
  });

  it('cuts long sentences at clauses, then at spaces, then inside words', () => {
    expect(splitSentences('One two three, four five six seven eight. End.', { maxCharacters: 16 })).toEqual([
      { text: 'One two three,', after: 'clause' },
      { text: 'four five six', after: 'word' },
      { text: 'seven eight.', after: 'sentence' },
      { text: 'End.', after: 'sentence' },
    ]);
    expect(splitSentences('Donaudampfschiff', { maxCharacters: 6 })).toEqual([
      { text: 'Donaud', after: 'nothing' },
      { text: 'ampfsc', after: 'nothing' },
      { text: 'hiff', after: 'sentence' },
    ]);
    expect(splitSentences('one – two', { maxCharacters: 7 })[0]).toEqual({ text: 'one –', after: 'clause' });
    expect(splitSentences('😀😀😀', { maxCharacters: 2 }).map((piece) => piece.text)).toEqual(['😀😀', '😀']);
  });

  it('splits a text of 5000 characters', () => {
    const sentence =
      'It was a long day; the sun shone, as Mr. Brown said, on all 12 of them – and no one spoke a word of it. ';
    const text = sentence.repeat(60).slice(0, 5000);
    const pieces = splitSentences(text, { maxCharacters: 60 });
    expect(Math.max(...pieces.map((piece) => piece.text.length))).toBeLessThanOrEqual(60);
    expect(joined(pieces)).toBe(text.trim());
    expect(pieces.filter((piece) => piece.after === 'sentence')).toHaveLength(49);
    expect(pieces.some((piece) => piece.after === 'nothing')).toBe(false);
  });

  it('gives back any text with its whitespace collapsed, in pieces that are short enough', () => {
    const parts = fc.constantFrom(
      'a',
      'Das',
      '3',
      '3.',
      '.',
      '. ',
      '! ',
      '?',
      '...',
      ' ',
      '  ',
      '\n',
      '\u00A0',
      ', ',
      '; ',
      '– ',
      '-',
      '"',
      'Dr. ',
      'z. B. ',
      'Heinrich',
      ' VIII.',
      '😀',
      '\uD800',
    );
    const text = fc.oneof(
      fc.array(parts, { maxLength: 40 }).map((all) => all.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('english', 'german', undefined),
        (written, maxCharacters, language) => {
          const pieces = splitSentences(written, { maxCharacters, ...(language && { language }) });
          expect(joined(pieces)).toBe(written.replace(/\s+/gu, ' ').trim());
          for (const piece of pieces) {
            expect(Array.from(piece.text).length).toBeLessThanOrEqual(maxCharacters);
            expect(piece.text).not.toBe('');
            expect(piece.text).toBe(piece.text.trim());
          }
          if (pieces.length > 0) expect(pieces.at(-1)!.after).toBe('sentence');
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('has nothing for nothing, and refuses a length that is none', () => {
    expect(splitSentences(' \n', { maxCharacters: 5 })).toEqual([]);
    for (const maxCharacters of [0, 1.5, Number.NaN, -3]) {
      expect(() => splitSentences('a', { maxCharacters })).toThrow(UsageError);
    }
  });
});
