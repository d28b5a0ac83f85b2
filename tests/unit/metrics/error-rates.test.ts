// Error rates: jiwer's own cases, several references, units, and text that is out of the ordinary.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align } from '../../../src/metrics/edits/align.js';
import { rowOfDistances } from '../../../src/metrics/edits/levenshtein.js';
import { alignSegments } from '../../../src/metrics/error-rates/alignment.js';
import { countErrors } from '../../../src/metrics/error-rates/count.js';
import {
  errorRate,
  errors,
  matchErrorRate,
  wordInformationLost,
  wordInformationPreserved,
} from '../../../src/metrics/error-rates/rates.js';
import { frequentErrors, renderAlignment, renderFrequentErrors } from '../../../src/metrics/error-rates/render.js';
import {
  codePoints,
  graphemes,
  phonemes,
  type Splitter,
  unstressedPhonemes,
  words,
} from '../../../src/metrics/error-rates/units.js';

interface Stated {
  ref: string | string[];
  hyp: string | string[];
  [expected: string]: unknown;
}

const stated = JSON.parse(readFileSync(new URL('jiwer-cases.json', import.meta.url), 'utf8')) as {
  words: Stated[];
  characters: Stated[];
  mustThrow: Stated[];
  alignments: (Stated & { words: string; chars: string; counts?: Record<string, number> })[];
  errorCounts: { ref: string[]; hyp: string[]; text: string };
};

const measure = (reference: string | string[], hypothesis: string | string[], split: Splitter) => {
  const alignment = alignSegments([reference].flat(), [hypothesis].flat(), split);
  const { counts } = alignment;
  const { hits, substitutions, insertions, deletions } = counts;
  return {
    alignment,
    measures: {
      ...{ hits, substitutions, insertions, deletions },
      wer: errorRate(counts),
      cer: errorRate(counts),
      mer: matchErrorRate(counts),
      wil: wordInformationLost(counts),
      wip: wordInformationPreserved(counts),
    } as Record<string, number>,
  };
};

describe("jiwer's own cases", () => {
  it.each([
    ['words', words],
    ['characters', codePoints],
  ] as const)('of %s give its numbers', (kind, split) => {
    for (const { ref, hyp, ...expected } of stated[kind]) {
      const { measures } = measure(ref, hyp, split);
      for (const [name, value] of Object.entries(expected)) {
        expect(measures[name], `${name} of ${JSON.stringify([ref, hyp])}`).toBeCloseTo(value as number, 12);
      }
    }
  });

  it('that must fail do', () => {
    for (const { ref, hyp } of stated.mustThrow) {
      expect(() => measure(ref, hyp, words)).toThrow('references: expected 1, one for each hypothesis, found 4');
    }
  });

  it('are drawn as there', () => {
    for (const { ref, hyp, counts, wer, cer, ...drawn } of stated.alignments) {
      const byWord = measure(ref, hyp, words);
      const byCharacter = measure(ref, hyp, codePoints);
      const render = (alignment: typeof byWord.alignment, unit: 'word' | 'character') =>
        renderAlignment(alignment, { unit, showMeasures: false, skipCorrect: false });
      expect(render(byWord.alignment, 'word')).toBe(`=== SENTENCE 1 ===\n\n${drawn.words}`);
      if (drawn.chars) expect(render(byCharacter.alignment, 'character')).toBe(`=== SENTENCE 1 ===\n\n${drawn.chars}`);
      if (counts) {
        const { sub, dele, ins, hits } = counts;
        expect(byWord.measures).toMatchObject({ substitutions: sub, deletions: dele, insertions: ins, hits });
      }
      if (typeof wer === 'number') expect(byWord.measures.wer).toBeCloseTo(wer, 12);
      if (typeof cer === 'number') expect(byCharacter.measures.cer).toBeCloseTo(cer, 12);
    }
  });

  it('have its counts of single errors', () => {
    const { ref, hyp, text } = stated.errorCounts;
    const found = frequentErrors(measure(ref, hyp, words).alignment, 'word');
    expect(found.substitutions[0]).toEqual({ expected: 'sub', found: 'bus', count: 3 });
    expect(renderFrequentErrors(found)).toBe(text);
  });
});

