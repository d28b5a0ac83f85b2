// English number words for reading aloud: cardinals with "and", ordinals, years, decades and digits one by one.
import { MOST_DIGITS, tripletsOf } from './digit-groups.js';

const ONES = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES = ['', ' thousand', ' million', ' billion', ' trillion', ' quadrillion'];
const IRREGULAR_ORDINALS: Readonly<Record<string, string>> = {
  ...{ one: 'first', two: 'second', three: 'third', five: 'fifth', eight: 'eighth', nine: 'ninth', twelve: 'twelfth' },
};

function belowHundred(n: number): string {
  if (n < 20) return ONES[n]!;
  return n % 10 === 0 ? TENS[n / 10]! : `${TENS[Math.floor(n / 10)]!}-${ONES[n % 10]!}`;
}

function belowThousand(n: number): string {
  if (n < 100) return belowHundred(n);
  const hundreds = `${ONES[Math.floor(n / 100)]!} hundred`;
  return n % 100 === 0 ? hundreds : `${hundreds} and ${belowHundred(n % 100)}`;
}

/** Digits one by one: `007` is `zero zero seven`. */
export const englishDigits = (digits: string): string => Array.from(digits, (digit) => ONES[Number(digit)]!).join(' ');

/**
 * A whole number in words, British style with "and": 1205 is `one thousand two hundred and five`. Leading zeros and numbers of more
 * than 18 digits are read digit by digit.
 * @param digits ASCII digits only
 */
export function englishCardinal(digits: string): string {
  if (digits === '0') return 'zero';
  if (digits.startsWith('0') || digits.length > MOST_DIGITS) return englishDigits(digits);
  const groups = tripletsOf(digits);
  const words = groups.map((n, i) => (n === 0 ? '' : belowThousand(n) + SCALES[groups.length - 1 - i]!));
  // `one million and five`: the "and" that has no hundreds to follow.
  const last = groups.at(-1)!;
  if (groups.length > 1 && last > 0 && last < 100) words[words.length - 1] = `and ${words.at(-1)!}`;
  return words.filter((word) => word !== '').join(' ');
}

/** The ordinal of a whole number: 21 is `twenty-first`. */
export function englishOrdinal(digits: string): string {
  const cardinal = englishCardinal(digits.replace(/^0+(?=\d)/, ''));
  return cardinal.replace(/[a-z]+$/, (word) => {
    const irregular = IRREGULAR_ORDINALS[word];
    if (irregular !== undefined) return irregular;
    return word.endsWith('y') ? `${word.slice(0, -1)}ieth` : `${word}th`;
  });
}

/** A year of four digits: 1984 `nineteen eighty-four`, 1905 `nineteen oh five`, 1900 `nineteen hundred`, 2005 `two thousand and five`. */
export function englishYear(digits: string): string {
  const century = Number(digits.slice(0, 2));
  const rest = Number(digits.slice(2));
  if (century < 10 || (century % 10 === 0 && rest < 10)) return englishCardinal(digits);
  if (rest === 0) return `${belowHundred(century)} hundred`;
  return `${belowHundred(century)} ${rest < 10 ? 'oh ' : ''}${belowHundred(rest)}`;
}

const plural = (word: string): string => (word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`);

/** A decade or century: 1980 `nineteen eighties`, 80 `eighties`, 1900 `nineteen hundreds`. */
export const englishDecade = (digits: string): string =>
  plural(digits.length === 4 ? englishYear(digits) : englishCardinal(digits));
