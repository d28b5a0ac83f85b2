// The configuration of a split of speech, and audio named by a line.
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manifestConfigSchema, resolveManifest } from '../../../../src/audio/manifests/config.js';
import { parseAudioLine } from '../../../../src/audio/manifests/line.js';
import { DataError } from '../../../../src/errors.js';

describe('manifestConfigSchema', () => {
  test('fills in how raw audio is read', () => {
    expect(manifestConfigSchema.parse({ manifest: 'a', raw: { sampleRate: 16000 } })).toEqual({
      manifest: 'a',
      raw: { sampleRate: 16000, endianness: 'little', encoding: 's16', channels: 1 },
    });
  });

  test('accepts all options where they fit', () => {
    const split = {
      manifest: 'a',
      format: 'common-voice',
      audioDir: 'b',
      extension: '.wav',
      columns: { audio: 'x', translation: 'y' },
      channel: 1,
    };
    expect(manifestConfigSchema.parse(split)).toEqual(split);
  });

  test.each([
    [{}, 'manifest', /expected string/],
    [{ manifest: '' }, 'manifest', />=1/],
    [{ manifest: 'a', format: 'csv' }, 'format', /tsv/],
    [{ manifest: 'a', extension: 'tar.gz' }, 'extension', /must be an extension such as `wav`/],
    [{ manifest: 'a', columns: { sentence: 'text' } }, 'columns', /sentence/],
    [{ manifest: 'a', more: 1 }, '', /more/],
    [{ manifest: 'a', raw: {} }, 'raw.sampleRate', /expected number/],
    [{ manifest: 'a', raw: { sampleRate: 8000, encoding: 's12' } }, 'raw.encoding', /s16/],
    [{ manifest: 'a', channel: -1 }, 'channel', /./],
    [
      { manifest: 'a', raw: { sampleRate: 8000, channels: 2 }, channel: 2 },
      'channel',
      /^`channel` must be less than `raw.channels` \(2\), but is 2\.$/,
    ],
    [
      { manifest: 'a', format: 'kaldi', columns: { audio: 'x' } },
      'columns',
      /^`columns` is for the formats tsv, jsonl, common-voice, but `format` is kaldi\.$/,
    ],
    [
      { manifest: 'a', format: 'tsv', textColumn: 'raw' },
      'textColumn',
      /^`textColumn` is for the formats ljspeech, but/,
    ],
    [{ manifest: 'a', format: 'tsv', extension: 'raw' }, 'extension', /but `format` is tsv\.$/],
    [{ manifest: 'a', format: 'folder', audioDir: 'b' }, 'audioDir', /but `format` is folder\.$/],
  ])('refuses %j', (split, path, message) => {
    const { issues = [] } = manifestConfigSchema.safeParse(split).error ?? {};
    expect(issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
      [path, expect.stringMatching(message)],
    ]);
  });

  test('every option has a description', () => {
    const described = (schema: { shape: Record<string, { description?: string | undefined }> }) =>
      Object.values(schema.shape).every(({ description = '' }) => description !== '');
    expect(described(manifestConfigSchema)).toBe(true);
    expect(described(manifestConfigSchema.shape.columns.unwrap())).toBe(true);
    expect(described(manifestConfigSchema.shape.raw.unwrap())).toBe(true);
  });
});

test('resolveManifest joins relative paths to a folder, and leaves others', () => {
  const absolute = resolve('/x/m.tsv');
  expect(resolveManifest({ manifest: 'a/m.tsv', audioDir: '../wav', channel: 'mix' }, 'base')).toEqual({
    manifest: join('base', 'a', 'm.tsv'),
    audioDir: 'wav',
    channel: 'mix',
  });
  expect(resolveManifest({ manifest: absolute }, 'base')).toEqual({ manifest: absolute });
});

describe('parseAudioLine', () => {
  test.each([
    ['a b/c d.wav', { path: 'a b/c d.wav' }],
    ['a.wav\t1\t2.5', { path: 'a.wav', start: 1, end: 2.5 }],
    ['a.wav\t1', { path: 'a.wav', start: 1 }],
    ['a.wav\t\t2', { path: 'a.wav', end: 2 }],
    ['a.wav\t-0\t2', { path: 'a.wav', start: 0, end: 2 }],
    ['a.wav\t1.\t+1e1', { path: 'a.wav', start: 1, end: 10 }],
  ])('%j', (line, segment) => {
    expect(parseAudioLine(line)).toStrictEqual(segment);
  });

  test.each([
    ['', 'line "": expected a path, or a path, start and end (seconds) between tabs'],
    ['\t1\t2', 'line "\\t1\\t2": expected a path, or'],
    ['a\t1\t2\t3', 'line "a\\t1\\t2\\t3": expected a path, or'],
    ['a\tb', 'line "a\\tb": expected a start in seconds, found "b"'],
    ['a\t1\tb', 'expected an end in seconds, found "b"'],
    ['a\t-1', 'expected a start of at least 0 s, found -1'],
    ['a\t3\t2', 'expected an end after the start (3 s), found 2 s'],
    [`${'a'.repeat(500)}\tx`, `line "${'a'.repeat(200)}…": expected a start`],
  ])('refuses %j', (line, message) => {
    const refused = () => parseAudioLine(line);
    expect(refused).toThrow(DataError);
    expect(refused).toThrow(message);
  });

  test('reads what is written, for all times', () => {
    const time = fc.double({ min: 0, max: 1e6, noNaN: true }).map((seconds) => seconds + 0);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), time, time, (name, start, length) => {
        const path = `x${name.replaceAll('\t', ' ')}`;
        const end = start + length + 1;
        expect(parseAudioLine(`${path}\t${start}\t${end}`)).toStrictEqual({ path, start, end });
      }),
    );
  });
});
