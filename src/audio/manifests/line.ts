// Audio named by a line of text, as `decode` reads it.
import { DataError } from '../../errors.js';
import type { AudioSegment } from '../types.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a path, or a path with its start, or start and end, in seconds between tabs. A path may contain spaces; times that are
 * left empty are those of the file.
 * @throws DataError when there is no path, the times are none, or leave nothing
 */
export function parseAudioLine(line: string): AudioSegment {
  const [path = '', start, end, ...rest] = line.split('\t');
  const where = `line ${JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line)}`;
  if (path.trim() === '' || rest.length > 0) {
    throw new DataError(`${where}: expected a path, or a path, start and end (seconds) between tabs`);
  }
  return segmentOf(path, start, end, where);
}

function seconds(text: string | undefined, what: string, where: string): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return undefined;
  const value = NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (!Number.isFinite(value))
    throw new DataError(`${where}: expected ${what} in seconds, found ${JSON.stringify(text)}; correct the time`);
  if (value < 0) throw new DataError(`${where}: expected ${what} of at least 0 s, found ${trimmed}; correct the time`);
  // −0 becomes 0.
  return value + 0;
}

/**
 * A part of a file from the texts of its start and end.
 * @param where what the message of an error begins with
 * @throws DataError when a text is not a number of seconds, or the end is not after the start
 */
export function segmentOf(
  path: string,
  start: string | undefined,
  end: string | undefined,
  where: string,
): AudioSegment {
  const from = seconds(start, 'a start', where);
  const to = seconds(end, 'an end', where);
  if (to !== undefined && to <= (from ?? 0)) {
    throw new DataError(`${where}: expected an end after the start (${from ?? 0} s), found ${to} s; correct the times`);
  }
  if (from === undefined) return to === undefined ? { path } : { path, end: to };
  return to === undefined ? { path, start: from } : { path, start: from, end: to };
}
