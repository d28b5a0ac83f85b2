// The rules of reading English aloud, in the order in which they are tried.
import { ABBREVIATIONS, abbreviationPattern } from './abbreviations.js';
import { acronymRules } from './acronyms.js';
import { ENGLISH_AMOUNTS } from './english-amounts.js';
import { englishCardinal, englishDecade, englishOrdinal, englishYear } from './english-numbers.js';
import { FRACTION, fractionOf, WHOLE } from './fractions.js';
import { isRegnalName } from './names.js';
import { type Rule, sticky } from './rewriting.js';
import { ROMAN, romanDigits } from './roman.js';
import { abbreviationEnds } from './sentence-ends.js';
import { addressRules, symbolRules } from './symbols.js';
import { UNITS } from './units.js';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const MONTH_WORDS = `${MONTHS.join('|')}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\\.?`;
const WORD_ENDS = '(?![\\p{L}\\p{N}])';

const monthOf = (word: string): string => MONTHS.find((month) => month.startsWith(word.slice(0, 3)))!;
const yearWords = (digits: string): string => (digits.length === 4 ? englishYear(digits) : englishCardinal(digits));

/** A date in words, the month first, or undefined where there is no such day. */
function dateWords(day: string, month: number, year: string | undefined): string | undefined {
  const name = MONTHS[month - 1];
  if (name === undefined || Number(day) < 1 || Number(day) > 31) return undefined;
  return `${name} ${englishOrdinal(day)}${year === undefined ? '' : `, ${yearWords(year)}`}`;
}

const dates: Rule[] = [
  {
    // ISO order.
    pattern: sticky(`(?<!\\d[.,:/-])(\\d{4})-(\\d\\d)-(\\d\\d)${WORD_ENDS}(?!-\\d)`),
    say: ([, year, month, day]) => dateWords(day!, Number(month), year),
  },
  {
    // American order, unless there is no such month.
    pattern: sticky(`(?<!\\d[.,:/-])(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d\\d)${WORD_ENDS}(?![/.-]\\d)`),
    say: ([, first, separator, second, year]) =>
      (separator === '/' ? dateWords(second!, Number(first), year) : undefined) ??
      dateWords(first!, Number(second), year),
  },
  {
    pattern: sticky(`(${MONTH_WORDS}) (\\d{1,2})(?:st|nd|rd|th)?(?:(,? )(\\d{4}))?${WORD_ENDS}(?![.,:/-]\\d|%)`),
    say: ([, month, day, comma, year]) => {
      if (Number(day) < 1 || Number(day) > 31) return undefined;
      return `${monthOf(month!)} ${englishOrdinal(day!)}${year === undefined ? '' : comma + englishYear(year)}`;
    },
  },
  {
    pattern: sticky(`(\\d{1,2})(?:st|nd|rd|th)?( of)? (${MONTH_WORDS})${WORD_ENDS}`),
    say: ([, day, , month], { before, after }) => {
      if (Number(day) < 1 || Number(day) > 31) return undefined;
      const period = month!.endsWith('.') && abbreviationEnds(after, 'never', 'english') ? '.' : '';
      return `${/\bthe $/i.test(before) ? '' : 'the '}${englishOrdinal(day!)} of ${monthOf(month!)}${period}`;
    },
  },
];

const HALF_DAY =
  '(?: ?(?<half>[ap])(?:\\.\\s?m\\.|m(?![\\p{L}\\p{N}]))| ?(?<capital>[AP])(?:\\.M\\.|M(?![\\p{L}\\p{N}])))';

/** The minutes after the hour: `o'clock`, `oh five`, `forty-five`. */
function minuteWords(hour: number, minutes: string, hasHalf: boolean): string {
  if (minutes === '00') return hasHalf ? '' : hour > 12 || hour === 0 ? ' hundred hours' : " o'clock";
  return ` ${minutes.startsWith('0') ? 'oh ' : ''}${englishCardinal(String(Number(minutes)))}`;
}

