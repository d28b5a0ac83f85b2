// The registry of text metrics and the numbers they report.
import fc from 'fast-check';
import { BLEU } from 'sacrebleu-ts';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { createScorer, findMetric, hasSubwordMarks, METRIC_NAMES } from '../../../src/metrics/metric.js';

const plain = { tokenize: '13a', lowercase: false } as const;

describe('the registry', () => {
  it('finds every metric by its name', () => {
    const errorRates = ['wer', 'cer', 'mer', 'wil', 'per', 'pronunciationErrorRate'];
    const rouge = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];
    expect(METRIC_NAMES).toEqual(expect.arrayContaining(['bleu', 'exactMatch', ...errorRates, ...rouge]));
    expect(new Set(METRIC_NAMES).size).toBe(METRIC_NAMES.length);
    for (const name of errorRates) expect(findMetric(name)).toMatchObject({ name, higherIsBetter: false });
    for (const name of ['bleu', 'exactMatch', ...rouge]) {
      expect(findMetric(name)).toMatchObject({ name, higherIsBetter: true });
    }
  });

  it('lists the metrics where a name is unknown', () => {
    expect(() => findMetric('BLUE')).toThrow(UsageError);
    expect(() => findMetric('BLUE')).toThrow(
      'unknown metric "BLUE"; the metrics here are bleu, chrf, chrf++, ter, exactMatch, ',
    );
    expect(() => createScorer(['bleu', 'werr'], plain)).toThrow(UsageError);
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

describe('error rates', () => {
  const score = (name: string, pairs: [hypothesis: string, ...references: string[]][], options = {}) => {
    const scorer = createScorer([name], { ...plain, ...options });
    for (const [hypothesis, ...references] of pairs) scorer.add(hypothesis, references);
    return scorer.results()[name]!;
  };

  it('pool the counts of all examples, as fractions', () => {
    const pairs: [string, string][] = [
      ['the cat sat', 'the cat sat down'],
      ['', 'hello'],
      ['x y', 'x'],
    ];
    expect(score('wer', pairs)).toEqual({
      score: 3 / 6,
      signature: 'nrefs:1|case:mixed|norm:none|unit:word',
      details: { substitutions: 0, insertions: 1, deletions: 2, hits: 4, referenceLength: 6 },
    });
    expect(score('mer', pairs).score).toBeCloseTo(3 / 7, 12);
    expect(score('wil', pairs).score).toBeCloseTo(1 - (4 / 6) * (4 / 5), 12);
    expect(score('wil', pairs).details).toMatchObject({ preserved: (4 / 6) * (4 / 5) });
  });

  it('heed case, normalisation and characters where asked to', () => {
    const pairs: [string, string][] = [['Two colours!', 'two colors']];
    expect(score('wer', pairs).score).toBe(1);
    expect(score('wer', pairs, { lowercase: true }).score).toBe(0.5);
    expect(score('wer', pairs, { normalize: 'basic' }).score).toBe(0.5);
    expect(score('wer', pairs, { normalize: 'english' })).toMatchObject({
      score: 0,
      signature: 'nrefs:1|case:mixed|norm:english|unit:word',
    });
    expect(score('cer', [['e\u0301', 'e']]).details).toMatchObject({ insertions: 1, referenceLength: 1 });
    expect(score('cer', [['e\u0301', 'e']], { characters: 'grapheme' })).toMatchObject({
      signature: 'nrefs:1|case:mixed|norm:none|unit:grapheme',
      details: { substitutions: 1, insertions: 0 },
    });
  });

  it('of phonemes leave stress out where asked to, and never normalise', () => {
    const pairs: [string, string][] = [['HH AH1 L OW1', 'HH AH0\tL OW1']];
    expect(score('per', pairs, { normalize: 'english' }).score).toBe(0.25);
    expect(score('per', pairs, { ignoreStress: true })).toMatchObject({
      score: 0,
      signature: 'nrefs:1|case:mixed|norm:none|unit:phoneme|stress:ignored',
    });
  });

  it('take the closest of several references', () => {
    const pairs: [string, ...string[]][] = [
      ['a b c', 'x y', 'a b c d'],
      ['a', 'a'],
    ];
    expect(score('wer', pairs)).toMatchObject({ score: 1 / 5, signature: 'nrefs:var|case:mixed|norm:none|unit:word' });
  });

  it('are the number of insertions without any reference text, as in jiwer, and undefined without examples', () => {
    expect(score('wer', [['a b', '']]).score).toBe(2);
    expect(score('cer', [['', '']]).score).toBe(0);
    for (const name of ['wer', 'cer', 'mer', 'wil', 'per', 'pronunciationErrorRate'])
      expect(score(name, []).score).toBeNaN();
  });

  it('need a reference for every example', () => {
    for (const name of ['wer', 'pronunciationErrorRate', 'rouge1']) {
      expect(() => createScorer([name], plain).add('a', [])).toThrow('references: expected at least one text');
    }
  });
});

describe('the pronunciation error rate', () => {
  const rate = (pairs: readonly (readonly [string, ...string[]])[], options = {}) => {
    const scorer = createScorer(['pronunciationErrorRate'], { ...plain, ...options });
    for (const [hypothesis, ...references] of pairs) scorer.add(hypothesis, references);
    return scorer.results().pronunciationErrorRate;
  };

  it('is the percentage of words that are given none of their pronunciations', () => {
    const pairs: [string, ...string[]][] = [
      ['R IY1 D', 'R EH1 D', 'R IY1 D'],
      ['R IY D ', 'R EH1 D', 'R IY1 D'],
      ['K  AE1\tT', 'K AE1 T'],
      ['KAE1 T', 'K AE1 T'],
    ];
    expect(rate(pairs)).toEqual({
      score: 50,
      signature: 'nrefs:var|case:mixed|stress:kept',
      details: { wrong: 2, words: 4 },
    });
    expect(rate(pairs, { ignoreStress: true })).toMatchObject({
      score: 25,
      signature: 'nrefs:var|case:mixed|stress:ignored',
    });
  });

  it('heeds case and the stress of IPA where asked to', () => {
    const pairs: [string, string][] = [['ˈk a T', 'k ˌa t']];
    expect([rate(pairs)?.score, rate(pairs, { ignoreStress: true })?.score]).toEqual([100, 100]);
    expect(rate(pairs, { ignoreStress: true, lowercase: true })?.score).toBe(0);
  });
});

describe('ROUGE', () => {
  it('is the mean of the examples, each with its best reference', () => {
    const scorer = createScorer(['rouge1', 'rougeLsum'], plain);
    scorer.add('testing', ['testing one two', 'none']);
    scorer.add('a b', ['a b', 'b']);
    expect(scorer.results().rouge1).toEqual({
      score: 0.75,
      signature: 'nrefs:2|stem:no',
      details: { precision: 1, recall: (1 / 3 + 1) / 2, examples: 2 },
    });
    expect(createScorer(['rougeL'], plain).results().rougeL).toMatchObject({ score: 0 });
  });

  it('compares stems where asked to', () => {
    const score = (stem: boolean) => {
      const scorer = createScorer(['rouge1'], { ...plain, stem });
      scorer.add('he tested it', ['he is testing it']);
      return scorer.results().rouge1!;
    };
    expect(score(false).details).toMatchObject({ precision: 2 / 3 });
    expect(score(true)).toMatchObject({ signature: 'nrefs:1|stem:porter', details: { precision: 1 } });
  });
});

describe('marks of subword tokenizers', () => {
  it('are recognised at the edges of words only', () => {
    for (const line of ['▁the ▁cat', 'un@@ known', 'end@@', 'a ▁b']) expect(hasSubwordMarks(line), line).toBe(true);
    for (const line of ['the cat', 'me@@you', 'a @ b', '', 'x▁y']) expect(hasSubwordMarks(line), line).toBe(false);
  });
});
