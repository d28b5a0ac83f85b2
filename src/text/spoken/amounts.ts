// An amount as it is written: a sign, a currency, one number or a range, a scale such as million, a unit.
import type { Language } from './abbreviations.js';
import { sticky } from './rewriting.js';
import { FRONT_CURRENCY, unitPattern } from './units.js';

const NUMBERS: Readonly<Record<Language, string>> = {
  english:
    '(?<!\\d,)\\d{1,3}(?:,\\d{3})+(?![\\d])(?!,\\d)(?:\\.\\d+(?!\\.?\\d))?|(?<!\\d\\.)\\d+\\.\\d+(?!\\.?\\d)|\\d+|(?<![.\\d])\\.\\d+(?!\\.?\\d)',
  german:
    "(?<!\\d[.'])\\d{1,3}(?:\\.\\d{3})+(?!\\d)(?!\\.\\d)(?:,\\d+(?!,?\\d))?|(?<!\\d')\\d{1,3}(?:'\\d{3})+(?![\\d'])(?:[.,]\\d+(?![.,]?\\d))?|" +
    '(?<!\\d,)\\d+,\\d+(?!,?\\d)|(?<!\\d\\.)\\d+\\.\\d+(?!\\.?\\d)|\\d+',
};

const SCALES: Readonly<Record<Language, string>> = {
  english: 'hundred|thousand|million|billion|trillion',
  german:
    '(?:Mio|Mrd|Tsd)\\b\\.?|Million(?:en)?|Milliarden?|Billion(?:en)?|Billiarden?|Tausend|tausend|Hundert|hundert',
};

/** Only with a currency before the number, as in `$5m`: elsewhere `5m` is a length and `5K` a name. */
const SHORT_SCALES = 'bn|tn|[kmbKMB]';

/** Units whose abbreviation may have a period. */
const WITH_PERIOD = '(?:Std|Min|Sek|min|sec|hrs?|lbs?|oz|ft|yd)\\.(?=[ ,;:)])';

/** A number as digits before and after its decimal mark. */
export interface Decimal {
  readonly whole: string;
  readonly fraction: string;
  /** The mark as it is written, `.` or `,`, or empty where there is no fraction. */
  readonly mark: string;
}

/** What an amount's pattern found; every part but the first number may be missing. */
export interface Amount {
  readonly sign: string;
  readonly front: string;
  readonly first: Decimal;
  /** `-` or `–` with its spaces, where the amount is a range. */
  readonly dash: string;
  readonly second: Decimal | undefined;
  readonly scale: string;
  readonly hyphen: boolean;
  readonly unit: string;
  /** Whether a period that belongs to the unit's abbreviation was read with it. */
  readonly period: boolean;
}

/** Sticky patterns of an amount of `language`, to be tried in turn, for {@link readAmount}. */
export function amountPatterns(language: Language): RegExp[] {
  const number = NUMBERS[language];
  const units = `${WITH_PERIOD}|(?:${unitPattern(language)})(?![\\p{L}\\p{N}²³])`;
  const pattern = (front: string, scales: string) =>
    sticky(
      `(?<sign>[-+±])?(?<front>(?:${FRONT_CURRENCY}) ?)${front}(?<first>${number})` +
        `(?:(?<dash>-| ?– ?)(?:[€$£¥])?(?<second>${number})(?![-/:]\\d))?` +
        `(?: ?(?<scale>${scales})(?![\\p{L}\\p{N}]))?(?:(?<join>[ -]?)(?<unit>${units}))?`,
    );
  return [pattern('', `${SCALES[language]}|${SHORT_SCALES}`), pattern('?', SCALES[language])];
}

/** The parts of what one of {@link amountPatterns} matched. */
export function readAmount(match: RegExpExecArray, language: Language): Amount {
  const { sign = '', front = '', first = '', dash = '', second, scale = '', join, unit = '' } = match.groups ?? {};
  return {
    sign,
    front: front.trim(),
    first: readNumber(first, language),
    dash,
    second: second === undefined ? undefined : readNumber(second, language),
    scale,
    hyphen: join === '-',
    unit: unit.replace(/\.$/, ''),
    period: unit.endsWith('.'),
  };
}

function readNumber(text: string, language: Language): Decimal {
  const grouping = language === 'english' ? ',' : /^\d{1,3}(?:\.\d{3})+(?:,|$)/.test(text) ? '.' : "'";
  const [, whole = '', mark = '', fraction = ''] = /^(\d*)([.,]?)(\d*)$/.exec(text.replaceAll(grouping, '')) ?? [];
  return { whole, mark, fraction };
}

/** Whether a number is a bare year as it is written: four digits from 1010 to 2099, neither grouped nor with a fraction. */
export const looksLikeYear = ({ whole, mark }: Decimal): boolean => mark === '' && /^(?:1\d{3}|20\d\d)$/.test(whole);
