// Signs, web addresses and telephone numbers read aloud, in the words of a language.
import type { Language } from './abbreviations.js';
import { englishCardinal, englishDigits } from './english-numbers.js';
import { germanCardinal, germanDigits } from './german-numbers.js';
import { type Place, type Rule, sticky } from './rewriting.js';

const WORDS = {
  english: {
    ...{
      and: 'and',
      at: 'at',
      plus: 'plus',
      equals: 'equals',
      times: 'times',
      dot: 'dot',
      slash: 'slash',
      dash: 'dash',
      point: 'point',
    },
    ...{
      underscore: 'underscore',
      number: 'number',
      hashtag: 'hashtag',
      hash: 'hash',
      squared: 'squared',
      cubed: 'cubed',
      colon: 'colon',
    },
    ...{ question: 'question mark', percent: 'percent', section: 'section', by: 'by' },
  },
  german: {
    ...{
      and: 'und',
      at: 'ät',
      plus: 'plus',
      equals: 'gleich',
      times: 'mal',
      dot: 'Punkt',
      slash: 'Schrägstrich',
      dash: 'Minus',
      point: 'Punkt',
    },
    ...{
      underscore: 'Unterstrich',
      number: 'Nummer',
      hashtag: 'Hashtag',
      hash: 'Raute',
      squared: 'hoch zwei',
      cubed: 'hoch drei',
    },
    ...{ colon: 'Doppelpunkt', question: 'Fragezeichen', percent: 'Prozent', section: 'Paragraf', by: 'mal' },
  },
} as const;

const DIGITS = { english: englishDigits, german: germanDigits } as const;
const CARDINAL = { english: englishCardinal, german: germanCardinal } as const;

const TOP_LEVEL = 'com|org|net|edu|gov|int|info|io|eu|de|at|ch|uk|us|fr|it|nl|tv|app|dev|ai';
const LABEL = '[A-Za-z0-9À-ÖØ-öø-ÿ](?:[\\w-]{0,61}[A-Za-z0-9À-ÖØ-öø-ÿ])?';
const ENDS = '(?![\\p{L}\\p{N}_])';

/** E-mail and web addresses, sign by sign: `www.example.com` is `w w w dot example dot com`; the `https://` is not read. */
function webRules(language: Language): Rule[] {
  const words = WORDS[language];
  const signs: Readonly<Record<string, string>> = {
    ...{
      '.': words.dot,
      '@': words.at,
      '/': words.slash,
      '-': words.dash,
      _: words.underscore,
      '&': words.and,
      '=': words.equals,
    },
    ...{ '?': words.question, '#': words.hash, '+': words.plus, '%': words.percent, ':': words.colon },
  };
  const spell = (address: string) =>
    address
      .replace(/^www(?=\.)/i, 'w w w')
      .replace(/[./@_&=?#+%:-]/g, (sign) => ` ${signs[sign]!} `)
      .replace(/\d+/g, (digits) => ` ${CARDINAL[language](digits)} `)
      .replace(/ +/g, ' ')
      .trim();
  return [
    { pattern: sticky(`[\\w.+-]{1,64}@(?:${LABEL}\\.){1,8}[A-Za-z]{2,24}${ENDS}`), say: ([address]) => spell(address) },
    {
      pattern: sticky(`(?:https?://)(?<rest>${LABEL}(?:\\.${LABEL}){0,8}(?::\\d+)?(?:/[\\w./@&=?#+%:~-]*[\\w/])?/?)`),
      say: (match) => spell(match.groups!.rest!.replace(/\/$/, '')),
    },
    {
      pattern: sticky(
        `(?:www\\.(?:${LABEL}\\.){0,8}[A-Za-z]{2,24}|(?:${LABEL}\\.){1,8}(?:${TOP_LEVEL}))${ENDS}(?:/[\\w./@&=?#+%:~-]*[\\w/]|/)?`,
      ),
      say: ([address], { after }) => (/^@/.test(after) ? undefined : spell(address.replace(/\/$/, ''))),
    },
  ];
}

/** Telephone numbers, digit by digit with a comma between groups: `+49 30 1234`, `(030) 1234`, `0171/123456`, `555-1234`. */
function phoneRules(language: Language): Rule[] {
  const say = (text: string) => {
    const groups = (text.match(/\d+/g) ?? []).map(DIGITS[language]);
    return (text.startsWith('+') ? `${WORDS[language].plus} ` : '') + groups.join(', ');
  };
  const group = '[ /-]\\d{2,}';
  const end = '(?![\\p{L}\\p{N}]|[.,:/-]\\d)';
  return [
    `\\+\\d{1,3}(?:[ /-]?\\(?\\d{1,}\\)?)(?:${group}){0,6}${end}`,
    `\\(0\\d{1,5}\\)(?: ?\\d{2,12})(?:${group}){0,6}${end}`,
    `0\\d{1,5}(?:[ /-]\\d{3,})(?:${group}){0,6}${end}`,
    `\\(\\d{3}\\) ?\\d{3}-\\d{4}${end}`,
    `(?:\\d-)?(?:\\d{3}-)?\\d{3}-\\d{4}${end}`,
  ].map((source) => ({
    pattern: sticky(source),
    // `+5` alone is a sign and a number.
    say: ([text]) => (text.startsWith('+') && text.length < 6 ? undefined : say(text)),
  }));
}

/** What is read before amounts: addresses and telephone numbers. */
export const addressRules = (language: Language): Rule[] => [...webRules(language), ...phoneRules(language)];

/** A word for a sign, with spaces to its neighbours that are not punctuation. */
const spaced = (word: string, { before, after }: Place): string =>
  (before === '' || /[\s(["'–]$/u.test(before) ? '' : ' ') +
  word +
  (after === '' || /^[\s.,;:?!)\]"'–]/u.test(after) ? '' : ' ');

/** What is read after everything else: signs between words and numbers, and digits inside words. */
export function symbolRules(language: Language): Rule[] {
  const words = WORDS[language];
  const sign = (source: string, word: string): Rule => ({
    pattern: sticky(source),
    inside: true,
    say: (_, place) => spaced(word, place),
  });
  return [
    sign('§§? ?(?=\\d)', words.section),
    sign('# ?(?=\\d)', words.number),
    sign('(?<![\\p{L}\\p{N}])#(?=\\p{L})', words.hashtag),
    sign('\\+\\+(?!\\+)', `${words.plus} ${words.plus}`),
    sign('&', words.and),
    sign('@', words.at),
    sign('\\+', words.plus),
    sign('=', words.equals),
    sign('×', words.times),
    sign('(?<=\\d ?)[x*·](?= ?\\d)', words.by),
    sign('(?<=[\\p{L}\\p{N})])²', words.squared),
    sign('(?<=[\\p{L}\\p{N})])³', words.cubed),
    { pattern: sticky('(?<=\\d),(?=\\d)'), inside: true, say: () => ', ' },
    sign('(?<=\\d)\\.(?=\\d)', words.point),
    sign('(?<=\\d)/(?=\\d)', words.slash),
    { pattern: sticky('\\d+'), inside: true, say: ([digits]) => CARDINAL[language](digits) },
  ];
}
