// SpecAugment: what masks cover, how far time is warped, and that everything follows from the arguments.
import { describe, expect, test } from 'vitest';
import { augmentFeatures } from '../../../../src/audio/augment/augment.js';
import { augmentationConfigSchema } from '../../../../src/audio/augment/config.js';
import { specAugment, timeWarp } from '../../../../src/audio/augment/spec-augment.js';
import type { Features } from '../../../../src/audio/types.js';
import { Random } from '../../../../src/random.js';

const random = (index: number) => new Random(1, 'augment', index);
const config = (settings: object) => augmentationConfigSchema.parse({ specAugment: settings }).specAugment;

/** Features without a zero among them. */
function ones(frames: number, dim: number): Features {
  return { data: new Float32Array(frames * dim).fill(1), frames, dim };
}

/** Rising values, the same for all features of a frame: the value says which frame it was. */
function ramp(frames: number, dim: number): Features {
  return { data: Float32Array.from({ length: frames * dim }, (_, i) => Math.floor(i / dim)), frames, dim };
}

/** Frames and features that are masked throughout. */
function masked({ data, frames, dim }: Features, value = 0) {
  const at = (t: number, j: number) => data[t * dim + j] === value;
  const times = Array.from({ length: frames }, (_, t) => t);
  const bins = Array.from({ length: dim }, (_, j) => j);
  return {
    frames: times.filter((t) => bins.every((j) => at(t, j))),
    features: bins.filter((j) => times.every((t) => at(t, j))),
    cells: data.filter((x) => x === value).length,
  };
}

/** How often each number was counted. */
function histogram(values: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[value]! += 1;
  return counts;
}

