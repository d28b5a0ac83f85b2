// chrF: sacreBLEU's own test cases, its n-gram counts against a plain count, and refusals of options.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHRF } from '../src/chrf.js';
import { separatePunctuation } from '../src/chrf-symbols.js';
import { splitWhitespace } from '../src/whitespace.js';
import { cases, fromPython, ours, signatures } from './chrf-ter-cases.js';

describe('sacreBLEU’s own tests', () => {
  test.each(cases.filter(({ metric }) => metric === 'chrf'))('$test $hyps $options', (each) => {
    const chrf = new CHRF(fromPython(each.options));
    const score =
      each.level === 'corpus'
        ? chrf.corpusScore(each.hyps, each.refs)
        : chrf.sentenceScore(
            each.hyps[0]!,
            each.refs.map((stream) => stream[0]),
          );
    expect(Math.abs(score.score - each.expected)).toBeLessThanOrEqual(each.tol);
    expect(score.score).toBeCloseTo(each.computed, 12);
    expect(score.signature).toBe(ours(each.signature));
  });

  test.each(signatures.rows.filter(({ metric }) => metric === 'chrf'))('$signature', (row) => {
    const found = new CHRF(fromPython(row.options)).corpusScore(signatures.hyps, signatures.refs.slice(0, row.refs));
    expect(found.score).toBeCloseTo(row.score, 12);
    expect(found.signature).toBe(ours(row.signature));
    expect(found.shortSignature).toBe(ours(row.short));
    expect(found.format({ signature: true })).toBe(ours(row.text));
  });
});

test('a score is named after beta and the order of words, and written as sacreBLEU does', () => {
  const names = [{}, { wordOrder: 2 }, { beta: 3, wordOrder: 1 }, { beta: 0.5 }].map(
    (options) => new CHRF(options).name,
  );
  expect(names).toEqual(['chrF2', 'chrF2++', 'chrF3+', 'chrF0.5']);
  const score = new CHRF().corpusScore(signatures.hyps, signatures.refs);
  expect(score).toMatchObject({ name: 'chrF2', beta: 2, charOrder: 6, wordOrder: 0, warnings: [] });
  expect(`${score}`).toBe('chrF2 = 59.73');
  expect(score.format({ width: 4, scoreOnly: true })).toBe('59.7275');
  expect(score.format({ signature: 'short' })).toMatch(
    /^chrF2\|#:2\|c:mixed\|e:yes\|nc:6\|nw:0\|s:no\|v:ts-\S+ = 59\.73$/,
  );
});

/** The same by the textbook: every n-gram as a string. */
function plainCount(hypothesis: readonly string[], reference: readonly string[], order: number): number[] {
  const count = (symbols: readonly string[]) => {
    const found = new Map<string, number>();
    for (let i = 0; i + order <= symbols.length; i++) {
      const key = symbols.slice(i, i + order).join(' ');
      found.set(key, (found.get(key) ?? 0) + 1);
    }
    return found;
  };
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, times) => total + times, 0);
  const [mine, theirs] = [count(hypothesis), count(reference)];
  let shared = 0;
  for (const [key, times] of mine) shared += Math.min(times, theirs.get(key) ?? 0);
  return [theirs.size > 0 ? sum(mine) : 0, sum(theirs), shared];
}

const line = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'a.', '(b', ' ', '  ', '日', '😀', '\ud83d', '\t'), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('statistics', () => {
  test('are those of a plain count', () => {
    fc.assert(
      fc.property(line, line, fc.nat(4), fc.nat(3), fc.boolean(), (hypothesis, reference, chars, words, whitespace) => {
        const chrf = new CHRF({ charOrder: chars + 1, wordOrder: words, whitespace });
        const statistics = chrf.statistics();
        statistics.add(hypothesis, [reference]);
        const characters = (text: string) => Array.from(whitespace ? text : splitWhitespace(text).join(''));
        const expected: number[] = [];
        for (let n = 1; n <= chars + 1; n++)
          expected.push(...plainCount(characters(hypothesis), characters(reference), n));
        for (let n = 1; n <= words; n++) {
          expected.push(...plainCount(separatePunctuation(hypothesis), separatePunctuation(reference), n));
        }
        expect(statistics.save().sums).toEqual(expected);
      }),
    );
  });

  test('are those against the best reference, and do not depend on what was counted before', () => {
    const used = new CHRF({ wordOrder: 2 });
    fc.assert(
      fc.property(line, fc.array(line, { minLength: 1, maxLength: 4 }), (hypothesis, references) => {
        const scores = references.map((reference) => new CHRF({ wordOrder: 2 }).sentenceScore(hypothesis, [reference]));
        const found = used.sentenceScore(hypothesis, references);
        expect(found.score).toBe(Math.max(...scores.map(({ score }) => score)));
      }),
    );
  });

  test('gathered under other options are not merged', () => {
    const statistics = new CHRF().statistics();
    expect(() => statistics.merge(new CHRF({ charOrder: 5 }).statistics())).toThrow('charOrder: expected 6, found 5');
    expect(() => statistics.merge(new CHRF({ beta: 1 }).statistics())).toThrow('beta: expected 2, found 1');
  });
});

