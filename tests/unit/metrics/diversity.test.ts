// How diverse and how long outputs are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScorer } from '../../../src/metrics/metric.js';
import { metricReward } from '../../../src/metrics/sentence.js';

const NAMES = ['distinct-1', 'distinct-2', 'responseLength'];

function score(outputs: readonly string[], lowercase = false) {
  const scorer = createScorer(NAMES, { tokenize: '13a', lowercase });
  for (const output of outputs) scorer.add(output, []);
  return scorer.results();
}

describe('diversity', () => {
  it('is the percentage of distinct words and pairs of words within outputs', () => {
    // Words: I do not know . x6, I, do, do; pairs: I do, do not, not know, know . twice, I do, do do.
    const found = score(['I do not know .', 'I  do not\tknow .', '', 'I do do', 'I']);
    expect(found['distinct-1']).toEqual({
      score: (100 * 5) / 14,
      signature: 'case:mixed',
      details: { distinct: 5, total: 14 },
    });
    expect(found['distinct-2']!.details).toEqual({ distinct: 5, total: 10 });
    expect(found['distinct-2']!.score).toBe(50);
    expect(found.responseLength).toEqual({ score: 14 / 5, details: { outputs: 5, words: 14 } });
  });

  it('heeds case unless told otherwise', () => {
    expect(score(['A a'])['distinct-1']!.score).toBe(100);
    expect(score(['A a'], true)['distinct-1']).toMatchObject({ score: 50, signature: 'case:lc' });
  });

  it('is nothing of nothing', () => {
    for (const outputs of [[], ['', ' ']]) {
      expect(NAMES.map((name) => score(outputs)[name]!.score)).toEqual([0, 0, 0]);
    }
  });

  it('halves where all outputs come twice', () => {
    const output = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(output, { maxLength: 5 }), (outputs) => {
        const [once, twice] = [score(outputs), score([...outputs, ...outputs])];
        for (const name of ['distinct-1', 'distinct-2']) {
          expect(twice[name]!.score).toBeCloseTo(once[name]!.score / 2, 10);
        }
        expect(twice.responseLength!.score).toBeCloseTo(once.responseLength!.score, 10);
      }),
    );
  });

  it('counts from 0 to 1 as a reward', () => {
    expect(metricReward('distinct-2', { tokenize: '13a', lowercase: false })('a b a b', 'x')).toBeCloseTo(2 / 3, 12);
  });
});
