// Lines that name audio, and the voice of what is to be said instead.
import { resolve } from 'node:path';
import { type ManifestConfig, resolveManifest } from '../../src/audio/manifests/config.js';
import { readManifest } from '../../src/audio/manifests/read.js';
import { DataError } from '../../src/errors.js';
import type { VoiceLines } from '../sound/targets.js';
import { readOptions } from '../speech/corpus.js';
import { formatSource, parseSource } from '../speech/lines.js';

/** Voices stand under `speaker` of lines that are JSON objects. */
export const spokenAudio: VoiceLines = {
  speakerOf(line) {
    if (!line.startsWith('{')) return undefined;
    parseSource(line, '.');
    const { speaker } = JSON.parse(line) as { speaker?: unknown };
    if (speaker === undefined || typeof speaker === 'string') return speaker;
    throw new DataError(`${line}: expected a string under "speaker"`);
  },
  withSpeaker(line, speaker) {
    if (speaker === undefined) return line;
    const { segment, read } = parseSource(line, '.');
    const { path, start, end } = segment;
    return JSON.stringify({ audio: path, start, end, ...read, speaker });
  },
};

/** The sources of a manifest, with the voices that it names; undefined for a file that lists audio. */
export async function sourceLines(path: string, usual: object): Promise<string[] | undefined> {
  if (!/\.(tsv|jsonl|ndjson)(\.gz)?$/i.test(path)) return undefined;
  const { columns = {} } = usual as ManifestConfig;
  // A manifest of sources alone has no other columns.
  const { audio, start, end, speaker } = columns;
  const named = Object.entries({ audio, start, end, speaker }).filter(([, name]) => name !== undefined);
  const manifest = { manifest: resolve(path), ...(named.length > 0 ? { columns: Object.fromEntries(named) } : {}) };
  const { rows } = await readManifest(resolveManifest(manifest, '.'));
  const read = readOptions(usual as ManifestConfig);
  return rows.map((row) => spokenAudio.withSpeaker(formatSource({ segment: row.audio, read }), row.speaker));
}
