// The rules of reading German aloud, in the order in which they are tried.
import { ABBREVIATIONS, abbreviationPattern } from './abbreviations.js';
import { acronymRules } from './acronyms.js';
import { FRACTION, fractionOf, WHOLE } from './fractions.js';
import { GERMAN_AMOUNTS } from './german-amounts.js';
import { GERMAN_MONTHS, germanGender } from './german-nouns.js';
import { germanCardinal, germanOrdinalStem, germanYear } from './german-numbers.js';
import { ordinalReading } from './german-ordinals.js';
import { isGenitiveName, isRegnalName, isWomansName } from './names.js';
import { type Place, type Rule, sticky } from './rewriting.js';
import { ROMAN, romanDigits } from './roman.js';
import { abbreviationEnds, opensSentence } from './sentence-ends.js';
import { addressRules, symbolRules } from './symbols.js';
import { UNITS } from './units.js';

const WORD_ENDS = '(?![\\p{L}\\p{N}])';
const MONTHS = GERMAN_MONTHS.filter((month) => month !== 'Jänner');
const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const plain = (digits: string): string => String(Number(digits));
const yearWords = (digits: string): string => (digits.length === 4 ? germanYear(digits) : germanCardinal(digits));
const isDay = (day: string): boolean => Number(day) >= 1 && Number(day) <= 31;

/** The day of a date with the ending that the word before asks for. */
function dayWords(day: string, { before }: Place): string {
  const ending = ordinalReading(before, day, ' Mai')?.ending ?? 'er';
  return germanOrdinalStem(day) + ending;
}

const dates: Rule[] = [
  {
    pattern: sticky(`(?<!\\d[.,:/-])(\\d{4})-(\\d\\d)-(\\d\\d)${WORD_ENDS}(?!-\\d)`),
    say: ([, year, month, day], place) => {
      const name = MONTHS[Number(month) - 1];
      return name !== undefined && isDay(day!) ? `${dayWords(day!, place)} ${name} ${germanYear(year!)}` : undefined;
    },
  },
  {
    pattern: sticky(`(?<!\\d[.,:/-])(\\d{1,2})\\. ?(\\d{1,2})\\. ?(\\d{4}|\\d\\d)${WORD_ENDS}(?![.,:]\\d)`),
    say: ([, day, month, year], place) => {
      const name = MONTHS[Number(month) - 1];
      return name !== undefined && isDay(day!) ? `${dayWords(day!, place)} ${name} ${yearWords(year!)}` : undefined;
    },
  },
  {
    pattern: sticky(`(?<!\\d[.,:/-])(\\d{1,2})\\. ?(\\d{1,2})\\.(?! ?[\\d.])`),
    say: ([, day, month], place) => {
      const name = MONTHS[Number(month) - 1];
      if (name === undefined || !isDay(day!)) return undefined;
      return `${dayWords(day!, place)} ${name}${opensSentence(place.after, 'german') ? '.' : ''}`;
    },
  },
];

/** An hour: `ein Uhr`, `vierzehn Uhr dreißig`. */
function clockWords(hour: string, minutes: string, seconds: string | undefined): string | undefined {
  if (Number(hour) > 24) return undefined;
  const said = `${Number(hour) === 1 ? 'ein' : germanCardinal(plain(hour))} Uhr${minutes === '00' ? '' : ` ${germanCardinal(plain(minutes))}`}`;
  if (seconds === undefined) return said;
  return `${said} und ${Number(seconds) === 1 ? 'eine Sekunde' : `${germanCardinal(plain(seconds))} Sekunden`}`;
}

const times: Rule[] = [
  {
    pattern: sticky('(\\d{1,2})[:.]([0-5]\\d)(?::([0-5]\\d))?(?: ?[-–] ?| bis )(\\d{1,2})[:.]([0-5]\\d) ?Uhr'),
    say: ([, hour, minutes, seconds, otherHour, otherMinutes]) => {
      const words = [clockWords(hour!, minutes!, seconds), clockWords(otherHour!, otherMinutes!, undefined)];
      return words.includes(undefined) ? undefined : words.join(' bis ');
    },
  },
  {
    pattern: sticky('(\\d{1,2})[:.]([0-5]\\d)(?::([0-5]\\d))? ?(?:Uhr|h)(?!\\p{L})'),
    say: ([, hour, minutes, seconds]) => clockWords(hour!, minutes!, seconds),
  },
  {
    pattern: sticky('(\\d{1,2}):([0-5]\\d)(?::([0-5]\\d))?(?![:.,]?\\d)'),
    say: ([, hour, minutes, seconds]) => clockWords(hour!, minutes!, seconds),
  },
  {
    // A result: 3:2.
    pattern: sticky('(\\d{1,3}):(\\d{1,3})(?![:.,]?\\d)'),
    say: ([, ours, theirs]) => `${germanCardinal(ours!)} zu ${germanCardinal(theirs!)}`,
  },
];

