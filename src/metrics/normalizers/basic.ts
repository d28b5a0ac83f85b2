// The normaliser for any language: no case, no remarks in brackets, no marks, symbols or punctuation.
import { collapseSpaces, removeBracketed } from './characters.js';

/**
 * Normalises as `BasicTextNormalizer` of openai/whisper does with its defaults. Combining marks become spaces, so scripts that
 * write vowels with them (those of India, Thai) fall apart; it is what published numbers of Whisper are computed with. Unlike
 * there, categories are those of the Unicode version that Node.js has.
 */
export function normalizeBasic(text: string): string {
  const plain = removeBracketed(text.toLowerCase());
  return collapseSpaces(
    plain
      .normalize('NFKC')
      .replace(/[\p{M}\p{S}\p{P}]/gu, ' ')
      .toLowerCase(),
  );
}
