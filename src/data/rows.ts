// Reads one line of a TSV or JSONL file as a row: its source and its target.
import { DataError } from '../errors.js';

/** The two sides of a row. */
export interface Sides {
  source: string;
  target: string;
  /** Everything that would be right, where that is more than the target. */
  references?: readonly string[];
}

/**
 * Reads one line.
 * @param origin `file:line`, for error messages.
 * @throws DataError when the line is malformed.
 */
export type RowReader = (line: string, origin: string) => Sides;

/**
 * A reader of some columns of tab-separated rows, all with as many columns as the first line. There is no quoting: every tab separates.
 * A column given by name makes the first line a header.
 * @param first the first line of the file. @param origin its `file:line`.
 * @param wanted the columns, by the settings that name them
 * @throws DataError when a column is not there.
 */
export function columnReader<Setting extends string>(
  first: string,
  origin: string,
  wanted: Readonly<Record<Setting, string | number>>,
): (line: string, origin: string) => Record<Setting, string> {
  const header = first.split('\t');
  const width = header.length;
  const places = Object.entries<string | number>(wanted).map(([key, column]): [string, number] => {
    const index = typeof column === 'number' ? column : header.indexOf(column);
    if (index >= 0 && index < width) return [key, index];
    throw new DataError(
      typeof column === 'number'
        ? `${origin}: expected a column ${column} (\`${key}\`, counted from 0), found ${columns(width)}`
        : `${origin}: expected a header with a column ${JSON.stringify(column)} (\`${key}\`), ` +
            `found ${header.map((name) => JSON.stringify(name)).join(', ')}; add a header line, or set \`${key}\``,
    );
  });
  return (line, at) => {
    const cells = line.split('\t');
    if (cells.length !== width) {
      const found = line === '' ? 'a blank line' : columns(cells.length);
      throw new DataError(`${at}: expected ${columns(width)} as on the first line, found ${found}; correct the line`);
    }
    return Object.fromEntries(places.map(([key, place]) => [key, cells[place]])) as Record<Setting, string>;
  };
}

/** A reader of tab-separated rows; see {@link columnReader}. */
export function tsvReader(
  first: string,
  origin: string,
  sourceColumn: string | number,
  targetColumn: string | number,
): RowReader {
  const read = columnReader(first, origin, { sourceColumn, targetColumn });
  return (line, at) => {
    const cells = read(line, at);
    return { source: cells.sourceColumn, target: cells.targetColumn };
  };
}

function columns(count: number): string {
  return count === 1 ? '1 column' : `${count} tab-separated columns`;
}

/**
 * The value of a line of JSON Lines.
 * @param origin `file:line`, for error messages @param expected what should stand there @throws DataError for invalid JSON
 */
export function jsonLine(line: string, origin: string, expected: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const found = line.trim() === '' ? 'a blank line' : `invalid JSON (${(cause as Error).message})`;
    throw new DataError(`${origin}: expected ${expected}, found ${found}; correct the line`, { cause });
  }
}

/** The object that a line of JSON Lines is. @param origin `file:line`, for error messages @throws DataError where it is none */
export function jsonObject(line: string, origin: string): object {
  const value = jsonLine(line, origin, 'a JSON object');
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${origin}: expected a JSON object, found ${kindOf(value)}; correct the line`);
  return value;
}

/**
 * The value of a whole file of JSON.
 * @param what is expected, for error messages
 * @throws DataError naming the line where the parser tells it
 */
export function jsonDocument(text: string, file: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    const at = /position (\d+)/.exec(message)?.[1] ?? (message.includes('end of JSON') ? text.length : undefined);
    const line = at === undefined ? '' : `:${text.slice(0, Number(at)).split('\n').length}`;
    const found = text.trim() === '' ? 'nothing' : `invalid JSON (${message})`;
    throw new DataError(`${file}${line}: expected ${what}, found ${found}; correct the file`, { cause });
  }
}

/** What an object of JSON has under a key. */
export const jsonField = (object: object, key: string): unknown =>
  Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;

/**
 * A string of JSON.
 * @param place where it stands, for error messages, such as `under "source"`
 * @param expected what else could have stood there
 * @throws DataError when it is no string of Unicode text
 */
export function jsonText(value: unknown, origin: string, place: string, expected = 'a string'): string {
  if (typeof value !== 'string')
    throw new DataError(`${origin}: expected ${expected} ${place}, found ${kindOf(value)}`);
  // JSON escapes can spell half a surrogate pair, which no UTF-8 file could hold.
  if (/\p{Surrogate}/u.test(value))
    throw new DataError(`${origin}: expected Unicode text ${place}, found a lone surrogate`);
  return value;
}

/** A reader of JSON Lines: an object a line, with a string under each of the two keys. */
export function jsonlReader(sourceKey: string, targetKey: string): RowReader {
  return (line, origin) => {
    const object = jsonObject(line, origin);
    const cell = (key: string): string => jsonText(jsonField(object, key), origin, `under ${JSON.stringify(key)}`);
    return { source: cell(sourceKey), target: cell(targetKey) };
  };
}

/** What kind of JSON a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
