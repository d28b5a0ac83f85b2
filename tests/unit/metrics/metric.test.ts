// The registry of text metrics and the numbers they report.
import fc from 'fast-check';
import { BLEU } from 'sacrebleu-ts';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { createScorer, findMetric, hasSubwordMarks, METRIC_NAMES } from '../../../src/metrics/metric.js';

const plain = { tokenize: '13a', lowercase: false } as const;

describe('the registry', () => {
  it('finds every metric by its name', () => {
    expect(METRIC_NAMES).toEqual(['bleu', 'exactMatch']);
    for (const name of METRIC_NAMES) {
      expect(findMetric(name)).toMatchObject({ name, higherIsBetter: true });
    }
  });

  it('lists the metrics where a name is unknown', () => {
    expect(() => findMetric('BLUE')).toThrow(UsageError);
    expect(() => findMetric('BLUE')).toThrow('unknown metric "BLUE"; the metrics here are bleu, exactMatch');
    expect(() => createScorer(['bleu', 'wer'], plain)).toThrow(UsageError);
  });
});

describe('scorers', () => {
  const lines = [
    ['the cat sat on the mat .', 'the cat sat on the mat .'],
    ['there is a dog , I think', 'there is a dog , he thinks'],
    ['', 'something'],
  ] as const;

  it('report several metrics of the same outputs, in the order asked for', () => {
    const scorer = createScorer(['exactMatch', 'bleu'], plain);
    for (const [hypothesis, reference] of lines) scorer.add(hypothesis, [reference]);
    const results = scorer.results();
    expect(Object.keys(results)).toEqual(['exactMatch', 'bleu']);
    expect(results.exactMatch).toEqual({ score: 100 / 3 });
    const expected = new BLEU({ tokenize: '13a' }).corpusScore(
      lines.map(([hypothesis]) => hypothesis),
      [lines.map(([, reference]) => reference)],
    );
    expect(results.bleu!.score).toBeCloseTo(expected.score, 12);
    expect(results.bleu!.signature).toMatch(/^nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:/);
    expect(results.bleu!.details).toMatchObject({
      systemLength: expected.systemLength,
      referenceLength: expected.referenceLength,
      brevityPenalty: expected.bp,
    });
    expect(results.bleu!.details!.precisions).toHaveLength(4);
  });

  it('can be asked again and again', () => {
    const scorer = createScorer(['bleu', 'exactMatch'], plain);
    scorer.add('a b c d e', ['a b c d e']);
    expect(scorer.results().bleu!.score).toBeCloseTo(100, 9);
    scorer.add('a b c d e', ['v w x y z']);
    expect(scorer.results().bleu!.score).toBeLessThan(100);
    expect(scorer.results().exactMatch!.score).toBe(50);
  });

  it('take several references and any letter case where asked to', () => {
    const scorer = createScorer(['exactMatch', 'bleu'], { tokenize: 'none', lowercase: true });
    scorer.add('The Cat sat on it', ['a dog sat on it', 'the cat SAT on it']);
    expect(scorer.results().exactMatch!.score).toBe(100);
    expect(scorer.results().bleu!.score).toBeCloseTo(100, 9);
    expect(scorer.results().bleu!.signature).toContain('case:lc');
    expect(scorer.results().bleu!.signature).toContain('tok:none');
    const strict = createScorer(['exactMatch'], plain);
    strict.add('The', ['the']);
    expect(strict.results().exactMatch!.score).toBe(0);
  });

  it('match nothing where there is nothing', () => {
    expect(createScorer(['exactMatch'], plain).results()).toEqual({ exactMatch: { score: 0 } });
  });

  it('count equal lines whatever the order', () => {
    const pair = fc.tuple(fc.constantFrom('a', 'b', 'a b'), fc.constantFrom('a', 'b', 'a b'));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 20 }), (pairs) => {
        const score = (list: typeof pairs) => {
          const scorer = createScorer(['exactMatch', 'bleu'], plain);
          for (const [hypothesis, reference] of list) scorer.add(hypothesis, [reference]);
          return scorer.results();
        };
        const results = score(pairs);
        const hits = pairs.filter(([hypothesis, reference]) => hypothesis === reference).length;
        expect(results.exactMatch!.score).toBeCloseTo((100 * hits) / pairs.length, 10);
        expect(score(pairs.toReversed()).bleu!.score).toBeCloseTo(results.bleu!.score, 10);
      }),
      { numRuns: 50 },
    );
  });
});

describe('marks of subword tokenizers', () => {
  it('are recognised at the edges of words only', () => {
    for (const line of ['▁the ▁cat', 'un@@ known', 'end@@', 'a ▁b']) expect(hasSubwordMarks(line), line).toBe(true);
    for (const line of ['the cat', 'me@@you', 'a @ b', '', 'x▁y']) expect(hasSubwordMarks(line), line).toBe(false);
  });
});
