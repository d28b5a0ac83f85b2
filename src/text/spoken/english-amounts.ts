// English amounts read aloud: numbers, ranges, money, measures and the years that look like numbers.
import { type Amount, amountPatterns, type Decimal, looksLikeYear, readAmount } from './amounts.js';
import { englishCardinal, englishDigits, englishYear } from './english-numbers.js';
import type { Place, Rule } from './rewriting.js';
import { abbreviationEnds } from './sentence-ends.js';
import { type Currency, currencyOf, UNITS } from './units.js';

const SIGNS: Readonly<Record<string, string>> = { '-': 'minus ', '+': 'plus ', '±': 'plus or minus ' };
const SCALE_WORDS: Readonly<Record<string, string>> = {
  ...{
    k: 'thousand',
    K: 'thousand',
    m: 'million',
    M: 'million',
    b: 'billion',
    B: 'billion',
    bn: 'billion',
    tn: 'trillion',
  },
};
const YEAR_BEFORE =
  /(?:^|[\s("'])(?:in|since|of|from|by|until|till|before|after|during|around|about|early|late|mid|year|to|and|spring|summer|autumn|fall|winter|January|February|March|April|May|June|July|August|September|October|November|December|\d(?:st|nd|rd|th)?,?) $/i;

/** A number in words: 3.14 is `three point one four`, .5 is `point five`. */
function englishDecimal({ whole, mark, fraction }: Decimal): string {
  const integer = whole === '' ? '' : englishCardinal(whole);
  return mark === '' || fraction === '' ? integer : `${integer} point ${englishDigits(fraction)}`.trim();
}

/** A bare number of four digits is a year unless it counts the plural behind it, as in `1500 people`. */
function isYear(number: Decimal, { before, after }: Place): boolean {
  if (!looksLikeYear(number)) return false;
  return YEAR_BEFORE.test(before) || !/^ (?:people|men|women|children|\p{Ll}+[^s\W]s)(?!\p{L})/u.test(after);
}

const isOne = ({ whole, mark }: Decimal): boolean => whole === '1' && mark === '';

function money(number: Decimal, currency: Currency): string {
  const { cents } = currency;
  if (number.fraction.length !== 2 || cents === undefined)
    return `${englishDecimal(number)} ${isOne(number) ? currency.one : currency.many}`;
  const hundredths = number.fraction.replace(/^0/, '');
  const small =
    hundredths === '0' ? '' : `${englishCardinal(hundredths)} ${hundredths === '1' ? cents.one : cents.many}`;
  if (/^0*$/.test(number.whole) && small !== '') return small;
  const large = `${englishCardinal(number.whole || '0')} ${number.whole === '1' ? currency.one : currency.many}`;
  return small === '' ? large : `${large} and ${small}`;
}

/** The range `first dash second`, or the difference where it cannot be a range. */
function range(amount: Amount, second: Decimal, place: Place, bare: boolean): string {
  const { first, dash } = amount;
  const yearFirst =
    bare && looksLikeYear(first) && (looksLikeYear(second) || (/^\d\d$/.test(second.whole) && second.mark === ''));
  const from = yearFirst ? englishYear(first.whole) : englishDecimal(first);
  const to =
    yearFirst && looksLikeYear(second) && isYear(second, { ...place, before: 'to ' })
      ? englishYear(second.whole)
      : englishDecimal(second);
  const falls = Number(`${second.whole}.${second.fraction}`) < Number(`${first.whole}.${first.fraction}`);
  return `${from} ${dash.trim() !== dash && falls && !yearFirst ? 'minus' : 'to'} ${to}`;
}

function sayAmount(amount: Amount, place: Place): string | undefined {
  const { sign, front, first, second, scale, hyphen, unit } = amount;
  if (sign !== '' && !/(?:^|[\s(["'=:–])$/.test(place.before)) return undefined;
  const scaleWord = SCALE_WORDS[scale];
  const currency = currencyOf(front || unit, 'english');
  const bare = sign === '' && front === '' && scale === '' && unit === '';
  const said = () => {
    if (second !== undefined) return range(amount, second, place, bare);
    return bare && isYear(first, place) ? englishYear(first.whole) : englishDecimal(first);
  };
  const signWord = SIGNS[sign] ?? '';
  if (currency !== undefined && scale === '' && second === undefined && (front === '' || unit === '')) {
    return signWord + money(first, currency);
  }
  const words = [`${signWord}${said()}`];
  if (scale !== '') words.push(scaleWord ?? scale);
  const single = isOne(first) && second === undefined && scale === '';
  if (currency !== undefined) words.push(currency.many);
  const measure =
    front !== '' || currency === undefined ? (UNITS.english.get(unit) ?? currencyOf(unit, 'english')) : undefined;
  if (measure !== undefined) words.push(single || (hyphen && scale === '') ? measure.one : measure.many);
  const period = amount.period && abbreviationEnds(place.after, 'may', 'english') ? '.' : '';
  return words.join(hyphen ? '-' : ' ') + period;
}

/** The rules for amounts; they read any digits that stand at the beginning of a word. */
export const ENGLISH_AMOUNTS: readonly Rule[] = amountPatterns('english').map((pattern) => ({
  pattern,
  say: (match, place) => sayAmount(readAmount(match, 'english'), place),
}));
