// What error rates count: words, characters or phonemes of a text.

/** What a character is: a Unicode code point, or what a reader takes for one (an extended grapheme cluster). */
export type CharacterUnit = 'codePoint' | 'grapheme';

/** A text as the units in which its errors are counted. */
export type Splitter = (text: string) => string[];

/** White space as Python has it, which differs from JavaScript's: no U+FEFF, but the separators U+001C to U+001F and U+0085. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]{2,}`, 'gu');
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');
/** White space, a run of it at a time. */
const ANY_SPACE = new RegExp(`[${SPACE}]+`, 'u');

const strip = (text: string): string => text.replace(EDGES, '');

/**
 * Words as jiwer 4.0.0's `wer_default` makes them: between spaces, where two or more white-space characters of any kind
 * count as one space. A single tab is part of a word, as it is there.
 */
export function words(text: string): string[] {
  return strip(text.replace(SPACES, ' '))
    .split(' ')
    .filter((word) => word !== '');
}

/** Characters as jiwer 4.0.0's `cer_default` makes them: the code points between outer white space, inner spaces included. */
export function codePoints(text: string): string[] {
  return Array.from(strip(text));
}

let segmenter: Intl.Segmenter | undefined;

/** The extended grapheme clusters between outer white space: an emoji with its modifiers, or a letter with its marks, is one. */
export function graphemes(text: string): string[] {
  const stripped = strip(text);
  // Printable ASCII has no clusters, and segmenting is slow.
  if (/^[ -~]*$/.test(stripped)) return stripped.split('');
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(stripped), ({ segment }) => segment);
}

/** Symbols between white space of any kind. */
export function phonemes(text: string): string[] {
  return text.split(ANY_SPACE).filter((symbol) => symbol !== '');
}

/** Symbols as {@link phonemes}, without marks of stress: ARPABET's `AH0`, `AH1` and `AH` are the same, and so are IPA's `ˈa`, `ˌa` and `a`. */
export function unstressedPhonemes(text: string): string[] {
  return phonemes(text.replace(/[ˈˌ]/gu, '')).map((symbol) => symbol.replace(/^([A-Za-z]+)[0-2]$/, '$1'));
}
