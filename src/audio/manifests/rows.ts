// What readers of manifests share: rows, paths, warnings.
import { basename, extname, isAbsolute, join } from 'node:path';
import type { AudioSegment } from '../types.js';

/** One utterance. */
export interface ManifestRow {
  /** The path is absolute, or starts from the working folder if the path of the manifest does. */
  readonly audio: AudioSegment;
  /** As given, or the base name of the audio, with the start (`name-1.5`) where it is a part. */
  readonly id: string;
  /** The recording of the other language, for speech-to-speech. */
  readonly target?: AudioSegment;
  /** The transcript. */
  readonly text?: string;
  /** The text of the other language, for speech translation and speech-to-speech. */
  readonly translation?: string;
  readonly speaker?: string;
  /** `file:line` where it stands; the audio file where there is no such line. */
  readonly origin: string;
}

/** The utterances of a split, and what may be a mistake about them. */
export interface Manifest {
  readonly rows: readonly ManifestRow[];
  readonly warnings: readonly string[];
}

/** What a row may say besides its audio. */
interface Sayings {
  readonly id?: string | undefined;
  readonly target?: AudioSegment | undefined;
  readonly text?: string | undefined;
  readonly translation?: string | undefined;
  readonly speaker?: string | undefined;
}

/** A row; empty ids and speakers count as none. */
export function rowOf(audio: AudioSegment, origin: string, said: Sayings): ManifestRow {
  const row: { -readonly [Key in keyof ManifestRow]: ManifestRow[Key] } = {
    audio,
    id: said.id || nameOf(audio),
    origin,
  };
  if (said.target !== undefined) row.target = said.target;
  if (said.text !== undefined) row.text = said.text;
  if (said.translation !== undefined) row.translation = said.translation;
  if (said.speaker) row.speaker = said.speaker;
  return row;
}

/** The name of an utterance that has none. */
function nameOf({ path, start }: AudioSegment): string {
  const name = basename(path, extname(path));
  return start === undefined ? name : `${name}-${start}`;
}

/** A path as a manifest writes it, from the folder that its paths start from. */
export const placed = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** `.wav` for `wav` and `.wav`. */
export const dotted = (extension: string): string => `.${extension.replace(/^\./, '')}`;

/** A warning that counts items and names the first three; none when there are none. */
export function counted(items: readonly string[], what: (count: number) => string): string[] {
  if (items.length === 0) return [];
  return [`${what(items.length)}: ${items.slice(0, 3).join(', ')}${items.length > 3 ? ', …' : ''}`];
}

/** A warning about ids that occur more than once, if any do. */
export function duplicateIds(rows: readonly ManifestRow[]): string[] {
  const seen = new Set<string>();
  const again = rows.filter(({ id }) => seen.size === seen.add(id).size);
  const names = again.map(({ id, origin }) => `${id} (${origin})`);
  return counted(names, (n) => `${n === 1 ? 'an utterance has' : `${n} utterances have`} an id that stood before`);
}
