// Aligning texts with recordings: the best path against all paths, observations by their formulas, and speech whose truth is known.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/random.js';
import { ForcedAligner, type Utterance } from '../../../src/train/forced-alignment/aligner.js';
import { observationSize, observe } from '../../../src/train/forced-alignment/observations.js';
import { bestPath, type Chain } from '../../../src/train/forced-alignment/viterbi.js';

const PASSED = -2;
const CUT_SHORT = -60;

/** All ways through a chain with their price, by brute force: states of tokens in order, each a frame at least. */
function* walks(frames: number, chain: Chain): Generator<{ walk: number[]; price: number }> {
  const { states, isSilent } = chain;
  const tokens = isSilent.length;
  function* visit(token: number, walk: number[], price: number): Generator<{ walk: number[]; price: number }> {
    if (token === tokens) {
      if (walk.length === frames) yield { walk, price };
      return;
    }
    if (isSilent[token]) yield* visit(token + 1, walk, price + PASSED);
    yield* stay(token, 0, walk, price);
  }
  function* stay(
    token: number,
    own: number,
    walk: number[],
    price: number,
  ): Generator<{ walk: number[]; price: number }> {
    const state = token * states + own;
    for (let length = 1; walk.length + length <= frames; length++) {
      const longer = [...walk, ...new Array<number>(length).fill(state)];
      const isLast = own === states - 1;
      yield* visit(token + 1, longer, isLast ? price : price + CUT_SHORT);
      if (!isLast) yield* stay(token, own + 1, longer, price);
    }
  }
  yield* visit(0, [], 0);
}

