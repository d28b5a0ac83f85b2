// Parts of the speech tasks: audio as lines, frames that are read late, corpora in memory, outputs of pieces.
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listedCorpus } from '../../../src/data/listed-corpus.js';
import { cutSource, FrameSequence, loadedSource } from '../../../src/data/sequences.js';
import { sourceInputs } from '../../../src/decode/source-batch.js';
import { DataError } from '../../../src/errors.js';
import { joined, later } from '../../../src/run/outputs.js';
import { formatSource, parseSource } from '../../../tasks/speech/lines.js';

describe('audio as a line', () => {
  const time = fc.option(
    fc.integer({ min: 0, max: 5000 }).map((value) => value / 100),
    { nil: undefined },
  );
  const source = fc.record({
    path: fc.string({ minLength: 1 }).map((name) => join('/audio', `x${name.replaceAll('\0', '')}`)),
    start: time,
    length: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
    raw: fc.constantFrom(undefined, { sampleRate: 8000, endianness: 'big' as const }),
    channel: fc.constantFrom(undefined, 1, 'mix' as const),
  });

  it('can be read again, whatever the path', () => {
    fc.assert(
      fc.property(source, ({ path, start, length, raw, channel }) => {
        const end = length === undefined ? undefined : (start ?? 0) + length;
        const segment = { path, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
        const read =
          raw || channel !== undefined
            ? { ...(raw ? { raw } : {}), ...(channel === undefined ? {} : { channel }) }
            : undefined;
        const line = formatSource({ segment, read });
        expect(line).not.toMatch(/[\n\r]/);
        const again = parseSource(line, '.');
        expect(again.read).toEqual(read);
        expect(again.segment.path).toBe(path);
        expect(again.segment.end).toBe(end);
        expect(again.segment.start ?? 0).toBe(start ?? 0);
      }),
    );
  });

  it('starts from a folder, and takes the usual way of reading where it says nothing else', () => {
    const usual = { raw: { sampleRate: 8000 } };
    expect(parseSource('a b.raw\t1\t2.5', '/data', usual)).toEqual({
      segment: { path: resolve('/data/a b.raw'), start: 1, end: 2.5 },
      read: usual,
    });
    expect(parseSource('{"audio":"x.wav","channel":0}', '/data', usual).read).toEqual({ ...usual, channel: 0 });
  });

  it.each(['{"audio":1}', '{"audio":', 'x.wav\ttwo\t3', 'x.wav\t3\t2', 'x.wav\t1\t2\t3', '\t1'])(
    'refuses %j',
    (line) => {
      expect(() => parseSource(line, '.')).toThrow(DataError);
    },
  );
});

describe('a sequence of frames', () => {
  const frames = (length: number, log: string[] = []) =>
    new FrameSequence(length, 2, async () => {
      log.push('read');
      return Float32Array.from({ length: 2 * length }, (_, i) => i);
    });

  it('is read when it is loaded, and cut without being read', async () => {
    const log: string[] = [];
    const cut = cutSource(frames(5, log), 3) as FrameSequence;
    expect([cut.length, log]).toEqual([3, []]);
    expect(() => cut.data).toThrow(/have not been read/);
    expect([...(await cut.load()).data]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(log).toEqual(['read']);
  });

  it('is padded with zeros to a batch', async () => {
    const loaded = await Promise.all([frames(1), frames(3)].map(loadedSource));
    const { source, sourceLengths } = sourceInputs(loaded);
    expect(source?.shape).toEqual([2, 3, 2]);
    expect([...(source?.data ?? [])]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
    expect([...(sourceLengths?.data ?? [])]).toEqual([1, 3]);
  });

  it('of tokens keeps its stop token when it is cut', () => {
    expect([...(cutSource(Int32Array.of(7, 8, 9, 2), 2) as Int32Array)]).toEqual([7, 2]);
  });
});

describe('a corpus in memory', () => {
  const rows = Array.from({ length: 70 }, (_, i) => ({
    source: `clip-${i}.wav`,
    target: i === 3 ? ' ' : 'x'.repeat(1 + (i % 5)),
    origin: `list.tsv:${i + 2}`,
    sourceLength: i === 40 ? 900 : 10 + i,
  }));

  it('has blocks, places, warnings and the longest rows by their positions', async () => {
    const corpus = listedCorpus(rows, 32);
    expect([corpus.size, corpus.blockCount]).toEqual([70, 3]);
    expect((await corpus.readBlock(2)).map(({ index }) => index)).toEqual([64, 65, 66, 67, 68, 69]);
    await expect(corpus.readBlock(3)).rejects.toThrow(RangeError);
    expect(corpus.locate(40, 'source')).toBe('list.tsv:42');
    expect(corpus.longest.source.lines[0]).toEqual({ index: 40, bytes: 900 });
    expect(corpus.warnings.map(({ message }) => message)).toEqual(['1 row with a blank target: list.tsv:5']);
    const found: number[] = [];
    for await (const { index } of corpus.rowsAt([9, 3, 9])) found.push(index);
    expect(found).toEqual([3, 9]);
  });
});

describe('outputs of pieces', () => {
  const output = (text: string, score: number, start: number) => ({
    text,
    score,
    finished: true,
    words: [{ word: text, start, end: start + 0.5, confidence: 0.9 }],
  });

  it('are put together, with times from the beginning of the file', () => {
    const first = later([output('one', -1, 0.2)], 0);
    const second = later([output('two', -2, 0.3)], 12.5);
    const [whole] = joined(first, second);
    expect(whole).toMatchObject({ text: 'one two', score: -3, finished: true });
    expect(whole?.words?.map(({ start, end }) => [start, end])).toEqual([
      [0.2, 0.7],
      [12.8, 13.3],
    ]);
    expect(joined(first, later([{ ...output('', -1, 0), words: [], finished: false }], 20))[0]).toMatchObject({
      text: 'one',
      finished: false,
    });
  });
});
