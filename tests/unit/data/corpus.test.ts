// Opening corpora: what is accepted, what is refused and with which words, and reading blocks.
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Corpus, openCorpus } from '../../../src/data/corpus.js';
import { isBlank, isBlankBytes } from '../../../src/data/scan.js';
import { corpusOf, folderWith, openingError } from './folder.js';

async function pairs(corpus: Corpus): Promise<string[][]> {
  const found: string[][] = [];
  for await (const row of corpus.rows()) found.push([row.source, row.target]);
  return found;
}

const tsv = { file: 'x.tsv' };
const jsonl = { file: 'x.jsonl' };

describe('parallel files', () => {
  it('give rows with index and origin, block by block', async () => {
    const corpus = await corpusOf({ a: '\uFEFFs0\r\ns1\u2028x\n\ns3\ns4', b: 't0\nt1\nt2\nt3\nt4\n' });
    expect([corpus.size, corpus.blockCount, corpus.blockRows]).toEqual([5, 2, 4]);
    expect(await pairs(corpus)).toEqual([
      ['s0', 't0'],
      ['s1\u2028x', 't1'],
      ['', 't2'],
      ['s3', 't3'],
      ['s4', 't4'],
    ]);
    const [row] = await corpus.readBlock(1);
    expect(row).toEqual({ index: 4, source: 's4', target: 't4', origin: corpus.locate(4, 'source') });
    expect(corpus.locate(4, 'target')).toMatch(/b:5$/);
    await expect(corpus.readBlock(2)).rejects.toThrow('readBlock: block 2 is not in 0 … 1');
    const picked: number[] = [];
    for await (const { index } of corpus.rowsAt([4, 1, 4, 0])) picked.push(index);
    expect(picked).toEqual([0, 1, 4]);
  });

  it('of any text come back whole', async () => {
    const unit = fc.constantFrom('a', 'é', '😀', '\r', '\u2028', ' ', '\0', '\uFEFF');
    const line = fc.string({ unit }).map((text) => `x${text}y`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(line, line), { minLength: 1, maxLength: 20 }), async (rows) => {
        const file = (side: 0 | 1) => rows.map((row) => row[side]).join(side === 0 ? '\n' : '\r\n');
        expect(await pairs(await corpusOf({ a: file(0), b: file(1) }))).toEqual(rows);
      }),
      { numRuns: 30 },
    );
  });

  it('have blank lines and NUL characters counted and named', async () => {
    const corpus = await corpusOf({ a: 'a\n\n\u3000 \nd\0\n'.repeat(3), b: 'a\nb\nc\nd\n'.repeat(3) });
    const base = corpus.locate(0, 'source').replace(/1$/, '');
    expect(corpus.warnings).toEqual([
      {
        kind: 'blankSource',
        count: 6,
        examples: [2, 3, 6, 7, 10].map((line) => `${base}${line}`),
        message: `6 rows with a blank source: ${[2, 3, 6, 7, 10].map((line) => `${base}${line}`).join(', ')} and 1 more`,
      },
      {
        kind: 'nulSource',
        count: 3,
        examples: [4, 8, 12].map((line) => `${base}${line}`),
        message: `3 rows with a NUL character in the source: ${base}4, ${base}8, ${base}12`,
      },
    ]);
  });

  it('of unequal length are refused with both names and counts', async () => {
    expect(await openingError({ a: 'a\nb\nc', b: 'a\nb\n' })).toEqual({
      name: 'DataError',
      message:
        'expected as many lines in a as in b, one each an example; found 3 and 2: ' +
        'find where they stop matching, or make the two files together again',
      exitCode: 65,
    });
  });

  it('that are empty, not UTF-8 or not there are refused', async () => {
    expect((await openingError({ a: '', b: '' })).message).toBe('a: expected at least one line, found an empty file');
    expect((await openingError({ a: 'a\n', b: Buffer.from('é\n', 'latin1') })).message).toBe(
      'b:1: expected UTF-8 text, found the byte 0xe9 at byte offset 0 of the line (0 of the text), counted from 0; ' +
        'convert the file to UTF-8, for example with iconv',
    );
    expect(await openingError({ a: 'a' })).toEqual({
      name: 'DataError',
      message: 'b: no such file; check the path (relative paths start from the configuration file’s folder)',
      exitCode: 66,
    });
    expect(await openingError({ a: 'a' }, { source: 'a', target: '.' })).toMatchObject({
      message: expect.stringMatching(/: expected a file, found a folder$/),
      exitCode: 66,
    });
    expect(await openingError({ a: 'a' }, { source: 'a', target: 'a/b' })).toMatchObject({
      message: `${join('a', 'b')}: no such file: a part of its path is a file, not a folder`,
      exitCode: 66,
    });
  });

  it('remember the longest lines', async () => {
    const lengths = Array.from({ length: 1500 }, (_, i) => (i * 7919) % 1501);
    const corpus = await corpusOf({
      a: lengths.map((length) => 'é'.repeat(length)).join('\n'),
      b: 'x\n'.repeat(1500),
    });
    const sorted = lengths
      .map((length, index) => ({ index, bytes: 2 * length }))
      .sort((x, y) => y.bytes - x.bytes || x.index - y.index);
    expect(corpus.longest.source).toEqual({ lines: sorted.slice(0, 256), restBytes: sorted[256]?.bytes });
    expect(corpus.longest.target.lines.map((line) => line.index)).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(corpus.longest.target.restBytes).toBe(1);
  });

  it('know how long a line may be that is not among the longest', async () => {
    const lengths = [...Array.from({ length: 512 }, (_, i) => 1000 - i), 745];
    const a = lengths.map((length) => 'x'.repeat(length)).join('\n');
    const corpus = await corpusOf({ a, b: 'x\n'.repeat(513) });
    expect(corpus.longest.source.lines.at(-1)).toEqual({ index: 255, bytes: 745 });
    expect(corpus.longest.source.restBytes).toBe(745);
    expect((await corpusOf({ a: 'xx', b: 'x' })).longest.source).toEqual({
      lines: [{ index: 0, bytes: 2 }],
      restBytes: 0,
    });
  });

  it('may have a line of 1 MB', async () => {
    const long = 'word '.repeat(200_000);
    const corpus = await corpusOf({ a: `a\n${long}\nb\n`, b: 'a\nb\nc\n' });
    expect(corpus.longest.source.lines[0]).toEqual({ index: 1, bytes: 1_000_000 });
    expect((await corpus.readBlock(0))[1]?.source).toBe(long);
  });

  it('are refused when they change while in use', async () => {
    const folder = folderWith({ a: 'a\nb\n', b: 'a\nb\n' });
    const corpus = await openCorpus({ source: 'a', target: 'b' }, { baseDir: folder, cacheDir: folder });
    appendFileSync(join(folder, 'a'), 'c\n');
    expect(await corpus.readBlock(0)).toHaveLength(2);
    writeFileSync(join(folder, 'a'), 'a\n\nb');
    await expect(corpus.readBlock(0)).rejects.toThrow('the file has changed since it was opened; start again');
    await corpus.close();
  });
});

