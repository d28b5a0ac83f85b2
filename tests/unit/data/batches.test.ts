// The promises of batch streams: every row once an epoch, exact resumption anywhere, limits kept, nothing left out silently.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, BatchStream, type BatchStreamOptions, fixedBatches } from '../../../src/data/batches.js';
import { type BatchingConfig, batchingSchema } from '../../../src/data/config.js';
import type { Corpus, RawRow } from '../../../src/data/corpus.js';
import { type Encode, type Example, RowReport, type TokenExample } from '../../../src/data/examples.js';
import { corpusOf } from './folder.js';

/** A token a letter and an end token (id 2), as a tokenizer would give them. */
const ids = (text: string) => Int32Array.from([...[...text].map((letter) => letter.charCodeAt(0)), 2]);
const encode: Encode = (row) => ({ source: ids(row.source), target: ids(row.target) });

/** A corpus whose row i has a source of `lengths[i]` letters and a target of another length. */
function corpusOfLengths(lengths: readonly number[], blockRows = 4): Promise<Corpus> {
  const a = lengths.map((length) => 'a'.repeat(length)).join('\n');
  const b = lengths.map((length, i) => 'b'.repeat(1 + ((length + i) % 7))).join('\n');
  return corpusOf({ a, b }, { source: 'a', target: 'b' }, blockRows);
}

const LENGTHS = Array.from({ length: 37 }, (_, i) => 1 + ((i * 17) % 11));

function options(
  batching: Partial<BatchingConfig> = {},
  more: Partial<BatchStreamOptions<TokenExample>> = {},
): BatchStreamOptions<TokenExample> {
  return { encode, seed: 1, batching: batchingSchema.parse({ maxTokens: 40, bucketing: 12, ...batching }), ...more };
}

/** A batch as plain data to be compared. */
const plain = <E extends Example>({ examples, ...rest }: Batch<E>) =>
  JSON.stringify({ ...rest, examples: examples.map(({ source, target }) => [source, target]) });

async function take<E extends Example>(stream: BatchStream<E>, count: number): Promise<Batch<E>[]> {
  const batches: Batch<E>[] = [];
  while (batches.length < count) batches.push(await stream.next());
  return batches;
}

async function takeEpochs<E extends Example>(stream: BatchStream<E>, epochs: number): Promise<Batch<E>[]> {
  const batches: Batch<E>[] = [];
  for (let ended = 0; ended < epochs; ended += batches.at(-1)?.lastOfEpoch ? 1 : 0) batches.push(await stream.next());
  return batches;
}

const rowsOf = (batches: readonly Batch<Example>[]) => batches.flatMap((batch) => [...batch.rows]);
const byNumber = (a: number, b: number) => a - b;

