// Reads pronouncing dictionaries in the format of CMUdict.
import { openInput } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { DataError } from '../../src/errors.js';

/** A word and one of its pronunciations. */
export interface Pronunciation {
  readonly word: string;
  /** Phonemes separated by single spaces. */
  readonly phonemes: string;
  /** `file:line`. */
  readonly origin: string;
}

/**
 * Reads one line: a word, white space, its phonemes. `read(2)` is another pronunciation of `read`; a phoneme that begins with `#`
 * begins a comment.
 * @param origin `file:line`, for error messages
 * @returns undefined for a blank line and for a comment, which begins with `;;;` or with `#` and white space
 * @throws DataError without a word or without phonemes
 */
export function parseDictionaryLine(line: string, origin: string): Pronunciation | undefined {
  if (line.trim() === '' || line.startsWith(';;;') || /^#(\s|$)/.test(line)) return undefined;
  const [entry = '', ...rest] = line.trimEnd().split(/\s+/);
  const word = entry.replace(/\(\d+\)$/, '');
  if (word === '') {
    throw new DataError(
      `${origin}: expected a word and its phonemes, found ${JSON.stringify(line)}; begin with the word`,
    );
  }
  const comment = rest.findIndex((symbol) => symbol.startsWith('#'));
  const phonemes = comment < 0 ? rest : rest.slice(0, comment);
  if (phonemes.length === 0) {
    throw new DataError(
      `${origin}: expected the phonemes of ${JSON.stringify(word)} after it, found none; add them or remove the line`,
    );
  }
  return { word, phonemes: phonemes.join(' '), origin };
}

/**
 * Reads a dictionary, which may be gzip.
 * @param cacheDir folder for its decompressed copy
 * @throws DataError naming file and line
 */
export async function* readDictionary(path: string, cacheDir: string): AsyncGenerator<Pronunciation> {
  const { name, handle } = await openInput(path, cacheDir);
  try {
    let number = 0;
    for await (const line of readLines(fileChunks(handle), name)) {
      number += 1;
      const found = parseDictionaryLine(line, `${name}:${number}`);
      if (found) yield found;
    }
  } finally {
    await handle.close();
  }
}
