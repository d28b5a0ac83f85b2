// Counts, rates and alignments of random corpora equal jiwer's. The cases come from tests/reference/jiwer/generate.py; set
// JIWER_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { align } from '../../../src/metrics/edits/align.js';
import { alignSegments } from '../../../src/metrics/error-rates/alignment.js';
import {
  errorRate,
  matchErrorRate,
  wordInformationLost,
  wordInformationPreserved,
} from '../../../src/metrics/error-rates/rates.js';
import { frequentErrors, renderAlignment, renderFrequentErrors } from '../../../src/metrics/error-rates/render.js';
import { codePoints, words } from '../../../src/metrics/error-rates/units.js';

interface Counts {
  hits: number;
  substitutions: number;
  insertions: number;
  deletions: number;
  rate: number;
}

interface Corpus {
  unit: 'word' | 'character';
  references: string[];
  hypotheses: string[];
  render: { showMeasures: boolean; skipCorrect: boolean; lineWidth: number | null };
  expected: Counts & { mer?: number; wil?: number; wip?: number; text: string; errors: string };
}

interface Recipe {
  recipe: { seed: number; length: number; alphabet: number; edits: number };
  expected: Counts;
}

const file = process.env.JIWER_CASES ?? new URL('jiwer-differential.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: (Corpus | Recipe)[] };
const corpora = cases.filter((each): each is Corpus => 'unit' in each);
const recipes = cases.filter((each): each is Recipe => 'recipe' in each);

/** The long segments that generate.py makes from the same numbers. */
function longTexts({ seed, length, alphabet, edits }: Recipe['recipe']) {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % limit;
  };
  const reference: number[] = [];
  const hypothesis: number[] = [];
  for (let i = 0; i < length; i++) {
    const unit = below(alphabet);
    reference.push(unit);
    if (below(1000) >= edits) {
      hypothesis.push(unit);
      continue;
    }
    const kind = below(3);
    if (kind === 0) hypothesis.push(below(alphabet));
    else if (kind === 1) hypothesis.push(unit, below(alphabet));
  }
  return { reference: Int32Array.from(reference), hypothesis: Int32Array.from(hypothesis) };
}

const close = (found: number, expected: number | undefined) =>
  expected === undefined || Math.abs(found - expected) < 1e-9;

const sameCounts = (found: Omit<Counts, 'rate'>, expected: Counts) =>
  found.hits === expected.hits &&
  found.substitutions === expected.substitutions &&
  found.insertions === expected.insertions &&
  found.deletions === expected.deletions;

test(`counts, rates and texts of ${corpora.length} random corpora equal jiwer's`, () => {
  expect(corpora.length).toBeGreaterThanOrEqual(250);
  const wrong = corpora.filter(({ unit, references, hypotheses, render, expected }) => {
    const alignment = alignSegments(references, hypotheses, unit === 'word' ? words : codePoints);
    const { counts } = alignment;
    const text = renderAlignment(alignment, { unit, ...render, lineWidth: render.lineWidth ?? undefined });
    return !(
      sameCounts(counts, expected) &&
      close(errorRate(counts), expected.rate) &&
      close(matchErrorRate(counts), expected.mer) &&
      close(wordInformationLost(counts), expected.wil) &&
      close(wordInformationPreserved(counts), expected.wip) &&
      text === expected.text &&
      renderFrequentErrors(frequentErrors(alignment, unit)) === expected.errors
    );
  });
  expect(wrong).toEqual([]);
});

test(`counts of ${recipes.length} long segments equal jiwer's`, () => {
  expect(recipes.length).toBeGreaterThanOrEqual(50);
  const wrong = recipes.filter(({ recipe, expected }) => {
    const { reference, hypothesis } = longTexts(recipe);
    const edits = align(reference, hypothesis);
    return !(sameCounts(edits, expected) && close(errorRate(edits), expected.rate));
  });
  expect(wrong).toEqual([]);
});
