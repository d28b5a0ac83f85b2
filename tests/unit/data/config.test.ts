// The schemas of splits and batching: defaults, and the messages of contradictory values.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batchingSchema, resolveSplit, splitSchema } from '../../../src/data/config.js';

const problems = (schema: typeof splitSchema | typeof batchingSchema, value: unknown) =>
  schema.safeParse(value).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);

describe('splitSchema', () => {
  it('fills in format and columns and joins paths to the base folder', () => {
    const absolute = join(process.cwd(), 'x.tsv');
    expect(resolveSplit({ source: 'a', target: 'b.gz' }, 'conf')).toEqual({
      kind: 'parallel',
      source: join('conf', 'a'),
      target: join('conf', 'b.gz'),
    });
    expect(resolveSplit({ file: 'x.jsonl.gz' }, 'conf')).toEqual({
      kind: 'jsonl',
      file: join('conf', 'x.jsonl.gz'),
      sourceColumn: 'source',
      targetColumn: 'target',
    });
    expect(resolveSplit({ file: absolute, targetColumn: 'de' }, 'conf')).toEqual({
      kind: 'tsv',
      file: absolute,
      sourceColumn: 0,
      targetColumn: 'de',
    });
  });

  it('says what contradicts what', () => {
    expect(() => resolveSplit({ file: 'a.tsv', source: 'b' }, '.')).toThrow(
      /^the split cannot be used: .*`file` is set/,
    );
    expect(problems(splitSchema, {})).toEqual([
      'source: give either `source` and `target` (parallel files) or `file` (TSV or JSONL), but none is set.',
    ]);
    expect(problems(splitSchema, { source: 'a', format: 'tsv' })).toEqual([
      'target: `source` is set, so `target` must be set as well.',
      'format: `format` is for `file` (TSV or JSONL), which is not set.',
    ]);
    expect(problems(splitSchema, { target: 'a' })).toEqual([
      'source: `target` is set, so `source` must be set as well.',
    ]);
    expect(problems(splitSchema, { source: 'a', file: 'b.tsv' })).toEqual([
      'source: `file` is set, so `source` must not be: give one or the other.',
    ]);
    expect(problems(splitSchema, { file: 'b.csv' })).toEqual([
      'format: `b.csv` ends neither in .tsv nor in .jsonl: set `format` to `tsv` or `jsonl`.',
    ]);
    expect(problems(splitSchema, { file: 'b.jsonl', sourceColumn: 1 })).toEqual([
      'sourceColumn: a column of a JSONL file is a key, but `sourceColumn` is the number 1.',
    ]);
  });
});

describe('batchingSchema', () => {
  it('has defaults', () => {
    expect(batchingSchema.parse({})).toEqual({
      maxTokens: 4096,
      bucketing: 32768,
      onLong: 'error',
      onBlank: 'skip',
      onShort: 'skip',
    });
  });

  it('refuses a length limit above maxTokens', () => {
    expect(problems(batchingSchema, { maxTokens: 10, maxTargetLength: 11 })).toEqual([
      'maxTargetLength: `maxTargetLength` must not be larger than `maxTokens` (10), but is 11.',
    ]);
  });
});
