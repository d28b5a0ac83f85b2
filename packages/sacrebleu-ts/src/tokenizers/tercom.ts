// The tokenizer of TER: what Tercom's Normalizer does, as sacreBLEU has it.
import { splitWhitespace } from '../whitespace.js';

/** What is done to a text before its words are compared. Names and defaults are sacreBLEU's. */
export interface TercomOptions {
  /** Undo XML escapes and set punctuation apart by Western rules; false unless told. */
  normalized?: boolean;
  /** Remove `. , ? : ; ! " ( )`; false unless told. */
  noPunct?: boolean;
  /** With `normalized`, set East Asian characters apart; with `noPunct`, remove East Asian punctuation; false unless told. */
  asianSupport?: boolean;
  /** Do not lower-case; false unless told. */
  caseSensitive?: boolean;
}

/** ASCII punctuation and symbols, but for the apostrophe, comma, hyphen and full stop. */
const SYMBOL = /[{-~[-`!-&(-+:-@/]/g;
const POSSESSIVE = /'s /g;
const AFTER_NON_DIGIT = /([^0-9])([.,])/g;
const BEFORE_NON_DIGIT = /([.,])([^0-9])/g;
const DIGIT_HYPHEN = /([0-9])-/g;
const PUNCTUATION = /[.,?:;!"()]/g;

const ASIAN_MARKS = [
  '\\u3001\\u3002\\u3008-\\u3011\\u3014-\\u301f\\uff61-\\uff65\\u30fb', // ideographic
  '\\uff0e\\uff0c\\uff1f\\uff1a\\uff1b\\uff01\\uff02\\uff08\\uff09', // full-width
].join('');
const ASIAN_PUNCTUATION = new RegExp(`[${ASIAN_MARKS}]`, 'g');

/**
 * East Asian characters that become words of their own. sacreBLEU also means to set runs of kana apart, but asks for them at
 * the very start of a text that by then starts with a space; so kana stay together, and next to Latin letters.
 */
const ASIAN = new RegExp(
  `[${[
    '\\u4e00-\\u9fff\\u3400-\\u4dbf', // unified ideographs
    '\\u31c0-\\u31ef\\u2e80-\\u2eff', // strokes, radicals
    '\\u3200-\\u33ff\\uf900-\\ufaff\\ufe30-\\ufe4f', // enclosed letters, compatibility forms
    ASIAN_MARKS,
  ].join('')}]`,
  'g',
);

/** Tercom's Western rules, one after another over the whole text. */
function normalizeWestern(text: string): string {
  let joined = text.replaceAll('\n-', '').replaceAll('\n', ' ');
  if (joined.includes('&')) {
    joined = joined.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  }
  return ` ${joined} `
    .replace(SYMBOL, ' $& ')
    .replace(POSSESSIVE, " 's ")
    .replace(AFTER_NON_DIGIT, '$1 $2 ')
    .replace(BEFORE_NON_DIGIT, ' $1 $2')
    .replace(DIGIT_HYPHEN, '$1 - ');
}

/** The words of a text that TER compares; of a reference {@link tokenizeReference} gives them. */
export function tokenizeTercom(line: string, options: TercomOptions): string[] {
  let text = options.caseSensitive ? line : line.toLowerCase();
  if (options.normalized) {
    text = normalizeWestern(text);
    if (options.asianSupport) text = text.replace(ASIAN, ' $& ');
  }
  if (options.noPunct) {
    text = text.replace(PUNCTUATION, '');
    if (options.asianSupport) text = text.replace(ASIAN_PUNCTUATION, '');
  }
  return splitWhitespace(text);
}

/**
 * The words of a reference. sacreBLEU tokenizes references twice, which changes those that `normalized` has touched: in
 * `x's.` the possessive is only seen once the full stop stands apart. Scores can only agree when that is kept, so a
 * hypothesis like its reference may have edits.
 */
export function tokenizeReference(line: string, options: TercomOptions): string[] {
  const words = tokenizeTercom(line, options);
  return options.normalized ? tokenizeTercom(words.join(' '), options) : words;
}
