// The entrance to tokenizers: the interface, training one, and reading one from a tokenizer.json.
import type { TokenizerConfig } from './config.js';
import { readHuggingFaceJson } from './huggingface.js';
import { createPipelineTokenizer } from './pipeline.js';
import type { Tokenizer } from './tokenizer-types.js';
import { TokenizerTrainer } from './trainer.js';

export { BOS, EOS, PAD, UNK } from './special-tokens.js';
export type { Tokenizer } from './tokenizer-types.js';
export { TokenizerTrainer };

/**
 * Trains a tokenizer on lines of text (without line ends); give the lines of several files for a joint vocabulary.
 * For lines that come asynchronously see {@link TokenizerTrainer}.
 * @throws DataError when there is no text, or a line is not Unicode text.
 * @throws ConfigError when the vocabulary size is too small, naming the least that would do.
 */
export function trainTokenizer(config: TokenizerConfig, lines: Iterable<string>): Tokenizer {
  const trainer = new TokenizerTrainer(config);
  for (const line of lines) trainer.add(line);
  return trainer.finish();
}

/**
 * The tokenizer of a parsed Hugging Face tokenizer.json: one written by s2s, or another BPE (byte-level or with a
 * white-space marker) or word vocabulary. Ids are the file's when its padding, begin, end and unknown tokens have ids
 * 0 … 3; otherwise those four are put there and the other tokens follow in the file's order.
 * @param file name of the file, for messages.
 * @throws DataError naming the part that is damaged or not supported.
 */
export function tokenizerFromJSON(json: unknown, file: string): Tokenizer {
  return createPipelineTokenizer(readHuggingFaceJson(json, file), file);
}
