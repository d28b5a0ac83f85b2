// What holds for all manifests: how formats are told, bytes and line ends, gzip, missing files, options that do not fit.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ManifestConfig } from '../../../../src/audio/manifests/config.js';
import { complaint, type Files, folderWith, read, readIn, refusal } from './support.js';

const m = { manifest: 'm.tsv' };

describe('which format a path has', () => {
  const tsv = 'audio\ttext\na.wav\tx\n';
  const cases: [string, Files, string, string][] = [
    ['tsv', { 'm.TSV': tsv }, 'm.TSV', 'a.wav'],
    ['jsonl', { 'm.ndjson': '{"audio":"a.wav"}' }, 'm.ndjson', 'a.wav'],
    ['common-voice', { 'm.tsv': 'client_id\tpath\tsentence\nc\ta.mp3\tx\n' }, 'm.tsv', 'clips/a.mp3'],
    ['ljspeech', { 'x/metadata.csv': 'a|x\n' }, 'x/metadata.csv', 'x/wavs/a.wav'],
    ['ljspeech by its first line', { 'train.csv': 'a|x|y\n' }, 'train.csv', 'wavs/a.wav'],
    ['ljspeech in a folder', { 'x/metadata.csv': 'a|x\n', 'x/wavs/a.wav': '' }, 'x', 'x/wavs/a.wav'],
    ['ljspeech in a folder, gzip', { 'x/metadata.csv.gz': gzipSync('a|x\n') }, 'x', 'x/wavs/a.wav'],
    ['kaldi', { 'x/wav.scp': 'a b.wav\n' }, 'x', 'x/b.wav'],
    ['kaldi by wav.scp', { 'x/wav.scp': 'a b.wav\n' }, 'x/wav.scp', 'x/b.wav'],
    ['kaldi, gzip', { 'x/wav.scp.gz': gzipSync('a b.wav\n') }, 'x', 'x/b.wav'],
    ['sphinx', { 'm.fileids': 'a\n', 'm.transcription': 'X (a)\n' }, 'm.fileids', 'a.raw'],
    [
      'sphinx, gzip',
      { 'm.fileids.gz': gzipSync('a\n'), 'm.transcription.gz': gzipSync('X (a)\n') },
      'm.fileids.gz',
      'a.raw',
    ],
    ['librispeech', { '1/2/1-2.trans.txt': '1-2-3 X\n', '1/2/1-2-3.flac': '' }, '.', '1/2/1-2-3.flac'],
    ['librispeech, gzip', { '1/2/1-2.trans.txt.gz': gzipSync('1-2-3 X\n') }, '.', '1/2/1-2-3.flac'],
    ['folder', { 'x/a.wav': '', 'x/a.txt': 'b' }, 'x', 'x/a.wav'],
    ['folder without texts', { 'x/y/a.wav': '', 'x/readme.txt': 'b' }, 'x', 'x/y/a.wav'],
  ];
  test.each(cases)('%s', async (_, files, manifest, path) => {
    expect((await read(files, { manifest })).rows.map(({ audio }) => audio.path)).toEqual([path]);
  });

  test.each<[string, Files, ManifestConfig, string]>([
    [
      'a header of both kinds',
      { 'm.tsv': 'client_id\tpath\tsentence\taudio\n' },
      m,
      'm.tsv: expected one layout, found signs of tsv and common-voice; set `format` to one',
    ],
    [
      'columns for the header of Common Voice',
      { 'm.tsv': 'client_id\tpath\tsentence\n' },
      { ...m, columns: { audio: 'path' } },
      'm.tsv: expected one layout, found signs of tsv and common-voice; set `format` to one',
    ],
    [
      'two indexes in a folder',
      { 'wav.scp': 'a b\n', 'metadata.csv': 'a|b\n' },
      { manifest: '.' },
      '.: expected one layout, found signs of kaldi and ljspeech; set `format` to one',
    ],
    [
      'two trees in one',
      { '1/2/1-2.trans.txt': '1-2-3 X\n', 'a.wav': '', 'a.txt': 'x' },
      { manifest: '.' },
      '.: expected one layout, found signs of librispeech and folder; set `format` to one',
    ],
    [
      'manifests in a folder',
      { 'test.tsv': tsv, 'train.tsv': tsv, 'more.jsonl.gz': '', 'clips/a.mp3': '' },
      { manifest: '.' },
      '.: expected one manifest, found a folder with more.jsonl.gz, test.tsv, train.tsv; name one of these files, or set',
    ],
    [
      'a name that says nothing',
      { 'm.txt': tsv },
      { manifest: 'm.txt' },
      'm.txt: expected a name that ends in .tsv, .jsonl',
    ],
    ['a CSV file with commas', { 'm.csv': 'a,b\n' }, { manifest: 'm.csv' }, 'm.csv: expected a name that ends in .tsv'],
    [
      'an empty folder',
      { 'x/y/z.md': '' },
      { manifest: 'x' },
      'x: expected wav.scp, metadata.csv, .trans.txt files or audio',
    ],
    [
      'a folder as a file',
      { 'x/a': '' },
      { manifest: 'x', format: 'tsv' },
      'x: expected a file because `format` is tsv',
    ],
    [
      'a file as a folder',
      { x: '' },
      { manifest: 'x', format: 'folder' },
      'x: expected a folder because `format` is folder',
    ],
  ])('refuses %s', async (_, files, config, message) => {
    expect(await complaint(files, config)).toContain(message);
  });

  test('a format that is given is believed', async () => {
    const files = { 'm.txt': tsv, 'wav.scp': 'a b\n', 'metadata.csv': 'c|d\n' };
    expect((await read(files, { manifest: 'm.txt', format: 'tsv' })).rows[0]?.text).toBe('x');
    expect((await read(files, { manifest: '.', format: 'kaldi' })).rows[0]?.id).toBe('a');
    expect((await read(files, { manifest: '.', format: 'ljspeech' })).rows[0]?.id).toBe('c');
  });

  test('options that say nothing to a format that was found out are refused', async () => {
    const { name, message, exitCode } = await refusal({ 'm.tsv': tsv }, { ...m, textColumn: 'raw' });
    expect([name, exitCode]).toEqual(['ConfigError', 2]);
    expect(message).toBe('m.tsv: `textColumn` is for the formats ljspeech, but `format` is tsv (found out).');
  });
});

