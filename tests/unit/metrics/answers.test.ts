// Exact match and F1 of answers equal the official evaluation of SQuAD 1.1. The cases come from tests/reference/squad/make.py; set
// SQUAD_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizeAnswer } from '../../../src/metrics/answers/squad.js';
import { createScorer } from '../../../src/metrics/metric.js';

interface Case {
  output: string;
  golds: string[];
  normalized: string;
  exactMatch: number;
  f1: number;
}

const file = process.env.SQUAD_CASES ?? new URL('../../reference/squad/expected.json', import.meta.url);
const { corpus, cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  corpus: { exact_match: number; f1: number };
  cases: Case[];
};
const plain = { tokenize: '13a', lowercase: false } as const;

function score(...examples: [output: string, golds: string[]][]) {
  const scorer = createScorer(['squadExactMatch', 'squadF1'], plain);
  for (const [output, golds] of examples) scorer.add(output, golds);
  const { squadExactMatch, squadF1 } = scorer.results();
  return { exactMatch: squadExactMatch!, f1: squadF1! };
}

describe('answers', () => {
  it(`are normalised as officially in ${cases.length} random cases`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(150);
    expect(cases.filter(({ output, normalized }) => normalizeAnswer(output) !== normalized)).toEqual([]);
    expect(cases.filter(({ normalized }) => normalizeAnswer(normalized) !== normalized)).toEqual([]);
  });

  it('get the official scores, one by one and all together', () => {
    const wrong = cases.filter(({ output, golds, exactMatch, f1 }) => {
      const found = score([output, golds]);
      return found.exactMatch.score !== 100 * exactMatch || found.f1.score !== 100 * f1;
    });
    expect(wrong).toEqual([]);
    const found = score(...cases.map(({ output, golds }): [string, string[]] => [output, golds]));
    expect(found.exactMatch.score).toBeCloseTo(corpus.exact_match, 9);
    expect(found.f1.score).toBeCloseTo(corpus.f1, 9);
  });

  it('lose case, ASCII punctuation, English articles and spaces, and nothing else', () => {
    expect(normalizeAnswer(' The  U.S.\tPresident (an elected one)! ')).toBe('us president elected one');
    expect(normalizeAnswer('Theo and Ana')).toBe('theo and ana');
    expect(normalizeAnswer('der Hund, ¿el perro?')).toBe('der hund ¿el perro');
    // Marks are not word characters in Python, so the article before one goes.
    expect(normalizeAnswer('a\u0301 x')).toBe('\u0301 x');
  });

  it('match the best of several references', () => {
    expect(score(['cat dog', ['bird', 'the dog', 'cat']], ['x', ['y', 'z']])).toEqual({
      exactMatch: { score: 0, signature: 'nrefs:var|squad:1.1' },
      f1: { score: expect.closeTo(100 / 3, 10), signature: 'nrefs:var|squad:1.1' },
    });
  });

  it('without words are a match, but have no F1, as in version 1.1', () => {
    const { exactMatch, f1 } = score(['', ['the']]);
    expect([exactMatch.score, f1.score]).toEqual([100, 0]);
  });

  it('need a reference', () => {
    expect(() => score(['a', []])).toThrow('references: expected at least one text');
    expect(score().f1.score).toBe(0);
  });
});
