// Lines of text files and of standard input, one file or several side by side.

import { openInput } from '../data/files.js';
import { fileChunks, readLines } from '../data/lines.js';
import { DataError } from '../errors.js';
import { decompressionCache } from './open.js';

/** The lines of a file (gzip or plain), or of standard input for `-`, by the rules of `readLines`. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  if (path === '-') {
    yield* readLines(process.stdin, 'standard input');
    return;
  }
  const input = await openInput(path, decompressionCache());
  try {
    yield* readLines(fileChunks(input.handle), input.name);
  } finally {
    await input.handle.close();
  }
}

/**
 * Corresponding lines of several files.
 * @throws DataError naming two files and their line counts when they differ in length, or the file when it is empty
 */
export async function* parallelLines(paths: readonly string[]): AsyncGenerator<string[]> {
  const readers = paths.map((path) => linesOf(path));
  try {
    for (let count = 0; ; count++) {
      const items = await Promise.all(readers.map((reader) => reader.next()));
      const ended = items.findIndex((item) => item.done);
      if (ended < 0) {
        yield items.map((item) => item.value as string);
        continue;
      }
      const longer = items.findIndex((item) => !item.done);
      if (longer >= 0) {
        let total = count + 1;
        for await (const _line of readers[longer] as AsyncGenerator<string>) total += 1;
        throw new DataError(
          `${paths[ended]} has ${count} lines, but ${paths[longer]} has ${total}; they must correspond line by line`,
        );
      }
      if (count === 0) throw new DataError(`${paths[0]}: expected lines to score, found an empty file`);
      return;
    }
  } finally {
    for (const reader of readers) await reader.return(undefined);
  }
}
