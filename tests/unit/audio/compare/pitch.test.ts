// Fundamental frequencies of sounds that are known, of recordings against librosa and NumPy, and how melodies and durations compare.
import { describe, expect, it } from 'vitest';
import { identityPath } from '../../../../src/audio/compare/dtw.js';
import { durationError } from '../../../../src/audio/compare/duration.js';
import { comparePitch } from '../../../../src/audio/compare/log-f0.js';
import { fundamentalFrequency, type PitchTrack } from '../../../../src/audio/compare/pitch.js';
import { DataError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { expected, median, recording } from './support.js';

/** A second of harmonics of a frequency that changes, with amplitudes 1 / k^slope. */
function harmonics(frequency: (seconds: number) => number, sampleRate: number, count: number, slope: number) {
  let phase = 0;
  return Float32Array.from({ length: sampleRate }, (_, n) => {
    phase += (2 * Math.PI * frequency(n / sampleRate)) / sampleRate;
    let sum = 0;
    for (let k = 1; k <= count; k++) sum += Math.sin(k * phase + k * k) / k ** slope;
    return 0.2 * sum;
  });
}

/** Frames away from the ends. */
const inner = (track: PitchTrack, hop: number) =>
  [...track.f0.keys()].filter((t) => t * hop > 0.05 * track.sampleRate && t * hop < 0.95 * track.sampleRate);

describe('the fundamental frequency', () => {
  it.each([
    ['a sine', 1, 0],
    ['a buzz', 12, 1],
    ['a soft voice', 6, 2],
  ] as const)('of %s is found within 0.5 %%', (_, count, slope) => {
    for (const sampleRate of [16_000, 22_050]) {
      for (const frequency of [65, 110.7, 187.3, 233.9, 440, 490]) {
        const samples = harmonics(() => frequency, sampleRate, count, slope);
        const track = fundamentalFrequency(samples, sampleRate, { hop: 256 });
        expect(track.f0.length).toBe(Math.floor(sampleRate / 256) + 1);
        for (const t of inner(track, 256)) expect(Math.abs(track.f0[t]! / frequency - 1)).toBeLessThan(0.005);
      }
    }
  });

  it('without a fundamental is that of the harmonics', () => {
    const samples = Float32Array.from({ length: 16_000 }, (_, n) =>
      [3, 4, 5].reduce((sum, k) => sum + 0.2 * Math.sin((2 * Math.PI * k * 150 * n) / 16_000), 0),
    );
    const track = fundamentalFrequency(samples, 16_000, { hop: 160 });
    for (const t of inner(track, 160)) expect(Math.abs(track.f0[t]! / 150 - 1)).toBeLessThan(0.005);
  });

  it('of a sweep is followed', () => {
    const frequency = (seconds: number) => 100 * 2 ** (1.5 * seconds);
    const track = fundamentalFrequency(harmonics(frequency, 22_050, 8, 1), 22_050, { hop: 256 });
    // The octave and a half of a second goes up by 0.5 % in 5 ms, by which the window is early.
    for (const t of inner(track, 256)) {
      expect(Math.abs(track.f0[t]! / frequency((t * 256) / 22_050) - 1)).toBeLessThan(0.012);
    }
  });

  it('does not depend on level or offset', () => {
    const samples = harmonics((s) => 120 + 40 * s, 16_000, 8, 1);
    const { f0 } = fundamentalFrequency(samples, 16_000, { hop: 200 });
    const changed = samples.map((value) => 0.001 * value + 0.002);
    const other = fundamentalFrequency(changed, 16_000, { hop: 200 });
    for (const t of inner(other, 200)) expect(other.f0[t]).toBeCloseTo(f0[t]!, 1);
  });

  it('of noise and of silence is none', () => {
    const random = new Random(1, 'noise');
    const noise = Float32Array.from({ length: 16_000 }, () => 0.1 * random.normal());
    expect(fundamentalFrequency(noise, 16_000, { hop: 160 }).f0.filter((value) => value > 0).length).toBe(0);
    const silence = fundamentalFrequency(new Float32Array(1600).fill(0.1), 16_000, { hop: 160 });
    expect(silence.f0.slice(3, 8).every((value) => value === 0)).toBe(true);
    expect(fundamentalFrequency(new Float32Array(1600), 16_000, { hop: 160 })).toEqual({
      f0: new Float32Array(11),
      aperiodicity: new Float32Array(11).fill(1),
      hop: 160,
      sampleRate: 16_000,
    });
    expect(fundamentalFrequency(new Float32Array(0), 16_000, { hop: 160 }).f0.length).toBe(0);
  });

  it('is not looked for in frames far below the loudest', () => {
    const samples = harmonics(() => 150, 16_000, 5, 1).map((value, n) => (n < 8000 ? value : value * 0.003));
    const { f0 } = fundamentalFrequency(samples, 16_000, { hop: 160 });
    expect(f0.slice(5, 45).every((value) => value > 0)).toBe(true);
    expect(f0.slice(55).every((value) => value === 0)).toBe(true);
    const all = fundamentalFrequency(samples, 16_000, { hop: 160, silenceDecibels: 60 });
    expect(all.f0.slice(55, 95).every((value) => value > 0)).toBe(true);
  });

  it.each(expected.pitch.map((item) => [item.recording, item] as const))(
    'of the recording %s is that of YIN in NumPy, and near that of librosa',
    async (name, { minFrequency, maxFrequency, f0, aperiodicity, librosaYin, librosaPyin }) => {
      const { samples, sampleRate } = await recording(name);
      const options = { hop: expected.analysis.hop, minFrequency, maxFrequency };
      const every = fundamentalFrequency(samples, sampleRate, {
        ...options,
        voicingThreshold: Number.POSITIVE_INFINITY,
        silenceDecibels: Number.POSITIVE_INFINITY,
      });
      expect(every.f0.length).toBe(f0.length);
      f0.forEach((value, t) => {
        expect(Math.abs(every.f0[t]! / value - 1)).toBeLessThan(1e-5);
        expect(Math.abs(every.aperiodicity[t]! - aperiodicity[t]!)).toBeLessThan(1e-5);
      });
      const voiced = fundamentalFrequency(samples, sampleRate, options);
      const frames = [...voiced.f0.keys()].filter((t) => voiced.f0[t]! > 0);
      expect(frames.length).toBeGreaterThan(0.4 * f0.length);
      expect(median(frames.map((t) => Math.abs(voiced.f0[t]! / librosaYin[t]! - 1)))).toBeLessThan(0.01);
      // pYIN's voiced stretches are longer; outside of them there should be hardly anything.
      expect(frames.filter((t) => librosaPyin[t] === 0).length).toBeLessThan(0.06 * f0.length);
    },
  );

  it('has the frames that are asked for', () => {
    const samples = harmonics(() => 150, 16_000, 5, 1);
    const usual = fundamentalFrequency(samples, 16_000, { hop: 160 });
    const more = fundamentalFrequency(samples, 16_000, { hop: 160, frames: 104 });
    expect(more.f0.length).toBe(104);
    expect(more.f0.slice(0, 101)).toEqual(usual.f0);
    expect(more.f0[103]).toBe(0);
  });

  it('refuses settings and samples that it cannot use', () => {
    const samples = new Float32Array(1000);
    const find = (options: object) => fundamentalFrequency(samples, 8000, { hop: 80, ...options });
    expect(() => find({ hop: 0.5 })).toThrow(/hop: expected a whole number/);
    expect(() => find({ minFrequency: 500 })).toThrow(/minFrequency < maxFrequency/);
    expect(() => find({ maxFrequency: 4001 })).toThrow(/sampleRate \/ 2 \(4000\)/);
    expect(() => find({ frameLength: 200 })).toThrow(/two of the longest period \(268\), found 200/);
    expect(() => find({ frames: -1 })).toThrow(RangeError);
    expect(() => find({ voicingThreshold: 0 })).toThrow(/voicingThreshold: expected a positive number, found 0/);
    expect(() => fundamentalFrequency(samples, 0, { hop: 80 })).toThrow(/sampleRate/);
    samples[500] = Number.NaN;
    expect(() => find({})).toThrow(DataError);
  });
});

const track = (...f0: number[]): PitchTrack => {
  return { f0: Float32Array.from(f0), aperiodicity: new Float32Array(f0.length), hop: 160, sampleRate: 16_000 };
};

describe('melodies', () => {
  it('are compared in semitones where both are voiced', () => {
    const semitones = (s: number) => 100 * 2 ** (s / 12);
    const found = comparePitch(
      track(100, 100, 0, 200, 0),
      track(semitones(3), semitones(-4), 0, 0, 90),
      identityPath(5),
      0.01,
    );
    expect(found.logF0RmseSemitones).toBeCloseTo(Math.sqrt((9 + 16) / 2), 5);
    expect(found).toMatchObject({ grossPitchErrorRate: 0.5, voicingErrorRate: 0.4, voicedPairs: 2, pairs: 5 });
  });

  it('are compared along the path', () => {
    const path = { a: Int32Array.of(0, 0, 1), b: Int32Array.of(0, 1, 2) };
    expect(comparePitch(track(100, 0), track(100, 100, 0), path, 0.01)).toEqual({
      logF0RmseSemitones: 0,
      grossPitchErrorRate: 0,
      voicingErrorRate: 0,
      voicedPairs: 2,
      pairs: 3,
    });
  });

  it('that share no voiced frame have no difference in pitch', () => {
    const found = comparePitch(track(100, 0), track(0, 100), identityPath(2), 0.01);
    expect(found).toEqual({
      logF0RmseSemitones: undefined,
      grossPitchErrorRate: undefined,
      voicingErrorRate: 1,
      voicedPairs: 0,
      pairs: 2,
    });
  });

  it('must be on the grid of the path', () => {
    const compare = (hopSeconds: number, frames: number) =>
      comparePitch(track(100, 100), track(100, 100), identityPath(frames), hopSeconds);
    expect(() => compare(0.0125, 2)).toThrow(
      /expected a frame every 0.0125 s, as in the mel spectrogram, found one every 0.01 s/,
    );
    expect(() => compare(0.01, 3)).toThrow(/as many frames as the warping path has \(3, at least 1\), found 2/);
    expect(() => compare(0.01, 0)).toThrow(DataError);
  });
});

describe('durations', () => {
  it('are compared as parts of the reference', () => {
    expect(durationError(2, 1.5)).toEqual({ relative: 0.25, signed: -0.25 });
    expect(durationError(2, 3)).toEqual({ relative: 0.5, signed: 0.5 });
    expect(durationError(2, 0)).toEqual({ relative: 1, signed: -1 });
    expect(() => durationError(0, 1)).toThrow(DataError);
    expect(() => durationError(1, Number.NaN)).toThrow(DataError);
  });
});
