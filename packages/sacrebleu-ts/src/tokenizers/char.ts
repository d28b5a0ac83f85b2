// The tokenizer `char`: every character is a token.
import { isWhitespace } from '../whitespace.js';

/** One token a code point, white space left out. */
export function tokenizeChar(line: string): string[] {
  const tokens: string[] = [];
  for (const character of line) {
    if (!isWhitespace(character.charCodeAt(0))) tokens.push(character);
  }
  return tokens;
}
