// Number words against num2words (see tests/reference/spoken-text), and what it does not say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  englishCardinal,
  englishDecade,
  englishOrdinal,
  englishYear,
} from '../../../../src/text/spoken/english-numbers.js';
import { germanCardinal, germanOrdinalStem, germanYear } from '../../../../src/text/spoken/german-numbers.js';
import { spokenText } from '../../../../src/text/spoken/spoken-text.js';

type Row = [digits: string, english: string, german: string | null];
const file = process.env.SPOKEN_NUMBERS ?? new URL('../../../reference/spoken-text/expected.json', import.meta.url);
const expected = JSON.parse(readFileSync(file, 'utf8')) as Record<
  'cardinals' | 'ordinals' | 'years' | 'decimals',
  Row[]
>;

/** Both sides of all rows in one comparison, so that a large file is quick. */
function compare(rows: readonly Row[], english: (digits: string) => string, german: (digits: string) => string) {
  const ours = rows.map(([digits, , theirs]) => [digits, english(digits), theirs === null ? null : german(digits)]);
  expect(ours.filter((row, i) => row.some((words, j) => words !== rows[i]![j]))).toEqual([]);
  expect(rows.length).toBeGreaterThan(10);
}

describe('number words', () => {
  it('has the cardinals of num2words', () => compare(expected.cardinals, englishCardinal, germanCardinal));

  it('has the ordinals of num2words', () => compare(expected.ordinals, englishOrdinal, germanOrdinalStem));

  it('has the years of num2words', () => compare(expected.years, englishYear, germanYear));

  it('has the decimals of num2words', () =>
    compare(
      expected.decimals,
      (digits) => spokenText(digits, 'english'),
      (digits) => spokenText(digits.replace('.', ','), 'german'),
    ));

  it('reads bare numbers of a text as these words', () => {
    const bare = expected.cardinals.filter(([digits]) => !/^(?:1\d|20)\d\d$/.test(digits));
    compare(
      bare.slice(0, 2000),
      (digits) => spokenText(digits, 'english'),
      (digits) => spokenText(digits, 'german'),
    );
    const grouped = (digits: string, mark: string) => digits.replace(/\B(?=(?:\d{3})+$)/g, mark);
    compare(
      expected.cardinals.slice(0, 2000),
      (digits) => (digits.length < 5 ? englishCardinal(digits) : spokenText(grouped(digits, ','), 'english')),
      (digits) => (digits.length < 5 ? germanCardinal(digits) : spokenText(grouped(digits, '.'), 'german')),
    );
  });

  it('reads leading zeros and very long numbers digit by digit', () => {
    expect(englishCardinal('007')).toBe('zero zero seven');
    expect(germanCardinal('007')).toBe('null null sieben');
    expect(englishCardinal('1'.repeat(19))).toBe(Array(19).fill('one').join(' '));
    expect(germanCardinal('2'.repeat(19))).toBe(Array(19).fill('zwei').join(' '));
  });

  it('has ordinals of millions and decades', () => {
    expect(germanOrdinalStem('1000000')).toBe('millionst');
    expect(germanOrdinalStem('2000000')).toBe('zweimillionst');
    expect(germanOrdinalStem('3000000000')).toBe('dreimilliardst');
    expect(germanOrdinalStem('0')).toBe('nullt');
    expect(germanOrdinalStem('03')).toBe('dritt');
    expect(['1980', '80', '1900', '1800'].map(englishDecade)).toEqual([
      'nineteen eighties',
      'eighties',
      'nineteen hundreds',
      'eighteen hundreds',
    ]);
  });
});