/** The part that a denominator makes: Drittel, Zwanzigstel. */
const partWord = (bottom: string): string => `${capitalised(germanOrdinalStem(bottom))}el`;

const HALF_ENDINGS = { masculine: 'ein halber', feminine: 'eine halbe', neuter: 'ein halbes' } as const;

function fractionWords(
  top: string,
  bottom: string,
  counted: { gender: 'masculine' | 'feminine' | 'neuter' } | undefined,
): string | undefined {
  if (Number(top) < 1 || Number(top) >= Number(bottom) || Number(bottom) > 100) return undefined;
  if (bottom === '2') return counted === undefined ? 'ein halb' : HALF_ENDINGS[counted.gender];
  return `${Number(top) === 1 ? 'ein' : germanCardinal(plain(top))} ${partWord(bottom)}`;
}

const fractions: Rule[] = [
  { pattern: sticky(`24/7${WORD_ENDS}`), say: () => 'vierundzwanzig sieben' },
  {
    pattern: sticky(
      `${WHOLE}${FRACTION}(?: ?(?<unit>${[...UNITS.german.keys()].filter((unit) => /^\p{L}+$/u.test(unit)).join('|')})${WORD_ENDS})?`,
    ),
    say: ({ groups = {} }, { after }) => {
      const { whole, unit } = groups;
      const [top, bottom] = fractionOf(groups);
      const measure = unit === undefined ? undefined : UNITS.german.get(unit)!;
      const noun = /^ (\p{Lu}\p{L}+)/u.exec(after)?.[1];
      const counted =
        measure ?? (noun === undefined || opensSentence(after, 'german') ? undefined : { gender: germanGender(noun) });
      const words = fractionWords(top, bottom, whole === undefined ? counted : undefined);
      if (words === undefined) return undefined;
      if (whole === undefined) return measure === undefined ? words : `${words} ${measure.one}`;
      const integer = germanCardinal(whole);
      const mixed = bottom === '2' ? `${integer.replace(/eins$/, 'ein')}einhalb` : `${integer} ${words}`;
      return measure === undefined ? mixed : `${mixed} ${measure.many}`;
    },
  },
  {
    pattern: sticky('(\\d{4})/(\\d{4}|\\d\\d)(?![\\d/]|[.,]\\d)'),
    say: ([, year, next]) => `${germanYear(year!)} ${yearWords(next!)}`,
  },
];

/** What is written together with a number, so that both are one word: `dreifach`, `achtzigjährig`. */
const SUFFIXES =
  'mal|fach|jährige?[nmrs]?|tägige?[nmrs]?|stündige?[nmrs]?|minütige?[nmrs]?|wöchige?[nmrs]?|monatige?[nmrs]?|köpfige?[nmrs]?|teilige?[nmrs]?|' +
  'stellige?[nmrs]?|stöckige?[nmrs]?|malige?[nmrs]?|fache?[nmrs]?|prozentige?[nmrs]?|gradige?[nmrs]?|seitige?[nmrs]?|sitzige?[nmrs]?|' +
  'türige?[nmrs]?|bändige?[nmrs]?|strophige?[nmrs]?|[Jj]ährige?[nr]?';

const joinedNumber = (digits: string): string => germanCardinal(digits).replace(/eins$/, 'ein');

const words: Rule[] = [
  {
    pattern: sticky(`'?(\\d{1,4}0)er(?:[- ](Jahren?|Jahre?s?))?${WORD_ENDS}`),
    say: ([, decade, years]) => `${yearWords(decade!)}er${years === undefined ? '' : ` ${years}`}`,
  },
  {
    pattern: sticky(`(\\d{1,6})-?(${SUFFIXES})${WORD_ENDS}`),
    say: ([, number, suffix]) =>
      (/^J/.test(suffix!) ? capitalised : (word: string) => word)(joinedNumber(number!) + suffix!.toLowerCase()),
  },
  {
    pattern: sticky(`(\\d{1,4}) ?%ige?([nmrs]?)${WORD_ENDS}`),
    say: ([text, number]) => `${joinedNumber(number!)}prozentig${text.replace(/.*%ig/, '')}`,
  },
  {
    // The dash of `5,– €` stands for no cents.
    pattern: sticky('(\\d{1,3}(?:\\.\\d{3})+|\\d+),[-–]{1,2}(?: ?(€|Euro|EUR))?(?![\\d\\p{L}])'),
    say: ([, number, currency]) => {
      const digits = number!.replaceAll('.', '');
      return currency === undefined
        ? germanCardinal(digits)
        : `${digits === '1' ? 'ein' : germanCardinal(digits)} Euro`;
    },
  },
];

