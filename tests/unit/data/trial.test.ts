// The checks before the first step: over-long rows are found early and cheaply, and the trial batches bound the real ones.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedBatches } from '../../../src/data/batches.js';
import { type BatchingConfig, batchingSchema } from '../../../src/data/config.js';
import type { Encode } from '../../../src/data/examples.js';
import { checkLengths, worstBatches } from '../../../src/data/trial.js';
import { corpusOf } from './folder.js';

const ids = (text: string) => Int32Array.from([...text].map((letter) => letter.charCodeAt(0)));
const encode: Encode = (row) => ({ source: ids(row.source), target: ids(row.target) });
const options = (batching: Partial<BatchingConfig>) => ({ encode, batching: batchingSchema.parse(batching) });

describe('checkLengths', () => {
  const lines = (count: number, long: number) =>
    Array.from({ length: count }, (_, i) => 'x'.repeat(i < long ? 10 : 3)).join('\n');

  it('finds over-long rows among the longest lines only', async () => {
    const corpus = await corpusOf({ a: lines(1000, 2), b: lines(1000, 0) });
    let encoded = 0;
    const counting: Encode = (row, random) => {
      encoded += 1;
      return encode(row, random);
    };
    const check = (batching: Partial<BatchingConfig>) =>
      checkLengths(corpus, { ...options(batching), encode: counting });
    await check({ maxSourceLength: 10 });
    expect(encoded).toBe(2);
    await expect(check({ maxSourceLength: 9 })).rejects.toThrow(
      /a:1: the source has 10 tokens, more than `maxSourceLength` \(9\); raise .* \(the first of 2 such rows\)$/,
    );
    await check({ maxSourceLength: 9, onLong: 'skip' });
    expect(encoded).toBe(4);
  });

  it('looks at all rows when more than the remembered ones may be too long', async () => {
    const corpus = await corpusOf({ a: lines(1000, 0), b: lines(1000, 700) });
    await expect(checkLengths(corpus, options({ maxTargetLength: 9 }))).rejects.toThrow('(the first of 700 such rows)');
  });

  it('passes other failures on', async () => {
    const corpus = await corpusOf({ a: 'abc', b: 'abc' });
    const failing: Encode = () => {
      throw new RangeError('broken tokenizer');
    };
    await expect(checkLengths(corpus, { ...options({ maxTokens: 2 }), encode: failing })).rejects.toThrow(RangeError);
  });
});

describe('worstBatches', () => {
  it('bound every real batch', async () => {
    const line = fc.integer({ min: 1, max: 20 }).map((length) => 'x'.repeat(length));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, line), { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 20, max: 100 }),
        fc.option(fc.integer({ min: 1, max: 9 })),
        async (rows, maxTokens, maxSentences) => {
          const corpus = await corpusOf({
            a: rows.map(([source]) => source).join('\n'),
            b: rows.map(([, target]) => target).join('\n'),
          });
          const limits = options({ maxTokens, ...(maxSentences === null ? {} : { maxSentences }) });
          const worst = await worstBatches(corpus, limits);
          const width = (batch: { sourceLength: number; targetLength: number }) =>
            Math.max(batch.sourceLength, batch.targetLength);
          const area = Math.max(...worst.map((batch) => batch.examples.length * width(batch)));
          expect(area).toBeLessThanOrEqual(maxTokens);
          for await (const batch of fixedBatches(corpus, limits)) {
            expect(width(batch)).toBeLessThanOrEqual(width(worst[0]!));
            expect(batch.examples.length * width(batch)).toBeLessThanOrEqual(area);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('join the longest source and the longest target', async () => {
    const corpus = await corpusOf({ a: `${'x'.repeat(10)}\nx\nx`, b: `x\n${'x'.repeat(8)}\nx` });
    const [first, ...none] = await worstBatches(corpus, options({ maxTokens: 30 }));
    expect(first).toMatchObject({ rows: [0, 1, 2], sourceLength: 10, targetLength: 8 });
    expect(none).toEqual([]);
  });

  it('fill up with rows again, and add a batch with more padded tokens', async () => {
    const corpus = await corpusOf({ a: `${'x'.repeat(11)}\n${'x'.repeat(10)}`, b: 'x\nx' });
    const worst = await worstBatches(corpus, options({ maxTokens: 20 }));
    expect(worst.map((batch) => [batch.rows, batch.sourceLength])).toEqual([
      [[0], 11],
      [[1, 1], 10],
    ]);
  });

  it('are none when no row is usable', async () => {
    expect(await worstBatches(await corpusOf({ a: '\n', b: 'x\n' }), options({}))).toEqual([]);
  });
});
