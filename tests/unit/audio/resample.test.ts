// Resampling: sines against themselves at the new rate, tones that must vanish, other programs' numbers, lengths and speed.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resample } from '../../../src/audio/resample.js';
import { Random } from '../../../src/random.js';

const sine = (count: number, cycles: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.9 * Math.sin(2 * Math.PI * cycles * i + 0.3));

/** Decibels of the ideal sine over what `out` differs by from `ideal`, away from the edges of the sound. */
function decibels(out: Float32Array, ideal: Float32Array): number {
  const edge = Math.floor(out.length / 5);
  let error = 0;
  for (let i = edge; i < out.length - edge; i++) error += (out[i]! - ideal[i]!) ** 2;
  return 10 * Math.log10((0.81 / 2) * ((out.length - 2 * edge) / error));
}

const PAIRS: [number, number][] = [
  [8000, 16000],
  [16000, 8000],
  [44100, 16000],
  [22050, 16000],
  [48000, 16000],
  [16000, 44100],
  [9, 10],
  [11, 10],
  // Too many phases for a table of all.
  [16000, 15991],
  [44100, 16001],
];

describe('a pure tone', () => {
  for (const [from, to] of PAIRS) {
    // In cycles an input sample.
    const nyquist = 0.5 * Math.min(1, to / from);
    it(`in the pass band comes out as itself within -90 dB, ${from} to ${to}`, () => {
      for (const share of [0.001, 0.02, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9]) {
        const cycles = share * nyquist;
        const out = resample(sine(6000, cycles), from, to);
        expect(decibels(out, sine(out.length, (cycles * from) / to)), `${share} of Nyquist`).toBeGreaterThan(90);
      }
    });

    if (to < from) {
      it(`above the new Nyquist frequency vanishes by 90 dB, ${from} to ${to}`, () => {
        for (const share of [1.001, 1.005, 1.01, 1.03, 1.1, 1.5, 1.9, 2.7]) {
          if (share * nyquist >= 0.5) continue;
          const out = resample(sine(9000, share * nyquist), from, to);
          expect(decibels(out, new Float32Array(out.length)), `${share} of Nyquist`).toBeGreaterThan(90);
        }
      });
    }
  }
});

describe('other programs', () => {
  const TONES = [0.03, 0.11, 0.27, 0.41, 0.58, 0.73, 0.85];
  const COUNT = 900;
  const { every, cases } = JSON.parse(readFileSync(new URL('resample-expected.json', import.meta.url), 'utf8')) as {
    every: number;
    cases: { from: number; to: number; length: number; soxr: number[]; scipy: number[] }[];
  };

  for (const { from, to, length, soxr, scipy } of cases) {
    // The signal is known at every time, not only at its samples: 5e-6 are -106 dB of full scale, and scipy is closer still. soxr
    // is up to 8.7e-5 off for ratios of which it interpolates the filter.
    it(`agree, and the signal itself, ${from} to ${to}`, () => {
      const nyquist = 0.5 * Math.min(1, to / from);
      const signal = (time: number) => {
        const sum = TONES.reduce((total, tone, k) => total + Math.sin(2 * Math.PI * tone * nyquist * time + k), 0);
        return time > COUNT - 0.5 ? 0 : (sum / TONES.length) * Math.sin((Math.PI * (time + 0.5)) / COUNT) ** 4;
      };
      const out = resample(
        Float32Array.from({ length: COUNT }, (_, i) => signal(i)),
        from,
        to,
      );
      expect(out).toHaveLength(length);
      expect(Math.max(...out)).toBeGreaterThan(0.3);
      const ideal = scipy.map((_, k) => signal((k * every * from) / to));
      for (const [theirs, tolerance] of [
        [ideal, 5e-6],
        [scipy, 5e-6],
        [soxr, 1e-4],
      ] as const) {
        let worst = 0;
        for (const [k, value] of theirs.entries()) worst = Math.max(worst, Math.abs(out[k * every]! - value));
        expect(worst).toBeLessThan(tolerance);
      }
    });
  }
});

describe('any signal and rates', () => {
  const rates = fc.record({ from: fc.integer({ min: 1, max: 300 }), to: fc.integer({ min: 1, max: 300 }) });

  it('come out as the sum that defines them, in any part of a long sound', () => {
    const random = new Random(3, 'impulses');
    for (const [from, to] of [
      [44100, 16000],
      [2, 3],
      [16000, 15991],
    ] as const) {
      // Only an impulse in a window around it matters, so that windows of a long sound must agree with short ones.
      const count = 100_000;
      const long = new Float32Array(count);
      const block = from === 16000 ? 16000 : from === 2 ? 30_000 : 441 * 70;
      for (let at = 1000; at < count - 1000; at += block) long[at + random.integer(3)] = 1;
      const out = resample(long, from, to);
      for (let at = 0; at + 2 * block <= count; at += block) {
        if ((at * to) % from !== 0) continue;
        const part = resample(long.subarray(at, at + block), from, to);
        const first = (at * to) / from;
        // A window's end is silence for it; its impulse is far from there.
        const same = out.subarray(first, first + part.length - 1);
        expect(same.every((value, j) => Math.abs(value - part[j]!) < 1e-12)).toBe(true);
      }
    }
  });

  it('give ceil(n · to / from) samples, a constant unchanged, and the same from a cached filter', () => {
    const property = fc.property(rates, fc.integer({ min: 0, max: 700 }), ({ from, to }, count) => {
      const samples = new Float32Array(count).fill(0.5);
      const out = resample(samples, from, to);
      expect(out.length).toBe(Math.ceil((count * to) / from));
      expect(out.every(Number.isFinite)).toBe(true);
      expect(resample(samples, from, to)).toEqual(out);
      const middle = out[Math.floor(out.length / 2)];
      // Away from the edges by the width of the filter, about 61 periods of the lower rate to each side.
      if (Math.min(count, out.length) > 130) expect(middle).toBeCloseTo(0.5, 6);
    });
    fc.assert(property, { numRuns: 60 });
  });

  it('that need a very long filter take little memory', () => {
    // Without collecting garbage the numbers would be those of whatever ran before.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const out = resample(new Float32Array(200_000).fill(1), 999_983, 8000);
    collect();
    collect();
    expect(out).toHaveLength(Math.ceil((200_000 * 8000) / 999_983));
    expect(out[800]).toBeCloseTo(1, 5);
    // A row of the filter for each of 8,000 phases would be 512 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
  });

  it('are refused when the rates are no whole numbers above 0', () => {
    for (const rate of [0, -1, 1.5, Number.NaN, Infinity]) {
      expect(() => resample(new Float32Array(1), rate, 16000)).toThrow(RangeError);
      expect(() => resample(new Float32Array(1), 16000, rate)).toThrow(/found/);
    }
  });

  it('do nothing when the rates are equal', () => {
    const samples = sine(10, 0.1);
    expect(resample(samples, 8000, 8000)).toBe(samples);
  });
});

it('takes no delay: an impulse stays where it was', () => {
  for (const [from, to] of PAIRS) {
    const samples = new Float32Array(4000);
    samples[2000] = 1;
    const out = resample(samples, from, to);
    let centre = 0;
    let total = 0;
    for (const [i, value] of out.entries()) {
      centre += i * value;
      total += value;
    }
    expect(centre / total).toBeCloseTo((2000 * to) / from, 1);
  }
});
