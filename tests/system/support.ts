// Folders and data for the system tests, which train real models through the library's public functions.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Random } from '../../src/random.js';

/** A folder for the tests of a suite, removed after them. */
export function useFolder(): () => string {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 's2s-system-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}

/** Lines of a text file. */
export async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).replace(/\n$/, '').split('\n');
}

/** Writes lines to a text file. */
export const writeLines = (file: string, lines: readonly string[]): Promise<void> =>
  writeFile(file, `${lines.join('\n')}\n`);

/** Says what a test measured, and how long it took. */
export function report(what: string, numbers: Readonly<Record<string, number>>): void {
  const shown = Object.entries(numbers).map(([name, value]) => `${name} ${Number(value.toPrecision(5))}`);
  console.log(`${what}: ${shown.join(', ')}`);
}

/** Lines of digits and what they should become. */
export interface DigitLines {
  readonly source: readonly string[];
  readonly target: readonly string[];
}

/**
 * Random lines of 1 to 9 digits, some of the lines empty: the data of Sockeye's system tests
 * (awslabs/sockeye, Apache-2.0, sockeye/test_utils.py), made anew.
 */
export function digitLines(seed: number, lines: number, empty: number, sorted: boolean): DigitLines {
  const random = new Random(seed, 'digits');
  const isEmpty = new Set(random.shuffle(Array.from({ length: lines }, (_, i) => i)).slice(0, empty));
  const rows = Array.from({ length: lines }, (_, i) =>
    isEmpty.has(i) ? [] : Array.from({ length: 1 + random.integer(9) }, () => random.integer(10)),
  );
  return {
    source: rows.map((row) => row.join(' ')),
    target: rows.map((row) => (sorted ? row.toSorted((a, b) => a - b) : row).join(' ')),
  };
}
