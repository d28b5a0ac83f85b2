// What ends a line, UTF-8 checking against Node's own, and reading in chunks of any size.
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invalidUtf8At, readLines, splitLines } from '../../../src/data/lines.js';

/** The bytes in chunks of `size`, all in the same memory as a reader of files would give them. */
async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    memory.fill(0).set(piece);
    yield memory.subarray(0, piece.length);
  }
}

async function linesOf(text: string | Uint8Array, size = 3): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(chunked(Buffer.from(text), size), 'x')) lines.push(line);
  return lines;
}

describe('lines', () => {
  it('end with \\n or \\r\\n and nothing else', async () => {
    const within = 'a\rb\u2028c\u2029d\u0085e\vf\fg\0h';
    expect(await linesOf(`${within}\n\r\n \r\r\n\nlast\r`)).toEqual([within, '', ' \r', '', 'last\r']);
  });

  it('need no final end, and a final end begins no line', async () => {
    expect(await linesOf('a\nb')).toEqual(['a', 'b']);
    expect(await linesOf('a\nb\n')).toEqual(['a', 'b']);
    expect(await linesOf('\n\n')).toEqual(['', '']);
    expect(await linesOf('')).toEqual([]);
  });

  it('start after a byte-order mark, which is an ordinary character anywhere else', async () => {
    expect(await linesOf('\uFEFFa\n\uFEFFb')).toEqual(['a', '\uFEFFb']);
    expect(await linesOf('\uFEFF')).toEqual([]);
  });

  it('are the same whatever the chunks', async () => {
    const unit = fc.constantFrom('a', 'é', '😀', '\n', '\r', '\r\n', '\u2028', ' ');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const expected = text.split('\n').map((line, i, all) => (i < all.length - 1 ? line.replace(/\r$/, '') : line));
        if (expected.at(-1) === '') expected.pop();
        expect(await linesOf(text, size)).toEqual(expected);
        expect(splitLines(Buffer.from(text))).toEqual(expected);
      }),
    );
  });

  it('may be as long as 1 MB', async () => {
    const long = 'ab€'.repeat(250_000);
    expect(await linesOf(`x\n${long}\ny`, 65536)).toEqual(['x', long, 'y']);
  });

  it('are refused beyond 64 MiB', async () => {
    await expect(linesOf(`a\n${'b\r'.repeat(1 << 25)}b`, 1 << 20)).rejects.toThrow(
      'x:2: expected lines ended by \\n or \\r\\n, found more than 64 MiB without an end; is this a text file, ' +
        'and are its lines ended by a lone \\r?',
    );
  });
});

describe('UTF-8', () => {
  it('is refused with line and byte offset', async () => {
    const bytes = Buffer.concat([Buffer.from('\uFEFFé\nab'), Buffer.of(0xff), Buffer.from('\nc')]);
    await expect(linesOf(bytes)).rejects.toThrow(
      'x:2: expected UTF-8 text, found the byte 0xff at byte offset 2 of the line (8 of the text), counted from 0; ' +
        'convert the file to UTF-8, for example with iconv',
    );
  });

  it('is told from UTF-16', async () => {
    await expect(linesOf(Buffer.from('\uFEFFab\n', 'utf16le'))).rejects.toThrow(
      'x:1: expected UTF-8 text, found the byte 0xff at byte offset 0 of the line (0 of the text), counted from 0; ' +
        'this looks like UTF-16: convert',
    );
  });

  it('is refused when cut short at the end of the text', async () => {
    await expect(linesOf(Buffer.from('a\n€').subarray(0, 4))).rejects.toThrow(/^x:2: .* 0xe2 at byte offset 0 of/);
  });

  it('is judged as Node judges it, and the offset is where the valid part ends', () => {
    const byte = fc.constantFrom(
      0x41,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xe2,
      0xed,
      0xf0,
      0xf4,
      0xf5,
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.array(byte, { maxLength: 8 }), (any, edge) => {
        for (const bytes of [any, Uint8Array.from(edge)]) {
          const at = invalidUtf8At(bytes);
          expect(at < 0).toBe(isUtf8(bytes));
          if (at >= 0) expect(isUtf8(bytes.subarray(0, at))).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
