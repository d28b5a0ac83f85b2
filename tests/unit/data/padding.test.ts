// Padding of ragged rows.
import { describe, expect, it } from 'vitest';
import { padTokens } from '../../../src/data/padding.js';

describe('padTokens', () => {
  it('pads on the right to the longest row', () => {
    const rows = [Int32Array.of(5, 6), Int32Array.of(), Int32Array.of(7, 8, 9)];
    expect(padTokens(rows)).toEqual({ ids: Int32Array.of(5, 6, 0, 0, 0, 0, 7, 8, 9), length: 3 });
    expect(padTokens(rows, -1).ids).toEqual(Int32Array.of(5, 6, -1, -1, -1, -1, 7, 8, 9));
  });

  it('takes no rows and empty rows', () => {
    expect(padTokens([])).toEqual({ ids: Int32Array.of(), length: 0 });
    expect(padTokens([Int32Array.of(), Int32Array.of()])).toEqual({ ids: Int32Array.of(), length: 0 });
  });
});
