// Spectrograms of Tacotron 2 and HiFi-GAN against librosa and PyTorch, their sizes at other rates, and their configuration.
import { describe, expect, it } from 'vitest';
import { frameSizes } from '../../../../src/audio/config.js';
import { createFeatureExtractor, featureFingerprint } from '../../../../src/audio/features/extractor.js';
import { spectrogramConfigSchema } from '../../../../src/audio/synthesis/config.js';
import {
  SPECTROGRAM_CONVENTIONS,
  spectrogramFeatures,
  spectrogramSizes,
} from '../../../../src/audio/synthesis/conventions.js';
import { expected, recording } from './support.js';

describe('spectrograms equal those of librosa and PyTorch', () => {
  it.each(expected.spectrograms.map((item) => [`${JSON.stringify(item.config)} of ${item.file}`, item] as const))(
    '%s',
    async (_name, item) => {
      const samples = await recording(item.file);
      const extractor = await createFeatureExtractor(spectrogramFeatures(item.config));
      const { data, frames, dim } = extractor.extract(samples);
      expect([frames, dim]).toEqual(item.shape);
      expect(extractor.frames(samples.length)).toBe(frames);
      for (const [row, values] of Object.entries(item.rows)) {
        values.forEach((value, j) => {
          // Within a factor of e of the floor, beside loud frequencies, single precision of the transform shows.
          const most = value > Math.log(1e-5) + 1 ? 1e-4 : 5e-4;
          expect(Math.abs(data[Number(row) * dim + j]! - value)).toBeLessThan(most);
        });
      }
    },
  );

  it('HiFi-GAN has a frame for every shift of samples', async () => {
    const samples = await recording('digits/7.wav');
    const extractor = await createFeatureExtractor(spectrogramFeatures({ convention: 'hifigan', sampleRate: 8000 }));
    for (const length of [0, 206, 207, 299, 300, 4000, 4099]) {
      const { frames } = extractor.extract(samples.subarray(0, length));
      // Mirrored ends need more samples than they have.
      expect(frames).toBe(length > 206 ? Math.floor(length / 100) : 0);
      expect(extractor.frames(length)).toBe(frames);
    }
  });
});

describe('sizes', () => {
  it('are those of the convention at its rate and keep their durations at others', () => {
    const sizes = (sampleRate?: number) => {
      const { fftSize, hopLength, windowLength } = spectrogramSizes({ convention: 'hifigan', sampleRate });
      return [fftSize, hopLength, windowLength];
    };
    expect(sizes()).toEqual([1024, 256, 1024]);
    expect(sizes(8000)).toEqual([512, 100, 400]);
    expect(sizes(16_000)).toEqual([1024, 200, 800]);
    expect(sizes(24_000)).toEqual([2048, 300, 1200]);
    expect(sizes(44_100)).toEqual([2048, 512, 2048]);
    expect(sizes(11_025)).toEqual([512, 128, 512]);
  });

  it('follow what is told', () => {
    const of = (settings: object) => spectrogramSizes({ convention: 'tacotron2', ...settings });
    expect(of({ hopLength: 300 })).toMatchObject({ hopLength: 300, windowLength: 1200, fftSize: 2048 });
    expect(of({ fftSize: 512 })).toMatchObject({ hopLength: 256, windowLength: 512, fftSize: 512 });
    expect(of({ windowLength: 1500 })).toMatchObject({ hopLength: 256, windowLength: 1500, fftSize: 2048 });
  });

  it('come back from milliseconds as the same samples', () => {
    for (const sampleRate of [
      8000, 11_025, 16_000, 22_050, 22_254, 24_000, 32_000, 44_100, 44_056, 48_000, 96_000, 191_999,
    ]) {
      for (let hopLength = 1; hopLength < 2000; hopLength += 7) {
        const windowLength = 2 * hopLength + (hopLength % 5);
        const features = spectrogramFeatures({
          convention: 'tacotron2',
          sampleRate,
          hopLength,
          windowLength,
          fftSize: 8192,
          numMelBins: 10,
        });
        expect(frameSizes(features)).toEqual({ length: windowLength, shift: hopLength });
      }
    }
  });
});

describe('the configuration', () => {
  const problems = (section: object) =>
    spectrogramConfigSchema
      .safeParse(section)
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('has Tacotron 2 as default, and as much of a rate as there is', () => {
    const settings = spectrogramConfigSchema.parse({});
    expect(settings).toEqual({ convention: 'tacotron2', trimDb: 0 });
    expect(spectrogramFeatures(settings)).toMatchObject({
      kind: 'logMel',
      sampleRate: 22_050,
      numMelBins: 80,
      highFreq: 8000,
      framing: 'centred',
      usePower: false,
      cmvn: 'none',
      trimDb: 0,
    });
    expect(spectrogramFeatures({ convention: 'hifigan', sampleRate: 8000, trimDb: 40 })).toMatchObject({
      highFreq: 4000,
      framing: 'between',
      trimDb: 40,
    });
    expect(featureFingerprint(spectrogramFeatures({ convention: 'hifigan' }))).not.toBe(
      featureFingerprint(spectrogramFeatures({ convention: 'tacotron2' })),
    );
  });

  it.each(Object.keys(SPECTROGRAM_CONVENTIONS))('accepts %s at usual rates', (convention) => {
    for (const sampleRate of [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]) {
      expect(problems({ convention, sampleRate })).toBeUndefined();
    }
  });

  it('names both values of a contradiction', () => {
    expect(problems({ hopLength: 600, windowLength: 1000 })).toEqual([
      'hopLength: hopLength must be at most half of windowLength (1000), but is 600',
    ]);
    expect(problems({ windowLength: 400 })).toEqual([
      'windowLength: hopLength must be at most half of windowLength (400), but is 256',
    ]);
    expect(problems({ windowLength: 1024, fftSize: 512 })).toEqual([
      'windowLength: windowLength must be at most fftSize (512), but is 1024',
    ]);
    expect(problems({ fftSize: 1100 })).toEqual([
      'fftSize: fftSize must be 32 times a product of 2, 3 and 5 (such as 512, 800, 1024), but is 1100',
    ]);
    expect(problems({ convention: 'hifigan', hopLength: 255 })).toEqual([
      'hopLength: hopLength must be even as fftSize (1024) is, with convention hifigan, but is 255',
    ]);
    expect(problems({ sampleRate: 8000, highFreq: 5000 })).toEqual([
      'highFreq: highFreq must be at most sampleRate / 2 (4000), but is 5000',
    ]);
    expect(problems({ lowFreq: 9000 })).toEqual(['lowFreq: lowFreq must be less than highFreq (8000), but is 9000']);
    expect(problems({ numMelBins: 400 })).toEqual([expect.stringMatching(/^numMelBins: .*but is 400$/)]);
  });
});
