// Warping paths, mel cepstra and mel-cepstral distortion against librosa, against exhaustive search, and what must hold by definition.
import { describe, expect, it } from 'vitest';
import { dynamicTimeWarping, identityPath } from '../../../../src/audio/compare/dtw.js';
import { framewiseMelCepstralDistortion, melCepstralDistortion } from '../../../../src/audio/compare/mcd.js';
import { melCepstra } from '../../../../src/audio/compare/mel-cepstrum.js';
import type { Features } from '../../../../src/audio/types.js';
import { DataError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { decoded, expected, firstFrames, logMelOf, recording } from './support.js';

const [first, second] = expected.recordings.map(({ logMel }) => decoded(logMel)) as [Features, Features];
const short = Math.min(first.frames, second.frames);

/** The least cost of all paths from the first frames to (i, j), by trying them all. */
function leastCost(a: number[], b: number[], dim: number, i: number, j: number): number {
  if (i < 0 || j < 0) return Number.POSITIVE_INFINITY;
  const distance = Math.hypot(...Array.from({ length: dim }, (_, k) => a[i * dim + k]! - b[j * dim + k]!));
  if (i === 0 && j === 0) return distance;
  const steps = [
    [1, 1],
    [1, 0],
    [0, 1],
  ] as const;
  return distance + Math.min(...steps.map(([di, dj]) => leastCost(a, b, dim, i - di, j - dj)));
}

describe('dynamic time warping', () => {
  it('finds the cost and the path of librosa, ties included', () => {
    expect(expected.warpings.length).toBe(7);
    for (const { a, b, dim, cost, path } of expected.warpings) {
      const found = dynamicTimeWarping(a, b, dim);
      expect(Math.abs(found.cost - cost)).toBeLessThan(1e-12 * cost + 1e-12);
      expect([[...found.path.a], [...found.path.b]]).toEqual(path);
    }
  });

  it('finds the cost of exhaustive search', () => {
    const random = new Random(3, 'warping');
    for (let trial = 0; trial < 30; trial++) {
      const [n, m, dim] = [1 + random.integer(6), 1 + random.integer(6), 1 + random.integer(3)];
      const [a, b] = [n, m].map((frames) => Array.from({ length: frames * dim }, () => random.normal())) as [
        number[],
        number[],
      ];
      expect(dynamicTimeWarping(a, b, dim).cost).toBeCloseTo(leastCost(a, b, dim, n - 1, m - 1), 10);
    }
  });

  it('follows a sequence whose frames were repeated, at no cost', () => {
    const random = new Random(4, 'warping');
    const a = Array.from({ length: 40 }, () => random.normal());
    const repeated = a.flatMap((value, i) => Array.from({ length: 1 + (i % 3) }, () => value));
    const { path, cost } = dynamicTimeWarping(a, repeated, 1);
    expect(cost).toBe(0);
    path.a.forEach((frame, i) => {
      expect(repeated[path.b[i]!]).toBe(a[frame]);
    });
  });

  it('refuses what it cannot align', () => {
    expect(() => dynamicTimeWarping([], [1], 1)).toThrow(DataError);
    expect(() => dynamicTimeWarping([1, 2, 3], [1, 2], 2)).toThrow(RangeError);
    expect(() => dynamicTimeWarping([1, Number.NaN], [1, 2], 1)).toThrow(/finite numbers in a, found NaN in frame 1/);
    expect(() => dynamicTimeWarping(new Uint8Array(40_000), new Uint8Array(40_000), 1)).toThrow(/shorter pieces/);
  });

  it('makes the path of frames beside each other', () => {
    expect(identityPath(3)).toEqual({ a: Int32Array.of(0, 1, 2), b: Int32Array.of(0, 1, 2) });
  });
});

describe('mel cepstra', () => {
  it('are those of librosa', () => {
    const { data, dim, frames } = melCepstra(first);
    expect([frames, dim]).toEqual([first.frames, 13]);
    for (const [frame, values] of Object.entries(expected.cepstra)) {
      const found = data.subarray(Number(frame) * dim, (Number(frame) + 1) * dim);
      expect(found.length).toBe(values.length);
      values.forEach((value, k) => {
        expect(Math.abs(found[k]! - value)).toBeLessThan(1e-6);
      });
    }
  });

  it('leave the energy out', () => {
    const louder = { ...first, data: first.data.map((value) => value + 2) };
    const [a, b] = [melCepstra(first), melCepstra(louder)];
    a.data.forEach((value, i) => {
      expect(Math.abs(value - b.data[i]!)).toBeLessThan(1e-5);
    });
  });

  it('refuse spectrograms that have none', () => {
    expect(() => melCepstra({ data: new Float32Array(26), frames: 2, dim: 13 })).toThrow(
      /set numMelBins to 14 or more/,
    );
    expect(() => melCepstra(first, 0)).toThrow(RangeError);
    expect(() => melCepstra({ ...first, data: first.data.map((v, i) => (i === 85 ? Number.NaN : v)) })).toThrow(
      /frame 2/,
    );
  });
});

describe('mel-cepstral distortion', () => {
  it('is that of librosa and NumPy, with warping and without', () => {
    const found = melCepstralDistortion(first, second);
    expect(Math.abs(found.distortion / expected.warped.distortion - 1)).toBeLessThan(1e-9);
    expect([[...found.path.a], [...found.path.b]]).toEqual(expected.warped.path);
    expect([found.referenceFrames, found.syntheticFrames]).toEqual([first.frames, second.frames]);
    const framewise = framewiseMelCepstralDistortion(firstFrames(first, short), firstFrames(second, short));
    expect(Math.abs(framewise.distortion / expected.framewise - 1)).toBeLessThan(1e-9);
  });

  it('is that of librosa from the recordings on, but for the single precision of spectrograms', async () => {
    const mels = await Promise.all(
      expected.recordings.map(async ({ name }) => logMelOf((await recording(name)).samples)),
    );
    const { distortion } = melCepstralDistortion(mels[0]!, mels[1]!);
    expect(Math.abs(distortion / expected.warped.distortion - 1)).toBeLessThan(1e-5);
  });

  it('is 0 for a sound with itself and the same in both directions', () => {
    const self = melCepstralDistortion(first, first);
    expect(self.distortion).toBe(0);
    expect(self.path).toEqual(identityPath(first.frames));
    expect(framewiseMelCepstralDistortion(first, first).distortion).toBe(0);
    expect(melCepstralDistortion(second, first).distortion).toBeCloseTo(expected.warped.distortion, 9);
  });

  it('grows with noise, and not with level', async () => {
    const { samples } = await recording('minute');
    const random = new Random(5, 'noise');
    const noise = samples.map(() => random.normal());
    const mel = await logMelOf(samples);
    const distortions: number[] = [];
    for (const level of [1e-4, 1e-3, 1e-2, 1e-1]) {
      const noisy = await logMelOf(samples.map((value, i) => value + level * noise[i]!));
      distortions.push(melCepstralDistortion(mel, noisy).distortion);
    }
    expect(distortions).toEqual([...distortions].sort((a, b) => a - b));
    expect(distortions[0]).toBeLessThan(distortions[3]! / 3);
    const half = melCepstralDistortion(mel, { ...mel, data: mel.data.map((value) => value - Math.LN2) });
    expect(half.distortion).toBeLessThan(1e-5);
  });

  it('refuses what cannot be compared', () => {
    expect(() => framewiseMelCepstralDistortion(first, second)).toThrow(
      /as many frames as the reference has \(69\), found 84/,
    );
    const narrow = { data: new Float32Array(20), frames: 1, dim: 20 };
    expect(() => melCepstralDistortion(first, narrow)).toThrow(/found 40 in the reference and 20 in the synthetic/);
    const none = { data: new Float32Array(0), frames: 0, dim: 40 };
    expect(() => melCepstralDistortion(first, none)).toThrow(/found none in the synthetic sound/);
    expect(() => framewiseMelCepstralDistortion(none, none)).toThrow(DataError);
  });
});
