// Manifests with a row an utterance: TSV with a header, JSONL, Common Voice, LJSpeech.
import { dirname, extname, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { ManifestConfig } from './config.js';
import { eachLine } from './files.js';
import { segmentOf } from './line.js';
import { counted, dotted, type Manifest, type ManifestRow, placed, rowOf } from './rows.js';

const KEYS = [
  ...(['audio', 'start', 'end', 'target', 'targetStart', 'targetEnd'] as const),
  ...(['text', 'translation', 'speaker', 'id'] as const),
] as const;
type Key = (typeof KEYS)[number];
const TIMES: ReadonlySet<Key> = new Set(['start', 'end', 'targetStart', 'targetEnd']);
type Columns = Readonly<Record<Key, string>>;

/** The column of each key: its own name unless renamed. */
export function columnsOf({ columns = {} }: Pick<ManifestConfig, 'columns'>): Columns {
  return Object.fromEntries(KEYS.map((key) => [key, columns[key] ?? key])) as Columns;
}

/** A row from what its columns hold. */
function rowFrom(
  cell: (key: Key) => string | undefined,
  place: (path: string) => string,
  origin: string,
  column: string,
): ManifestRow {
  const path = cell('audio');
  if (path === undefined || path.trim() === '')
    throw new DataError(`${origin}: expected the path of an audio file under ${JSON.stringify(column)}, found none`);
  const audio = segmentOf(place(path), cell('start'), cell('end'), origin);
  const target = cell('target') ?? '';
  return rowOf(audio, origin, {
    id: cell('id'),
    ...(target.trim() === ''
      ? {}
      : { target: segmentOf(place(target), cell('targetStart'), cell('targetEnd'), origin) }),
    text: cell('text'),
    translation: cell('translation'),
    speaker: cell('speaker'),
  });
}

/** How a TSV file is read: its columns, which of them must be there, and where audio paths lead. */
interface Layout {
  readonly columns: Columns;
  readonly required: readonly Key[];
  readonly place: (path: string) => string;
}

/** The keys that a configuration names columns for. */
function namedKeys({ columns = {} }: ManifestConfig): Key[] {
  return KEYS.filter((key) => columns[key] !== undefined);
}

/** Where the columns stand in a header. @throws DataError when one that is needed is not there, or is there twice */
function placesOf(header: readonly string[], { columns, required }: Layout, origin: string) {
  const shown = () => header.map((name) => JSON.stringify(name)).join(', ');
  const entries = KEYS.map((key) => {
    const place = header.indexOf(columns[key]);
    const name = JSON.stringify(columns[key]);
    if (place < 0 && required.includes(key)) {
      throw new DataError(
        `${origin}: expected a header with a column ${name} (\`${key}\`), found ${shown()}; ` +
          'add a header line, or name the column under `columns`',
      );
    }
    if (place >= 0 && header.indexOf(columns[key], place + 1) >= 0)
      throw new DataError(`${origin}: expected one column ${name}, found ${shown()}; rename the others`);
    return [key, place];
  });
  return Object.fromEntries(entries) as Readonly<Record<Key, number>>;
}

/** The rows of a TSV file, whose first line names the columns. Nothing is quoted: every tab separates. */
async function tsvRows(manifest: string, layout: Layout): Promise<ManifestRow[]> {
  const rows: ManifestRow[] = [];
  let places: Readonly<Record<Key, number>> | undefined;
  let width = 0;
  await eachLine(manifest, (line, number) => {
    const origin = `${manifest}:${number}`;
    const cells = line.split('\t');
    if (places === undefined) {
      places = placesOf(cells, layout, origin);
      width = cells.length;
      return;
    }
    if (cells.length !== width) {
      throw new DataError(
        `${origin}: expected ${width} tab-separated columns as in the header, found ${cells.length}; correct the line`,
      );
    }
    const at = places;
    rows.push(rowFrom((key) => cells[at[key]], layout.place, origin, layout.columns.audio));
  });
  if (places !== undefined && rows.length === 0)
    throw new DataError(`${manifest}: expected utterances, found only a header; check the file`);
  return rows;
}

/** TSV with a header; audio paths start from `audioDir`, or from the manifest's folder. */
export async function readTsv(config: ManifestConfig): Promise<Manifest> {
  const folder = config.audioDir ?? dirname(config.manifest);
  const rows = await tsvRows(config.manifest, {
    columns: columnsOf(config),
    required: ['audio', ...namedKeys(config)],
    place: (path) => placed(folder, path),
  });
  return { rows, warnings: [] };
}

/** The columns of Common Voice. */
export const COMMON_VOICE = { audio: 'path', text: 'sentence', speaker: 'client_id' } as const;

/**
 * A split of Mozilla Common Voice: `path` below `clips/`, `sentence`, `client_id`. The files are written without quoting,
 * so that quotes are text. Early releases leave `.mp3` out; `extension` is for clips that were converted.
 */
export async function readCommonVoice(config: ManifestConfig): Promise<Manifest> {
  const folder = config.audioDir ?? join(dirname(config.manifest), 'clips');
  const { extension } = config;
  const place = (path: string): string => {
    const present = extname(path);
    if (present !== '' && extension === undefined) return placed(folder, path);
    return placed(folder, path.slice(0, path.length - present.length) + dotted(extension ?? 'mp3'));
  };
  const given = Object.entries(config.columns ?? {}).filter(([, name]) => name !== undefined);
  const rows = await tsvRows(config.manifest, {
    columns: columnsOf({ columns: { ...COMMON_VOICE, ...Object.fromEntries(given) } }),
    required: ['audio', 'text', ...namedKeys(config)],
    place,
  });
  return { rows, warnings: [] };
}

const found = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

/** The text under a key of an object; numbers may be times and names, and `null` stands for nothing. */
function cellOf(value: object, key: Key, name: string, origin: string): string | undefined {
  const cell: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  if (cell === undefined || cell === null) return undefined;
  const isTime = TIMES.has(key);
  if (typeof cell === 'number' && (isTime || key === 'id' || key === 'speaker')) return String(cell);
  const expected = isTime ? 'seconds' : 'a string';
  if (typeof cell !== 'string')
    throw new DataError(`${origin}: expected ${expected} under ${JSON.stringify(name)}, found ${found(cell)}`);
  // JSON escapes can spell half a surrogate pair, which no UTF-8 file could hold.
  if (/\p{Surrogate}/u.test(cell))
    throw new DataError(`${origin}: expected Unicode text under ${JSON.stringify(name)}, found a lone surrogate`);
  return cell;
}

/** A JSON object a line, with the keys of the TSV columns. */
export async function readJsonl(config: ManifestConfig): Promise<Manifest> {
  const { manifest } = config;
  const folder = config.audioDir ?? dirname(manifest);
  const columns = columnsOf(config);
  const rows: ManifestRow[] = [];
  await eachLine(manifest, (line, number) => {
    const origin = `${manifest}:${number}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new DataError(`${origin}: expected a JSON object, found invalid JSON (${reason}); correct the line`, {
        cause,
      });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new DataError(`${origin}: expected a JSON object, found ${found(value)}; correct the line`);
    const object = value;
    const cell = (key: Key) => cellOf(object, key, columns[key], origin);
    rows.push(rowFrom(cell, (path) => placed(folder, path), origin, columns.audio));
  });
  return { rows, warnings: [] };
}

/**
 * LJSpeech's `id|raw text|normalised text` beside `wavs/id.wav`, or `id|text`; nothing is quoted. Where the normalised text
 * is empty the raw text is used, and counted.
 */
export async function readLjSpeech(config: ManifestConfig): Promise<Manifest> {
  const { manifest, textColumn } = config;
  const folder = config.audioDir ?? join(dirname(manifest), 'wavs');
  const extension = dotted(config.extension ?? 'wav');
  const rows: ManifestRow[] = [];
  const withoutNormalised: string[] = [];
  let width = 0;
  await eachLine(manifest, (line, number) => {
    const origin = `${manifest}:${number}`;
    const cells = line.split('|');
    width ||= cells.length;
    const expected = width === 3 ? 'an id and two texts' : 'an id and a text';
    if (width < 2 || width > 3) {
      throw new DataError(
        `${origin}: expected an id and one or two texts between \`|\`, found ${cells.length} columns`,
      );
    }
    if (cells.length !== width) {
      throw new DataError(
        `${origin}: expected ${expected} between \`|\` as on the first line, found ${cells.length} columns; correct the line`,
      );
    }
    if (width === 2 && textColumn === 'normalised') {
      throw new DataError(
        `${origin}: expected three columns because \`textColumn\` is normalised, found two; leave \`textColumn\` out`,
      );
    }
    const [name = '', raw = '', normalised = ''] = cells;
    if (name.trim() === '') throw new DataError(`${origin}: expected ${expected} between \`|\`, found no id`);
    const hasExtension = name.toLowerCase().endsWith(extension.toLowerCase());
    const useRaw = width === 2 || textColumn === 'raw' || normalised.trim() === '';
    if (width === 3 && textColumn !== 'raw' && useRaw && raw.trim() !== '') withoutNormalised.push(origin);
    rows.push(
      rowOf({ path: placed(folder, hasExtension ? name : name + extension) }, origin, {
        id: hasExtension ? undefined : name,
        text: useRaw ? raw : normalised,
      }),
    );
  });
  const warnings = counted(
    withoutNormalised,
    (n) => `the raw text stands for the normalised, which is empty, in ${n} lines`,
  );
  return { rows, warnings };
}