const times: Rule[] = [
  {
    pattern: sticky(`(?<hour>\\d{1,2}):(?<minutes>[0-5]\\d)(?::(?<seconds>[0-5]\\d))?${HALF_DAY}?(?![:.]?\\d)`),
    say: (found, { after }) => {
      const { groups = {}, 0: match } = found;
      const { hour = '', minutes = '', seconds, half = groups.capital } = groups;
      if (Number(hour) > 24) return undefined;
      const clock = englishCardinal(String(Number(hour))) + minuteWords(Number(hour), minutes, half !== undefined);
      const exact = seconds === undefined ? '' : ` and ${englishCardinal(String(Number(seconds)))} seconds`;
      return clock + exact + halfWords(half, match, after);
    },
  },
  {
    pattern: sticky(`(?:(?<from>\\d{1,2})(?:-| ?– ?))?(?<hour>\\d{1,2})${HALF_DAY}`),
    say: (found, { after }) => {
      const { groups = {}, 0: match } = found;
      const { from, hour = '', half = groups.capital } = groups;
      if (Number(hour) > 24) return undefined;
      const start = from === undefined ? '' : `${englishCardinal(String(Number(from)))} to `;
      return start + englishCardinal(String(Number(hour))) + halfWords(half, match, after);
    },
  },
];

function halfWords(half: string | undefined, written: string, after: string): string {
  if (half === undefined) return '';
  // The period of `p.m.` at the end is also the full stop, if no other mark follows.
  return ` ${half.toUpperCase()} M${written.endsWith('.') && abbreviationEnds(after, 'may', 'english') ? '.' : ''}`;
}

/** A fraction in words: `one half`, `three quarters`; undefined where it is no usual one. */
function fractionWords(top: string, bottom: string): string | undefined {
  if (Number(top) < 1 || Number(top) >= Number(bottom) || Number(bottom) > 100) return undefined;
  if (Number(bottom) > 20 && Number(bottom) % 10 !== 0 && Number(bottom) !== 32 && Number(bottom) !== 64)
    return undefined;
  const part = bottom === '2' ? 'half' : bottom === '4' ? 'quarter' : englishOrdinal(bottom);
  return `${englishCardinal(String(Number(top)))} ${part}${Number(top) === 1 ? '' : 's'}`;
}

const fractions: Rule[] = [
  { pattern: sticky(`24/7${WORD_ENDS}`), say: () => 'twenty-four seven' },
  { pattern: sticky(`9/11${WORD_ENDS}`), say: () => 'nine eleven' },
  {
    pattern: sticky(
      `${WHOLE}${FRACTION}(?: ?(?<unit>${[...UNITS.english.keys()].filter((unit) => /^\p{L}+$/u.test(unit)).join('|')})${WORD_ENDS})?`,
    ),
    say: ({ groups = {} }) => {
      const { whole, unit } = groups;
      const [top, bottom] = fractionOf(groups);
      const words = fractionWords(top, bottom);
      if (words === undefined) return undefined;
      const measure = unit === undefined ? undefined : UNITS.english.get(unit)!;
      if (whole === undefined) {
        if (measure === undefined) return words;
        const article = /^(?:[aeiou]|hour)/.test(measure.one) ? 'an' : 'a';
        return bottom === '2' ? `half ${article} ${measure.one}` : `${words} of ${article} ${measure.one}`;
      }
      const mixed = `${englishCardinal(whole)} and ${top === '1' ? `a ${words.slice('one '.length)}` : words}`;
      return measure === undefined ? mixed : `${mixed} ${measure.many}`;
    },
  },
  {
    pattern: sticky('(\\d{4})/(\\d{4}|\\d\\d)(?![\\d/]|[.,]\\d)'),
    say: ([, year, next]) => `${englishYear(year!)} ${yearWords(next!)}`,
  },
];

