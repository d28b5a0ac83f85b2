// Manifests with a row an utterance: TSV with a header, JSONL, Common Voice, LJSpeech.
import { dirname, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { ManifestConfig } from './config.js';
import { times } from './line.js';
import { type ManifestRow, nameOf, placed, readLines } from './rows.js';

const KEYS = ['audio', 'start', 'end', 'text', 'translation', 'speaker', 'id'] as const;
type Key = (typeof KEYS)[number];

/** A row from the texts of its columns. */
function rowOf(cells: Readonly<Partial<Record<Key, string>>>, folder: string, origin: string): ManifestRow {
  const { audio, start, end, text, translation, speaker, id } = cells;
  if (audio === undefined || audio.trim() === '')
    throw new DataError(`${origin}: expected the path of an audio file, found none`);
  const segment = { path: placed(folder, audio), ...times(start, end, origin) };
  return {
    audio: segment,
    id: id ?? nameOf(segment),
    ...(text === undefined ? {} : { text }),
    ...(translation === undefined ? {} : { translation }),
    ...(speaker === undefined ? {} : { speaker }),
    origin,
  };
}

const columnsOf = ({ columns = {} }: ManifestConfig): Record<Key, string> =>
  Object.fromEntries(KEYS.map((key) => [key, columns[key] ?? key])) as Record<Key, string>;

const folderOf = ({ manifest, audioDir }: ManifestConfig): string => audioDir ?? dirname(manifest);

/** TSV whose first line names the columns. Nothing is quoted: every tab separates. */
export async function readTsv(config: ManifestConfig): Promise<ManifestRow[]> {
  const { manifest } = config;
  const [header, ...lines] = await readLines(manifest);
  const names = (header?.text ?? '').split('\t');
  const wanted = columnsOf(config);
  const places = KEYS.flatMap((key) => {
    const place = names.indexOf(wanted[key]);
    return place < 0 ? [] : [[key, place] as const];
  });
  for (const key of ['audio', ...Object.keys(config.columns ?? {})] as Key[]) {
    if (!places.some(([known]) => known === key)) {
      throw new DataError(
        `${manifest}:1: expected a header with a column ${JSON.stringify(wanted[key])}, found ` +
          `${names.map((name) => JSON.stringify(name)).join(', ')}; add a header line, or name the column under \`columns\``,
      );
    }
  }
  if (lines.length === 0) throw new DataError(`${manifest}: expected utterances, found a header only`);
  return lines.map(({ text, number }) => {
    const origin = `${manifest}:${number}`;
    const cells = text.split('\t');
    if (cells.length !== names.length) {
      const found = text === '' ? 'a blank line' : `${cells.length}`;
      throw new DataError(`${origin}: expected ${names.length} tab-separated columns as in the header, found ${found}`);
    }
    return rowOf(Object.fromEntries(places.map(([key, place]) => [key, cells[place] ?? ''])), folderOf(config), origin);
  });
}

/** A JSON object a line. */
export async function readJsonl(config: ManifestConfig): Promise<ManifestRow[]> {
  const wanted = columnsOf(config);
  const lines = await readLines(config.manifest);
  return lines.map(({ text, number }) => {
    const origin = `${config.manifest}:${number}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      const found = text.trim() === '' ? 'a blank line' : `invalid JSON (${(cause as Error).message})`;
      throw new DataError(`${origin}: expected a JSON object, found ${found}`, { cause });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DataError(`${origin}: expected a JSON object, found ${JSON.stringify(value)}`);
    }
    const cells: Partial<Record<Key, string>> = {};
    for (const key of KEYS) {
      const found = (value as Record<string, unknown>)[wanted[key]];
      if (found === undefined || found === null) continue;
      const isTime = key === 'start' || key === 'end';
      if (typeof found !== 'string' && !(isTime && typeof found === 'number')) {
        throw new DataError(
          `${origin}: expected ${isTime ? 'seconds' : 'a string'} under "${wanted[key]}", found ${JSON.stringify(found)}`,
        );
      }
      cells[key] = String(found);
    }
    return rowOf(cells, folderOf(config), origin);
  });
}

/** A split of Mozilla Common Voice: `path` below `clips/`, `sentence`, `client_id`. */
export async function readCommonVoice(config: ManifestConfig): Promise<ManifestRow[]> {
  const columns = { audio: 'path', text: 'sentence', speaker: 'client_id', ...config.columns };
  return readTsv({ ...config, columns, audioDir: config.audioDir ?? join(dirname(config.manifest), 'clips') });
}

/** LJSpeech's `id|text|normalised text` beside `wavs/id.wav`; the normalised text is used where there is one. */
export async function readLjSpeech(config: ManifestConfig): Promise<ManifestRow[]> {
  const folder = config.audioDir ?? join(dirname(config.manifest), 'wavs');
  return (await readLines(config.manifest)).map(({ text, number }) => {
    const origin = `${config.manifest}:${number}`;
    const cells = text.split('|');
    const [id = '', raw, normalised] = cells;
    if (cells.length < 2 || cells.length > 3 || id === '') {
      throw new DataError(
        `${origin}: expected an id and one or two texts between \`|\`, found ${JSON.stringify(text)}`,
      );
    }
    return rowOf({ audio: `${id}.wav`, id, text: normalised ?? raw ?? '' }, folder, origin);
  });
}
