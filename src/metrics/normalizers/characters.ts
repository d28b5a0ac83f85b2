// Classes of characters as Python's regular expressions have them, which Whisper's normalisers are written in.

/** White space: JavaScript's has U+FEFF besides, and lacks the separators U+001C to U+001F and U+0085. */
export const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** The edges of a word, whose characters are the letters and numbers of all scripts and the underscore. */
export const WORD_BEGINS = '(?<![\\p{L}\\p{N}_])';
export const WORD_ENDS = '(?![\\p{L}\\p{N}_])';

const SPACES = new RegExp(`${SPACE}+`, 'gu');

/** Each run of white space as one space. */
export const collapseSpaces = (text: string): string => text.replace(SPACES, ' ');

/** The parts between white space. */
export const splitAtSpaces = (text: string): string[] => text.split(SPACES).filter((word) => word !== '');

/** Leaves out what stands in brackets, angle brackets and parentheses: remarks of transcribers. */
export const removeBracketed = (text: string): string =>
  text.replace(/[<[][^>\]]*[>\]]/gu, '').replace(/\([^)]+?\)/gu, '');