describe('edits', () => {
  /** The distance by the definition. */
  function distance(a: readonly number[], b: readonly number[]): number {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (const [i, symbol] of a.entries()) {
      const next = [i + 1];
      for (const [j, other] of b.entries()) {
        next.push(Math.min(row[j]! + (symbol === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
      }
      row = next;
    }
    return row.at(-1)!;
  }

  const sequence = fc.array(fc.nat({ max: 3 }), { maxLength: 90 });

  it('are as few as possible, and turn the reference into the hypothesis', () => {
    fc.assert(
      fc.property(sequence, sequence, (reference, hypothesis) => {
        const edits = align(Int32Array.from(reference), Int32Array.from(hypothesis));
        expect(errors(edits)).toBe(distance(reference, hypothesis));
        let i = 0;
        let j = 0;
        for (const operation of edits.operations) {
          if (operation === 0) expect(reference[i]).toBe(hypothesis[j]);
          if (operation === 1) expect(reference[i]).not.toBe(hypothesis[j]);
          if (operation !== 2) i++;
          if (operation !== 3) j++;
        }
        expect([i, j]).toEqual([reference.length, hypothesis.length]);
      }),
      { numRuns: 300 },
    );
  });

  it('mirror each other where the sequences change places', () => {
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const forth = align(Int32Array.from(a), Int32Array.from(b));
        const back = align(Int32Array.from(b), Int32Array.from(a));
        expect(errors(back)).toBe(errors(forth));
      }),
    );
  });
});

describe('bands', () => {
  it('hold the paths at their very edges', () => {
    const text = Int32Array.from({ length: 200 }, (_, i) => (i * i) % 211);
    for (const extra of [1, 31, 32, 33, 40, 64, 100]) {
      const longer = Int32Array.from([...Array.from({ length: extra }, (_, i) => 300 + i), ...text]);
      expect(rowOfDistances(text, longer, longer.length, extra)[text.length]).toBe(extra);
      expect(rowOfDistances(longer, text, text.length, extra)[longer.length]).toBe(extra);
    }
  });
});

describe('several references', () => {
  it('count as the one with the fewest errors', () => {
    expect(countErrors('a b c', ['a x y', 'a b', 'z'], words)).toMatchObject({ hits: 2, insertions: 1, deletions: 0 });
  });

  it('that have equally many errors count as the longer one', () => {
    expect(countErrors('a b c', ['a b', 'a b c d', 'b c'], words)).toMatchObject({ hits: 3, deletions: 1 });
    expect(countErrors('a b', ['a c', 'c b'], words).operations).toEqual(Uint8Array.of(0, 1));
  });

  it('must be at least one', () => {
    expect(() => countErrors('a', [], words)).toThrow(RangeError);
  });
});

describe('units', () => {
  it('are words between spaces, with white space as in Python', () => {
    expect(words('  a \t b\tc\u00a0d\u2003 e \ufeff f\x1c\x1dg ')).toEqual([
      'a',
      'b\tc\u00a0d',
      'e',
      '\ufeff',
      'f',
      'g',
    ]);
    expect(words(' \t\u3000')).toEqual([]);
  });

  it('are code points or grapheme clusters', () => {
    const text = ' e\u0301👨‍👩‍👧🇩🇪\ud800 ';
    expect(codePoints(text)).toEqual(['e', '\u0301', '👨', '\u200d', '👩', '\u200d', '👧', '🇩', '🇪', '\ud800']);
    expect(graphemes(text)).toEqual(['e\u0301', '👨‍👩‍👧', '🇩🇪', '\ud800']);
    expect(graphemes('a b\r\nc')).toEqual(['a', ' ', 'b', '\r\n', 'c']);
    expect(graphemes('plain text')).toEqual(codePoints('plain text'));
  });

  it('are phonemes, with or without stress', () => {
    expect(phonemes(' HH AH0\tL  OW1 ')).toEqual(['HH', 'AH0', 'L', 'OW1']);
    expect(unstressedPhonemes('HH AH0 L OW1 5 x3 |')).toEqual(['HH', 'AH', 'L', 'OW', '5', 'x3', '|']);
    expect(unstressedPhonemes('ˈh ə ˌl ˈ oʊ')).toEqual(['h', 'ə', 'l', 'oʊ']);
  });
});

