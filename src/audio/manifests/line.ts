// Audio named by a line of text, as `decode` reads it.
import { DataError } from '../../errors.js';
import type { AudioSegment } from '../types.js';

/** A time in seconds, if the text is one. */
function seconds(text: string): number | undefined {
  return /^\d+(\.\d*)?$|^\.\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/**
 * Reads a path, or a path with the times of its start and end in seconds, between tabs.
 * @throws DataError when the times are none, or leave nothing
 */
export function parseAudioLine(line: string): AudioSegment {
  const [path = '', start, end, ...rest] = line.split('\t');
  const where = `line ${JSON.stringify(line)}`;
  if (path.trim() === '' || rest.length > 0) {
    throw new DataError(`${where}: expected a path, or a path, start and end (seconds) between tabs`);
  }
  return { path, ...times(start, end, where) };
}

/** Start and end from their texts. @throws DataError naming `where` */
export function times(start: string | undefined, end: string | undefined, where: string) {
  const read = (text: string | undefined, what: string): number | undefined => {
    if (text === undefined || text.trim() === '') return undefined;
    const value = seconds(text);
    if (value === undefined)
      throw new DataError(`${where}: expected ${what} in seconds, found ${JSON.stringify(text)}`);
    return value;
  };
  const from = read(start, 'the start');
  const to = read(end, 'the end');
  if (to !== undefined && to <= (from ?? 0)) {
    throw new DataError(`${where}: expected an end after the start, found start ${from ?? 0} and end ${to}`);
  }
  return { ...(from === undefined ? {} : { start: from }), ...(to === undefined ? {} : { end: to }) };
}
