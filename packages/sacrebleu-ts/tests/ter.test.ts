// TER: sacreBLEU's own test cases, Tercom's tokenizer, the search's limits, and its parts against plain computations.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TER } from '../src/ter.js';
import { BandedDistance } from '../src/tercom-distance.js';
import { TercomEdits } from '../src/tercom-shifts.js';
import { tokenizeReference, tokenizeTercom } from '../src/tokenizers/tercom.js';
import { cases, fromPython, ours, signatures, tokenizer } from './chrf-ter-cases.js';

describe('sacreBLEU’s own tests', () => {
  test.each(cases.filter(({ metric }) => metric === 'ter'))('$hyps', (each) => {
    const score = new TER(fromPython(each.options)).corpusScore(each.hyps, each.refs);
    expect(Math.abs(score.score - each.expected)).toBeLessThanOrEqual(each.tol);
    expect(score.score).toBeCloseTo(each.computed, 12);
    expect([score.numEdits, score.referenceLength]).toEqual([each.num_edits, each.ref_length]);
    expect(score.signature).toBe(ours(each.signature));
  });

  test.each(tokenizer)('tokens of "$text" with $options', ({ text, tokens, options }) => {
    expect(tokenizeTercom(text, fromPython(options)).join(' ')).toBe(tokens);
  });

  test.each(signatures.rows.filter(({ metric }) => metric === 'ter'))('$signature', (row) => {
    const found = new TER(fromPython(row.options)).corpusScore(signatures.hyps, signatures.refs.slice(0, row.refs));
    expect(found.score).toBeCloseTo(row.score, 12);
    expect(found.signature).toBe(ours(row.signature));
    expect(found.shortSignature).toBe(ours(row.short));
    expect(found.format({ signature: true })).toBe(ours(row.text));
  });
});

test('a score is written as sacreBLEU does', () => {
  const score = new TER().sentenceScore('a c d e f b', ['a b c d e f']);
  expect(`${score}`).toBe('TER = 16.67');
  expect(score.format({ width: 0, scoreOnly: true })).toBe('17');
  expect(score).toMatchObject({ numEdits: 1, referenceLength: 6, warnings: [] });
  expect(new TER().higherIsBetter).toBe(false);
});

describe('several references', () => {
  test('the fewest edits count, and the average length', () => {
    expect(new TER().sentenceScore('a b c', ['a b c d', 'x', 'a b'])).toMatchObject({
      numEdits: 1,
      referenceLength: 7 / 3,
    });
    const score = new TER().corpusScore(
      ['a', 'b'],
      [
        ['a', undefined],
        ['a b c', 'b'],
      ],
    );
    expect(score).toMatchObject({ numEdits: 0, referenceLength: 3 });
    expect(score.signature).toContain('nrefs:var|');
  });

  test('an empty one costs the hypothesis’ words', () => {
    expect(new TER().sentenceScore('a b', ['', 'x y z'])).toMatchObject({ numEdits: 2, referenceLength: 1.5 });
    expect(new TER().sentenceScore('a b', [''])).toMatchObject({ score: 100, numEdits: 2, referenceLength: 0 });
    expect(new TER().sentenceScore('', [''])).toMatchObject({ score: 0, numEdits: 0 });
    expect(new TER().corpusScore(['a b', 'c'], [['', 'c']]).score).toBe(200);
  });
});

test('references are tokenized twice, as by sacreBLEU', () => {
  const normalized = { normalized: true };
  expect(tokenizeTercom("x's.", normalized)).toEqual(["x's", '.']);
  expect(tokenizeReference("x's.", normalized)).toEqual(['x', "'s", '.']);
  expect(new TER(normalized).sentenceScore("x's.", ["x's."]).numEdits).toBe(2);
  expect(new TER().sentenceScore("x's.", ["x's."]).numEdits).toBe(0);
});

test('only statistics gathered under the same options are merged', () => {
  const statistics = new TER().statistics();
  expect(() => statistics.merge(new TER({ noPunct: true }).statistics())).toThrow(
    'noPunct: expected false, found true',
  );
});

/** Numbers from `first` on, as words. */
const run = (length: number, first = 0) => Array.from({ length }, (_, i) => first + i);
const edits = (hypothesis: readonly number[], reference: readonly number[]) =>
  new TercomEdits().count(Int32Array.from(hypothesis), hypothesis.length, Int32Array.from(reference), reference.length);