/** An ordinal with its ending, and the period where it ends the sentence too. */
function ordinalWords(digits: string, { before, after }: Place): string | undefined {
  const reading = ordinalReading(before, digits, after);
  if (reading === undefined) return undefined;
  const ends = reading.standsAlone || opensSentence(after, 'german') ? opensSentence(after, 'german') : false;
  const noun = /^ (\p{Lu}\p{L}*)/u.exec(after)?.[1] ?? '';
  // A part of a name has a capital: der Zweite Weltkrieg.
  const stem =
    noun === 'Weltkrieg' || noun === 'Weltkriegs' || noun === 'Weltkrieges'
      ? capitalised(germanOrdinalStem(digits))
      : germanOrdinalStem(digits);
  return `${stem}${reading.ending}${ends ? '.' : ''}`;
}

const ordinals: Rule[] = [
  { pattern: sticky('(\\d{1,6})\\.(?![\\d.])'), say: ([, digits], place) => ordinalWords(digits!, place) },
];

const RULER = '(?:(?:König|Kaiser|Papst|Zar|Herzog|Fürst|Kurfürst|Prinz)(?:in)? )?\\p{L}+ $';
const rulerAfter = (prepositions: string) => new RegExp(`(?:^|\\P{L})(?:${prepositions}) ${RULER}`, 'iu');
const RULER_DATIVE = rulerAfter('mit|nach|seit|von|zu|aus|bei|unter|neben|vor|zwischen|gegenüber|vom|beim|zum|dem');
const RULER_ACCUSATIVE = rulerAfter('für|durch|gegen|ohne|um|an|auf|über|den');
const RULER_GENITIVE = rulerAfter('des|Königs|Kaisers|Papstes|wegen|während');
const PARTS =
  /(?:Kapitel|Teil|Band|Akt|Szene|Buch|Klasse|Typ|Stufe|Phase|Hartz|Apollo|Abschnitt|Artikel|Liga|Titel|Tafel|Rocky) $/;

/** `der Achte`, `dem Achten`, … after the name of a ruler, by the word before the name. */
function rulerWords(name: string, digits: string, before: string): string {
  const stem = capitalised(germanOrdinalStem(digits));
  const woman = isWomansName(name);
  if (isGenitiveName(name) || RULER_GENITIVE.test(before)) return `${woman ? 'der' : 'des'} ${stem}en`;
  if (RULER_DATIVE.test(before)) return `${woman ? 'der' : 'dem'} ${stem}en`;
  if (RULER_ACCUSATIVE.test(before)) return woman ? `die ${stem}e` : `den ${stem}en`;
  return `${woman ? 'die' : 'der'} ${stem}e`;
}

const romans: Rule[] = [
  {
    pattern: sticky(`(${ROMAN})(\\.?)`),
    say: ([, numeral, period], place) => {
      const { before, after } = place;
      const digits = romanDigits(numeral!);
      if (digits === undefined) return undefined;
      if (PARTS.test(before)) return `${germanCardinal(digits)}${period!}`;
      const name = /(\p{Lu}[\p{L}'-]+) $/u.exec(before)?.[1];
      if (name !== undefined && isRegnalName(name) && (period === '.' || numeral!.length > 1))
        return rulerWords(name, digits, before) + (period === '.' && opensSentence(after, 'german') ? '.' : '');
      // `im XX. Jahrhundert`
      const noun = /^ (\p{Lu}\p{L}+)/u.exec(after)?.[1] ?? '';
      return period === '.' && /(?:jahrhundert|Weltkrieg)/iu.test(noun) ? ordinalWords(digits, place) : undefined;
    },
  },
];

const abbreviations: Rule[] = [
  {
    pattern: sticky(`(?:${abbreviationPattern('german')})(?!\\p{L})`),
    say: ([written], { before, after }) => {
      const found = ABBREVIATIONS.german.get(written.replaceAll(' ', ''));
      if (found === undefined || (found.kind === 'number' && !/^ ?\d/.test(after) && !/\d\.? $/.test(before)))
        return undefined;
      // A title stands before a name, and `Fr.` is a day without one.
      if (/^(?:Fr|St)\.$/.test(written) && !/^ ?\p{Lu}/u.test(after)) return undefined;
      return (
        found.spoken +
        (abbreviationEnds(after, found.kind, 'german') ? '.' : '') +
        (/^[\p{L}\d]/u.test(after) ? ' ' : '')
      );
    },
  },
  {
    // Hauptstr. 5
    pattern: sticky('(?<=\\p{L}-?)([Ss])tr\\.(?!\\p{L})'),
    inside: true,
    joined: true,
    say: ([, letter], { after }) => `${letter!}traße${abbreviationEnds(after, 'may', 'german') ? '.' : ''}`,
  },
  {
    pattern: sticky('(Dr|Prof) (?=\\p{Lu})'),
    say: ([, title]) => `${ABBREVIATIONS.german.get(`${title!}.`)!.spoken} `,
  },
];

/** The rules for German; the first that holds is taken. */
export const GERMAN_RULES: readonly Rule[] = [
  ...addressRules('german'),
  ...dates,
  ...times,
  ...fractions,
  ...words,
  ...ordinals,
  ...GERMAN_AMOUNTS,
  ...abbreviations,
  ...romans,
  ...acronymRules('german'),
  ...symbolRules('german'),
];
