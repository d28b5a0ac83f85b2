// F1 of entities equals seqeval's and conlleval's. The cases come from tests/reference/entities/make.py; set ENTITY_CASES to check
// another file that it wrote.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { markedSpans, TAG_SCHEMES, type TagScheme } from '../../../src/metrics/entities/spans.js';
import { createScorer } from '../../../src/metrics/metric.js';

interface Case {
  /** None for seqeval's default mode. */
  scheme: TagScheme | null;
  golds: string[];
  outputs: string[];
  expected: Record<string, number> & { types: [precision: number, recall: number, f1: number, support: number][] };
}

const file = process.env.ENTITY_CASES ?? new URL('../../reference/entities/expected.json', import.meta.url);
const CASES = JSON.parse(readFileSync(file, 'utf8')) as Case[];

function score(golds: readonly string[], outputs: readonly string[], tagScheme?: TagScheme) {
  const scorer = createScorer(['entityF1'], { tokenize: '13a', lowercase: false, tagScheme });
  golds.forEach((gold, i) => {
    scorer.add(outputs[i] as string, [gold]);
  });
  const { score: f1, details } = scorer.results().entityF1!;
  return { f1, ...details } as unknown as Record<string, number> & {
    types: { type: string; precision: number; recall: number; f1: number; support: number; found: number }[];
  };
}

const entities = (line: string, scheme: TagScheme = 'conlleval') =>
  markedSpans(line.split(' '), scheme).spans.map(({ type, first, last }) => [type, first, last]);

describe('F1 of entities', () => {
  it.each(TAG_SCHEMES)('equals seqeval’s: %s', (wanted) => {
    const cases = CASES.filter(({ scheme }) => (scheme ?? 'conlleval') === wanted);
    expect(cases.length).toBeGreaterThan(10);
    for (const { golds, outputs, expected } of cases) {
      const found = score(golds, outputs, wanted);
      const { types, ...numbers } = expected;
      for (const [name, value] of Object.entries(numbers)) {
        expect(Math.abs(found[name]! - value), `${name} of ${JSON.stringify([golds, outputs])}`).toBeLessThan(1e-9);
      }
      const rows = found.types.map(({ precision, recall, f1, support }) => [precision, recall, f1, support]);
      // seqeval sorts types as Python sorts text, by code points, as all types of the cases are sorted here too.
      expect(rows, JSON.stringify([golds, outputs])).toEqual(
        types.map((row) => row.map((value) => expect.closeTo(value, 9))),
      );
    }
  });

  it('has the counts of conlleval, here made by hand', () => {
    const golds = ['B-NP I-NP O B-VP B-NP', 'B-PP B-NP I-NP O'];
    const outputs = ['B-NP B-NP O B-VP I-NP', 'I-PP B-NP I-NP I-NP'];
    const { precision, recall, f1, accuracy, correct, found, expected } = score(golds, outputs);
    expect([correct, found, expected]).toEqual([3, 6, 5]);
    expect([precision, recall, f1, accuracy]).toEqual([3 / 6, 3 / 5, 6 / 11, 5 / 9]);
  });
});

describe('entities', () => {
  it('are what conlleval takes for one, however they are spelt', () => {
    expect(entities('O O O B-MISC I-MISC I-MISC O B-PER I-PER')).toEqual([
      ['MISC', 3, 5],
      ['PER', 7, 8],
    ]);
    expect(entities('I-A I-B I-B B-B E-B E-B S-B I-B')).toEqual([
      ['A', 0, 0],
      ['B', 1, 2],
      ['B', 3, 4],
      ['B', 5, 5],
      ['B', 6, 6],
      ['B', 7, 7],
    ]);
    expect(score(['B-ORG I-ORG'], ['I-ORG I-ORG']).f1).toBe(1);
  });

  it('are spelt as the scheme has it, where one is asked for', () => {
    expect(score(['B-ORG I-ORG'], ['I-ORG I-ORG'], 'IOB2').f1).toBe(0);
    expect(entities('I-A E-A B-A I-A E-A S-A B-A I-A', 'IOBES')).toEqual([
      ['A', 2, 4],
      ['A', 5, 5],
    ]);
    expect(entities('I-A L-A B-A I-A L-A U-A B-A I-A', 'BILOU')).toEqual(
      entities('I-A E-A B-A I-A E-A S-A B-A I-A', 'IOBES'),
    );
  });

  it('never overlap, and with a scheme are some of those without', () => {
    const tag = fc.oneof(
      fc.constant('O'),
      fc.tuple(fc.constantFrom('B', 'I', 'E', 'S'), fc.constantFrom('A', 'B')).map((parts) => parts.join('-')),
    );
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 12 }), (tags) => {
        const all = entities(tags.join(' '));
        const covered = all.flatMap(([, first, last]) =>
          Array.from({ length: (last as number) - (first as number) + 1 }, (_, i) => (first as number) + i),
        );
        expect(covered).toEqual(tags.flatMap((text, i) => (text === 'O' ? [] : [i])));
        for (const span of entities(tags.join(' '), 'IOBES')) expect(all).toContainEqual(span);
      }),
    );
  });
});

describe('lines of tags', () => {
  it('of another length than the reference are counted, and wrong where they go on', () => {
    const found = score(['B-A O B-B', 'O', 'O'], ['B-A', 'O S-A', 'O']);
    expect(found).toMatchObject({ otherLength: 2, correct: 1, found: 2, expected: 2, f1: 0.5, accuracy: 3 / 5 });
  });

  it('may have what is no tag in outputs, which counts as O, but not in references', () => {
    const found = score(['B-A O', 'B-A'], ['B-A xyz', 'b-A']);
    expect(found).toMatchObject({ unreadable: 2, correct: 1, found: 1, expected: 2 });
    expect(() => score(['O', 'B-A person'], ['O', 'O'])).toThrow(DataError);
    expect(() => score(['O', 'B-A person'], ['O', 'O'])).toThrow('reference of example 2: expected O, or B, I, E or S');
    expect(() => score(['S-A'], ['O'], 'IOB2')).toThrow('expected tags of IOB2, found "S-A"');
  });

  it('may be empty', () => {
    expect(score(['', 'O'], ['', 'O'])).toMatchObject({ f1: 0, accuracy: 1, types: [] });
    expect(score([], [])).toMatchObject({ f1: 0, accuracy: 0, expected: 0 });
  });
});
