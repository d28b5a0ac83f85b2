// Scores of trees equal EVALB's and the CoNLL 2018 evaluation's. The cases come from tests/reference/trees/make.py; set TREE_CASES to
// check another file that it wrote.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/errors.js';
import { createScorer } from '../../../src/metrics/metric.js';
import { isTree, readAttachments, scoreAttachments } from '../../../src/metrics/trees/attachments.js';
import { COLLINS, type EvalbParameters, EvalbTotals, scoreSentence } from '../../../src/metrics/trees/evalb.js';
import type { MetricOptions } from '../../../src/metrics/types.js';

interface Reference {
  evalb: {
    name: string;
    parameters: EvalbParameters;
    all: number[];
    short: number[];
    /** Length, status (1 for errors, 2 for skipped), matched, gold and test brackets, crossing, words, correct tags. */
    cases: [gold: string, output: string, row: number[]][];
  }[];
  attachments: { uas: number; las: number; cases: [gold: string, output: string, uas: number, las: number][] };
}

const file = process.env.TREE_CASES ?? new URL('../../reference/trees/expected.json', import.meta.url);
const { evalb, attachments } = JSON.parse(readFileSync(file, 'utf8')) as Reference;
const STATUS = { ok: 0, unmatched: 1, unreadable: 1, empty: 2 };

function score(
  name: string,
  pairs: readonly (readonly [gold: string, output: string])[],
  options?: Partial<MetricOptions>,
) {
  const scorer = createScorer([name], { tokenize: '13a', lowercase: false, ...options });
  for (const [gold, output] of pairs) scorer.add(output, [gold]);
  return scorer.results()[name]!;
}

function row(gold: string, output: string, parameters?: EvalbParameters): number[] {
  const { status, length, matched, ofReference, ofOutput, crossing, words, correctTags } = scoreSentence(
    output,
    gold,
    parameters,
  );
  return [length, STATUS[status], matched, ofReference, ofOutput, crossing, words, correctTags];
}

/** The numbers of EVALB's summary, in its order and with its decimals. */
function printed(summary: ReturnType<EvalbTotals['summary']>): number[] {
  const { sentences, errorSentences, skippedSentences } = summary;
  const { recall, precision, f1, completeMatch, averageCrossing, noCrossing, twoOrLessCrossing } = summary;
  return [
    ...[sentences, errorSentences, skippedSentences, sentences - errorSentences - skippedSentences],
    ...[recall, precision, f1, completeMatch, averageCrossing, noCrossing, twoOrLessCrossing, summary.taggingAccuracy],
  ];
}

/** Equal where `expected` was rounded to two decimals. */
const rounded = (expected: number[]) => expected.map((value) => expect.closeTo(value, 1.9));

describe.each(evalb)('bracketing with the parameters "$name"', ({ name, parameters, all, short, cases }) => {
  it(`gets EVALB's rows for ${cases.length} random sentences`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
    const wrong = cases.filter(([gold, output, expected]) => `${row(gold, output, parameters)}` !== `${expected}`);
    expect(wrong.map(([gold, output, expected]) => [gold, output, expected, row(gold, output, parameters)])).toEqual(
      [],
    );
  });

  it("gets EVALB's summaries", () => {
    const {
      score: f1,
      signature,
      details,
    } = score(
      'evalbF1',
      cases.map(([gold, output]) => [gold, output]),
      {
        evalb: name === 'COLLINS' ? undefined : parameters,
      },
    );
    type Summary = ReturnType<EvalbTotals['summary']>;
    const { short: ofShort, ...rest } = details as Omit<Summary, 'f1'> & { short: Summary };
    expect(printed({ ...rest, f1 })).toEqual(rounded(all));
    expect(printed(ofShort)).toEqual(rounded(short));
    expect(signature).toBe(name === 'COLLINS' ? 'nrefs:1|params:COLLINS' : 'nrefs:1|params:own');
  });

  it('is what the committed parameters say', () => {
    if (name === 'COLLINS') expect(parameters).toEqual(COLLINS);
    else expect(parameters).not.toEqual(COLLINS);
  });
});

