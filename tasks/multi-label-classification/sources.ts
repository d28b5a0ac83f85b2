// Texts that have labels, as tokens.
import type { Tokenizer } from '../../src/text/tokenizer.js';
import type { LabelSources } from '../labels/codec.js';
import { tokenizerText, withStop } from '../tokenizers.js';

export const TOKENIZER_FILE = 'tokenizer.json';

/** Texts as sources. */
export const textSources = (tokenizer: Tokenizer, bpeDropout: number): LabelSources => ({
  vocabulary: tokenizer.vocabularySize,
  files: () => ({ [TOKENIZER_FILE]: tokenizerText(tokenizer) }),
  row: (line, random) => withStop(tokenizer, line, bpeDropout, random),
  line: (line) => withStop(tokenizer, line, 0),
  tokenNames: (tokens) => Array.from(tokens, (id) => tokenizer.token(id)),
});