describe('unusual text', () => {
  it.each([
    ['NUL bytes', 'a\0b', 'a\0c', { hits: 2, substitutions: 1 }],
    ['lone surrogates', '\ud83dx\ude00', '\ud83d\ude00', { substitutions: 1, deletions: 2 }],
    ['emoji', '👍🏽👍', '👍👍', { hits: 2, deletions: 1 }],
    ['combining marks', 'e\u0301', '\u00e9', { substitutions: 1, deletions: 1 }],
    ['right-to-left text', 'שלום עולם', 'שלום', { hits: 4, deletions: 5 }],
    ['an empty reference', '', 'ab', { insertions: 2 }],
    ['an empty hypothesis', 'ab', ' ', { deletions: 2 }],
    ['nothing', '', '', {}],
  ])('is counted by character: %s', (_, reference, hypothesis, expected) => {
    const counts = { hits: 0, substitutions: 0, insertions: 0, deletions: 0, ...expected };
    expect(countErrors(hypothesis, [reference], codePoints)).toMatchObject(counts);
  });

  /** Words in an order that does not repeat. */
  function longText(length: number, seed: number): string {
    const list = 'the of and to in a is that it was for on are as with his they at be this from have or by'.split(' ');
    const parts: string[] = [];
    for (let state = seed, size = 0; size < length; size += parts.at(-1)!.length + 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      parts.push(list[(state >>> 16) % list.length]!);
    }
    return parts.join(' ');
  }

  it('may be a segment of a megabyte', () => {
    const reference = longText(1_000_000, 1);
    const hypothesis = reference.replaceAll('is that', 'was').slice(500);
    const byCharacter = countErrors(hypothesis, [reference], codePoints);
    expect(byCharacter.hits + byCharacter.substitutions + byCharacter.deletions).toBe(reference.length);
    expect(byCharacter.deletions - byCharacter.insertions).toBe(reference.length - hypothesis.length);
    expect(errorRate(byCharacter)).toBeLessThan(0.02);
    expect(errorRate(countErrors(hypothesis, [reference], words))).toBeLessThan(0.03);
    expect(countErrors('', [reference], codePoints).deletions).toBe(reference.length);
    expect(countErrors(reference, ['the cat'], codePoints).insertions).toBe(reference.length - 7);
  }, 30_000);

  it('may be long and have nothing to do with the reference', () => {
    const counts = countErrors(longText(60_000, 2), [longText(60_000, 3)], words);
    expect(errorRate(counts)).toBeGreaterThan(0.7);
  });
});

describe('drawings', () => {
  it('end with the measures, exact halves rounded as in Python', () => {
    const reference = Array.from({ length: 32 }, (_, i) => `w${i}`).join(' ');
    const { alignment } = measure(reference, reference.replace('w7', 'x'), words);
    const text = renderAlignment(alignment, { unit: 'word' });
    expect(text).toContain('number of sentences: 1\nsubstitutions=1 deletions=0 insertions=0 hits=31\n\nmer=3.12%\n');
  });

  it('break long lines', () => {
    const { alignment } = measure('a b c d', 'a x c', words);
    expect(renderAlignment(alignment, { unit: 'word', showMeasures: false, lineWidth: 9 })).toBe(
      '=== SENTENCE 1 ===\n\nREF: a b\nHYP: a x\n       S\n\nREF: c d\nHYP: c *\n       D\n',
    );
  });
});
