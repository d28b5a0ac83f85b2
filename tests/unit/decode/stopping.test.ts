// Limits of length, length-normalised scores and the bound that decides when a sentence is complete.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestAttainableScore, lengthNormalisedScore } from '../../../src/decode/search/length-penalty.js';
import { isComplete, maximumLengths } from '../../../src/decode/search/stopping.js';

describe('maximumLengths', () => {
  const limits = { minLength: 0, maxLength: 100 };

  it('is the absolute limit without a ratio', () => {
    expect(maximumLengths(limits, [0, 7, 500])).toEqual(Int32Array.of(100, 100, 100));
  });

  it('is the lower of the absolute and the relative limit, but at least minLength and 1', () => {
    const config = { ...limits, maxLengthRatio: 1.5, maxLengthConstant: 2 };
    expect(maximumLengths(config, [1, 7, 500])).toEqual(Int32Array.of(3, 12, 100));
    expect(maximumLengths({ ...config, minLength: 10 }, [1, 7])).toEqual(Int32Array.of(10, 12));
    expect(maximumLengths({ ...limits, maxLengthRatio: 0.1 }, [0, 3])).toEqual(Int32Array.of(1, 1));
  });
});

describe('scores', () => {
  it('divide a log-probability by the length or by (5 + length) / 6 to the power of α', () => {
    expect(lengthNormalisedScore({ kind: 'power', alpha: 2 }, -18, 3)).toBe(-2);
    expect(lengthNormalisedScore({ kind: 'power', alpha: -1 }, -18, 3)).toBe(-54);
    expect(lengthNormalisedScore({ kind: 'gnmt', alpha: 1 }, -18, 7)).toBe(-9);
    expect(lengthNormalisedScore({ kind: 'gnmt', alpha: 0 }, -18, 7)).toBe(-18);
  });

  it('are bounded by the best over all lengths to come', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('power' as const, 'gnmt' as const),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -50, max: 0, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(20),
        (kind, alpha, logProb, shortest, more) => {
          const scores = Array.from({ length: more + 1 }, (_, i) =>
            lengthNormalisedScore({ kind, alpha }, logProb, shortest + i),
          );
          expect(bestAttainableScore({ kind, alpha }, logProb, shortest, shortest + more)).toBe(Math.max(...scores));
        },
      ),
    );
  });
});

describe('isComplete', () => {
  const rule = { penalty: { kind: 'power' as const, alpha: 1 }, minLength: 0, enough: Number.POSITIVE_INFINITY };
  const progress = { ended: 1, worstKept: -1, bestOpen: -8, length: 3, maxLength: 7 };

  it('weighs the longest length for a positive penalty', () => {
    expect(isComplete(rule, progress)).toBe(true); // -8 / 8 only draws level
    expect(isComplete(rule, { ...progress, maxLength: 8 })).toBe(false);
  });

  it('weighs the shortest length for a negative one, minLength included', () => {
    const negative = { ...rule, penalty: { kind: 'power' as const, alpha: -1 } };
    expect(isComplete(negative, { ...progress, worstKept: -33 })).toBe(false); // -8 × 4
    expect(isComplete(negative, { ...progress, worstKept: -32 })).toBe(true);
    expect(isComplete({ ...negative, minLength: 5 }, { ...progress, worstKept: -47 })).toBe(true); // -8 × 6
  });

  it('needs n hypotheses, unless enough have ended', () => {
    expect(isComplete(rule, { ...progress, worstKept: undefined })).toBe(false);
    expect(isComplete({ ...rule, enough: 2 }, { ...progress, worstKept: undefined, ended: 2 })).toBe(true);
  });
});