describe('gzip files', () => {
  it('are decompressed once, by name or by content', async () => {
    const folder = folderWith({ 'a.gz': gzipSync('a\nb'), b: Buffer.concat([gzipSync('c\n'), gzipSync('d\n')]) });
    const options = { baseDir: folder, cacheDir: join(folder, 'cache', 'deep') };
    const split = { source: 'a.gz', target: 'b' };
    for (let time = 0; time < 2; time++) {
      const corpus = await openCorpus(split, options);
      expect(await pairs(corpus)).toEqual([
        ['a', 'c'],
        ['b', 'd'],
      ]);
      expect(corpus.locate(1, 'source')).toBe(`${join(folder, 'a.gz')}:2`);
      await corpus.close();
      expect(readdirSync(options.cacheDir).map((name) => name.replace(/[0-9a-f]{16}$/, '#'))).toEqual(['a-#', 'b-#']);
    }
    writeFileSync(join(folder, 'a.gz'), gzipSync('other\nlines'));
    const corpus = await openCorpus(split, options);
    expect((await pairs(corpus))[0]).toEqual(['other', 'c']);
    await corpus.close();
  });

  it('that are damaged or none at all are refused, and leave nothing behind', async () => {
    const whole = gzipSync('a\n'.repeat(1000));
    const folder = folderWith({ 'a.gz': whole.subarray(0, whole.length - 9), b: 'a' });
    const options = { baseDir: folder, cacheDir: join(folder, 'cache') };
    await expect(openCorpus({ source: 'a.gz', target: 'b' }, options)).rejects.toThrow(
      'a.gz: damaged gzip data (unexpected end of file); fetch or compress the file again',
    );
    expect(readdirSync(options.cacheDir)).toEqual([]);
    expect((await openingError({ 'a.gz': 'plain', b: 'a' }, { source: 'a.gz', target: 'b' })).message).toBe(
      'a.gz: expected gzip data because of the name, found something else; rename the file',
    );
    mkdirSync(join(folder, 'd.gz'));
    await expect(openCorpus({ source: 'd.gz', target: 'b' }, options)).rejects.toThrow('found a folder');
    writeFileSync(join(folder, 'c.gz'), gzipSync('a'));
    await expect(
      openCorpus({ source: 'c.gz', target: 'b' }, { ...options, cacheDir: join(folder, 'b', 'x') }),
    ).rejects.toThrow(/c\.gz: cannot be decompressed into .*: ENOTDIR/);
  });
});

