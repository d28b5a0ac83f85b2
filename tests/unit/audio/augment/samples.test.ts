// Augmentation of samples: ratios of loudness that are reached, clipping that is avoided, spectra of noise, speeds.
import { describe, expect, test } from 'vitest';
import { augmentSamples, changesSamples, speedFactor } from '../../../../src/audio/augment/augment.js';
import { augmentationConfigSchema } from '../../../../src/audio/augment/config.js';
import { changeGain, mixAtSnr } from '../../../../src/audio/augment/mix.js';
import { pinkNoise, stretchOf, whiteNoise } from '../../../../src/audio/augment/noise.js';
import { perturbSpeed } from '../../../../src/audio/augment/speed.js';
import { Random } from '../../../../src/random.js';

const random = (index: number) => new Random(2, 'augment', index);
const tone = (length: number, frequency: number, amplitude = 0.3) =>
  Float32Array.from({ length }, (_, i) => amplitude * Math.sin(2 * Math.PI * frequency * i));
const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
const peak = (samples: Float32Array) => samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const decibels = (ratio: number) => 10 * Math.log10(ratio);

/** The factor that a signal is contained with in a mix, and the ratio of the powers of both parts, in dB. */
function takeApart(mix: Float32Array, signal: Float32Array, noise: Float32Array) {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const [ss, nn, sn] = [dot(signal, signal), dot(noise, noise), dot(signal, noise)];
  const [ms, mn] = [dot(mix, signal), dot(mix, noise)];
  const determinant = ss * nn - sn * sn;
  const a = (ms * nn - mn * sn) / determinant;
  const b = (mn * ss - ms * sn) / determinant;
  return { factor: a, snr: decibels((a * a * ss) / (b * b * nn)) };
}

/** The power of samples in a band, by projections on sines that are spaced as closely as the length resolves. */
function bandPower(samples: Float32Array, low: number, high: number): number {
  const { length } = samples;
  let sum = 0;
  for (let k = Math.ceil(low * length); k < high * length; k++) {
    const step = (2 * Math.PI * k) / length;
    let re = 0;
    let im = 0;
    for (let i = 0; i < length; i++) {
      re += samples[i]! * Math.cos(step * i);
      im += samples[i]! * Math.sin(step * i);
    }
    sum += (2 * (re * re + im * im)) / (length * length);
  }
  return sum;
}

describe('noise', () => {
  test.each([-5, 0, 10, 20, 40])('is mixed in at %i dB', (snr) => {
    const signal = tone(16000, 0.03, 0.2);
    for (const noise of [whiteNoise(16000, random(1)), pinkNoise(16000, random(2)), tone(16000, 0.011, 1e-4)]) {
      const found = takeApart(mixAtSnr(signal, noise, snr), signal, noise);
      expect(Math.abs(found.snr - snr)).toBeLessThan(0.1);
      expect(found.factor).toBeLessThanOrEqual(1 + 1e-6);
    }
  });

  test('does not clip, and keeps the ratio where the whole is made softer', () => {
    const signal = tone(8000, 0.05, 0.95);
    const noise = whiteNoise(8000, random(3));
    const mix = mixAtSnr(signal, noise, 0);
    const { factor, snr } = takeApart(mix, signal, noise);
    expect(peak(mix)).toBeCloseTo(1, 6);
    expect(peak(mix)).toBeLessThanOrEqual(1);
    expect(factor).toBeLessThan(0.8);
    expect(Math.abs(snr)).toBeLessThan(0.01);
  });

  test('of silence and in silence', () => {
    const signal = tone(100, 0.1);
    expect(mixAtSnr(signal, new Float32Array(100), 10)).toEqual(signal);
    expect(mixAtSnr(new Float32Array(100), whiteNoise(100, random(4)), 10)).toEqual(new Float32Array(100));
    expect(mixAtSnr(new Float32Array(0), new Float32Array(0), 10)).toHaveLength(0);
    expect(() => mixAtSnr(signal, new Float32Array(99), 10)).toThrow(/100 samples.*99/);
  });

  test('white noise is standard normal', () => {
    const noise = whiteNoise(50_000, random(5));
    const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(power(noise) - 1)).toBeLessThan(0.03);
    const within = noise.filter((value) => Math.abs(value) < 1).length / noise.length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.01);
  });

  test('octaves of white noise double in power, those of pink noise have the same', () => {
    const octaves = (make: typeof whiteNoise, low: number) => {
      let sum = 0;
      for (let i = 0; i < 8; i++) sum += bandPower(make(2048, random(10 + i)), low, 2 * low);
      return sum / 8;
    };
    const lows = [1 / 256, 1 / 128, 1 / 32, 1 / 8, 1 / 4];
    const white = lows.map((low) => decibels(octaves(whiteNoise, low) / low));
    const pink = lows.map((low) => decibels(octaves(pinkNoise, low)));
    for (const levels of [white, pink]) {
      const mean = levels.reduce((a, b) => a + b, 0) / levels.length;
      // The fewest lines, eight in the lowest octave of each stretch, spread by about 0.5 dB.
      for (const level of levels) expect(Math.abs(level - mean)).toBeLessThan(1.5);
    }
  }, 30_000);

  test('recordings are cut or go round', () => {
    const recording = Float32Array.of(1, 2, 3, 4, 5);
    const starts = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const short = stretchOf(recording, 3, random(i));
      expect([...short]).toEqual([short[0], short[0]! + 1, short[0]! + 2]);
      starts.add(short[0]!);
      const long = stretchOf(recording, 13, random(i));
      expect([...long].every((value, j) => j === 0 || value === (long[j - 1]! % 5) + 1)).toBe(true);
    }
    expect(starts).toEqual(new Set([1, 2, 3]));
    expect(stretchOf(recording, 5, random(0))).toHaveLength(5);
    expect(() => stretchOf(new Float32Array(0), 3, random(0))).toThrow(/at least one sample/);
  });
});

