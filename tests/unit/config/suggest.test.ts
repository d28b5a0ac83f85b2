// The edit distance and the suggestions made with it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, suggest } from '../../../src/config/suggest.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['steps', 'stpes', 1],
    ['ca', 'abc', 3],
    ['😀a', '😀b', 1],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is symmetric, zero only for equal strings, and at most the longer length', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('suggest', () => {
  it.each([
    ['warmpSteps', ['steps', 'warmupSteps'], 'warmupSteps'],
    ['label_smoothing', ['labelSmoothing'], 'labelSmoothing'],
    ['dim', ['heads', 'dims'], 'dims'],
    ['bluе', ['bleu', 'ter'], undefined],
    ['belu', ['bleu', 'ter'], 'bleu'],
    ['x', ['y'], undefined],
    ['anything', [], undefined],
  ])('takes %j of %j to be %j', (word, candidates, expected) => {
    expect(suggest(word, candidates)).toBe(expected);
  });

  it('ends a message', () => {
    expect(didYouMean('belu', ['bleu'])).toBe('; did you mean `bleu`?');
    expect(didYouMean('nothing', ['bleu'])).toBe('');
  });
});
