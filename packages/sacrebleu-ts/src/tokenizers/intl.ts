// The tokenizer `intl`: mteval-v14.pl's international rules, over Unicode's own punctuation and symbols.
import { splitWhitespace } from '../whitespace.js';

const PUNCTUATION_AFTER_NON_NUMBER = /(\P{N})(\p{P})/gu;
const PUNCTUATION_BEFORE_NON_NUMBER = /(\p{P})(\P{N})/gu;
const SYMBOL = /\p{S}/gu;

/**
 * Symbols stand alone, and so does punctuation unless it is between numbers. As in mteval-v14.pl and sacreBLEU, a full
 * stop that ends the line after a number stays with the number.
 */
export function tokenizeIntl(line: string): string[] {
  return splitWhitespace(
    line
      .replace(PUNCTUATION_AFTER_NON_NUMBER, '$1 $2 ')
      .replace(PUNCTUATION_BEFORE_NON_NUMBER, ' $1 $2')
      .replace(SYMBOL, ' $& '),
  );
}
