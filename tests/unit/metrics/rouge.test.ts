// ROUGE: rouge_score's own cases, several references, and text that is out of the ordinary.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lcsLength, lcsPositions } from '../../../src/metrics/rouge/lcs.js';
import { bestRouge, type RougeType, rouge } from '../../../src/metrics/rouge/rouge.js';

const stated = JSON.parse(readFileSync(new URL('rouge-cases.json', import.meta.url), 'utf8')) as {
  cases: { type: RougeType | 'any'; target: string; prediction: string; p: number; r: number; f: number }[];
};
const ALL: readonly RougeType[] = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];

describe("rouge_score's own cases", () => {
  it.each(stated.cases)('$type of $prediction for $target', ({ type, target, prediction, p, r, f }) => {
    for (const each of type === 'any' ? ALL : [type]) {
      const { precision, recall, fmeasure } = rouge(each, target, prediction, false);
      expect(precision).toBeCloseTo(p, 5);
      expect(recall).toBeCloseTo(r, 5);
      expect(fmeasure).toBeCloseTo(f, 5);
    }
  });
});

describe('several references', () => {
  it('count as the one with the largest F1, the first of equal ones', () => {
    expect(bestRouge('rouge1', ['x', 'a b', 'a'], 'a', false)).toEqual({ precision: 1, recall: 1, fmeasure: 1 });
    expect(bestRouge('rouge1', ['a b c', 'a'], 'a x x', false)).toEqual(rouge('rouge1', 'a', 'a x x', false));
    const first = rouge('rouge1', 'a b b b', 'a b', false);
    expect(bestRouge('rouge1', ['a b b b', 'a c b b'], 'a b', false)).toEqual(first);
  });

  it('must be at least one', () => {
    expect(() => bestRouge('rouge1', [], 'a', false)).toThrow(RangeError);
  });
});

describe('unusual text', () => {
  it('has no tokens beyond ASCII letters and digits', () => {
    for (const type of ALL) {
      expect(rouge(type, 'שלום 日本語 😀', 'שלום 日本語 😀', false).fmeasure).toBe(0);
      expect(rouge(type, 'a\0b\ud800c', 'A b C', true).fmeasure).toBe(1);
    }
  });

  it('may be a segment of a megabyte', () => {
    const words = Array.from({ length: 180_000 }, (_, i) => `w${(i * i) % 9973}`);
    const reference = words.join(' ');
    const prediction = words.map((word, i) => (i % 1000 === 999 ? 'other' : word)).join(' ');
    expect(rouge('rouge1', reference, prediction, false).fmeasure).toBeCloseTo(0.999, 6);
    expect(rouge('rouge2', reference, prediction, false).fmeasure).toBeCloseTo(0.998, 3);
  });
});

describe('common subsequences', () => {
  /** The walk back through the whole table, as rouge_score describes it. */
  function byTable(a: readonly number[], b: readonly number[]): number[] {
    const table = [new Array<number>(b.length + 1).fill(0)];
    for (const [i, symbol] of a.entries()) {
      const row = [0];
      for (const [j, other] of b.entries()) {
        row.push(symbol === other ? table[i]![j]! + 1 : Math.max(table[i]![j + 1]!, row[j]!));
      }
      table.push(row);
    }
    const positions: number[] = [];
    for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
      if (a[i - 1] === b[j - 1]) {
        i--;
        j--;
        positions.unshift(i);
      } else if (table[i]![j - 1]! > table[i - 1]![j]!) j--;
      else i--;
    }
    return positions;
  }

  it('are those that the table leads to', () => {
    const sequence = fc.array(fc.nat({ max: 4 }), { maxLength: 150 });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const expected = byTable(a, b);
        expect(lcsPositions(Int32Array.from(a), Int32Array.from(b))).toEqual(expected);
        expect(lcsLength(Int32Array.from(a), Int32Array.from(b))).toBe(expected.length);
      }),
    );
  });

  it('are found with rows kept at intervals, where all would take too much memory', () => {
    const a = Int32Array.from({ length: 9000 }, (_, i) => (i * i) % 97);
    const b = Int32Array.from({ length: 7000 }, (_, i) => (i * i + 3 * i) % 97);
    const positions = lcsPositions(a, b);
    expect(positions).toHaveLength(lcsLength(a, b));
    expect(positions.every((position, k) => k === 0 || position > positions[k - 1]!)).toBe(true);
    let j = 0;
    for (const position of positions) {
      while (j < b.length && b[j] !== a[position]) j++;
      j++;
    }
    expect(j).toBeLessThanOrEqual(b.length);
  });
});