/** Σ (observed − expected)² / expected for equally likely outcomes. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const runs = (values: readonly number[]) => values.filter((value, i) => value !== (values[i - 1] ?? -9) + 1).length;

describe('masks', () => {
  test('one frequency mask is one stretch over all frames, all widths from 0 to the greatest equally often', () => {
    const widths = Array.from({ length: 4400 }, (_, i) => {
      const result = specAugment(ones(5, 40), config({ frequencyMasks: 1, frequencyMaskWidth: 10 }), random(i));
      const { features, cells } = masked(result);
      expect(runs(features)).toBeLessThanOrEqual(1);
      expect(cells).toBe(features.length * 5);
      return features.length;
    });
    expect(Math.max(...widths)).toBe(10);
    // Ten degrees of freedom: 29.6 is exceeded once in a thousand.
    expect(chiSquare(histogram(widths, 11))).toBeLessThan(29.6);
  });

  test('places of a mask of a width are equally likely, the ends too', () => {
    const starts: number[] = [];
    for (let i = 0; i < 6000; i++) {
      const result = specAugment(ones(1, 6), config({ frequencyMasks: 1, frequencyMaskWidth: 2 }), random(i));
      const { features } = masked(result);
      if (features.length === 2) starts.push(features[0]!);
    }
    expect(starts.length).toBeGreaterThan(1800);
    // Four degrees of freedom: 18.5 is exceeded once in a thousand.
    expect(chiSquare(histogram(starts, 5))).toBeLessThan(18.5);
  });

  test.each([
    [100, 30, 0.2, 20],
    [100, 7, 0.2, 7],
    [13, 100, 0.5, 6],
    [4, 100, 0.2, 0],
    [9, 100, 1, 9],
  ])('a time mask in %i frames of width %i and share %d covers up to %i frames', (frames, width, share, most) => {
    const widths = Array.from({ length: 600 }, (_, i) => {
      const settings = config({ timeMasks: 1, timeMaskWidth: width, timeMaskShare: share });
      const found = masked(specAugment(ones(frames, 3), settings, random(i)));
      expect(runs(found.frames)).toBeLessThanOrEqual(1);
      expect(found.cells).toBe(found.frames.length * 3);
      return found.frames.length;
    });
    expect(Math.max(...widths)).toBe(most);
    expect(Math.min(...widths)).toBe(0);
  });

  test('as many masks as the counts say, and no more', () => {
    const settings = config({ timeMasks: 3, timeMaskWidth: 4, frequencyMasks: 2, frequencyMaskWidth: 5 });
    let mostTimes = 0;
    let mostFeatures = 0;
    for (let i = 0; i < 500; i++) {
      const { frames, features } = masked(specAugment(ones(200, 80), settings, random(i)));
      expect(frames.length).toBeLessThanOrEqual(12);
      expect(features.length).toBeLessThanOrEqual(10);
      mostTimes = Math.max(mostTimes, runs(frames));
      mostFeatures = Math.max(mostFeatures, runs(features));
    }
    expect([mostTimes, mostFeatures]).toEqual([3, 2]);
  });

  test('a width beyond the features is cut to them', () => {
    const widths = Array.from({ length: 200 }, (_, i) => {
      const settings = config({ frequencyMasks: 1, frequencyMaskWidth: 50 });
      return masked(specAugment(ones(2, 4), settings, random(i))).features.length;
    });
    expect([Math.min(...widths), Math.max(...widths)]).toEqual([0, 4]);
  });

  test('`mean` fills in the mean of the utterance', () => {
    const settings = config({ timeMasks: 1, timeMaskWidth: 8, timeMaskShare: 1, maskValue: 'mean' });
    const source = ramp(9, 2);
    source.data[0] = -36 + 0.5;
    const mean = source.data.reduce((a, b) => a + b, 0) / 18;
    const widths = Array.from({ length: 50 }, (_, i) => {
      const result = specAugment(source, settings, random(i));
      const changed = [...result.data].filter((value, j) => value !== source.data[j]);
      expect(changed.every((value) => Math.abs(value - mean) < 1e-6)).toBe(true);
      return changed.length;
    });
    expect(Math.max(...widths)).toBe(16);
  });
});

describe('time warp', () => {
  const warped = Array.from({ length: 400 }, (_, i) => timeWarp(ramp(50, 2), 5, random(i)));

  test('keeps both ends, the shape and the order of the frames', () => {
    for (const { data, frames, dim } of warped) {
      expect([frames, dim, data.length]).toEqual([50, 2, 100]);
      expect([data[0], data[1], data[98], data[99]]).toEqual([0, 0, 49, 49]);
      for (let t = 1; t < 50; t++) expect(data[2 * t]! > data[2 * t - 2]!).toBe(true);
      for (let t = 0; t < 50; t++) expect(data[2 * t]).toBe(data[2 * t + 1]);
    }
  });

  test('moves no frame by more than the greatest distance, and some by that', () => {
    const distances = warped.map(({ data }) =>
      Math.max(...Array.from({ length: 50 }, (_, t) => Math.abs(data[2 * t]! - t))),
    );
    expect(Math.max(...distances)).toBeCloseTo(5, 5);
    expect(Math.min(...distances)).toBe(0);
  });

  test('is linear before and behind one point, which falls on a frame', () => {
    for (const { data } of warped) {
      const steps = Array.from({ length: 49 }, (_, t) => data[2 * t + 2]! - data[2 * t]!);
      const changes = steps.filter((step, t) => t > 0 && Math.abs(step - steps[t - 1]!) > 1e-4).length;
      expect(changes).toBeLessThanOrEqual(1);
    }
  });

  test('interpolates between frames', () => {
    // Of three frames only the middle one can be the centre, and it cannot move: the frames stay.
    expect(timeWarp(ramp(3, 1), 1, random(0)).data).toEqual(ramp(3, 1).data);
    const source: Features = { data: Float32Array.of(0, 10, 0, 10, 0, 10, 0), frames: 7, dim: 1 };
    const results = Array.from({ length: 60 }, (_, i) => [...timeWarp(source, 1, random(i)).data].map(Math.fround));
    // The centre 3 moved to 2: 0, 1.5, 3, 3.75, 4.5, 5.25, 6.
    expect(results).toContainEqual([0, 5, 10, 2.5, 5, 7.5, 0]);
  });

  test('leaves what is too short for it', () => {
    for (let frames = 0; frames <= 10; frames++) {
      expect(timeWarp(ramp(frames, 2), 5, random(frames)).data).toEqual(ramp(frames, 2).data);
    }
    for (let i = 0; i < 50; i++) {
      const { data } = timeWarp(ramp(11, 1), 5, random(i));
      expect([data[0], data[10], data.some(Number.isNaN)]).toEqual([0, 10, false]);
    }
  });
});

describe('all together', () => {
  const settings = { timeWarp: 5, frequencyMasks: 2, timeMasks: 2, frequencyMaskWidth: 8, timeMaskWidth: 10 };
  const augmentation = augmentationConfigSchema.parse({ specAugment: settings });

  test('the same arguments give the same features, other streams others, and the source is left alone', () => {
    const source = ramp(80, 40);
    const copy = source.data.slice();
    const [first, second, other] = [0, 0, 1].map((index) => augmentFeatures(source, augmentation, random(index)));
    expect(first!.data).toEqual(second!.data);
    expect(first!.data).not.toEqual(other!.data);
    expect(source.data).toEqual(copy);
    expect(first!.data.buffer).not.toBe(source.data.buffer);
  });

  test('features of no frame, one frame, and without any augmentation', () => {
    expect(augmentFeatures(ones(0, 40), augmentation, random(0)).frames).toBe(0);
    expect(augmentFeatures(ones(1, 40), augmentation, random(0)).data).toHaveLength(40);
    const source = ones(7, 3);
    expect(augmentFeatures(source, augmentationConfigSchema.parse({}), random(0))).toBe(source);
  });
});