const ordinals: Rule[] = [
  {
    pattern: sticky(`(\\d{1,3}(?:,\\d{3})+|\\d+)(?:st|nd|rd|th|ST|ND|RD|TH)${WORD_ENDS}`),
    say: ([, number]) => englishOrdinal(number!.replaceAll(',', '')),
  },
  { pattern: sticky(`'?([1-9]\\d?\\d0|[2-9]0)'?s${WORD_ENDS}`), say: ([, decade]) => englishDecade(decade!) },
];

const TITLES = /(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Sultan|Pharaoh|Prince|Duke|Saint) \p{Lu}\p{L}+ $/u;
const PARTS =
  /(?:War|Chapter|Part|Volume|Act|Scene|Book|Phase|Type|Class|Section|Article|Bowl|Title|Appendix|Mark|Grade|Stage|Version|Episode|Level|Apollo|Rocky|Table|Figure|Unit) $/;

const romans: Rule[] = [
  {
    pattern: sticky(ROMAN),
    say: ([numeral], { before }) => {
      const digits = romanDigits(numeral);
      if (digits === undefined) return undefined;
      if (PARTS.test(before)) return englishCardinal(digits).replace(/^./, (letter) => letter.toUpperCase());
      const name = /(\p{Lu}[\p{L}'’-]+) $/u.exec(before)?.[1];
      // `I` after a name is more often the pronoun.
      if (name === undefined || (numeral === 'I' && !TITLES.test(before)) || numeral === 'L') return undefined;
      if (!isRegnalName(name) && !TITLES.test(before)) return undefined;
      return `the ${englishOrdinal(digits).replace(/^./, (letter) => letter.toUpperCase())}`;
    },
  },
];

/** Words with a capital after which `St.` is a saint all the same. */
const BEFORE_SAINT =
  /(?:^|[.!?:] ["']?|(?:^|[\s("'])(?:The|At|In|On|Near|Mount|Lake|Fort|Port|East|West|North|South|Old|New|Visit|From|To) )$/;

/** `St.` is a street after a name and a saint before one; `Dr.` is a drive after a name that ends there. */
function streetOrSaint(written: string, before: string, after: string): string | undefined {
  const named = /(?:\p{Lu}[\p{L}'’-]*|\d(?:st|nd|rd|th)) $/u.test(before) && !BEFORE_SAINT.test(before);
  const nameFollows = /^ \p{Lu}/u.test(after);
  if (written === 'Dr.') return named && !nameFollows ? 'Drive' : undefined;
  if (written !== 'St.' || !nameFollows) return undefined;
  // The first word of a sentence has its capital anyway.
  return named && !/(?:^|[.!?:] ["']?)\S+ $/u.test(before) ? 'Street' : 'Saint';
}

const abbreviations: Rule[] = [
  {
    pattern: sticky(`(?:${abbreviationPattern('english')})(?![\\p{L}])`),
    say: ([written], { before, after }) => {
      const found = ABBREVIATIONS.english.get(written.replaceAll(' ', ''));
      if (found === undefined || (found.kind === 'number' && !/^ ?\d/.test(after))) return undefined;
      const spoken = streetOrSaint(written, before, after) ?? found.spoken;
      const kind = spoken === 'Drive' ? 'may' : spoken === 'Saint' ? 'never' : found.kind;
      return spoken + (abbreviationEnds(after, kind, 'english') ? '.' : '') + (/^\d/.test(after) ? ' ' : '');
    },
  },
  {
    pattern: sticky(`(Mr|Mrs|Ms|Dr|Prof) (?=\\p{Lu})`),
    say: ([, title]) => `${ABBREVIATIONS.english.get(`${title}.`)!.spoken} `,
  },
];

/** The rules for English; the first that holds is taken. */
export const ENGLISH_RULES: readonly Rule[] = [
  ...addressRules('english'),
  ...dates,
  ...times,
  ...fractions,
  ...ordinals,
  ...ENGLISH_AMOUNTS,
  ...abbreviations,
  ...romans,
  ...acronymRules('english'),
  ...symbolRules('english'),
];
