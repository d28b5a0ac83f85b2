// The tokenizer `none`: words are what white space separates.
import { splitWhitespace } from '../whitespace.js';

/** Splits at white space only. */
export function tokenizeNone(line: string): string[] {
  return splitWhitespace(line);
}