describe('limits', () => {
  test('words move over 50 others at most', () => {
    expect(edits([...run(50, 1), 0], run(51))).toBe(1);
    expect(edits([...run(51, 1), 0], run(52))).toBe(2);
  });

  test('ten words move together at most', () => {
    const swapped = (length: number) => edits([...run(30, 100), ...run(length)], [...run(length), ...run(30, 100)]);
    expect(swapped(10)).toBe(1);
    expect(swapped(11)).toBe(2);
  });

  test('once a thousand candidates were looked at no shift is made', () => {
    const swapped = (length: number) => {
      const [zeros, ones] = [new Array<number>(length).fill(0), new Array<number>(length).fill(1)];
      return edits([...zeros, 2, ...ones], [...ones, 2, ...zeros]);
    };
    expect(swapped(6)).toBe(2);
    expect(swapped(10)).toBe(20);
  });

  test('words beyond the beam are not met', () => {
    const skipped = [24, 25, 26].map((skip) => [edits(run(80, skip), run(80)), edits(run(80), run(80, skip))]);
    expect(skipped).toEqual([
      [48, 48],
      [80, 50],
      [80, 80],
    ]);
    expect(edits([399], run(400))).toBe(399);
    expect(edits([7], run(400))).toBe(400);
    expect(edits([500, 300], run(400))).toBe(399);
    expect(edits([500, 7], run(400))).toBe(400);
    expect(edits(run(400), [7, 9])).toBe(398);
  });
});

test('words are not moved to where they are, and over as many words as they are when moved into themselves', () => {
  expect(edits([2, 1, 1, 2], [0, 2, 2, 1])).toBe(3);
  expect(edits([1, 1, 0, 0, 1], [1, 0, 2, 2, 0])).toBe(4);
});

/** The edit distance by the textbook. */
function levenshtein(a: readonly number[], b: readonly number[]): number {
  let row = b.map((_, j) => j + 1);
  for (const [i, word] of a.entries()) {
    let [left, diagonal] = [i + 1, i];
    row = row.map((up, j) => {
      left = Math.min(left + 1, up + 1, diagonal + (word === b[j] ? 0 : 1));
      diagonal = up;
      return left;
    });
  }
  return row.at(-1) ?? a.length;
}

const words = (maxLength: number, kinds: number) => fc.array(fc.nat(kinds), { minLength: 1, maxLength });

describe('the search', () => {
  test('needs no more edits than there are without shifts, and at least those that lengths and words ask for', () => {
    fc.assert(
      fc.property(words(24, 6), words(24, 6), (a, b) => {
        const found = edits(a, b);
        const extra = a.filter((word) => !b.includes(word)).length;
        expect(found).toBeLessThanOrEqual(levenshtein(a, b));
        expect(found).toBeGreaterThanOrEqual(Math.max(extra, Math.abs(a.length - b.length)));
      }),
    );
  });

  test('finds one shift of a block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), fc.nat(9), (length, from, to, size) => {
        const rest = run(length);
        const block = rest.splice(from % length, size + 1);
        rest.splice(to % (rest.length + 1), 0, ...block);
        const moved = rest.some((word, i) => word !== i);
        expect(edits(rest, run(length))).toBeLessThanOrEqual(moved ? 2 : 0);
      }),
    );
  });
});

describe('the table of distances', () => {
  const begin = (a: readonly number[], b: readonly number[]) => {
    const distance = new BandedDistance();
    distance.begin(a.length, Int32Array.from(b), b.length);
    return distance;
  };

  test('holds the edit distance as long as the beam reaches', () => {
    fc.assert(
      fc.property(words(25, 4), words(25, 4), (a, b) => {
        expect(begin(a, b).measure(Int32Array.from(a), 0)).toBe(levenshtein(a, b));
      }),
    );
  });

  test('tells what rotated words cost as if all were computed anew', () => {
    fc.assert(
      fc.property(words(90, 4), words(90, 4), fc.nat(), fc.nat(), fc.nat(), (a, b, first, second, third) => {
        const start = first % a.length;
        const end = start + 1 + (second % (a.length - start));
        const by = third % (end - start);
        const distance = begin(a, b);
        distance.measure(Int32Array.from(a), 0);
        const told = distance.measureRotated(Int32Array.from(a), start, end, by);
        const rotated = [
          ...a.slice(0, start),
          ...a.slice(start + by, end),
          ...a.slice(start, start + by),
          ...a.slice(end),
        ];
        expect(told).toBe(begin(rotated, b).measure(Int32Array.from(rotated), 0));
        distance.changed(end);
        expect(distance.measure(Int32Array.from(rotated), start)).toBe(told);
      }),
    );
  });
});

test('a line of a megabyte has a TER within seconds', () => {
  const text = Array.from({ length: 150_000 }, (_, i) => ((i * 7919) % 100_003).toString(36) + 'abc'[i % 3]).join(' ');
  const other = text.replace(/\b[a-z]\S*/g, 'x');
  const ter = new TER();
  expect(ter.sentenceScore(text, [text]).score).toBe(0);
  expect(ter.sentenceScore(text, [other]).numEdits).toBeGreaterThan(50_000);
  expect(ter.sentenceScore('a b', ['b a']).numEdits).toBe(1);
});
