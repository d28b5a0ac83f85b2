// What the two readers of treebanks share: a sentence with its tree, and what happens to one that has none.
import { openInput } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import type { ListedRow } from '../../src/data/listed-corpus.js';
import { DataError } from '../../src/errors.js';

/** Some lines of a file that belong together: one sentence. */
export interface Passage {
  readonly lines: string[];
  /** Number of the first one, from 1. */
  readonly first: number;
}

/** How a treebank is read. */
export interface TreebankReader {
  /** Cuts the lines of a file into sentences. */
  passages(lines: AsyncIterable<string>): AsyncIterable<Passage>;
  /**
   * Reads one sentence.
   * @param at names line i of the passage, `file:line`
   * @throws DataError naming file and line where there is no tree
   */
  read(lines: readonly string[], at: (i: number) => string): Pick<ListedRow, 'source' | 'target'>;
}

/**
 * The sentences of a file, which may be gzip.
 * @param cacheDir folder for its decompressed copy
 * @param onBad takes the error of a sentence without a tree, which is then left out
 */
export async function* readTreebank(
  path: string,
  cacheDir: string,
  { passages, read }: TreebankReader,
  onBad: (error: DataError) => void,
): AsyncGenerator<ListedRow> {
  const { name, handle } = await openInput(path, cacheDir);
  try {
    for await (const { lines, first } of passages(readLines(fileChunks(handle), name))) {
      const at = (i: number): string => `${name}:${first + i}`;
      try {
        yield { ...read(lines, at), origin: at(0) };
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        onBad(error);
      }
    }
  } finally {
    await handle.close();
  }
}
