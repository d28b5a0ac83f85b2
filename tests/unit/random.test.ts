// Philox against the published known-answer vectors, and the promises streams make.
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';

/** A stream with the raw Philox key and counter of the known-answer tests. */
const raw = (counter: number[], key: number[]) =>
  Random.restore({
    key: [key[0]!, key[1]!],
    index: [counter[2]!, counter[3]!],
    counter: counter[1]! * 0x100000000 + counter[0]!,
    used: 4,
  });

describe('Random', () => {
  // Random123 1.14, tests/kat_vectors, philox4x32 10 rounds.
  // Random123, tests/kat_vectors, philox4x32 with 10 rounds, counter and key all zero.
  it('follows Philox4x32-10', () => {
    const random = raw([0, 0, 0, 0], [0, 0]);
    expect([1, 2, 3, 4].map(() => random.uint32())).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });

  it('replays a stream from a saved state, mid-block too', () => {
    for (const drawn of [0, 1, 3, 4, 7]) {
      const random = new Random(7, 'shuffle', 3);
      for (let i = 0; i < drawn; i++) random.uint32();
      const copy = Random.restore(JSON.parse(JSON.stringify(random.state())));
      const rest = Array.from({ length: 9 }, () => random.uint32());
      expect(Array.from({ length: 9 }, () => copy.uint32())).toEqual(rest);
    }
  });

  it('gives unrelated numbers for another seed, name or index', () => {
    const first = [
      new Random(1, 'a'),
      new Random(2, 'a'),
      new Random(1, 'b'),
      new Random(1, 'a', 1),
      new Random(1, 'a', 0, 1),
    ];
    expect(new Set(first.map((r) => r.uint32())).size).toBe(first.length);
  });

  it('is uniform and standard normal to within sampling error', () => {
    const random = new Random(11, 'moments');
    const n = 100_000;
    let sum = 0;
    let squares = 0;
    const buckets = new Array(10).fill(0);
    for (let i = 0; i < n; i++) {
      const z = random.normal();
      sum += z;
      squares += z * z;
      buckets[random.integer(10)] += 1;
    }
    expect(Math.abs(sum / n)).toBeLessThan(0.015);
    expect(Math.abs(squares / n - 1)).toBeLessThan(0.025);
    for (const count of buckets) expect(Math.abs(count - n / 10)).toBeLessThan(500);
  });

  it('shuffles into a permutation', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = new Random(5, 'shuffle').shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
  });
});
