// Mel scales, filters and the Hann window against Transformers, Whisper and the definition.
import { describe, expect, it } from 'vitest';
import { hertzToMel, type MelScale, melToHertz } from '../../../../src/audio/config.js';
import { type MelBankOptions, melBank, melProjection } from '../../../../src/audio/features/mel.js';
import { windowValues } from '../../../../src/audio/features/windows.js';
import { Random } from '../../../../src/random.js';
import { reference } from './support.js';

const {
  hertz_to_mel: scales,
  mel_filter_bank: banks,
  window_hann_16_periodic: hann,
} = reference<{
  hertz_to_mel: Record<MelScale, { hz: number[]; mel: number[] }>;
  mel_filter_bank: Record<string, number[][]>;
  window_hann_16_periodic: number[];
}>('transformers');

const whisper = (filters: number): MelBankOptions => ({
  filters,
  fftSize: 400,
  sampleRate: 16000,
  low: 0,
  high: 8000,
  scale: 'slaney',
  norm: 'slaney',
});

describe('mel scales', () => {
  it.each(Object.entries(scales))('%s goes both ways', (scale, { hz, mel }) => {
    hz.forEach((hertz, i) => {
      expect(hertzToMel(hertz, scale as MelScale)).toBeCloseTo(mel[i]!, scale === 'kaldi' ? 3 : 7);
      expect(melToHertz(hertzToMel(hertz, scale as MelScale), scale as MelScale)).toBeCloseTo(hertz, 7);
    });
  });
});

describe('mel filters', () => {
  it.each([
    ['htk', 'htk', 'none'],
    ['slaney', 'slaney', 'none'],
    ['slaney_norm', 'slaney', 'slaney'],
    ['kaldi_triangularize_in_mel_space', 'kaldi', 'none'],
  ] as const)('are those of Transformers: %s', (name, scale, norm) => {
    const bank = melBank({ filters: 4, fftSize: 30, sampleRate: 4000, low: 0, high: 2000, scale, norm });
    const expected = banks[name]!;
    bank.forEach(({ start, weights }, filter) => {
      expected.forEach((row, bin) => {
        const weight = row[filter]!;
        // What NumPy's allclose allows, as in the tests of Transformers.
        expect(Math.abs((weights[bin - start] ?? 0) - weight)).toBeLessThanOrEqual(1e-8 + 1e-5 * weight);
      });
    });
  });

  it.each([80, 128] as const)('are those of Whisper: %i', (filters) => {
    const expected = reference<Record<string, [number, ...number[]][]>>('whisper')[`mel_${filters}`]!;
    const bank = melBank(whisper(filters));
    expect(bank.length).toBe(expected.length);
    bank.forEach(({ start, weights }, i) => {
      const [first, ...theirs] = expected[i]!;
      expect([start, weights.length]).toEqual([first, theirs.length]);
      theirs.forEach((weight, k) => {
        expect(Math.abs(weights[k]! - weight)).toBeLessThan(1e-8);
      });
    });
  });

  it.each([
    ['Whisper', whisper(80)],
    ['Kaldi', { filters: 23, fftSize: 256, sampleRate: 8000, low: 20, high: 4000, scale: 'kaldi' }],
    ['an odd size', { filters: 10, fftSize: 401, sampleRate: 16000, low: 300, high: 7000, scale: 'htk' }],
    ['edges at bins', { filters: 5, fftSize: 60, sampleRate: 4000, low: 0, high: 400, scale: 'slaney' }],
  ] as const)('are what a spectrum is projected on: %s', (_name, options) => {
    const random = new Random(3, 'spectrum');
    const spectrum = Float32Array.from({ length: Math.floor(options.fftSize / 2) + 1 }, () => random.uniform());
    const out = new Float32Array(options.filters + 2).fill(-1);
    melProjection(options)(spectrum, out, 1);
    expect([out[0], out.at(-1)]).toEqual([-1, -1]);
    melBank(options).forEach(({ start, weights }, i) => {
      const sum = weights.reduce((total, weight, k) => total + weight * spectrum[start + k]!, 0);
      expect(Math.abs(out[i + 1]! / sum - 1)).toBeLessThan(1e-5);
    });
  });
});

describe('the periodic Hann window', () => {
  it('is that of Transformers', () => {
    const window = windowValues('periodicHann', hann.length);
    hann.forEach((value, i) => {
      expect(window[i]).toBeCloseTo(value, 7);
    });
  });
});