describe('gain', () => {
  test.each([-20, -6, 0, 3])('%i dB', (gain) => {
    const signal = tone(1000, 0.03, 0.3);
    expect(decibels(power(changeGain(signal, gain)) / power(signal))).toBeCloseTo(gain, 4);
  });

  test('stops at full scale, or at what samples beyond it have', () => {
    const loud = changeGain(tone(1000, 0.03, 0.5), 20);
    expect([peak(loud) <= 1, peak(loud) > 0.999999]).toEqual([true, true]);
    const beyond = Float32Array.of(0.5, -1.5);
    expect(changeGain(beyond, 0)).toEqual(beyond);
    expect(changeGain(beyond, 6)).toEqual(beyond);
  });
});

describe('samples of an utterance', () => {
  const signal = tone(4000, 0.04, 0.1);
  const augment = (settings: object, index: number, recordings?: Float32Array[]) =>
    augmentSamples(signal, augmentationConfigSchema.parse(settings), random(index), recordings);
  const white = { noise: { kind: 'white', lowSnr: 5, highSnr: 15 } };

  test('are themselves without augmentation', () => {
    expect(augment({}, 0)).toBe(signal);
    expect(changesSamples(augmentationConfigSchema.parse({ speed: [0.9, 1.1] }))).toBe(false);
    expect(changesSamples(augmentationConfigSchema.parse(white))).toBe(true);
    expect(changesSamples(augmentationConfigSchema.parse({ gain: {} }))).toBe(true);
  });

  test('follow from the arguments alone', () => {
    const copy = signal.slice();
    expect(augment(white, 1)).toEqual(augment(white, 1));
    expect(augment(white, 1)).not.toEqual(augment(white, 2));
    expect(signal).toEqual(copy);
  });

  test('get ratios and gains from all over the range', () => {
    const ratios = Array.from({ length: 300 }, (_, i) => {
      const mix = augment(white, i);
      return decibels(power(signal) / power(mix.map((value, j) => value - signal[j]!)));
    });
    expect(Math.min(...ratios)).toBeGreaterThan(4.9);
    expect(Math.max(...ratios)).toBeLessThan(15.1);
    expect(Math.abs(ratios.reduce((a, b) => a + b, 0) / 300 - 10)).toBeLessThan(0.6);
    const gains = Array.from({ length: 300 }, (_, i) =>
      decibels(power(augment({ gain: { low: -3, high: 9 } }, i)) / power(signal)),
    );
    expect([Math.min(...gains) > -3.01, Math.max(...gains) < 9.01]).toEqual([true, true]);
    expect(Math.abs(gains.reduce((a, b) => a + b, 0) / 300 - 3)).toBeLessThan(0.7);
  });

  test('get noise as often as the share says', () => {
    const settings = { noise: { kind: 'pink', share: 0.25 } };
    const noisy = Array.from({ length: 400 }, (_, i) => augment(settings, i)).filter((mix) => mix !== signal).length;
    // 100 ± four standard deviations.
    expect(Math.abs(noisy - 100)).toBeLessThan(35);
  });

  test('get noise from all recordings', () => {
    const settings = { noise: { kind: 'files', files: ['a.wav', 'b.wav'], lowSnr: 0, highSnr: 0 } };
    const recordings = [new Float32Array(3).fill(0.2), new Float32Array(9000).fill(-0.2)];
    const signs = new Set(
      Array.from({ length: 30 }, (_, i) => Math.sign(augment(settings, i, recordings)[0]! - signal[0]!)),
    );
    expect(signs).toEqual(new Set([1, -1]));
    expect(() => augment(settings, 0)).toThrow(/recordings of noise/);
  });
});

describe('speed', () => {
  test('factors are drawn equally often', () => {
    const factors = [0.9, 1, 1.1];
    const stream = random(0);
    const counts = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const factor = speedFactor(stream, factors);
      counts.set(factor, (counts.get(factor) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(factors);
    // 1,000 ± four standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(104);
    expect(speedFactor(stream, [])).toBe(1);
  });

  test.each([0.9, 1.1, 1.25])('at %d a tone is as much shorter and higher', (factor) => {
    const fast = perturbSpeed(tone(8000, 0.01), factor);
    expect(fast.length).toBe(Math.ceil(8000 / factor));
    const middle = fast.subarray(1000, 6000);
    const crossings = middle.filter((value, i) => i > 0 && value >= 0 && middle[i - 1]! < 0).length;
    expect(Math.abs(crossings - 5000 * 0.01 * factor)).toBeLessThan(1.01);
  });

  test('at 1 the samples are themselves', () => {
    const signal = tone(10, 0.1);
    expect(perturbSpeed(signal, 1)).toBe(signal);
  });
});
