// The tokenizer `zh`: Chinese characters stand alone, the rest is split by the Western rules.
import { trim } from '../whitespace.js';
import { tokenizeWestern } from './western.js';

/**
 * The characters sacreBLEU's `zh` treats as Chinese. It means to name the supplementary ideographs U+20000..U+2A6D6 and
 * U+2F800..U+2FA1D too, but compares text in a way that takes U+2001..U+2A6D and U+2F81..U+2FA1 instead; scores can only
 * agree when that is kept. So quotation marks and arrows stand alone, and supplementary ideographs do not.
 */
const CHINESE = new RegExp(
  `[${[
    '\\u2001-\\u2a6d',
    '\\u2e80-\\u2fdf', // radicals, Kangxi radicals
    '\\u2ff0-\\u303f', // ideographic description, punctuation
    '\\u3100-\\u312f\\u31a0-\\u31bf\\u31c0-\\u31ef', // Bopomofo, strokes
    '\\u3200-\\u33ff', // enclosed letters and compatibility forms
    '\\u3400-\\u4db5\\u4e00-\\u9fbb', // unified ideographs
    '\\uf900-\\ufa2d\\ufa30-\\ufa6a\\ufa70-\\ufad9', // compatibility ideographs
    '\\ufe10-\\ufe1f\\ufe30-\\ufe4f\\uff00-\\uffef', // vertical and full-width forms
  ].join('')}]`,
  'g',
);

/** Puts spaces round Chinese characters, then applies the Western rules. */
export function tokenizeZh(line: string): string[] {
  return tokenizeWestern(trim(line).replace(CHINESE, ' $& '));
}