describe('BatchStream', () => {
  it('gives every row exactly once an epoch, in batches within the limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 13, max: 80 }),
        fc.option(fc.integer({ min: 1, max: 6 })),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        async (lengths, maxTokens, maxSentences, bucketing, seed) => {
          const corpus = await corpusOfLengths(lengths);
          const limits = { maxTokens, bucketing, ...(maxSentences === null ? {} : { maxSentences }) };
          const batches = await takeEpochs(new BatchStream(corpus, options(limits, { seed })), 2);
          for (const epoch of [0, 1]) {
            const inEpoch = batches.filter((batch) => batch.epoch === epoch);
            expect(rowsOf(inEpoch).sort(byNumber)).toEqual(lengths.map((_, i) => i));
            expect(inEpoch.map((batch) => batch.batchInEpoch)).toEqual(inEpoch.map((_, i) => i));
            expect(inEpoch.map((batch) => batch.lastOfEpoch)).toEqual(inEpoch.map((_, i) => i === inEpoch.length - 1));
          }
          for (const { examples, rows, sourceLength, targetLength } of batches) {
            expect(examples.length * Math.max(sourceLength, targetLength)).toBeLessThanOrEqual(maxTokens);
            expect(examples.length).toBeLessThanOrEqual(maxSentences ?? Number.POSITIVE_INFINITY);
            expect(rows.map((row) => (lengths[row] ?? 0) + 1)).toEqual(examples.map(({ source }) => source.length));
            expect(sourceLength).toBe(Math.max(...examples.map(({ source }) => source.length)));
            expect(targetLength).toBe(Math.max(...examples.map(({ target }) => target.length)));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('depends on the seed and the epoch, not on prefetching or on how fast rows are encoded', async () => {
    const corpus = await corpusOfLengths(LENGTHS);
    const reference = (await takeEpochs(new BatchStream(corpus, options()), 2)).map(plain);
    for (const prefetch of [0, 1, 2, 7]) {
      const slow: Encode = async (row, random) => {
        if (row.index % 5 === 0) await new Promise((done) => setTimeout(done, 1));
        return encode(row, random);
      };
      const stream = new BatchStream(corpus, options({}, { prefetch, encode: slow }));
      expect((await takeEpochs(stream, 2)).map(plain)).toEqual(reference);
    }
    const other = await takeEpochs(new BatchStream(corpus, options({}, { seed: 2 })), 1);
    expect(other.map(plain)).not.toEqual(reference.slice(0, other.length));
    const [first, second] = [0, 1].map((epoch) =>
      reference.filter((batch) => JSON.parse(batch).epoch === epoch).map((batch) => JSON.parse(batch).rows),
    );
    expect(first).not.toEqual(second);
  });

  it('gives concurrent callers consecutive batches', async () => {
    const corpus = await corpusOfLengths(LENGTHS);
    const reference = (await take(new BatchStream(corpus, options()), 6)).map(plain);
    const stream = new BatchStream(corpus, options());
    expect((await Promise.all(Array.from({ length: 6 }, () => stream.next()))).map(plain)).toEqual(reference);
  });

  it('shuffles blocks, rows of one length and batches, each pool and epoch in its own way', async () => {
    // Two pools of two blocks of eight rows, all of one length: whatever order there is was drawn.
    const corpus = await corpusOf({ a: 'a\n'.repeat(32), b: 'b\n'.repeat(32) }, undefined, 8);
    const batches = await takeEpochs(new BatchStream(corpus, options({ bucketing: 16, maxSentences: 4 })), 2);
    const epochs = [0, 1].map((epoch) => rowsOf(batches.filter((batch) => batch.epoch === epoch)));
    const blocksOf = (rows: number[]) => [...new Set(rows.slice(0, 16).map((row) => row >> 3))].sort(byNumber).join();
    expect(new Set(epochs.map(blocksOf)).size).toBe(2);
    // The places that the rows of a pool have within it, when blocks are named in their order of reading.
    const places = epochs
      .flatMap((rows) => [rows.slice(0, 16), rows.slice(16)])
      .map((rows) => rows.map((row) => row % 8));
    expect(new Set(places.map(String)).size).toBe(4);

    const ragged = await corpusOfLengths(Array.from({ length: 64 }, (_, i) => 1 + (i % 16)));
    const widths = (await takeEpochs(new BatchStream(ragged, options({ bucketing: 64 })), 1)).map(
      (b) => b.sourceLength,
    );
    expect(widths).not.toEqual([...widths].sort(byNumber));
  });

  it('draws for each row from a stream of its own', async () => {
    const corpus = await corpusOfLengths(LENGTHS);
    /** The numbers drawn in two epochs, by row; in both together each row is met twice or, read ahead, three times. */
    const drawn = async (bucketing: number) => {
      const numbers = LENGTHS.map(() => [] as number[]);
      const drawing: Encode = (row, random) => {
        numbers[row.index]?.push(random.uint32());
        return encode(row, random);
      };
      await takeEpochs(new BatchStream(corpus, options({ bucketing }, { encode: drawing, prefetch: 0 })), 2);
      return numbers.map((row) => row.slice(0, 2));
    };
    const numbers = await drawn(4);
    expect(new Set(numbers.flat()).size).toBe(2 * LENGTHS.length);
    expect(await drawn(100)).toEqual(numbers);
  });
});

describe('BatchStream.restore', () => {
  it.each([0, 1, 2])('continues exactly from every position of three epochs, prefetch %i', async (prefetch) => {
    // Two blocks of blank rows: a pool may have no batch at all, and an epoch may end with rows left out.
    const lines = LENGTHS.map((length, i) => (i >= 8 && i < 16 ? '' : 'a'.repeat(length))).join('\n');
    const corpus = await corpusOf({ a: lines, b: lines });
    const settings = options({ bucketing: 8 }, { prefetch });
    const stream = new BatchStream(corpus, settings);
    const cursors = [stream.state()];
    const batches: string[] = [];
    for (let epochs = 0; epochs < 3; ) {
      const batch = await stream.next();
      batches.push(plain(batch));
      cursors.push(stream.state());
      if (batch.lastOfEpoch) epochs += 1;
    }
    for (const [i, cursor] of cursors.entries()) {
      const resumed = new BatchStream(corpus, settings);
      resumed.restore(JSON.parse(JSON.stringify(cursor)));
      expect(resumed.state()).toEqual(cursor);
      expect((await take(resumed, batches.length - i)).map(plain)).toEqual(batches.slice(i));
      expect(resumed.state()).toEqual(cursors.at(-1));
    }
    stream.restore(cursors[2]!);
    expect((await take(stream, 3)).map(plain)).toEqual(batches.slice(2, 5));
  });

  it('reads one pool only to give the next batch', async () => {
    const corpus = await corpusOfLengths(Array.from({ length: 400 }, (_, i) => 1 + (i % 9)));
    const stream = new BatchStream(corpus, options());
    await take(stream, 50);
    const encoded: RawRow[] = [];
    const counting: Encode = (row, random) => {
      encoded.push(row);
      return encode(row, random);
    };
    const resumed = new BatchStream(corpus, options({}, { encode: counting, prefetch: 0 }));
    resumed.restore(stream.state());
    await resumed.next();
    expect(encoded.length).toBeLessThanOrEqual(24);
  });

  it('says where it stands', async () => {
    const stream = new BatchStream(await corpusOfLengths(LENGTHS), options());
    await take(stream, 2);
    expect(stream.state()).toEqual({
      epoch: 0,
      pool: 0,
      batchInPool: 2,
      batchInEpoch: 2,
      batches: 2,
      settings: {
        seed: 1,
        rows: 37,
        blockRows: 4,
        maxTokens: 40,
        maxSentences: null,
        bucketing: 12,
        maxSourceLength: null,
        maxTargetLength: null,
        onLong: 'error',
        onBlank: 'skip',
      },
    });
    const all = await takeEpochs(stream, 1);
    expect(stream.state()).toMatchObject({
      epoch: 1,
      pool: 0,
      batchInPool: 0,
      batchInEpoch: 0,
      batches: all.length + 2,
    });
  });

  it('refuses other settings by name, old and new value', async () => {
    const stream = new BatchStream(await corpusOfLengths(LENGTHS), options());
    const other = new BatchStream(
      await corpusOfLengths(LENGTHS.slice(1)),
      options({ maxTokens: 50, maxSentences: 3, onLong: 'skip' }, { seed: 4 }),
    );
    expect(() => other.restore(stream.state())).toThrow(
      'the position in the training data cannot be restored, because settings have changed:\n' +
        '  seed: was 1, is 4\n  rows: was 37, is 36\n  maxTokens: was 40, is 50\n  maxSentences: was not set, is 3\n' +
        '  onLong: was error, is skip\nset them back, or start a new run',
    );
    try {
      other.restore(stream.state());
    } catch (error) {
      expect((error as Error).name).toBe('ConfigError');
    }
    expect(() => stream.restore({ ...stream.state(), epoch: -1 })).toThrow(
      /position in the training data is damaged: /,
    );
    expect(() => stream.restore({ ...stream.state(), pool: 9 })).toThrow('position in pool 9 of 4 cannot be restored');
  });

  it('notices that the batch is no longer there', async () => {
    const stream = new BatchStream(await corpusOfLengths(LENGTHS), options());
    stream.restore({ ...stream.state(), pool: 3, batchInPool: 99, batchInEpoch: 120 });
    await expect(stream.next()).rejects.toThrow(
      /a: batch 120 of epoch 0 is no longer there: the data or their encoding/,
    );
  });
});

describe('over-long rows', () => {
  const files = { a: 'aaaaaaaa\naa\naaa\naaaaaaaaaaaa', b: 'b\nbb\nbbbbbbbbb\nb' };
  const short = (origin: string) => origin.replace(/.*[\\/]/, '');

  it('are an error that names the row and what to raise', async () => {
    const corpus = await corpusOf(files);
    const error = async (limits: Partial<BatchingConfig>) => {
      const stream = new BatchStream(corpus, options(limits));
      const { name, message } = await stream.next().then(
        () => new Error('none'),
        (reason: Error) => reason,
      );
      await expect(stream.next()).rejects.toThrow('asked for a batch after a failure');
      return `${name}: ${short(message)}`;
    };
    const rest = 'shorten the row, or set `onLong` to `skip` or `truncate`';
    expect(await error({ maxTokens: 12 })).toBe(
      `DataError: a:4: the source has 13 tokens, more than \`maxTokens\` (12); raise \`maxTokens\`, ${rest}`,
    );
    expect(await error({ maxTargetLength: 9 })).toBe(
      `DataError: b:3: the target has 10 tokens, more than \`maxTargetLength\` (9); raise \`maxTargetLength\`, ${rest}`,
    );
  });

  it('are left out and counted once each', async () => {
    const corpus = await corpusOf(files);
    const stream = new BatchStream(corpus, options({ onLong: 'skip', maxSourceLength: 8, maxTargetLength: 9 }));
    expect(rowsOf(await takeEpochs(stream, 1))).toEqual([1]);
    await takeEpochs(stream, 2);
    const [warning, ...none] = stream.report();
    expect(none).toEqual([]);
    expect({ ...warning, examples: warning?.examples.map(short) }).toMatchObject({
      action: 'skippedLong',
      count: 3,
      examples: ['a:1', 'b:3', 'a:4'],
      message: expect.stringMatching(
        /^3 rows left out because a side is too long \(onLong: skip\): .*a:1, .*b:3, .*a:4$/,
      ),
    });
  });

  it('are cut on both sides, counted, and keep their end token', async () => {
    const corpus = await corpusOf(files);
    const stream = new BatchStream(
      corpus,
      options({ onLong: 'truncate', maxSourceLength: 4, maxTargetLength: 3 }, { endId: 2 }),
    );
    const [batch] = await takeEpochs(stream, 1);
    const cut = Object.fromEntries(
      (batch?.rows ?? []).map((row, i) => [row, [batch?.examples[i]?.source, batch?.examples[i]?.target]]),
    );
    const [a, b] = [97, 98];
    expect(cut).toEqual({
      0: [Int32Array.of(a, a, a, 2), Int32Array.of(b, 2)],
      1: [Int32Array.of(a, a, 2), Int32Array.of(b, b, 2)],
      2: [Int32Array.of(a, a, a, 2), Int32Array.of(b, b, 2)],
      3: [Int32Array.of(a, a, a, 2), Int32Array.of(b, 2)],
    });
    expect(stream.report().map(({ action, count }) => [action, count])).toEqual([['truncated', 3]]);
    const plainCut = new BatchStream(corpus, options({ onLong: 'truncate', maxSourceLength: 4 }));
    const lasts = (await plainCut.next()).examples.map(({ source }) => source.at(-1));
    expect(lasts.sort()).toEqual([2, 2, a, a].sort());
  });

  it('may be sequences other than tokens', async () => {
    const corpus = await corpusOf(files);
    const stream = new BatchStream(corpus, {
      encode: (row) => ({ source: [...row.source], target: ids(row.target), note: row.index }),
      seed: 1,
      batching: batchingSchema.parse({ maxTokens: 40, onLong: 'truncate', maxSourceLength: 4 }),
    });
    const { examples, rows } = await stream.next();
    expect(examples.map((example) => example.note)).toEqual(rows);
    expect(examples.map((example) => example.source.join('')).sort()).toEqual(['aa', 'aaa', 'aaaa', 'aaaa']);
  });
});

describe('blank rows', () => {
  const files = { a: 'a\n \nc\nd', b: 'a\nb\nc\n' };

  it('are left out and counted, also when only encoding leaves nothing', async () => {
    const corpus = await corpusOf({ a: 'a\n \nc\n-', b: 'a\nb\n\nd' });
    const stripping: Encode = (row) => ({
      source: Int32Array.from([...row.source.replace('-', '')], () => 1),
      target: ids(row.target),
    });
    const stream = new BatchStream(corpus, options({}, { encode: stripping }));
    expect(rowsOf(await takeEpochs(stream, 1))).toEqual([0]);
    const [warning] = stream.report();
    expect(warning).toMatchObject({ action: 'skippedBlank', count: 3 });
    expect(warning?.examples.map((origin) => origin.replace(/.*[\\/]/, ''))).toEqual(['a:2', 'b:3', 'a:4']);
  });

  it('are an error at once, or are kept', async () => {
    const corpus = await corpusOf({ ...files, b: 'a\nb\nc\n\n' });
    expect(() => new BatchStream(corpus, options({ onBlank: 'error' }))).toThrow(
      /^1 row with a blank source: .*a:2; 1 row with a blank target: .*b:4; fill or remove these rows, or set/,
    );
    const kept = await takeEpochs(new BatchStream(corpus, options({ onBlank: 'keep' })), 1);
    expect(rowsOf(kept).sort()).toEqual([0, 1, 2, 3]);
  });

  it('may not be all there is', async () => {
    const corpus = await corpusOf({ a: '\n\n', b: 'a\nb\n' });
    const message = /a: expected rows to use, found that all 2 are left out as blank or too long; check the data/;
    await expect(new BatchStream(corpus, options()).next()).rejects.toThrow(message);
    await expect(fixedBatches(corpus, options()).next()).rejects.toThrow(message);
  });
});

describe('fixedBatches', () => {
  it('gives all rows once, always alike, and counts what it leaves out', async () => {
    const lines = LENGTHS.map((length, i) => (i === 5 ? '' : 'a'.repeat(length))).join('\n');
    const corpus = await corpusOf({ a: lines, b: lines });
    const pass = async (report?: RowReport) => {
      const batches: Batch<TokenExample>[] = [];
      for await (const batch of fixedBatches(corpus, options(), report)) batches.push(batch);
      return batches;
    };
    const report = new RowReport(corpus.size);
    const batches = await pass(report);
    expect(report.warnings()).toMatchObject([{ action: 'skippedBlank', count: 1 }]);
    expect(rowsOf(batches).sort(byNumber)).toEqual(LENGTHS.map((_, i) => i).filter((i) => i !== 5));
    expect(batches.map((batch) => batch.lastOfEpoch)).toEqual(batches.map((_, i) => i === batches.length - 1));
    expect((await pass()).map(plain)).toEqual(batches.map(plain));
    // Pools follow the order of the files.
    expect(Math.max(...rowsOf(batches.slice(0, 2)))).toBeLessThan(12);
  });
});