describe('bytes', () => {
  const rows = [
    { audio: { path: 'a.wav' }, id: 'a', text: 'ä', origin: 'm.tsv:2' },
    { audio: { path: 'b.wav' }, id: 'b', text: 'lone \r within', origin: 'm.tsv:3' },
  ];

  test.each([
    ['line feeds', 'audio\ttext\na.wav\tä\nb.wav\tlone \r within\n'],
    ['carriage returns, too', 'audio\ttext\r\na.wav\tä\r\nb.wav\tlone \r within\r\n'],
    ['a byte-order mark', '\ufeffaudio\ttext\na.wav\tä\nb.wav\tlone \r within\n'],
    ['no end of the last line', 'audio\ttext\na.wav\tä\nb.wav\tlone \r within'],
    ['blank lines at the end', 'audio\ttext\na.wav\tä\nb.wav\tlone \r within\n\r\n  \n\n'],
  ])('%s', async (_, content) => {
    expect((await read({ 'm.tsv': content }, m)).rows).toEqual(rows);
    expect((await read({ 'm.tsv': gzipSync(content) }, m)).rows).toEqual(rows);
  });

  test('gzip by name, in several members, names the file as it is', async () => {
    const content = Buffer.concat([gzipSync('audio\ttext\na.wa'), gzipSync('v\tx\n')]);
    expect((await read({ 'm.tsv.gz': content }, { manifest: 'm.tsv.gz' })).rows).toEqual([
      { audio: { path: 'a.wav' }, id: 'a', text: 'x', origin: 'm.tsv.gz:2' },
    ]);
  });

  test('lines that are cut anywhere between reads', async () => {
    const texts = Array.from({ length: 9000 }, (_, i) => `${'語é😀 '.repeat(i % 23)}${i}`);
    const content = `audio\ttext\n${texts.map((text, i) => `${i}.wav\t${text}\n`).join('')}`;
    expect(Buffer.byteLength(content)).toBeGreaterThan(1 << 20);
    for (const bytes of [content, gzipSync(content)]) {
      const read = await readIn(folderWith({ 'm.tsv': bytes }), m);
      expect(read.rows.map(({ text }) => text)).toEqual(texts);
      expect(read.rows.at(-1)).toMatchObject({ id: '8999', origin: 'm.tsv:9001' });
    }
  });

  test('a line longer than a read', async () => {
    const text = 'é'.repeat(1 << 19);
    const { rows } = await read({ 'm.tsv': `audio\ttext\na.wav\t${text}\nb.wav\tx\n` }, m);
    expect(rows.map((row) => row.text === text)).toEqual([true, false]);
  });

  test.each([
    [
      'Latin-1',
      Buffer.from('audio\ttext\na\tb\nc\t\xe9\nd\te\n', 'latin1'),
      'm.tsv:3: expected UTF-8 text, found other bytes',
    ],
    ['a cut character at the end', Buffer.from('audio\na\xe2\x82', 'latin1'), 'm.tsv:2: expected UTF-8 text'],
    [
      'UTF-16',
      Buffer.from('\ufeffaudio\n', 'utf16le'),
      'm.tsv:1: expected UTF-8 text, found other bytes; this looks like UTF-16',
    ],
    [
      'a bad byte after many lines',
      Buffer.concat([Buffer.from(`audio\n${'some/long/name.wav\n'.repeat(30_000)}`), Buffer.from([0xff])]),
      'm.tsv:30002: expected UTF-8 text',
    ],
  ])('refuses %s', async (_, content, message) => {
    expect(await complaint({ 'm.tsv': content }, { ...m, format: 'tsv' })).toContain(message);
  });

  test('refuses damaged gzip, and other data under its name', async () => {
    const whole = gzipSync('audio\na.wav\n'.repeat(100));
    const damaged = await complaint({ 'm.tsv': whole.subarray(0, -9) }, m);
    expect(damaged).toMatch(/^m\.tsv: damaged gzip data \(.+\); fetch or compress the file again$/);
    const other = await complaint({ 'm.tsv.gz': 'audio\na.wav\n' }, { manifest: 'm.tsv.gz' });
    expect(other).toBe('m.tsv.gz: expected gzip data because of the name, found something else; rename the file');
  });

  test('a manifest that is not there is named', async () => {
    const { name, message, exitCode } = await refusal({}, m);
    expect([name, exitCode]).toEqual(['DataError', 66]);
    expect(message).toContain('m.tsv: there is no such file or folder; check the path');
    expect((await refusal({ x: '' }, { manifest: 'x/m.tsv' })).exitCode).toBe(66);
  });
});

test('audio that is missing is left to whoever reads it', async () => {
  expect((await read({ 'm.tsv': 'audio\n0.wav\n1.wav\n' }, m)).rows.length).toBe(2);
});
