// Which features belong to which audio file: an append-only list, so that unchanged files need not be read again.
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Features in the cache. */
export interface StoredFeatures {
  /** Hash of the samples and of how features are made of them. */
  readonly key: string;
  readonly frames: number;
}

/** Reads an index; lines that were cut short by a crash are passed over. */
export async function readIndex(path: string): Promise<Map<string, StoredFeatures>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const entries = new Map<string, StoredFeatures>();
  for (const line of text.split('\n')) {
    const [key = '', frames = '', ...identity] = line.split('\t');
    if (/^[0-9a-f]{64}$/.test(key) && /^\d+$/.test(frames) && identity.length === 1) {
      entries.set(identity[0] as string, { key, frames: Number(frames) });
    }
  }
  return entries;
}

/** Adds entries to an index. */
export async function appendToIndex(path: string, entries: Iterable<[string, StoredFeatures]>): Promise<void> {
  const lines = [...entries].map(([identity, { key, frames }]) => `${key}\t${frames}\t${identity}\n`);
  if (lines.length === 0) return;
  await mkdir(dirname(path), { recursive: true });
  // A line that a crash left unfinished ends here.
  await appendFile(path, `\n${lines.join('')}`);
}
