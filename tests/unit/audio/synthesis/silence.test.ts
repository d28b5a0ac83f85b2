// Bounds of silence against librosa, and features of trimmed sound.
import { describe, expect, it } from 'vitest';
import { featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';
import { silenceBounds } from '../../../../src/audio/synthesis/silence.js';
import { expected, recording } from './support.js';

/** A tone between two silences. */
const tone = Float32Array.from({ length: 6000 }, (_, n) => (n < 2000 || n >= 4000 ? 0 : Math.sin(n / 3) / 2));

describe('bounds of silence', () => {
  it.each(expected.silences)('equal librosa: $file, $topDb dB, $frameLength/$hopLength', async (item) => {
    const { start, end } = silenceBounds(await recording(item.file), item);
    expect([start, end]).toEqual(item.bounds);
  });

  it('keep what is all silent, and have nothing of nothing', () => {
    expect(silenceBounds(new Float32Array(5000), { topDb: 30 })).toEqual({ start: 0, end: 5000 });
    expect(silenceBounds(new Float32Array(3).fill(0.1), { topDb: 30 })).toEqual({ start: 0, end: 3 });
    expect(silenceBounds(new Float32Array(0), { topDb: 30 })).toEqual({ start: 0, end: 0 });
    expect(silenceBounds(new Float32Array(5000).fill(Number.NaN), { topDb: 30 })).toEqual({ start: 0, end: 5000 });
  });

  it('refuse options that are no sizes', () => {
    expect(() => silenceBounds(tone, { topDb: 0 })).toThrow(/topDb: expected a positive number, found 0/);
    expect(() => silenceBounds(tone, { topDb: 9, hopLength: 1.5 })).toThrow(/hopLength: .* samples, found 1.5/);
  });
});

describe('features with trimDb', () => {
  it.each(['fbank', 'logMel'] as const)('are those of what is left, %s', async (kind) => {
    const section = { kind, sampleRate: 8000, numMelBins: 23 };
    const plain = await createFeatureExtractor(featuresConfigSchema.parse(section));
    const trimming = await createFeatureExtractor(featuresConfigSchema.parse({ ...section, trimDb: 40 }));
    const { start, end } = silenceBounds(tone, { topDb: 40 });
    expect(start).toBeGreaterThan(1000);
    expect(end).toBeLessThan(5000);
    expect(trimming.extract(tone)).toEqual(plain.extract(tone.subarray(start, end)));
    expect(trimming.extract(tone).frames).toBeLessThan(trimming.frames(tone.length));
    const silence = new Float32Array(3000);
    expect(trimming.extract(silence)).toEqual(plain.extract(silence));
  });

  it('still say which sample is not finite', async () => {
    const extractor = await createFeatureExtractor(featuresConfigSchema.parse({ trimDb: 40 }));
    const bad = tone.slice();
    bad[700] = Number.NaN;
    expect(() => extractor.extract(bad)).toThrow(/found NaN in place 700/);
  });
});
