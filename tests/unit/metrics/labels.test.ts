// Scores of multi-label classification equal scikit-learn's. The cases come from tests/reference/labels/make.py; set LABEL_CASES to
// check another file that it wrote.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/errors.js';
import { createScorer, findMetric } from '../../../src/metrics/metric.js';

const NAMES = ['microF1', 'macroF1', 'subsetAccuracy', 'hammingLoss'] as const;

type Row = [label: string, precision: number, recall: number, f1: number, support: number];

interface Case extends Record<(typeof NAMES)[number] | 'microPrecision' | 'microRecall', number> {
  labels: string[] | null;
  golds: string[];
  outputs: string[];
  rows: Row[];
}

const file = process.env.LABEL_CASES ?? new URL('../../reference/labels/expected.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

function score(
  pairs: readonly (readonly [output: string, gold: string])[],
  labels?: readonly string[],
  lowercase = false,
) {
  const scorer = createScorer(NAMES, { tokenize: '13a', lowercase, labels });
  for (const [output, gold] of pairs) scorer.add(output, [gold]);
  return scorer.results();
}

describe('lists of labels', () => {
  it(`get scikit-learn's scores in ${cases.length} random corpora`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(12);
    for (const { labels, golds, outputs, rows, ...expected } of cases) {
      const found = score(
        golds.map((gold, i) => [outputs[i]!, gold]),
        labels ?? undefined,
      );
      for (const name of NAMES) expect(found[name]!.score).toBeCloseTo(expected[name], 10);
      const {
        precision,
        recall,
        labels: table,
      } = found.microF1!.details as { [key: string]: unknown; labels: unknown[] };
      expect(precision).toBeCloseTo(expected.microPrecision, 10);
      expect(recall).toBeCloseTo(expected.microRecall, 10);
      const close = (value: number) => expect.closeTo(value, 10);
      expect(table).toEqual(
        rows.map(([label, p, r, f1, support]) => {
          return { label, precision: close(p), recall: close(r), f1: close(f1), support };
        }),
      );
    }
  });

  it('may come in any order, and on blank lines there are none', () => {
    const found = score([
      ['b, a', 'a, b'],
      ['  ', ''],
    ]);
    expect(NAMES.map((name) => found[name]!.score)).toEqual([1, 1, 1, 0]);
    expect(found.microF1!.signature).toBe('nrefs:1|case:mixed|labels:seen');
  });

  it('count a label once, and say how often one came again', () => {
    const found = score([['a, a, b, a', 'a']]);
    expect(found.microF1).toMatchObject({ score: 2 / 3, details: { precision: 0.5, recall: 1, repeated: 2 } });
  });

  it('of outputs are wrong and named where they are not among those given', () => {
    const found = score([['a, c', 'a']], ['b', 'a']);
    expect(found.microF1).toMatchObject({
      score: 2 / 3,
      signature: 'nrefs:1|case:mixed|labels:given',
      details: { precision: 0.5, unknownLabels: ['c'], labels: [{ label: 'b' }, { label: 'a' }] },
    });
    expect([found.macroF1!.score, found.subsetAccuracy!.score, found.hammingLoss!.score]).toEqual([0.5, 0, 0.5]);
  });

  it('are compared in any case where asked to', () => {
    expect(score([['Joy', 'joy']]).microF1!.score).toBe(0);
    expect(score([['Joy', 'joy']], ['JOY'], true).microF1).toMatchObject({
      score: 1,
      signature: 'nrefs:1|case:lc|labels:given',
      details: { labels: [{ label: 'joy' }] },
    });
  });

  it('may be called anything', () => {
    expect(score([['__proto__', 'constructor, __proto__']]).macroF1!.score).toBe(0.5);
  });

  it('have no loss without examples, and zero scores', () => {
    const found = score([]);
    expect(NAMES.map((name) => found[name]!.score)).toEqual([0, 0, 0, Number.NaN]);
    expect(score([['', '']]).hammingLoss!.score).toBe(0);
    expect(findMetric('hammingLoss').higherIsBetter).toBe(false);
  });

  it('of references must be among those given, each once', () => {
    const pairs = [
      ['a', 'a'],
      ['a', 'a, c'],
    ] as const;
    expect(() => score(pairs, ['a', 'b'])).toThrow(DataError);
    expect(() => score(pairs, ['a', 'b'])).toThrow(
      'reference of example 2: expected labels among a, b, found "c" in "a, c"',
    );
    expect(() => score([['a', 'a, b, a']])).toThrow(
      'reference of example 1: expected each label once, found "a" in "a, b, a"',
    );
  });

  it('take one reference for each output', () => {
    const scorer = createScorer(['microF1'], { tokenize: '13a', lowercase: false });
    expect(() => scorer.add('a', ['a', 'b'])).toThrow(UsageError);
    expect(() => scorer.add('a', ['a', 'b'])).toThrow('microF1: expected one reference for each example, found 2');
    expect(() => scorer.add('a', [])).toThrow('found 0');
  });
});
