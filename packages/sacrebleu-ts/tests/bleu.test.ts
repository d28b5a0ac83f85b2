// BLEU: sacreBLEU's own test cases, signatures, streaming statistics, and refusals of what cannot be scored.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeBLEU, SMOOTH_DEFAULTS } from '../src/bleu-score.js';
import { toFixedEven } from '../src/fixed.js';
import { BLEU } from '../src/index.js';
import { VERSION } from '../src/version.js';
import { fromPython, type PythonOptions } from './python.js';

interface ReferenceCase {
  test: string;
  level: 'corpus' | 'sentence';
  hyps: string[];
  refs: string[][];
  options: PythonOptions;
  expected: number;
  tol: number;
  computed: number;
  counts: number[];
  totals: number[];
  bp?: number;
  text?: string;
  signature?: string;
}
interface StatisticsCase {
  test: string;
  counts: number[];
  totals: number[];
  sys_len: number;
  ref_len: number;
  options: PythonOptions;
  expected: number;
}
interface SignatureRow {
  options: PythonOptions;
  refs: number;
  score: number;
  text: string;
  signature: string;
  short: string;
}
const { cases, statistics, signatures } = JSON.parse(
  readFileSync(new URL('sacrebleu-tests.json', import.meta.url), 'utf8'),
) as {
  cases: ReferenceCase[];
  statistics: StatisticsCase[];
  signatures: { hyps: string[]; refs: string[][]; rows: SignatureRow[] };
};

/** A text that sacreBLEU printed, with our version in it. */
const ours = (text: string) => text.replace('version:2.6.0', `version:${VERSION}`).replace('|v:2.6.0', `|v:${VERSION}`);

describe('sacreBLEU’s own tests', () => {
  test.each(cases)('$test $options', (each) => {
    const bleu = new BLEU(fromPython(each.options));
    const score =
      each.level === 'corpus'
        ? bleu.corpusScore(each.hyps, each.refs)
        : bleu.sentenceScore(
            each.hyps[0]!,
            each.refs.map((stream) => stream[0]),
          );
    expect(Math.abs(score.score - each.expected)).toBeLessThanOrEqual(Math.max(each.tol, 1e-9));
    expect(score.score).toBeCloseTo(each.computed, 10);
    expect(score.counts).toEqual(each.counts);
    expect(score.totals).toEqual(each.totals);
    if (each.bp !== undefined) expect(score.bp).toBeCloseTo(each.bp, 10);
    if (each.text !== undefined) expect(`${score}`).toBe(each.text);
    if (each.signature !== undefined) expect(score.signature).toBe(ours(each.signature));
  });

  test.each(statistics)('$test from $counts of $totals', ({ counts, totals, sys_len, ref_len, options, expected }) => {
    const smoothMethod = options.smooth_method ?? 'none';
    const smoothValue = options.smooth_value ?? SMOOTH_DEFAULTS[smoothMethod] ?? 0;
    const corpus = { counts, totals, systemLength: sys_len, referenceLength: ref_len };
    expect(computeBLEU(corpus, { smoothMethod, smoothValue, effectiveOrder: false }).score).toBeCloseTo(expected, 6);
  });

  test.each(signatures.rows)('$signature', ({ options, refs, score, text, signature, short }) => {
    const found = new BLEU(fromPython(options)).corpusScore(signatures.hyps, signatures.refs.slice(0, refs));
    expect(found.score).toBeCloseTo(score, 10);
    expect(found.signature).toBe(ours(signature));
    expect(found.shortSignature).toBe(ours(short));
    expect(found.format({ signature: true })).toBe(ours(text));
  });
});

test('the version in signatures is the package’s', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(`ts-${version}`);
});

