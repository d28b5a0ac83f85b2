// Logical forms as they stand: tokens between white space.
import type { Linearisation } from './linearisation.js';
import { wordsOf } from './words.js';

/** Words in, words out; any output is one. */
export const logicalForm: Linearisation = {
  needsWords: false,
  words: wordsOf,
  tokens: wordsOf,
  line: (tokens) => tokens.join(' '),
  vocabulary: (seen) => seen,
};
