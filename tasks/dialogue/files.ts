// Reads dialogues from files: one a line, or lists of them, as the schema-guided dialogues have it.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openInput } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { jsonDocument, jsonLine, kindOf } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';
import { type Turn, turnList, turnOf } from './turns.js';

/** A dialogue in a file. */
export interface Dialogue {
  readonly turns: readonly Turn[];
  /** Where it is: `file:line`, or `file: dialogue 3`, dialogues counted from 1. */
  readonly origin: string;
}

const IS_LINES = /\.(jsonl|ndjson)(\.gz)?$/i;
const IS_LIST = /\.json(\.gz)?$/i;
/** What a folder of the schema-guided dialogues has beside them. */
const SCHEMA = 'schema.json';

/** The files that a path means: itself, or those in the folder, in the order of their names. @throws DataError for a folder without any */
async function filesOf(path: string): Promise<string[]> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => (IS_LINES.test(name) || IS_LIST.test(name)) && name !== SCHEMA);
  if (names.length > 0) return names.sort().map((name) => join(path, name));
  throw new DataError(`${path}: expected .json or .jsonl files of dialogues in this folder, found none`, {
    missing: true,
  });
}

/** @throws DataError naming the turn that is none */
function dialogueOf(value: unknown, origin: string): Dialogue {
  return { turns: turnList(value, origin).map((turn, i) => turnOf(turn, `${origin} turn ${i + 1}`)), origin };
}

async function* readFileOf(path: string, cacheDir: string): AsyncGenerator<Dialogue> {
  if (!IS_LINES.test(path) && !IS_LIST.test(path)) {
    throw new DataError(
      `${path}: expected the name of a folder or one that ends in .json or .jsonl (perhaps with .gz), found neither`,
    );
  }
  const { name, handle } = await openInput(path, cacheDir);
  try {
    if (IS_LINES.test(path)) {
      let number = 0;
      for await (const line of readLines(fileChunks(handle), name)) {
        number += 1;
        const origin = `${name}:${number}`;
        yield dialogueOf(jsonLine(line, origin, 'dialogues in JSON'), origin);
      }
      return;
    }
    const lines: string[] = [];
    for await (const line of readLines(fileChunks(handle), name)) lines.push(line);
    const list = jsonDocument(lines.join('\n'), name, 'dialogues in JSON');
    if (!Array.isArray(list)) throw new DataError(`${name}: expected a list of dialogues, found ${kindOf(list)}`);
    for (const [i, value] of list.entries()) yield dialogueOf(value, `${name}: dialogue ${i + 1}`);
  } finally {
    await handle.close();
  }
}

/**
 * Reads the dialogues of files and folders.
 * @param cacheDir folder for decompressed copies
 * @throws DataError naming the place of what cannot be used
 */
export async function* readDialogues(paths: readonly string[], cacheDir: string): AsyncGenerator<Dialogue> {
  for (const path of paths) for (const file of await filesOf(path)) yield* readFileOf(file, cacheDir);
}
