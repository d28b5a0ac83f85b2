// The normaliser for English: contractions, titles, numbers and spelling brought to one form.
import { collapseSpaces, removeBracketed, SPACE, splitAtSpaces, WORD_BEGINS, WORD_ENDS } from './characters.js';
import { normalizeNumbers } from './english-numbers.js';
import { AMERICAN_SPELLING } from './english-spelling.js';

/** Words that are replaced wherever they stand by themselves. */
const WHOLE_WORDS = {
  "won't": 'will not',
  "can't": 'can not',
  "let's": 'let us',
  "ain't": 'aint',
  "y'all": 'you all',
  wanna: 'want to',
  kinda: 'kind of',
  sorta: 'sort of',
  dunno: 'do not know',
  gotta: 'got to',
  gonna: 'going to',
  "i'ma": 'i am going to',
  imma: 'i am going to',
  woulda: 'would have',
  coulda: 'could have',
  shoulda: 'should have',
  cause: 'because',
  "ma'am": 'madam',
};

/** Abbreviated titles; a space follows, as their full stop is glued to the next word at times. */
const TITLES = {
  mr: 'mister',
  mrs: 'missus',
  st: 'saint',
  dr: 'doctor',
  prof: 'professor',
  capt: 'captain',
  gov: 'governor',
  ald: 'alderman',
  gen: 'general',
  sen: 'senator',
  rep: 'representative',
  pres: 'president',
  rev: 'reverend',
  hon: 'honorable',
  asst: 'assistant',
  assoc: 'associate',
  lt: 'lieutenant',
  col: 'colonel',
  jr: 'junior',
  sr: 'senior',
  esq: 'esquire',
};

/** Endings of words; the perfect tenses come first, as `'d` and `'s` alone mean something else. */
const ENDINGS = {
  "'d been": 'had been',
  "'s been": 'has been',
  "'d gone": 'had gone',
  "'s gone": 'has gone',
  "'d done": 'had done',
  "'s got": 'has got',
  "n't": 'not',
  "'re": 'are',
  "'s": 'is',
  "'d": 'would',
  "'ll": 'will',
  "'t": 'not',
  "'ve": 'have',
  "'m": 'am',
};

/** In the order in which Whisper applies them; later ones see what earlier ones wrote. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  ...Object.entries(WHOLE_WORDS).map(([word, by]) => [`${WORD_BEGINS}${word}${WORD_ENDS}`, by] as const),
  ...Object.entries(TITLES).map(([title, by]) => [`${WORD_BEGINS}${title}${WORD_ENDS}`, `${by} `] as const),
  ...Object.entries(ENDINGS).map(([ending, by]) => [`${ending}${WORD_ENDS}`, ` ${by}`] as const),
].map(([pattern, by]) => [new RegExp(pattern, 'gu'), by]);

const HESITATIONS = new RegExp(`${WORD_BEGINS}(?:hmm|mm|mhm|mmm|uh|um)${WORD_ENDS}`, 'gu');
const SPACE_BEFORE_APOSTROPHE = new RegExp(`${SPACE}+'`, 'gu');

/** Letters without a decomposition. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'th',
  ł: 'l',
  Ł: 'L',
};

/** Letters without their marks; spaces for symbols and punctuation but those that belong to numbers. */
function simplify(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[œŒøØæÆßẞđĐðÐþÞłŁ]|\p{Mn}|(?![.%$¢€£])[\p{M}\p{S}\p{P}]/gu, (character) =>
      /\p{M}|\p{S}|\p{P}/u.test(character) ? (/\p{Mn}/u.test(character) ? '' : ' ') : PLAIN_LETTERS[character]!,
    );
}

const spell = (text: string): string =>
  splitAtSpaces(text)
    .map((word) => AMERICAN_SPELLING.get(word) ?? word)
    .join(' ');

/**
 * Normalises as `EnglishTextNormalizer` of openai/whisper does: removes remarks in brackets and hesitations, expands contractions
 * and titles, writes numbers, currencies and percentages with digits, and British spellings the American way. Word boundaries and
 * white space are Python's; Unicode categories are those of the version that Node.js has.
 */
export function normalizeEnglish(text: string): string {
  let result = removeBracketed(text.toLowerCase()).replace(HESITATIONS, '').replace(SPACE_BEFORE_APOSTROPHE, "'");
  for (const [pattern, by] of REPLACEMENTS) result = result.replace(pattern, by);
  result = result.replace(/(\p{Nd}),(\p{Nd})/gu, '$1$2').replace(/\.([^0-9]|$)/gu, ' $1');
  result = spell(normalizeNumbers(simplify(result)));
  // Symbols are left where they belong to a number only.
  return collapseSpaces(result.replace(/[.$¢€£]([^0-9])/gu, ' $1').replace(/([^0-9])%/gu, '$1 '));
}
