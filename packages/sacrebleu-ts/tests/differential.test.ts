// Scores of random corpora equal Python sacreBLEU's. The cases come from tests/reference/sacrebleu/generate.py; set
// SACREBLEU_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BLEU, type BLEUOptions } from '../src/index.js';
import { fromPython, type PythonOptions } from './python.js';

interface Case {
  options: PythonOptions;
  hypotheses: string[];
  references: (string | null)[][];
  expected: {
    score: number;
    counts: number[];
    totals: number[];
    precisions: number[];
    bp: number;
    systemLength: number;
    referenceLength: number;
    text: string;
    signature: string;
    shortSignature: string;
  };
}

const file = process.env.SACREBLEU_CASES ?? new URL('differential.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };

/** Largest absolute difference of two lists of equal length. */
const difference = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) : Number.NaN;

function compare({ options, hypotheses, references, expected }: Case, settings: BLEUOptions = fromPython(options)) {
  const bleu = new BLEU(settings);
  const streams = references.map((stream) => stream.map((reference) => reference ?? undefined));
  const found =
    hypotheses.length === 1
      ? bleu.sentenceScore(
          hypotheses[0]!,
          streams.map((stream) => stream[0]),
        )
      : bleu.corpusScore(hypotheses, streams);
  const ours = (signature: string) => signature.replace(/:2\.6\.0$/, ':ts-0.1.0');
  return (
    found.systemLength === expected.systemLength &&
    found.referenceLength === expected.referenceLength &&
    difference(
      [found.score, found.bp, ...found.counts, ...found.totals, ...found.precisions],
      [expected.score, expected.bp, ...expected.counts, ...expected.totals, ...expected.precisions],
    ) < 1e-9 &&
    found.toString() === expected.text &&
    found.signature === ours(expected.signature) &&
    found.shortSignature === ours(expected.shortSignature)
  );
}

test(`scores, counts, texts and signatures of ${cases.length} random corpora equal sacreBLEU's`, () => {
  expect(cases.length).toBeGreaterThanOrEqual(300);
  expect(cases.filter((each) => !compare(each))).toEqual([]);
});
