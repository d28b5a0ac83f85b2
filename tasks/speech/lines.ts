// Audio as a line of text: what a row's source is, and what `decode` reads.
import { isAbsolute, resolve } from 'node:path';
import type { ReadAudioOptions } from '../../src/audio/io/read.js';
import { type ManifestConfig, resolveManifest } from '../../src/audio/manifests/config.js';
import { parseAudioLine } from '../../src/audio/manifests/line.js';
import { readManifest } from '../../src/audio/manifests/read.js';
import type { AudioSegment } from '../../src/audio/types.js';
import { DataError } from '../../src/errors.js';

/** A part of an audio file, and how it is to be read where that is not plain. */
export interface AudioSource {
  readonly segment: AudioSegment;
  readonly read?: ReadAudioOptions | undefined;
}

/** A line that {@link parseSource} reads: the path, path and times between tabs, or a JSON object. */
export function formatSource({ segment, read }: AudioSource): string {
  const { path, start, end } = segment;
  if (read !== undefined || /[\t\n]|^\{/.test(path)) return JSON.stringify({ audio: path, start, end, ...read });
  if (start === undefined && end === undefined) return path;
  return `${path}\t${start ?? 0}${end === undefined ? '' : `\t${end}`}`;
}

/**
 * Reads a line.
 * @param folder that relative paths start from
 * @param usual how audio is read where the line does not say
 * @throws DataError when it is neither a path, nor a path with times, nor a JSON object with them
 */
export function parseSource(line: string, folder: string, usual?: ReadAudioOptions): AudioSource {
  const place = (segment: AudioSegment): AudioSegment => ({
    ...segment,
    path: isAbsolute(segment.path) ? segment.path : resolve(folder, segment.path),
  });
  if (!line.startsWith('{')) return { segment: place(parseAudioLine(line)), read: usual };
  let value: { audio?: unknown; start?: unknown; end?: unknown; raw?: unknown; channel?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch (cause) {
    throw new DataError(`${line}: expected a path or a JSON object with "audio", found invalid JSON`, { cause });
  }
  const { audio, start, end, raw, channel } = value;
  const isTime = (time: unknown): time is number | undefined | null => time == null || typeof time === 'number';
  if (typeof audio !== 'string' || !isTime(start) || !isTime(end)) {
    throw new DataError(`${line}: expected a string under "audio", and numbers (seconds) under "start" and "end"`);
  }
  const read = { ...usual, ...(raw ? { raw } : {}), ...(channel !== undefined ? { channel } : {}) } as ReadAudioOptions;
  return {
    segment: place({ path: audio, ...(start == null ? {} : { start }), ...(end == null ? {} : { end }) }),
    read: Object.keys(read).length > 0 ? read : undefined,
  };
}

/** The lines to decode of a manifest; undefined for a file that lists audio. */
export async function manifestLines(path: string, usual: object): Promise<string[] | undefined> {
  if (!/\.(tsv|jsonl|ndjson)(\.gz)?$/i.test(path)) return undefined;
  const { raw, channel, columns } = usual as ManifestConfig;
  // Absolute, because the paths of lines start from the folder of the file that they are in.
  const { rows } = await readManifest(resolveManifest({ manifest: resolve(path), columns }, '.'));
  const read = raw === undefined && channel === undefined ? undefined : ({ raw, channel } as ReadAudioOptions);
  return rows.map(({ audio }) => formatSource({ segment: audio, read }));
}