describe('characters', () => {
  const only = new CHRF({ charOrder: 1 });
  const counts = (hypothesis: string, reference: string) => {
    const statistics = only.statistics();
    statistics.add(hypothesis, [reference]);
    return statistics.save().sums;
  };

  test('are code points, lone surrogates too, without what Python calls white space', () => {
    expect(counts('😀a', '😀b')).toEqual([2, 2, 1]);
    expect(counts('\ud83d\u2003\ude00', '😀')).toEqual([2, 1, 0]);
    expect(counts('\ufeffa\x1c\x85\u3000', 'a')).toEqual([2, 1, 1]);
  });

  test('one punctuation mark is taken off each word', () => {
    expect(separatePunctuation(' (hi) "hi" !hi .. . x😀! 😀 don’t')).toEqual([
      '(hi',
      ')',
      '"hi',
      '"',
      '!',
      'hi',
      '.',
      '.',
      '.',
      'x😀',
      '!',
      '😀',
      'don’t',
    ]);
  });
});

describe('edge cases', () => {
  test('empty texts have a defined score', () => {
    for (const epsSmoothing of [false, true]) {
      const chrf = new CHRF({ epsSmoothing });
      expect(chrf.corpusScore(['', ''], [['', '']]).score).toBeCloseTo(0, 9);
      expect(chrf.corpusScore(['a'], [['']]).score).toBeCloseTo(0, 9);
      expect(chrf.corpusScore([''], [['a']]).score).toBeCloseTo(0, 9);
    }
  });

  test('segments may have different numbers of references', () => {
    const score = new CHRF().corpusScore(
      ['abc', 'def'],
      [
        ['abc', undefined],
        ['xyz', 'def'],
      ],
    );
    expect(score.score).toBe(100);
    expect(score.signature).toContain('nrefs:var|');
  });

  test('a line of a megabyte is counted in seconds', () => {
    const words = Array.from({ length: 150_000 }, (_, i) => ((i * 7919) % 100_003).toString(36) + 'äé😀'[i % 3]);
    const [text, other] = [words.join(' '), words.toReversed().join(' ')];
    expect(text.length).toBeGreaterThan(750_000);
    const chrf = new CHRF({ wordOrder: 2 });
    expect(chrf.sentenceScore(text, [text]).score).toBe(100);
    expect(chrf.sentenceScore(text, [other]).score).toBeLessThan(100);
    expect(chrf.sentenceScore('ab', ['ab']).score).toBe(100);
  });
});

test.each([
  ['a charOrder of -1', { charOrder: -1 }, 'charOrder: expected a whole number of at least 0, found -1'],
  ['half a wordOrder', { wordOrder: 0.5 }, 'wordOrder: expected a whole number of at least 0, found 0.5'],
  ['no order', { charOrder: 0 }, 'charOrder: expected a whole number of at least 1 when wordOrder is 0, found 0'],
  ['a beta that is no number', { beta: Number.NaN }, 'beta: expected a number of at least 0'],
  ['a negative beta', { beta: -1 }, 'beta: expected a number of at least 0'],
  ['a beta without end', { beta: Infinity }, 'found Infinity'],
])('%s is refused', (_, options, message) => {
  expect(() => new CHRF(options)).toThrow(RangeError);
  expect(() => new CHRF(options)).toThrow(message);
});
