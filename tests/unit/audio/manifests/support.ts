// A temporary folder for the files of one test, and what reading a manifest in it gives.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ManifestConfig } from '../../../../src/audio/manifests/config.js';
import { readManifest } from '../../../../src/audio/manifests/read.js';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Writes files, named with `/`, into a new folder, which goes when the test ends, and returns the folder. */
export function folderWith(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 's2s-manifests-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

interface Shown {
  audio: { path: string; start?: number; end?: number };
  id: string;
  text?: string;
  translation?: string;
  speaker?: string;
  origin: string;
}

/** Paths from the folder, with `/` on every system. */
const without = (folder: string, text: string): string =>
  text
    .replaceAll(folder + sep, '')
    .replaceAll(folder, '.')
    .replaceAll(sep, '/');

/** Reads a manifest in a folder; its paths in the rows and warnings are from the folder. */
export async function readIn(folder: string, config: ManifestConfig): Promise<{ rows: Shown[]; warnings: string[] }> {
  const audioDir = config.audioDir === undefined ? {} : { audioDir: join(folder, config.audioDir) };
  const { rows, warnings } = await readManifest({ ...config, manifest: join(folder, config.manifest), ...audioDir });
  return {
    rows: rows.map((row) => ({
      ...row,
      audio: { ...(row.audio as Shown['audio']), path: without(folder, row.audio.path) },
      origin: without(folder, row.origin),
    })),
    warnings: warnings.map((warning) => without(folder, warning)),
  };
}

/** Reads a manifest among files. */
export async function read(files: Files, config: ManifestConfig) {
  return readIn(folderWith(files), config);
}

/** The error that reading such a manifest ends with, its paths being from the folder. */
export async function refusal(
  files: Files,
  config: ManifestConfig,
): Promise<{ name: string; message: string; exitCode: number }> {
  const folder = folderWith(files);
  try {
    await readIn(folder, config);
  } catch (error) {
    const { name, message, exitCode } = error as Error & { exitCode: number };
    return { name, message: without(folder, message), exitCode };
  }
  throw new Error('the manifest could be read');
}

/** The message alone, of an error about data that are there but wrong. */
export async function complaint(files: Files, config: ManifestConfig): Promise<string> {
  const { name, message, exitCode } = await refusal(files, config);
  if (name !== 'DataError' || exitCode !== 65) throw new Error(`${name}, exit code ${exitCode}: ${message}`);
  return message;
}
