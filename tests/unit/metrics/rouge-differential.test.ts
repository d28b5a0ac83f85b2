// ROUGE of random texts equals rouge_score's, and stems equal NLTK's. The cases come from tests/reference/rouge/generate.py; set
// ROUGE_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stem } from '../../../src/metrics/rouge/porter.js';
import { bestRouge, type RougeType } from '../../../src/metrics/rouge/rouge.js';

type Triple = [precision: number, recall: number, fmeasure: number];

interface Case {
  stem: boolean;
  targets: string[];
  prediction: string;
  expected: Record<RougeType, Triple>;
}

const file = process.env.ROUGE_CASES ?? new URL('rouge-differential.json', import.meta.url);
const { cases, stems } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[]; stems: string };

test(`scores of ${cases.length} random texts equal rouge_score's`, () => {
  expect(cases.length).toBeGreaterThanOrEqual(100);
  const wrong = cases.filter(({ stem: useStemmer, targets, prediction, expected }) =>
    Object.entries(expected).some(([type, [precision, recall, fmeasure]]) => {
      const found = bestRouge(type as RougeType, targets, prediction, useStemmer);
      const largest = Math.max(
        Math.abs(found.precision - precision),
        Math.abs(found.recall - recall),
        Math.abs(found.fmeasure - fmeasure),
      );
      return !(largest < 1e-9);
    }),
  );
  expect(wrong).toEqual([]);
});

const pairs = stems.split(' ').map((pair) => pair.split('>') as [word: string, stem: string]);

test(`stems of ${pairs.length} words equal NLTK's`, () => {
  expect(pairs.length).toBeGreaterThan(1000);
  expect(pairs.filter(([word, expected]) => stem(word) !== expected).map((pair) => [...pair, stem(pair[0])])).toEqual(
    [],
  );
});
