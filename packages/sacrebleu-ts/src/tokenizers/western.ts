// The punctuation rules for Western languages that the tokenizers `13a` and `zh` share.
import { splitWhitespace } from '../whitespace.js';

/** ASCII punctuation and symbols, but for the apostrophe, comma, hyphen and full stop. */
const SYMBOL = /[{-~[-`!-&(-+:-@/]/g;
const AFTER_NON_DIGIT = /([^0-9])([.,])/g;
const BEFORE_NON_DIGIT = /([.,])([^0-9])/g;
const DIGIT_HYPHEN = /([0-9])-/g;

/**
 * Splits a line as mteval-v13a does: symbols stand alone, and so do a full stop or comma not between digits and a hyphen
 * after a digit. The rules run one after another over the whole line, and each rule's matches do not overlap.
 */
export function tokenizeWestern(line: string): string[] {
  return splitWhitespace(
    line
      .replace(SYMBOL, ' $& ')
      .replace(AFTER_NON_DIGIT, '$1 $2 ')
      .replace(BEFORE_NON_DIGIT, ' $1 $2')
      .replace(DIGIT_HYPHEN, '$1 - '),
  );
}
