// Scores of chrF and TER on random corpora equal Python sacreBLEU's. The cases come from
// tests/reference/sacrebleu/generate_chrf_ter.py; set SACREBLEU_CHRF_TER_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TERScore } from '../src/ter.js';
import { metricOf, ours, type PythonOptions } from './chrf-ter-cases.js';

interface Case {
  metric: 'chrF' | 'TER';
  options: PythonOptions;
  hypotheses: string[];
  references: (string | null)[][];
  expected: {
    score: number;
    text: string;
    signature: string;
    shortSignature: string;
    numEdits?: number;
    referenceLength?: number;
  };
}

const file = process.env.SACREBLEU_CHRF_TER_CASES ?? new URL('chrf-ter-differential.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };

function score({ metric: name, options, hypotheses, references }: Case) {
  const metric = metricOf(name, options);
  if (hypotheses.length > 1) return metric.corpusScore(hypotheses, references);
  return metric.sentenceScore(
    hypotheses[0]!,
    references.map((stream) => stream[0]),
  );
}

test.each(['chrF', 'TER'])('scores, edits, texts and signatures of random corpora equal sacreBLEU’s: %s', (metric) => {
  const own = cases.filter((each) => each.metric === metric);
  expect(own.length).toBeGreaterThanOrEqual(100);
  let largest = 0;
  const equals = (each: Case) => {
    const found = score(each);
    const { expected } = each;
    const differences = [found.score - expected.score];
    if (found instanceof TERScore) {
      differences.push(found.numEdits - expected.numEdits!, found.referenceLength - expected.referenceLength!);
    }
    const difference = Math.max(...differences.map(Math.abs));
    if (!(difference <= largest)) largest = difference;
    return (
      difference < 1e-9 &&
      found.toString() === expected.text &&
      found.signature === ours(expected.signature) &&
      found.shortSignature === ours(expected.shortSignature)
    );
  };
  expect(own.filter((each) => !equals(each))).toEqual([]);
  if (process.env.SACREBLEU_CHRF_TER_CASES) console.log(`${own.length} corpora, largest difference ${largest}`);
});
