// The files of manifests: lines of text, plain or gzip, and the files below a folder.
import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError } from '../../errors.js';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CHUNK_BYTES = 1 << 18;
/** A longer "line" means a file without line ends; it would only fill the memory. */
const MAX_LINE_BYTES = 1 << 26;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Says what is wrong with a file or folder that cannot be read. */
function accessError(path: string, error: unknown): DataError {
  const code = codeOf(error);
  const denied = code === 'EACCES' || code === 'EPERM';
  const reason =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'there is no such file or folder; check the path (relative paths start from the configuration file’s folder)'
      : `cannot be read: ${denied ? 'permission denied' : (error as Error).message}`;
  return new DataError(`${path}: ${reason}`, { missing: true, cause: error });
}

/** Whether there is a file or folder. */
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whether a path is that of a folder. @throws DataError (exit code 66) when there is nothing at the path */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw accessError(path, error);
  }
}

/** The file of a name in a folder, or its `.gz`; undefined when neither is there. */
export async function fileIn(folder: string, name: string): Promise<string | undefined> {
  for (const candidate of [join(folder, name), join(folder, `${name}.gz`)]) {
    if (await exists(candidate)) return candidate;
  }
  return undefined;
}

/** Opens a text file; gzip is known by its first two bytes (RFC 1952). */
async function openText(path: string): Promise<Readable> {
  // Before opening, because to open a pipe waits for someone to write to it.
  const stats = await stat(path);
  if (!stats.isFile()) {
    const found = stats.isDirectory() ? 'a folder' : 'a pipe or device; write the data to a file first';
    throw new DataError(`${path}: expected a regular file, found ${found}`, { missing: true });
  }
  const handle = await open(path);
  try {
    const { buffer: head, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    const gzip = bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
    if (!gzip && bytesRead > 0 && path.toLowerCase().endsWith('.gz'))
      throw new DataError(`${path}: expected gzip data because of the name, found something else; rename the file`);
    const bytes = handle.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES });
    // Errors come out of the last stream, which whoever reads it sees.
    return gzip ? pipeline(bytes, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : bytes;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The error for bytes that are not UTF-8, in whole lines that follow `linesBefore` others. */
function utf8Error(path: string, bytes: Buffer, linesBefore: number): DataError {
  let line = linesBefore + 1;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
    line += 1;
  }
  const utf16 = linesBefore === 0 && ['fffe', 'feff'].includes(bytes.toString('hex', 0, 2));
  return new DataError(
    `${path}:${line}: expected UTF-8 text, found other bytes; ${utf16 ? 'this looks like UTF-16: ' : ''}` +
      'convert the file to UTF-8, for example with iconv',
  );
}

/** The lines of `\n`-ended text, without a byte-order mark at its start and without `\r` before a `\n`. */
function linesOf(text: string, isFirst: boolean): string[] {
  const lines = (isFirst && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).split('\n');
  if (text.endsWith('\n')) lines.pop();
  if (!text.includes('\r')) return lines;
  return lines.map((line) => (line.charCodeAt(line.length - 1) === RETURN ? line.slice(0, -1) : line));
}

/** The lines of a file, some at a time. Lines end with `\n` or `\r\n` only; the last needs no end. */
async function* lineBlocks(path: string): AsyncGenerator<string[]> {
  let linesBefore = 0;
  /** The pieces of a line whose end has not come yet. */
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  const take = (tail: Buffer): string[] => {
    const bytes = pieces.length === 0 ? tail : Buffer.concat([...pieces, tail]);
    pieces = [];
    pieceBytes = 0;
    if (!isUtf8(bytes)) throw utf8Error(path, bytes, linesBefore);
    const lines = linesOf(bytes.toString('utf8'), linesBefore === 0);
    linesBefore += lines.length;
    return lines;
  };
  try {
    for await (const chunk of (await openText(path)) as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) yield take(chunk.subarray(0, end));
      if (end < chunk.length) pieces.push(chunk.subarray(end));
      pieceBytes += chunk.length - end;
      if (pieceBytes > MAX_LINE_BYTES) {
        throw new DataError(
          `${path}:${linesBefore + 1}: expected lines ended by \\n or \\r\\n, found more than ` +
            `${MAX_LINE_BYTES >> 20} MiB without an end; is this a text file, and are its lines ended by a lone \\r?`,
        );
      }
    }
    if (pieceBytes > 0) yield take(Buffer.alloc(0));
  } catch (error) {
    if (error instanceof DataError) throw error;
    if (!codeOf(error).startsWith('Z_')) throw accessError(path, error);
    const reason = (error as Error).message;
    throw new DataError(`${path}: damaged gzip data (${reason}); fetch or compress the file again`, { cause: error });
  }
}

const isBlank = (line: string): boolean => line === '' || (line.charCodeAt(0) <= 0x20 && line.trim() === '');

/**
 * Visits the lines of a text file, plain or gzip, in order. Blank lines at its end are passed over.
 * @param visit is given a line without its end, and its number, counted from 1
 * @param blank what a blank line before the last line with text is: a mistake, or passed over too
 * @throws DataError for a file that cannot be read, a blank line, and a line that is not UTF-8
 */
export async function eachLine(
  path: string,
  visit: (line: string, number: number) => void,
  blank: 'error' | 'skip' = 'error',
): Promise<void> {
  let number = 0;
  let blankAt = 0;
  for await (const lines of lineBlocks(path)) {
    for (const line of lines) {
      number += 1;
      if (isBlank(line)) {
        blankAt ||= number;
        continue;
      }
      if (blankAt > 0 && blank === 'error')
        throw new DataError(`${path}:${blankAt}: expected an utterance, found a blank line; remove it`);
      visit(line, number);
    }
  }
}

/** The first line of a text file; undefined when it is empty. @throws DataError as {@link eachLine} does */
export async function firstLine(path: string): Promise<string | undefined> {
  for await (const [line] of lineBlocks(path)) return line;
  return undefined;
}

/** Compares by code points, as `LC_ALL=C sort` does; `<` would compare UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for the code points above all others, but have smaller numbers than U+E000 to U+FFFF. */
const rank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** Names of the entries of a folder, hidden ones aside. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).map(({ name }) => name).sort(compareCodePoints);
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  } catch (error) {
    throw accessError(folder, error);
  }
}

/**
 * The files below a folder as paths from it, with `/`, in the order of their code points. Links are followed; names that
 * begin with a dot are passed over.
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const visit = async (inner: string, entered: readonly string[]): Promise<void> => {
    for (const entry of await entriesOf(join(folder, inner))) {
      const name = inner === '' ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory()) {
        await visit(name, entered);
        continue;
      }
      const path = join(folder, name);
      const leadsToFolder = entry.isSymbolicLink() && (await isFolder(path).catch(() => false));
      if (!leadsToFolder) {
        files.push(name);
        continue;
      }
      // A link to a folder that is being visited would lead round for ever.
      const target = await realpath(path);
      const here = await realpath(join(folder, inner));
      const round = entered.includes(target) || `${here}${sep}`.startsWith(`${target}${sep}`);
      if (!round) await visit(name, [...entered, here, target]);
    }
  };
  await visit('', []);
  return files.sort(compareCodePoints);
}
