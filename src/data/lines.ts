// Splits bytes into lines of text: strict UTF-8, and nothing but \n and \r\n ends a line.
import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { DataError } from '../errors.js';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CHUNK_BYTES = 1 << 20;
/** A longer "line" means a file without line ends; it would only fill the memory. */
const MAX_LINE_BYTES = 1 << 26;

/** Some whole lines, checked to be UTF-8. The bytes are valid only until the next block is asked for. */
export interface LineBlock {
  /** The lines with their ends; only the last line of the text may lack one. */
  readonly bytes: Buffer;
  /** Where `bytes` starts in the text, in bytes. */
  readonly offset: number;
  /** Lines before this block. */
  readonly linesBefore: number;
}

/** Calls `visit` with the byte range of each line of `bytes`, without the line's end. */
export function forEachLine(bytes: Buffer, visit: (start: number, end: number) => void): void {
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline < 0) {
      visit(start, bytes.length);
      return;
    }
    visit(start, newline > start && bytes[newline - 1] === RETURN ? newline - 1 : newline);
    start = newline + 1;
  }
}

/** The lines of `bytes` as strings, without their ends. */
export function splitLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  forEachLine(bytes, (start, end) => lines.push(bytes.toString('utf8', start, end)));
  return lines;
}

/**
 * Where the first ill-formed UTF-8 sequence starts, or -1 (Unicode 15, table 3-7: no overlong forms, surrogates or
 * code points above U+10FFFF).
 */
export function invalidUtf8At(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i += 1;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return i;
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    const second = bytes[i + 1] ?? 0;
    if (second < lowest || second > highest) return i;
    for (let k = 2; k < length; k++) if (((bytes[i + k] ?? 0) & 0xc0) !== 0x80) return i;
    i += length;
  }
  return -1;
}

/** The error for a block that is not UTF-8. */
function utf8Error(block: LineBlock, name: string): DataError {
  const { bytes } = block;
  const at = invalidUtf8At(bytes);
  let line = block.linesBefore;
  let lineStart = 0;
  forEachLine(bytes, (start) => {
    if (start > at) return;
    line += 1;
    lineStart = start;
  });
  const found = `0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
  const utf16 = block.offset + at === 0 && ['fffe', 'feff'].includes(bytes.toString('hex', 0, 2));
  return new DataError(
    `${name}:${line}: expected UTF-8 text, found the byte ${found} at byte offset ${at - lineStart} of the line ` +
      `(${block.offset + at} of the text), counted from 0; ${utf16 ? 'this looks like UTF-16: ' : ''}` +
      'convert the file to UTF-8, for example with iconv',
  );
}

/**
 * Cuts a stream of bytes into blocks of whole lines. Lines end with `\n` or `\r\n` only: a lone `\r`, `\v`, `\f`, NUL,
 * U+0085 or U+2028 is an ordinary character within a line, so that line n is line n for `wc`, `sed` and sacreBLEU too.
 * The last line needs no end. A byte-order mark at the start of the text is dropped.
 * @param name what error messages call the text.
 * @throws DataError naming line and byte offset where the bytes are not UTF-8, and for a line longer than 64 MiB.
 */
export async function* lineBlocks(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<LineBlock> {
  let offset = 0;
  let linesBefore = 0;
  /** The pieces of a line whose end has not come yet. */
  let open: Buffer[] = [];
  let openBytes = 0;

  const take = (tail: Buffer): LineBlock => {
    let bytes = open.length === 0 ? tail : Buffer.concat([...open, tail]);
    open = [];
    openBytes = 0;
    if (offset === 0 && bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      bytes = bytes.subarray(3);
      offset = 3;
    }
    const block: LineBlock = { bytes, offset, linesBefore };
    if (!isUtf8(bytes)) throw utf8Error(block, name);
    offset += bytes.length;
    return block;
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const block = take(bytes.subarray(0, end));
      yield block;
      linesBefore += countNewlines(block.bytes);
    }
    // A copy, because whoever makes the chunks may use the same memory again.
    if (end < bytes.length) open.push(Buffer.from(bytes.subarray(end)));
    openBytes += bytes.length - end;
    if (openBytes > MAX_LINE_BYTES)
      throw new DataError(
        `${name}:${linesBefore + 1}: expected lines ended by \\n or \\r\\n, found more than ` +
          `${MAX_LINE_BYTES >> 20} MiB without an end; is this a text file, and are its lines ended by a lone \\r?`,
      );
  }
  if (openBytes > 0) {
    const block = take(Buffer.alloc(0));
    if (block.bytes.length > 0) yield block;
  }
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/**
 * The lines of a byte stream, say standard input, by the rules of {@link lineBlocks}: each is given as soon as its end
 * has come.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  for await (const block of lineBlocks(chunks, name)) yield* splitLines(block.bytes);
}

/** The bytes of an open file from its start. Every chunk is the same memory: use it before asking for the next. */
export async function* fileChunks(handle: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** Reads bytes `start` … `end` of an open file; fewer when the file ends before `end`. */
export async function readRange(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
