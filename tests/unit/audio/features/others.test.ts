// Features against torchaudio and librosa, mel scales against Transformers and Whisper, normalisation, odd inputs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type FeaturesConfig,
  featuresConfigSchema,
  hertzToMel,
  type MelScale,
  melToHertz,
} from '../../../../src/audio/config.js';
import { applyCmvn, CmvnAccumulator, parseCmvnStatistics } from '../../../../src/audio/features/cmvn.js';
import { createFeatureExtractor, featureDim, featureFingerprint } from '../../../../src/audio/features/extractor.js';
import { createPowerSpectrum } from '../../../../src/audio/features/fft.js';
import { melBank } from '../../../../src/audio/features/mel.js';
import { Random } from '../../../../src/random.js';

interface Rows {
  readonly shape: readonly [number, number];
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

const read = <T>(name: string): T =>
  JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../../reference/audio-features/${name}.json`, import.meta.url)), 'utf8'),
  ) as T;

const { pcm, cases, sliding } = read<{
  pcm: number[];
  cases: (Rows & { name: string; config: Record<string, unknown> })[];
  sliding: Rows;
}>('others');
const samples = Float32Array.from(pcm, (value) => value / 32768);
const configOf = (section: Record<string, unknown> = {}): FeaturesConfig => featuresConfigSchema.parse(section);

/** Largest difference of the rows given. */
function distance({ shape, rows }: Rows, features: { data: Float32Array; frames: number; dim: number }): number {
  expect([features.frames, features.dim]).toEqual(shape);
  let largest = 0;
  for (const [row, values] of Object.entries(rows)) {
    values.forEach((value, j) => {
      largest = Math.max(largest, Math.abs(features.data[Number(row) * features.dim + j]! - value));
    });
  }
  return largest;
}

describe('features equal those of torchaudio, librosa and Whisper', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (name, item) => {
    const extractor = await createFeatureExtractor(configOf(item.config));
    // Single precision of the transform shows where there is nearly no power, most of all in decibels.
    const tolerance = name.includes('decibel') ? 5e-3 : 1e-3;
    expect(distance(item, extractor.extract(samples))).toBeLessThan(tolerance);
  });

  it('normalised over a sliding window too', async () => {
    const config = configOf({ numMelBins: 23, cmvn: 'sliding', cmvnWindow: 20 });
    const features = (await createFeatureExtractor(config)).extract(samples);
    expect(distance(sliding, applyCmvn(features, config))).toBeLessThan(1e-3);
  });
});

describe('mel scales', () => {
  const { hertz_to_mel: scales, mel_filter_bank: banks } = read<{
    hertz_to_mel: Record<MelScale, { hz: number[]; mel: number[] }>;
    mel_filter_bank: Record<string, number[][]>;
  }>('transformers');

  it.each(Object.entries(scales))('%s goes both ways', (scale, { hz, mel }) => {
    hz.forEach((hertz, i) => {
      expect(hertzToMel(hertz, scale as MelScale)).toBeCloseTo(mel[i]!, scale === 'kaldi' ? 3 : 7);
      expect(melToHertz(hertzToMel(hertz, scale as MelScale), scale as MelScale)).toBeCloseTo(hertz, 7);
    });
  });

  it.each([
    ['htk', 'htk', 'none'],
    ['slaney', 'slaney', 'none'],
    ['slaney_norm', 'slaney', 'slaney'],
  ] as const)('make the filters of Transformers: %s', (name, scale, norm) => {
    const bank = melBank({ filters: 4, fftSize: 30, sampleRate: 4000, low: 0, high: 2000, scale, norm });
    const expected = banks[name]!;
    bank.forEach(({ start, weights }, filter) => {
      expected.forEach((row, bin) => {
        expect(weights[bin - start] ?? 0).toBeCloseTo(row[filter]!, 6);
      });
    });
  });
});

describe('the power spectrum', () => {
  it.each([32, 64, 160, 400, 401, 37])('of %i samples is that of the definition', async (size) => {
    const random = new Random(1, 'fft');
    const spectrum = await createPowerSpectrum(size);
    const signal = Float32Array.from({ length: size }, () => random.normal());
    for (let repeat = 0; repeat < 2; repeat++) {
      spectrum.input.set(signal);
      const power = new Float32Array(Math.floor(size / 2) + 1);
      spectrum.compute(power);
      for (let k = 0; k < power.length; k++) {
        let [re, im] = [0, 0];
        signal.forEach((value, n) => {
          re += value * Math.cos((2 * Math.PI * k * n) / size);
          im -= value * Math.sin((2 * Math.PI * k * n) / size);
        });
        expect(Math.abs(power[k]! - (re * re + im * im))).toBeLessThan(1e-4 * size);
      }
    }
  });
});

describe('normalisation', () => {
  const random = new Random(2, 'cmvn');
  const features = { data: Float32Array.from({ length: 60 }, () => 5 + 3 * random.normal()), frames: 20, dim: 3 };

  it('makes every feature of an utterance have mean 0 and variance 1', () => {
    const { data } = applyCmvn(features, configOf());
    for (let j = 0; j < 3; j++) {
      const values = Array.from({ length: 20 }, (_, t) => data[3 * t + j]!);
      expect(values.reduce((a, b) => a + b) / 20).toBeCloseTo(0, 5);
      expect(values.reduce((a, b) => a + b * b, 0) / 20).toBeCloseTo(1, 5);
    }
    expect(features.data[0]).not.toBe(data[0]);
  });

  it('by the statistics of a corpus is the same whatever the order and size of its parts', () => {
    const [all, parts] = [new CmvnAccumulator(), new CmvnAccumulator()];
    all.add(features);
    parts.add({ data: features.data.slice(30), frames: 10, dim: 3 });
    parts.add({ data: features.data.slice(0, 30), frames: 10, dim: 3 });
    parts.statistics().mean.forEach((mean, j) => {
      expect(mean).toBeCloseTo(all.statistics().mean[j]!, 10);
    });
    const config = configOf({ cmvn: 'global' });
    const again = parseCmvnStatistics(JSON.stringify(all.statistics()), 'cmvn.json');
    expect(applyCmvn(features, config, again)).toEqual(applyCmvn(features, config, all.statistics()));
    expect(() => applyCmvn(features, config)).toThrow(/statistics/);
    expect(() => parseCmvnStatistics('{}', 'cmvn.json')).toThrow(/cmvn\.json/);
  });

  it('of a constant feature is 0, not NaN', () => {
    const constant = { data: new Float32Array(12).fill(4), frames: 4, dim: 3 };
    expect(applyCmvn(constant, configOf()).data.every((value) => value === 0)).toBe(true);
  });
});

describe('odd inputs', () => {
  it.each(['fbank', 'mfcc', 'logMel'] as const)(
    '%s of silence is finite, of too little sound there is none',
    async (kind) => {
      const config = configOf({ kind });
      const extractor = await createFeatureExtractor(config);
      const silence = extractor.extract(new Float32Array(1600));
      expect(silence.frames).toBeGreaterThan(5);
      expect(silence.dim).toBe(featureDim(config));
      expect(silence.data.every(Number.isFinite)).toBe(true);
      for (const length of [0, 1, 100]) {
        expect(extractor.extract(new Float32Array(length)).frames).toBe(0);
        expect(extractor.frames(length)).toBe(0);
      }
    },
  );

  it('gives the same features in any order of utterances', async () => {
    const extractor = await createFeatureExtractor(configOf({ dither: 1 }));
    const first = extractor.extract(samples).data.slice();
    extractor.extract(samples.slice(0, 3000));
    expect(extractor.extract(samples).data).toEqual(first);
  });
});

describe('the configuration', () => {
  const problems = (section: Record<string, unknown>) =>
    featuresConfigSchema.safeParse(section).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('names both values of a contradiction', () => {
    expect(problems({ sampleRate: 8000, highFreq: 7000 })).toEqual([
      'highFreq: highFreq must be at most sampleRate / 2 (4000), but is 7000',
    ]);
    expect(problems({ lowFreq: 9000 })).toEqual(['lowFreq: lowFreq must be less than highFreq (8000), but is 9000']);
    expect(problems({ kind: 'mfcc', numCeps: 90 })).toEqual([
      'numCeps: numCeps must be at most numMelBins (80), but is 90',
    ]);
    expect(problems({ kind: 'logMel', frameLength: 32 })).toEqual([
      'frameLength: frameLength must be at most fftSize (400) samples, but is 512',
    ]);
  });

  it('changes the fingerprint with whatever changes the numbers, and with nothing else', () => {
    const base = featureFingerprint(configOf());
    expect(featureFingerprint(configOf({ cmvn: 'none' }))).toBe(base);
    expect(featureFingerprint(configOf({ numMelBins: 40 }))).not.toBe(base);
    expect(featureFingerprint(configOf({ deltas: 1 }))).not.toBe(base);
  });
});
