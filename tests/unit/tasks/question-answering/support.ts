// What the tests of question answering share: files of their own, and configurations.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { questionAnswering } from '../../../../tasks/question-answering/adapter.js';

export const folder = mkdtempSync(join(tmpdir(), 'question-answering-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file of the test's folder. @returns its path */
export function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export type Sections = Record<string, unknown>;

/** A configuration as the schema takes it, or what is wrong with it. */
export const parsed = (split: Sections, data: Sections = {}, sections: Sections = {}) =>
  questionAnswering.configSchema.safeParse({
    task: 'question-answering',
    data: { train: split, valid: { file: 'valid.jsonl' }, ...data },
    ...sections,
  });
