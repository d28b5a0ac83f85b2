// Kaldi data folders and CMU Sphinx file lists.
import { basename, dirname, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { AudioSegment } from '../types.js';
import type { ManifestConfig } from './config.js';
import { eachLine, fileIn } from './files.js';
import { segmentOf } from './line.js';
import { counted, dotted, type Manifest, type ManifestRow, placed, rowOf } from './rows.js';

interface Entry {
  readonly value: string;
  readonly origin: string;
}

/** A file with a key and a value a line. */
interface Table {
  readonly path: string;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** The key and the rest of a line, which spaces or tabs divide; other white space is part of a text. */
export function keyAndRest(line: string): [key: string, rest: string] {
  const [, key = '', rest = ''] = /^[ \t]*([^ \t]+)[ \t]*(.*)$/su.exec(line) ?? [];
  return [key, rest.replace(/[ \t]+$/, '')];
}

/** Reads such a file by key. @throws DataError for a key that stands twice */
async function tableOf(path: string): Promise<Table> {
  const entries = new Map<string, Entry>();
  await eachLine(path, (line, number) => {
    const [key, value] = keyAndRest(line);
    const origin = `${path}:${number}`;
    const before = entries.get(key);
    if (before !== undefined)
      throw new DataError(`${origin}: expected each id once, found ${key} again (${before.origin}); remove a line`);
    entries.set(key, { value, origin });
  });
  return { path, entries };
}

/** The path of a recording in `wav.scp`. @throws DataError for what is not a file with audio */
function recordingPath({ value, origin }: Entry): string {
  if (value.endsWith('|') || value.startsWith('|')) {
    throw new DataError(
      `${origin}: expected the path of an audio file, found a command (${value}); commands are not run: ` +
        'write its output to a file and name that',
    );
  }
  if (/.:\d+$/.test(value)) {
    throw new DataError(
      `${origin}: expected the path of an audio file, found a place in an archive (${value}); copy the audio out of it`,
    );
  }
  if (value === '' || value === '-')
    throw new DataError(`${origin}: expected the path of an audio file, found ${value || 'none'}`);
  return value;
}

/** A line of `segments`: recording, start and end in seconds; an end of −1 is that of the recording. */
function segmentFrom({ value, origin }: Entry, pathOf: (recording: string, origin: string) => string): AudioSegment {
  const [recording = '', start, end, ...rest] = value.split(/[ \t]+/);
  if (start === undefined || end === undefined || rest.length > 0) {
    throw new DataError(
      `${origin}: expected an utterance, a recording, a start and an end, found ${1 + value.split(/[ \t]+/).length} fields` +
        `${rest.length > 0 ? '; a channel is chosen by `channel`, not here' : ''}`,
    );
  }
  return segmentOf(pathOf(recording, origin), start, Number(end) === -1 ? undefined : end, origin);
}

/** Says which utterances a file lacks, and which of its lines are of no utterance. */
function mismatches({ path, entries }: Table, rows: readonly ManifestRow[]): string[] {
  const ids = new Set(rows.map(({ id }) => id));
  const without = rows.filter(({ id }) => !entries.has(id)).map(({ id }) => id);
  const unknown = [...entries].filter(([id]) => !ids.has(id)).map(([id, { origin }]) => `${id} (${origin})`);
  if (unknown.length === entries.size) {
    throw new DataError(
      `${path}: expected lines of the utterances of this folder (${rows[0]?.id ?? 'none'}, …), found only others ` +
        `(${unknown[0] ?? 'none'}); do these files belong together?`,
    );
  }
  return [
    ...counted(without, (n) => `${n} of ${rows.length} utterances have no line in ${path}`),
    ...counted(unknown, (n) => `${n} of ${entries.size} lines in ${path} are of no utterance and are not used`),
  ];
}

/**
 * A Kaldi data folder: `wav.scp`, and `segments`, `text` and `utt2spk` where they are there. Rows come in the order of `segments`
 * or else `wav.scp`, which need not be sorted. Utterances without text, and text of no utterance, are counted in warnings.
 * Relative paths start from `audioDir`, or from the folder; Kaldi's own start from where its recipe is run.
 * @throws DataError for commands in place of files, which are not run, and for an id that stands twice
 */
export async function readKaldi({ manifest, audioDir }: ManifestConfig): Promise<Manifest> {
  const [recordingsFile, ...others] = await Promise.all(
    ['wav.scp', 'segments', 'text', 'utt2spk'].map((name) => fileIn(manifest, name)),
  );
  const recordings = await tableOf(recordingsFile ?? join(manifest, 'wav.scp'));
  const [segments, texts, speakers] = await Promise.all(others.map((path) => (path ? tableOf(path) : undefined)));
  const pathOf = (recording: string, origin: string): string => {
    const entry = recordings.entries.get(recording);
    if (entry === undefined)
      throw new DataError(`${origin}: expected a recording of ${recordings.path}, found ${recording}`);
    return placed(audioDir ?? manifest, recordingPath(entry));
  };
  const utterances = [...(segments ?? recordings).entries];
  const rows = utterances.map(([id, entry]) =>
    rowOf(segments ? segmentFrom(entry, pathOf) : { path: pathOf(id, entry.origin) }, entry.origin, {
      id,
      text: texts?.entries.get(id)?.value,
      speaker: speakers?.entries.get(id)?.value,
    }),
  );
  return { rows, warnings: [texts, speakers].flatMap((table) => (table ? mismatches(table, rows) : [])) };
}

/** The other file of a pair `X.fileids` and `X.transcription`, either of which may be gzip. */
async function sphinxFiles(manifest: string): Promise<[ids: string, texts: string]> {
  const stem = manifest.replace(/\.gz$/i, '').replace(/\.(fileids|transcription)$/, '');
  const find = async (kind: string) => (await fileIn(dirname(stem), `${basename(stem)}.${kind}`)) ?? `${stem}.${kind}`;
  return [await find('fileids'), await find('transcription')];
}

/**
 * CMU Sphinx: `X.fileids` beside `X.transcription`, whose lines `<s> WORDS </s> (id)` are in the same order; `<s>` and `</s>` are
 * optional. A file id is a path from `audioDir`, or else from the manifest's folder, without its extension (`raw` unless told);
 * the innermost of its folders is the speaker.
 * @throws DataError where the two files disagree
 */
export async function readSphinx(config: ManifestConfig): Promise<Manifest> {
  const [idsFile, textsFile] = await sphinxFiles(config.manifest);
  const folder = config.audioDir ?? dirname(config.manifest);
  const extension = dotted(config.extension ?? 'raw');
  const ids: string[] = [];
  await eachLine(idsFile, (line) => ids.push(line.trim()));
  const rows: ManifestRow[] = [];
  await eachLine(textsFile, (line, number) => {
    const origin = `${textsFile}:${number}`;
    const fileId = ids[number - 1];
    const [, words, id] = /^\s*(?:<s>\s+)?(.*?)\s*(?:<\/s>\s*)?\(([^()\s]+)\)\s*$/su.exec(line) ?? [];
    if (words === undefined || id === undefined)
      throw new DataError(`${origin}: expected a transcript and an id (\`WORDS (id)\`), found ${JSON.stringify(line)}`);
    if (fileId === undefined) {
      throw new DataError(`${origin}: expected as many lines as ${idsFile} has (${ids.length}), found more`);
    }
    if (id !== fileId && id !== basename(fileId)) {
      throw new DataError(
        `${origin}: expected the transcript of ${basename(fileId)}, as on line ${number} of ${idsFile}, found that of ${id}`,
      );
    }
    const speaker = fileId.includes('/') ? basename(dirname(fileId)) : undefined;
    rows.push(rowOf({ path: placed(folder, fileId + extension) }, origin, { id: basename(id), text: words, speaker }));
  });
  if (rows.length < ids.length)
    throw new DataError(`${textsFile}: expected as many lines as ${idsFile} has (${ids.length}), found ${rows.length}`);
  return { rows, warnings: [] };
}
