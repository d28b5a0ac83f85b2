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
