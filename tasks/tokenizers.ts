// What tasks with text share: reading tokenizers and encoding a text with its stop token.
import { readFile } from 'node:fs/promises';
import { DataError } from '../src/errors.js';
import type { Random } from '../src/random.js';
import { EOS, type Tokenizer, tokenizerFromJSON } from '../src/text/tokenizer.js';

/** The tokens of `text` followed by the stop token. */
export function withStop(tokenizer: Tokenizer, text: string, dropout: number, random?: Random): Int32Array {
  const ids = random && dropout > 0 ? tokenizer.encode(text, { dropout, random }) : tokenizer.encode(text);
  const result = new Int32Array(ids.length + 1);
  result.set(ids);
  result[ids.length] = EOS;
  return result;
}

/** A tokenizer as the text of a file. */
export const tokenizerText = (tokenizer: Tokenizer): string => `${JSON.stringify(tokenizer.toJSON(), undefined, 1)}\n`;

/** Reads a tokenizer. @param file its name, for messages */
export function parseTokenizer(text: string, file: string): Tokenizer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${file}: expected a Hugging Face tokenizer.json, found text that is not JSON`, { cause });
  }
  return tokenizerFromJSON(json, file);
}

/** Reads a tokenizer file. @throws DataError when it is not there or is none */
export async function loadTokenizer(file: string): Promise<Tokenizer> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DataError(`${file}: cannot be read; expected a Hugging Face tokenizer.json`, { missing: true, cause });
  }
  return parseTokenizer(text, file);
}
