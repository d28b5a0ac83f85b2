// A temporary folder for the files of one test, and small corpora in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SplitConfig } from '../../../src/data/config.js';
import { type Corpus, openCorpus } from '../../../src/data/corpus.js';

/** Writes files into a new folder, which goes when the test ends, and returns the folder. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), 's2s-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Opens a split over the given files; closed when the test ends. */
export async function corpusOf(
  files: Record<string, string | Uint8Array>,
  split: SplitConfig = { source: 'a', target: 'b' },
  blockRows = 4,
): Promise<Corpus> {
  const folder = folderWith(files);
  const corpus = await openCorpus(split, { baseDir: folder, cacheDir: join(folder, 'cache'), blockRows });
  onTestFinished(() => corpus.close());
  return corpus;
}

/** The message of the error that opening such a split ends with, without the folder's name. */
export async function openingError(
  files: Record<string, string | Uint8Array>,
  split: SplitConfig = { source: 'a', target: 'b' },
): Promise<{ name: string; message: string; exitCode: number }> {
  const folder = folderWith(files);
  try {
    const corpus = await openCorpus(split, { baseDir: folder, cacheDir: join(folder, 'cache') });
    await corpus.close();
  } catch (error) {
    const { name, message, exitCode } = error as Error & { exitCode: number };
    return { name, message: message.replaceAll(join(folder, '/'), '').replaceAll(folder, '.'), exitCode };
  }
  throw new Error('the split could be opened');
}