describe('the best path', () => {
  it('is the best of all paths', () => {
    const score = fc.double({ min: -9, max: 0, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        fc.array(score, { minLength: 72, maxLength: 72 }),
        (frames, states, isSilent, pool) => {
          // Two tokens that sound alike share their columns.
          const columns = Int32Array.from(isSilent, (_, i) => (i % 3) * states);
          const width = Math.min(3, isSilent.length) * states;
          const scores = Float32Array.from(pool.slice(0, frames * width));
          const chain = { states, isSilent, columns };
          const value = ({ walk, price }: { walk: readonly number[]; price: number }) =>
            walk.reduce((sum, state, t) => {
              const column = columns[Math.floor(state / states)]! + (state % states);
              return sum + scores[t * width + column]!;
            }, price);
          const all = [...walks(frames, chain)];
          const path = bestPath(scores, frames, chain);
          if (all.length === 0) {
            expect(path).toBeUndefined();
            return;
          }
          const best = Math.max(...all.map(value));
          const own = all.filter(({ walk }) => walk.every((state, t) => state === path?.[t]));
          expect(Math.max(...own.map(value))).toBeCloseTo(best, 6);
        },
      ),
    );
  });

  it('cuts tokens short only where there is no time', () => {
    const chain = { states: 3, isSilent: [false, false], columns: Int32Array.of(0, 3) };
    expect([...bestPath(new Float32Array(7 * 6), 7, chain)!].at(-1)).toBe(5);
    expect(new Set(bestPath(new Float32Array(6 * 6), 6, chain))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(bestPath(new Float32Array(2 * 6), 2, chain)).toHaveLength(2);
    expect(bestPath(new Float32Array(1 * 6), 1, chain)).toBeUndefined();
  });
});

describe('observations', () => {
  it('are means, cosine transforms and slopes', () => {
    const [count, features] = [9, 20];
    const random = new Random(2, 'observations');
    const frames = Float32Array.from({ length: count * features }, () => random.normal());
    const width = observationSize(features);
    expect(width).toBe(28);
    const result = observe(frames, count, features);
    const at = (t: number, k: number): number => {
      const row = [...frames.slice(t * features, (t + 1) * features)];
      const cosine = row.reduce((sum, x, i) => sum + x * Math.cos((Math.PI * k * (i + 0.5)) / features), 0);
      return k === 0 ? cosine / features : cosine * Math.sqrt(2 / features);
    };
    for (const [t, k] of [
      [0, 0],
      [4, 1],
      [8, 13],
    ] as const) {
      expect(result[t * width + k]).toBeCloseTo(at(t, k), 5);
    }
    const slope = (t: number, k: number) =>
      [1, 2].reduce((sum, n) => sum + n * (at(Math.min(8, t + n), k) - at(Math.max(0, t - n), k)), 0) / 10;
    for (const [t, k] of [
      [0, 0],
      [4, 5],
      [8, 13],
    ] as const) {
      expect(result[t * width + 14 + k]).toBeCloseTo(slope(t, k), 5);
    }
  });

  it('are as many as the bands allow', () => {
    expect(observe(new Float32Array(3 * 4), 3, 4)).toHaveLength(3 * observationSize(4));
    expect(observationSize(4)).toBe(8);
  });
});

describe('a forced aligner', () => {
  const FEATURES = 12;
  const TOKENS = 9;
  const SILENT = 0;

  /** Utterances of tokens that have a spectrum each; the silent one is quiet, and takes no time half of the time. */
  function speech(count: number, seed: number): { utterance: Utterance; truth: number[] }[] {
    const spectra = new Random(1, 'spectra');
    const means = Array.from({ length: TOKENS }, (_, token) =>
      Array.from({ length: FEATURES }, () => (token === SILENT ? -3 : spectra.normal())),
    );
    const random = new Random(seed, 'speech');
    return Array.from({ length: count }, () => {
      const tokens = Int32Array.from({ length: 6 + random.integer(10) }, (_, i) =>
        i % 5 === 4 ? SILENT : 1 + random.integer(TOKENS - 1),
      );
      const truth = Array.from(tokens, (token) => (token === SILENT ? random.integer(2) * 8 : 3 + random.integer(9)));
      const frames = truth.flatMap((length, i) =>
        Array.from({ length: length * FEATURES }, (_, j) => means[tokens[i]!]![j % FEATURES]! + 0.5 * random.normal()),
      );
      return { utterance: { tokens, frames: Float32Array.from(frames), count: frames.length / FEATURES }, truth };
    });
  }

  const set = { size: TOKENS, isSilent: (token: number) => token === SILENT };

  async function fitted(data: ReturnType<typeof speech>): Promise<ForcedAligner> {
    async function* utterances() {
      for (const { utterance } of data) yield utterance;
    }
    return ForcedAligner.fit(utterances(), set, FEATURES);
  }

  it('finds where tokens are said that it was never told, in speech that it has not seen', async () => {
    const aligner = await fitted(speech(120, 3));
    let [off, boundaries, passed, silent] = [0, 0, 0, 0];
    for (const { utterance, truth } of speech(40, 4)) {
      const found = aligner.durations(utterance);
      expect(found.reduce((x, y) => x + y)).toBe(utterance.count);
      let [at, right] = [0, 0];
      for (const [i, length] of truth.entries()) {
        at += found[i]!;
        right += length;
        boundaries += 1;
        if (Math.abs(at - right) > 2) off += 1;
        if (utterance.tokens[i] === SILENT) {
          silent += 1;
          if ((found[i] === 0) === (length === 0)) passed += 1;
        }
      }
    }
    expect(off / boundaries).toBeLessThan(0.05);
    expect(passed / silent).toBeGreaterThan(0.95);
  });

  it('divides evenly what has fewer frames than tokens', async () => {
    const aligner = await fitted(speech(10, 5));
    const tokens = Int32Array.of(1, 2, 3, 4);
    expect(aligner.durations({ tokens, frames: new Float32Array(2 * FEATURES), count: 2 })).toEqual([1, 0, 1, 0]);
  });

  it('is the same every time, and stops when told', async () => {
    const data = speech(10, 6);
    const [a, b] = [await fitted(data), await fitted(data)];
    const { utterance } = data[0]!;
    expect(a.durations(utterance)).toEqual(b.durations(utterance));
    async function* one() {
      yield utterance;
    }
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(ForcedAligner.fit(one(), set, FEATURES, { signal })).rejects.toThrow('enough');
  });
});
