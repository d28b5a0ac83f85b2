// The text front end of text-to-speech: writes out what a reader would say for numbers, units, dates, abbreviations and signs.
import type { Language } from './abbreviations.js';
import { cleanUp } from './clean-up.js';
import { ENGLISH_RULES } from './english.js';
import { GERMAN_RULES } from './german.js';
import { rewrite } from './rewriting.js';

const RULES = { english: ENGLISH_RULES, german: GERMAN_RULES } as const;

/** More often than any text needs: what a rule says holds next to nothing that another one reads. */
const MOST_PASSES = 8;

/**
 * The words that a reader says for a text: `$5.20` is `five dollars and twenty cents`, `am 3. Mai 1984` `am dritten Mai
 * neunzehnhundertvierundachtzig`. What is expanded, in which style, is listed in tasks/text-to-speech/NORMALIZATION.md.
 *
 * The result is in NFC with single spaces, straight quotes (`"`, `'`), `–` for dashes and `...`; words keep their case and
 * punctuation stays. A character that no rule knows stays as it is, so that the caller can report it; only invisible ones (soft
 * hyphens, zero-width spaces, marks of the direction of writing) are left out. The same text always gives the same result, and a result
 * gives itself. No text makes it throw.
 */
export function spokenText(text: string, language: Language): string {
  let spoken = cleanUp(text);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const next = cleanUp(rewrite(spoken, RULES[language]));
    if (next === spoken) break;
    spoken = next;
  }
  return spoken;
}