describe('bracketing F1', () => {
  const gold = '(TOP (S (NP-SBJ (DT the) (NN dog)) (VP (VBZ barks) (ADVP (RB loudly))) (. .)))';

  it('compares brackets without functions, punctuation and the top', () => {
    const output = '(S (NP (DT the) (NN dog)) (VP (VBZ barks) (PRT (NN loudly))))';
    expect(score('evalbF1', [[gold, output]])).toMatchObject({
      score: 100,
      details: { recall: 100, precision: 100, completeMatch: 100, taggingAccuracy: 75, errorSentences: 0 },
    });
  });

  it('counts crossing brackets', () => {
    const output = '(S (DT the) (X (NN dog) (VBZ barks)) (RB loudly))';
    const { f1, ...details } = ((totals) => {
      totals.add(scoreSentence(output, gold));
      return totals.summary();
    })(new EvalbTotals());
    expect(details).toMatchObject({
      recall: 25,
      precision: 50,
      averageCrossing: 1,
      noCrossing: 0,
      twoOrLessCrossing: 100,
    });
    expect(f1).toBeCloseTo(100 / 3, 10);
  });

  it('leaves out what cannot be compared, and tells how much that was', () => {
    const right = '(S (NP (DT the) (NN dog)) (VP (VBZ barks) (ADVP (RB loudly))))';
    const outputs = [right, right.replace('dog', 'cat'), '(S (NP a b))', '(S (NN dog)', 'the dog', '', '(. .)'];
    expect(
      score(
        'evalbF1',
        outputs.map((output) => [gold, output]),
      ),
    ).toMatchObject({
      score: 100,
      details: { sentences: 7, errorSentences: 4, unreadableSentences: 3, skippedSentences: 2 },
    });
    expect(score('evalbF1', [[gold, '']])).toMatchObject({ score: 0, details: { recall: 0, completeMatch: 0 } });
  });

  it('needs references that are trees, one an example', () => {
    expect(() =>
      score('evalbF1', [
        [gold, gold],
        ['(S (NN dog)', gold],
      ]),
    ).toThrow(DataError);
    expect(() =>
      score('evalbF1', [
        [gold, gold],
        ['(S (NN dog)', gold],
      ]),
    ).toThrow(
      'reference of example 2: column 12: expected ")" to close the bracket of column 1, found the end of the line',
    );
    expect(() => score('evalbF1', [['', gold]])).toThrow('reference of example 1: expected a tree');
    const scorer = createScorer(['evalbF1'], { tokenize: '13a', lowercase: false });
    expect(() => scorer.add(gold, [gold, gold])).toThrow(UsageError);
  });
});

describe('attachment scores', () => {
  const { cases, uas, las } = attachments;

  it(`equal those of the CoNLL 2018 evaluation for ${cases.length} random sentences`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
    for (const [gold, output, heads, labelled] of cases) {
      expect(scoreAttachments(output, gold)).toMatchObject({ heads, labelled, fault: undefined });
    }
    const pairs = cases.map(([gold, output]) => [gold, output] as const);
    expect(score('uas', pairs).score).toBeCloseTo(uas, 9);
    expect(score('las', pairs).score).toBeCloseTo(las, 9);
  });

  it('ignore subtypes, count punctuation, and tell of outputs that are no trees', () => {
    const gold = '2:nsubj:pass 0:root 2:punct';
    const outputs = [
      '2:nsubj 0:root 2:punct',
      '2:nsubj 0:root 2:x 2:y',
      '',
      '2:nsubj 1:root 2:punct',
      '0:root 0:root 2:punct',
      '2:nsubj 0:root 4:punct',
      '2:nsubj 0: 2:punct',
    ];
    const pairs = outputs.map((output) => [gold, output] as const);
    const details = { words: 21, otherLength: 2, notTrees: 4 };
    expect(score('las', pairs)).toEqual({
      score: (100 * 11) / 21,
      signature: 'nrefs:1|punctuation:counted|subtypes:ignored',
      details: { ...details, correctWords: 11 },
    });
    expect(score('uas', pairs)).toMatchObject({ score: (100 * 11) / 21, details });
    expect(score('uas', [[gold, '2:obj 0:root 2:obj']]).score).toBe(100);
    expect(score('las', [[gold, '2:obj 0:root 2:obj']]).score).toBeCloseTo(100 / 3, 12);
    expect(score('las', []).score).toBe(0);
  });

  it('need references that are trees', () => {
    for (const gold of ['', '1:root', '2:a 1:b 0:root', '0:root 0:root', '0:root 3:obj', '0:root obj', '-1:x 0:root']) {
      expect(() => score('las', [[gold, '0:root']])).toThrow(DataError);
    }
    expect(() => score('las', [['0:root 2:obj', '0:root']])).toThrow('reference of example 1: expected a tree');
  });

  it('know trees: words are reached from the one root', () => {
    const heads = fc.integer({ min: 1, max: 7 }).chain((n) => fc.array(fc.nat(n), { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(heads, (list) => {
        const reached = new Set([0]);
        for (let i = 0; i < list.length; i++) {
          list.forEach((head, word) => {
            if (reached.has(head)) reached.add(word + 1);
          });
        }
        const expected = reached.size === list.length + 1 && list.filter((head) => head === 0).length === 1;
        expect(isTree(readAttachments(list.map((head) => `${head}:x`).join(' ')))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});