test('a score is written with the decimals asked for, alone or with a signature', () => {
  const score = new BLEU().corpusScore(signatures.hyps, signatures.refs);
  expect(score.format({ width: 4, scoreOnly: true })).toBe('48.5308');
  expect(score.format({ signature: 'short' })).toMatch(/^BLEU\|#:2\|c:mixed\|e:no\|tok:13a\|s:exp\|v:ts-\S+ = 48\.53 /);
  expect(score.ratio).toBeCloseTo(17 / 18, 12);
});

test('exact halves are rounded to even, as Python does', () => {
  expect([56.25, 43.75, 0.125, 1.005, 2.5, 3.5, 0, 100.00000000000004].map((x) => toFixedEven(x, 1))).toEqual([
    '56.2',
    '43.8',
    '0.1',
    '1.0',
    '2.5',
    '3.5',
    '0.0',
    '100.0',
  ]);
  expect([0.125, 0.375, 1.005].map((x) => toFixedEven(x, 2))).toEqual(['0.12', '0.38', '1.00']);
  expect([0.5, 1.5, 2.5].map((x) => toFixedEven(x, 0))).toEqual(['0', '2', '2']);
});

const word = fc.constantFrom('a', 'b', 'c', 'd.', 'E', '日本', '1,5');
const line = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
const segment = fc.record({ hypothesis: line, references: fc.array(line, { minLength: 1, maxLength: 3 }) });

/** The same count by the textbook: every n-gram as a string, clipped by the reference that has it most. */
function plainMatches(hypothesis: string[], references: string[][], order: number): number {
  const count = (tokens: string[]) => {
    const found = new Map<string, number>();
    for (let i = 0; i + order <= tokens.length; i++) {
      const key = tokens.slice(i, i + order).join(' ');
      found.set(key, (found.get(key) ?? 0) + 1);
    }
    return found;
  };
  const limits = references.map(count);
  let matches = 0;
  for (const [key, times] of count(hypothesis)) {
    matches += Math.min(times, Math.max(...limits.map((limit) => limit.get(key) ?? 0)));
  }
  return matches;
}

describe('statistics', () => {
  test('matches are those of a plain count', () => {
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (segments, order) => {
          const gathered = new BLEU({ tokenize: 'none', maxNgramOrder: order }).statistics();
          const expected = new Array<number>(order).fill(0);
          const split = (text: string) => text.split(' ').filter((token) => token !== '');
          for (const { hypothesis, references } of segments) {
            gathered.add(hypothesis, references);
            for (let n = 0; n < order; n++) {
              expected[n] = expected[n]! + plainMatches(split(hypothesis), references.map(split), n + 1);
            }
          }
          expect(gathered.score().counts).toEqual(expected);
        },
      ),
    );
  });

  test('parts gathered apart and merged score as the whole', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.nat(6), (segments, cut) => {
        const bleu = new BLEU();
        const [whole, left, right] = [bleu.statistics(), bleu.statistics(), bleu.statistics()];
        for (const [i, { hypothesis, references }] of segments.entries()) {
          whole.add(hypothesis, references);
          (i < cut ? left : right).add(hypothesis, references);
        }
        left.merge(right);
        expect(left.score()).toEqual(whole.score());
        expect(left.segments).toBe(segments.length);
      }),
    );
  });

  test('statistics that count otherwise are not merged; smoothing may differ', () => {
    const statistics = new BLEU().statistics();
    expect(() => statistics.merge(new BLEU({ tokenize: 'zh' }).statistics())).toThrow(
      'tokenize: expected 13a, found zh',
    );
    expect(() => statistics.merge(new BLEU({ lowercase: true }).statistics())).toThrow(RangeError);
    expect(() => statistics.merge(new BLEU({ maxNgramOrder: 2 }).statistics())).toThrow(RangeError);
    expect(() => statistics.merge(new BLEU({ smoothMethod: 'none' }).statistics())).not.toThrow();
  });

  test('scoring in between changes nothing', () => {
    const statistics = new BLEU({ smoothMethod: 'add-k' }).statistics();
    statistics.add('a b c d e', ['a b c d f']);
    const before = statistics.score();
    expect(statistics.score()).toEqual(before);
  });

  test('a very long line after short ones is counted rightly', () => {
    const long = Array.from({ length: 20000 }, (_, i) => `w${i % 7001}`).join(' ');
    const statistics = new BLEU().statistics();
    for (const text of ['a b c', long, 'a b', '', long]) statistics.add(text, [text]);
    const { score, systemLength, counts } = statistics.score();
    expect(score).toBeCloseTo(100, 9);
    expect([systemLength, counts[3]]).toEqual([40005, 2 * 19997]);
  });
});

