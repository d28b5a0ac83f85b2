// The tokenizers BLEU can use, by the names that signatures give them.
import { tokenize13a } from './tokenizers/13a.js';
import { tokenizeChar } from './tokenizers/char.js';
import { tokenizeIntl } from './tokenizers/intl.js';
import { tokenizeNone } from './tokenizers/none.js';
import { tokenizeZh } from './tokenizers/zh.js';

/** Splits one line into the tokens that are counted. */
export type Tokenizer = (line: string) => string[];

export const TOKENIZERS = {
  '13a': tokenize13a,
  intl: tokenizeIntl,
  char: tokenizeChar,
  zh: tokenizeZh,
  none: tokenizeNone,
} as const satisfies Record<string, Tokenizer>;

/** A tokenizer's name, as in sacreBLEU's `--tokenize` and `tok:` in signatures. */
export type TokenizerName = keyof typeof TOKENIZERS;

/** A tokenizer of one's own, such as {@link sentencePieceTokenizer} makes; signatures say `tok:` and its name. */
export interface NamedTokenizer {
  readonly name: string;
  readonly tokenize: Tokenizer;
}

const NEEDS_MODEL = 'give sentencePieceTokenizer(model, name) with the bytes of its SentencePiece model instead';
const NEEDS_MECAB = "tokenize the texts with MeCab beforehand and use 'none'";

/** Tokenizers of sacreBLEU that cannot be had by name here, and what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  spm: NEEDS_MODEL,
  flores101: NEEDS_MODEL,
  flores200: NEEDS_MODEL,
  'spBLEU-1K': NEEDS_MODEL,
  'ja-mecab': NEEDS_MECAB,
  'ko-mecab': NEEDS_MECAB,
};

/**
 * The tokenizer that an option names or is.
 * @throws RangeError for a name that is not known or whose tokenizer needs what this package does not bring; TypeError for
 *   something that is neither a name nor a tokenizer.
 */
export function findTokenizer(option: TokenizerName | NamedTokenizer): NamedTokenizer {
  if (typeof option === 'string') {
    if (Object.hasOwn(TOKENIZERS, option)) return { name: option, tokenize: TOKENIZERS[option] };
    const known = Object.keys(TOKENIZERS).join(', ');
    const advice = Object.hasOwn(ELSEWHERE, option) ? `: ${ELSEWHERE[option]}` : '';
    throw new RangeError(`tokenize: expected one of ${known} or a tokenizer, found ${option}${advice}`);
  }
  if (typeof option?.name !== 'string' || typeof option.tokenize !== 'function') {
    throw new TypeError(
      `tokenize: expected a name or an object with name and tokenize, found ${JSON.stringify(option)}`,
    );
  }
  checkTokenizerName(option.name);
  return option;
}

/** @throws RangeError when signatures could not carry the name, or when it is that of a tokenizer which is built in */
export function checkTokenizerName(name: string): void {
  if (!/^[^\s|:]+$/u.test(name) || Object.hasOwn(TOKENIZERS, name)) {
    throw new RangeError(
      `name: expected a text without white space, | or :, other than ${Object.keys(TOKENIZERS).join(', ')}, found ` +
        JSON.stringify(name),
    );
  }
}
