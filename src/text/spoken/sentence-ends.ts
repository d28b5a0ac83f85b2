// Where sentences end: what tells a full stop from the period of an abbreviation, an ordinal or an initial.
import { ABBREVIATIONS, type Language } from './abbreviations.js';
import { ordinalReading } from './german-ordinals.js';
import { isRegnalName } from './names.js';
import { isOpener } from './openers.js';

/** What closes a quotation or bracket behind the period. */
export const CLOSERS = '["\'”“’‘»«›‹)\\]]*';
const NOTHING_FOLLOWS = new RegExp(`^${CLOSERS}$`, 'u');
const NEXT_WORD = new RegExp(`^${CLOSERS} ["'„“‚‘«(\\[¿¡]*(\\p{L}[\\p{L}\\p{M}'’]*|\\p{N}|\\S)`, 'u');

/** The word that follows a period and a space, if one does. */
const nextWord = (after: string): string | undefined => NEXT_WORD.exec(after)?.[1];

/**
 * Whether the period of an abbreviation ends the sentence as well.
 * @param after what follows the period
 * @param kind `never` ends one only at the end of the text, `may` before a word that begins sentences
 */
export function abbreviationEnds(after: string, kind: 'never' | 'may' | 'number', language: Language): boolean {
  if (NOTHING_FOLLOWS.test(after)) return true;
  const word = nextWord(after);
  if (kind !== 'may' || word === undefined) return false;
  // After `etc.` an English capital is a new sentence; German nouns have capitals anywhere.
  return isOpener(word, [language]) || (language === 'english' && /^\p{Lu}\p{Ll}/u.test(word));
}

/** Whether a capitalised word that begins many a sentence follows, or nothing. */
export const opensSentence = (after: string, language: Language): boolean =>
  NOTHING_FOLLOWS.test(after) || isOpener(nextWord(after) ?? '', [language]);

/** Whether the period of an abbreviation of `language` ends the sentence too, or undefined where it is that of none. */
function abbreviationVerdict(before: string, after: string, language: Language): boolean | undefined {
  const tokens = before.split(' ').slice(-4);
  for (let i = 0; i < tokens.length; i++) {
    const written = `${tokens
      .slice(i)
      .join('')
      .replace(/^["'„“‚‘«([]+/u, '')}.`;
    const found = ABBREVIATIONS[language].get(written);
    if (found === undefined) continue;
    // `No.` is an abbreviation before a number only.
    if (found.kind === 'number') return /^ ?\d/.test(after) ? false : undefined;
    return abbreviationEnds(after, found.kind, language);
  }
  const isStreet = language === 'german' && /\p{L}str$/iu.test(before);
  return isStreet ? abbreviationEnds(after, 'may', language) : undefined;
}

/**
 * Whether a sentence ends with the mark between `before` and `after`.
 * @param before the sentence up to the mark, or its last line
 * @param mark one or more of . ! ? …
 * @param after what follows the mark, beginning with closing quotes or a space
 */
export function endsSentence(before: string, mark: string, after: string, languages: readonly Language[]): boolean {
  if (NOTHING_FOLLOWS.test(after)) return true;
  const next = nextWord(after);
  if (next === undefined) return false;
  if (/^\p{Ll}/u.test(next)) return false;
  if (mark !== '.') return true;
  const verdicts = languages.map((language) => abbreviationVerdict(before, after, language));
  if (verdicts.includes(false)) return false;
  if (verdicts.includes(true)) return true;
  if (isOpener(next, languages)) return !isListNumber(before);
  const word = /\S+$/.exec(before)?.[0] ?? '';
  if (/^\d+$/.test(word)) {
    if (isListNumber(before)) return false;
    return !(languages.includes('german') && ordinalReading(before, word, after) !== undefined);
  }
  // An initial, the end of `U.S.` or the beginning of `z. B.`
  if (/^["'(]*(?:\p{L}\.)*\p{L}$/u.test(word) && !/^(?:["'(]*I)$/.test(word)) return false;
  if (languages.includes('german') && /^[IVXL]+$/.test(word) && isRegnalName(before.split(' ').at(-2) ?? ''))
    return false;
  return true;
}

/** `1. Introduction`: a number that begins a sentence, which `before` begins with, numbers what follows. */
const isListNumber = (before: string): boolean => /^\d{1,3}$/.test(before);
