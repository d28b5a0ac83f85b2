// German number words for reading aloud: cardinals, ordinals, years and digits one by one.
import { MOST_DIGITS, tripletsOf } from './digit-groups.js';

const ONES = [
  ...['null', 'eins', 'zwei', 'drei', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun', 'zehn', 'elf', 'zwölf'],
  ...['dreizehn', 'vierzehn', 'fünfzehn', 'sechzehn', 'siebzehn', 'achtzehn', 'neunzehn'],
];
const TENS = ['', '', 'zwanzig', 'dreißig', 'vierzig', 'fünfzig', 'sechzig', 'siebzig', 'achtzig', 'neunzig'];
/** From a million on: the word, and what makes it a plural. */
const SCALES = [
  ['Million', 'en'],
  ['Milliarde', 'n'],
  ['Billion', 'en'],
  ['Billiarde', 'n'],
] as const;

/** @param one what a final 1 is: `eins` at the end of a number, `ein` before what it counts */
function belowHundred(n: number, one: string): string {
  if (n === 1) return one;
  if (n < 20) return ONES[n]!;
  const tens = TENS[Math.floor(n / 10)]!;
  return n % 10 === 0 ? tens : `${belowHundred(n % 10, 'ein')}und${tens}`;
}

function belowThousand(n: number, one: string): string {
  if (n < 100) return belowHundred(n, one);
  const hundreds = `${belowHundred(Math.floor(n / 100), 'ein')}hundert`;
  return n % 100 === 0 ? hundreds : hundreds + belowHundred(n % 100, one);
}

/** Digits one by one: `007` is `null null sieben`. */
export const germanDigits = (digits: string): string => Array.from(digits, (digit) => ONES[Number(digit)]!).join(' ');

/**
 * A whole number in words: 21 `einundzwanzig`, 101 `einhunderteins`, 1001 `eintausendeins`, 2000001 `zwei Millionen eins`. Leading
 * zeros and numbers of more than 18 digits are read digit by digit.
 * @param digits ASCII digits only
 */
export function germanCardinal(digits: string): string {
  if (digits === '0') return 'null';
  if (digits.startsWith('0') || digits.length > MOST_DIGITS) return germanDigits(digits);
  const groups = tripletsOf(digits);
  const high = groups.slice(0, -2).flatMap((n, i) => {
    if (n === 0) return [];
    const [scale, plural] = SCALES[groups.length - 3 - i]!;
    return [n === 1 ? `eine ${scale}` : `${belowThousand(n, 'eine')} ${scale}${plural}`];
  });
  const thousands = groups.at(-2) ?? 0;
  const rest = groups.at(-1)!;
  const low =
    (thousands > 0 ? `${belowThousand(thousands, 'ein')}tausend` : '') + (rest > 0 ? belowThousand(rest, 'eins') : '');
  return [...high, ...(low === '' ? [] : [low])].join(' ');
}

/**
 * An ordinal without its ending: 3 `dritt`, 21 `einundzwanzigst`, 101 `einhunderterst`.
 * @param digits ASCII digits only; leading zeros count for nothing
 */
export function germanOrdinalStem(digits: string): string {
  const plain = digits.replace(/^0+(?=\d)/, '');
  if (plain === '0') return 'nullt';
  const lastTwo = Number(plain.slice(-2));
  const cardinal = germanCardinal(plain);
  if (lastTwo === 1) return cardinal.replace(/eins$/, 'erst');
  if (lastTwo === 3) return cardinal.replace(/drei$/, 'dritt');
  if (lastTwo === 7) return cardinal.replace(/sieben$/, 'siebt');
  if (lastTwo === 8) return cardinal;
  if (lastTwo > 0 && lastTwo < 20) return `${cardinal}t`;
  const whole = cardinal.replace(/^(?:ein(?=hundert$|tausend$)|eine (?=\p{Lu}\p{Ll}+$))/u, '');
  // `zweimillionst`: what ends in a scale is one word.
  const joined = /\p{Lu}\p{Ll}+$/u.test(whole) ? whole.replaceAll(' ', '').toLowerCase() : whole;
  return `${joined.replace(/(?<=illi(?:on|ard))e?n?$/, '')}st`;
}

/** A year of four digits: 1984 `neunzehnhundertvierundachtzig`; 2005 and years before 1100 are read as numbers. */
export function germanYear(digits: string): string {
  const century = Number(digits.slice(0, 2));
  const rest = Number(digits.slice(2));
  if (century < 11 || century > 19) return germanCardinal(digits);
  return `${ONES[century]!}hundert${rest === 0 ? '' : belowHundred(rest, 'eins')}`;
}
