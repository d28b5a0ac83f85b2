// Random numbers equal NumPy's, bit for bit.
import { expect, test } from 'vitest';
import { PCG64 } from '../src/pcg64.js';
import { cases } from './significance-cases.js';

test.each(cases.draws)('seed $seed leads to the draws of numpy.random.default_rng', ({ seed, bits, below, many }) => {
  const random = new PCG64(seed);
  const bit = random.bits();
  expect(Array.from(bits, bit).join('')).toBe(bits);
  for (const [bound, expected] of Object.entries(below)) {
    const drawn = new Uint32Array(expected.length);
    random.fillBelow(Number(bound), drawn);
    expect([...drawn], bound).toEqual(expected);
  }
  const other = new PCG64(seed);
  const row = new Uint32Array(2999);
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    other.fillBelow(2999, row);
    sum = row.reduce((total, value) => total + value, sum);
  }
  expect({ sum, last: [...row.slice(-8)] }).toEqual(many);
});

test('a new source of bits starts with a fresh draw', () => {
  const [one, other] = [new PCG64(1), new PCG64(1)];
  expect(one.bits()()).toBe(other.uint32() & 1);
  expect(one.bits()()).toBe(other.uint32() & 1);
});

test.each([-1, 0.5, Number.NaN, 2 ** 53])('the seed %d is refused', (seed) => {
  expect(() => new PCG64(seed)).toThrow(
    new RangeError(`seed: expected a whole number from 0 to 9007199254740991, found ${seed}`),
  );
});
