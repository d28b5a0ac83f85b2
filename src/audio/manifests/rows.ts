// What readers of manifests share: rows, lines of files, warnings.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { basename, extname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DataError } from '../../errors.js';
import type { AudioSegment } from '../types.js';

/** One utterance. */
export interface ManifestRow {
  readonly audio: AudioSegment;
  readonly id: string;
  readonly text?: string;
  /** The text of the other language, for speech translation. */
  readonly translation?: string;
  readonly speaker?: string;
  /** `file:line` where it stands. */
  readonly origin: string;
}

/** The utterances of a split, and what may be a mistake about them. */
export interface Manifest {
  readonly rows: readonly ManifestRow[];
  readonly warnings: readonly string[];
}

/** A line of a file and its number, counted from 1. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

/** The lines of a text file, gzip or plain, without empty ones at its end. @throws DataError when it cannot be read */
export async function readLines(path: string): Promise<Line[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = (await promisify(gunzip)(bytes)) as Buffer;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      throw new DataError(`${path}: there is no such file; correct the path`, { missing: true, cause });
    }
    throw new DataError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (!isUtf8(bytes)) throw new DataError(`${path}:${badLine(bytes)}: expected UTF-8 text, found other bytes`);
  const lines = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n/);
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new DataError(`${path}: expected utterances, found an empty file`);
  return lines.map((text, i) => ({ text, number: i + 1 }));
}

/** The first line with bytes that are no UTF-8. */
function badLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end;
    if (!isUtf8(bytes.subarray(start, stop))) break;
    start = stop + 1;
  }
  return line;
}

/** A path as a manifest writes it, from the folder that its paths start from. */
export const placed = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** The name of an utterance that has none: its file's, with the start where it is a part. */
export function nameOf({ path, start }: AudioSegment): string {
  const name = basename(path, extname(path));
  return start === undefined ? name : `${name}-${start}`;
}

/** A warning about ids that occur more than once, if any do. */
export function duplicateIds(rows: readonly ManifestRow[]): string[] {
  const seen = new Set<string>();
  const again = rows.filter(({ id }) => seen.size === seen.add(id).size);
  if (again.length === 0) return [];
  const named = again.slice(0, 3).map(({ id, origin }) => `${id} (${origin})`);
  return [
    `${again.length} utterances have an id that stood before: ${named.join(', ')}${again.length > 3 ? ', …' : ''}`,
  ];
}