describe('edge cases', () => {
  test('empty texts have a defined score', () => {
    const bleu = new BLEU();
    expect(bleu.corpusScore(['', ''], [['', '']]).score).toBe(0);
    expect(bleu.corpusScore(['a', 'b'], [['', '']])).toMatchObject({ score: 0, bp: 1, referenceLength: 0, ratio: 0 });
    expect(bleu.corpusScore(['', ''], [['a', 'b']])).toMatchObject({ score: 0, bp: 0, systemLength: 0 });
  });

  test('segments may have different numbers of references', () => {
    const bleu = new BLEU();
    const score = bleu.corpusScore(
      ['a b c d', 'e f g h'],
      [
        ['a b c d', undefined],
        ['a b', 'e f g h'],
      ],
    );
    expect(score.score).toBeCloseTo(100, 9);
    expect(score.signature).toContain('nrefs:var|');
    expect(bleu.sentenceScore('a b c d', [undefined, 'a b c d']).signature).toContain('nrefs:1|');
  });

  test('white space that ends a line does not count', () => {
    const bleu = new BLEU({ tokenize: 'intl', maxNgramOrder: 1 });
    expect(bleu.sentenceScore('in 1999.\u00a0\n', ['in 1999.']).systemLength).toBe(2);
  });

  test('lower-casing knows the final sigma', () => {
    expect(new BLEU({ lowercase: true, maxNgramOrder: 2 }).sentenceScore('ΟΔΟΣ ΣΑΣ.', ['οδος σας.']).score).toBeCloseTo(
      100,
    );
  });

  test('many detached full stops bring a warning, unless forced', () => {
    const hypotheses = new Array<string>(100).fill('a b c .');
    expect(new BLEU().corpusScore(hypotheses, [hypotheses]).warnings).toEqual([
      expect.stringContaining('100 hypotheses end in a detached full stop'),
    ]);
    expect(new BLEU({ force: true }).corpusScore(hypotheses, [hypotheses]).warnings).toEqual([]);
    expect(new BLEU().corpusScore(hypotheses.slice(1), [hypotheses.slice(1)]).warnings).toEqual([]);
  });
});

describe('refusals', () => {
  const bleu = new BLEU();
  test.each([
    ['streams of another length', () => bleu.corpusScore(['a', 'b'], [['a']]), 'references[0]: expected 2 segments'],
    ['no segments', () => bleu.corpusScore([], [[]]), 'BLEU of no segments is not defined'],
    ['no references', () => bleu.corpusScore(['a'], []), 'expected at least one text for the segment'],
    ['a segment without a reference', () => bleu.corpusScore(['a'], [[undefined]]), 'expected at least one text'],
    ['a hypothesis that is no text', () => bleu.sentenceScore(5 as unknown as string, ['a']), 'found number'],
    ['a reference that is no text', () => bleu.sentenceScore('a', [5 as unknown as string]), 'found number'],
    ['an unknown tokenizer', () => new BLEU({ tokenize: 'ja-mecab' as 'zh' }), 'tokenize: expected one of 13a, intl'],
    ['an unknown smoothing', () => new BLEU({ smoothMethod: 'foo' as 'exp' }), 'smoothMethod: expected one of exp'],
    ['a negative smoothing value', () => new BLEU({ smoothValue: -1 }), 'smoothValue: expected'],
    ['an order of zero', () => new BLEU({ maxNgramOrder: 0 }), 'maxNgramOrder: expected'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