describe('TSV', () => {
  it('is read by index, or by the names of its header', async () => {
    const x = 'id\ten\tde\r\n1\t"a\t b\r\n2\tc\td';
    expect(await pairs(await corpusOf({ 'x.tsv': x }, { ...tsv, sourceColumn: 'en', targetColumn: 'de' }))).toEqual([
      ['"a', ' b'],
      ['c', 'd'],
    ]);
    const corpus = await corpusOf({ 'x.tsv': x }, { ...tsv, sourceColumn: 2, targetColumn: 'id' });
    expect(await pairs(corpus)).toEqual([
      [' b', '1'],
      ['d', '2'],
    ]);
    expect(corpus.locate(0, 'target')).toMatch(/x\.tsv:2$/);
    expect((await corpusOf({ 'x.tsv': x }, tsv)).size).toBe(3);
  });

  it('is refused where a row or column is wrong', async () => {
    const message = async (x: string, columns = {}) =>
      (await openingError({ 'x.tsv': x }, { ...tsv, ...columns })).message;
    expect(await message('a\tb\nc\td\te\n')).toBe(
      'x.tsv:2: expected 2 tab-separated columns as on the first line, found 3 tab-separated columns; correct the line',
    );
    expect(await message('a\tb\n\n')).toBe(
      'x.tsv:2: expected 2 tab-separated columns as on the first line, found a blank line; correct the line',
    );
    expect(await message('a b\n')).toBe(
      'x.tsv:1: expected a column 1 (`targetColumn`, counted from 0), found 1 column',
    );
    expect(await message('a\tb\n', { sourceColumn: 'en' })).toBe(
      'x.tsv:1: expected a header with a column "en" (`sourceColumn`), found "a", "b"; add a header line, or set `sourceColumn`',
    );
    expect(await message('')).toBe('x.tsv: expected at least one row, found an empty file');
    expect(await message('a\tb\n', { sourceColumn: 'a' })).toBe(
      'x.tsv: expected at least one row, found a header only',
    );
  });
});

describe('JSONL', () => {
  it('is read by its keys', async () => {
    const x = '{"source":"a\\nb","target":"\\ud83d\\ude00","n":1}\n{"target":"","source":"c"}';
    const corpus = await corpusOf({ 'x.jsonl': x }, jsonl);
    expect(await pairs(corpus)).toEqual([
      ['a\nb', '😀'],
      ['c', ''],
    ]);
    expect(corpus.warnings.map(({ kind, count }) => [kind, count])).toEqual([['blankTarget', 1]]);
    expect(corpus.longest.target.lines[0]).toEqual({ index: 0, bytes: 4 });
    expect(await pairs(await corpusOf({ y: x }, { file: 'y', format: 'jsonl', sourceColumn: 'target' }))).toEqual([
      ['😀', '😀'],
      ['', ''],
    ]);
  });

  it('is refused where a row is wrong', async () => {
    const good = '{"source":"a","target":"b"}\n';
    const message = async (line: string) => (await openingError({ 'x.jsonl': good + line }, jsonl)).message;
    expect(await message('{"source":')).toMatch(
      /^x\.jsonl:2: expected a JSON object, found invalid JSON \(.+\); correct the line$/,
    );
    expect(await message('\n')).toBe('x.jsonl:2: expected a JSON object, found a blank line; correct the line');
    expect(await message('["a"]')).toBe('x.jsonl:2: expected a JSON object, found an array; correct the line');
    expect(await message('null')).toBe('x.jsonl:2: expected a JSON object, found null; correct the line');
    expect(await message('{"source":"a"}')).toBe('x.jsonl:2: expected a string under "target", found nothing');
    expect(await message('{"source":7}')).toBe('x.jsonl:2: expected a string under "source", found a number');
    expect(await message('{"source":"\\ud83d"}')).toBe(
      'x.jsonl:2: expected Unicode text under "source", found a lone surrogate',
    );
  });
});

describe('isBlankBytes', () => {
  it('agrees with trim for every character', () => {
    for (let code = 0; code < 0x3100; code++) {
      const text = String.fromCodePoint(code);
      const bytes = Buffer.from(` ${text}`);
      expect(isBlankBytes(bytes, 1, bytes.length)).toBe(isBlank(text));
    }
    expect(isBlankBytes(Buffer.from('\uFEFF'), 0, 3)).toBe(true);
    expect(isBlankBytes(Buffer.from(''), 0, 0)).toBe(true);
  });
});
