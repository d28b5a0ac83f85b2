// Features against torchaudio, librosa and Whisper, the transform and logarithms against their definitions, odd inputs, settings.
import { describe, expect, it } from 'vitest';
import { type FeaturesConfig, featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor, featureDim, featureFingerprint } from '../../../../src/audio/features/extractor.js';
import { createPowerSpectrum } from '../../../../src/audio/features/fft.js';
import { logarithmsOf } from '../../../../src/audio/features/logarithm.js';
import { DataError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { distance, type Rows, reference, samplesOf } from './support.js';

const { pcm16, cases } = reference<{
  pcm16: string;
  cases: (Rows & { name: string; config: Record<string, unknown> })[];
}>('others');
const samples = samplesOf(pcm16);
const configOf = (section: Record<string, unknown> = {}): FeaturesConfig => featuresConfigSchema.parse(section);

describe('features equal those of torchaudio, librosa and Whisper', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (name, item) => {
    const extractor = await createFeatureExtractor(configOf(item.config));
    const features = extractor.extract(samples);
    expect([features.frames, features.dim]).toEqual(item.shape);
    // Single precision of the transform shows where there is nearly no power, most of all in decibels.
    expect(distance(item, features)).toBeLessThan(name.includes('decibel') ? 2e-3 : 3e-4);
  });
});

describe('the power spectrum', () => {
  it.each([1, 2, 16, 32, 37, 64, 160, 200, 400, 401, 512, 551])(
    'of %i samples is that of the definition',
    async (size) => {
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
    },
  );
});

describe('logarithms', () => {
  it('are exact to single precision, from the smallest number to the largest', () => {
    const random = new Random(4, 'logarithms');
    const numbers = Float32Array.from({ length: 20_000 }, () => 2 ** (-126 + 254 * random.uniform()));
    numbers.set([1, 0.5, Math.SQRT1_2, Math.SQRT2, 2 ** -126, 3.4e38, 0.99999994, 1.0000001]);
    const values = numbers.slice();
    logarithmsOf(values)(0, values.length, 0);
    values.forEach((value, i) => {
      const exact = Math.log(numbers[i]!);
      expect(Math.abs(value - exact)).toBeLessThan(1e-9 + Math.abs(exact) * 2 ** -23.9);
    });
  });

  it('have a floor, keep to their range and let what is not finite stand out', () => {
    const values = Float32Array.of(4, 0, -1, 1e-45, 4, Number.NaN, Number.POSITIVE_INFINITY);
    logarithmsOf(values)(1, 7, 0.5);
    const least = Math.fround(Math.log(0.5));
    const four = Math.fround(Math.log(4));
    expect([...values]).toEqual([4, least, least, least, four, Number.NaN, Number.POSITIVE_INFINITY]);
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

  it.each([
    [Number.NaN, /found NaN in place 700/],
    [Number.POSITIVE_INFINITY, /found Infinity in place 700/],
    [1e30, /too large/],
  ])('%d among the samples is an error', async (value, message) => {
    const bad = samples.slice();
    bad[700] = value;
    for (const section of [{}, { kind: 'mfcc' }, { useLogFbank: false }, { kind: 'logMel', log: 'whisper' }]) {
      const extractor = await createFeatureExtractor(configOf(section));
      expect(() => extractor.extract(bad)).toThrow(message);
      expect(() => extractor.extract(bad)).toThrow(DataError);
    }
  });

  it('counts as many frames as there are, for every number of samples', async () => {
    for (const section of [
      {},
      { snipEdges: false },
      { kind: 'logMel' },
      { kind: 'logMel', log: 'whisper' },
      { kind: 'logMel', framing: 'between' },
    ]) {
      const extractor = await createFeatureExtractor(configOf(section));
      expect(extractor.framesPerSecond).toBe(100);
      for (let length = 0; length < 1300; length += 13) {
        expect(extractor.extract(samples.subarray(0, length)).frames).toBe(extractor.frames(length));
      }
    }
  });

  it('two extractors of one transform do not disturb each other', async () => {
    const [long, short] = [configOf(), configOf({ frameLength: 20 })];
    const alone = (await createFeatureExtractor(short)).extract(samples);
    const first = await createFeatureExtractor(long);
    const second = await createFeatureExtractor(short);
    first.extract(samples);
    expect(second.extract(samples)).toEqual(alone);
  });

  it('dither is noise of its size, and seeded', async () => {
    const quiet = new Float32Array(16_000);
    const config = configOf({ dither: 2, numMelBins: 23, preemphasis: 0, windowType: 'rectangular', useEnergy: true });
    const { data, frames, dim } = (await createFeatureExtractor(config)).extract(quiet);
    // The mean energy of 400 samples of variance 4.
    const energies = Array.from({ length: frames }, (_, t) => Math.exp(data[t * dim]!));
    expect(energies.reduce((a, b) => a + b) / frames / 1600).toBeCloseTo(1, 1);
    expect((await createFeatureExtractor(config)).extract(quiet).data).toEqual(data);
  });

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
    expect(problems({ frameLength: 0.1 })).toEqual([
      'frameLength: frameLength must be at least two samples (0.125 ms), but is 0.1',
    ]);
    expect(problems({ framing: 'between' })).toEqual([
      'framing: framing: between needs kind: logMel, but kind is fbank',
    ]);
    expect(problems({ kind: 'logMel', log: 'whisper', framing: 'between' })).toEqual([
      'framing: framing: between needs another log than whisper, whose frames are centred',
    ]);
    expect(problems({ kind: 'logMel', fftSize: 401, framing: 'between' })).toEqual([
      'framing: framing: between needs a shift of as many samples as fftSize (401), or of fewer by an even number, ' +
        'but frameShift is 160 samples',
    ]);
    expect(problems({ frameShift: 0.01 })).toEqual([
      'frameShift: frameShift must be at least one sample (0.0625 ms), but is 0.01',
    ]);
  });

  it('has no more filters than the spectrum can tell apart', async () => {
    expect(problems({ numMelBins: 200 })).toEqual([
      expect.stringMatching(/^numMelBins: numMelBins must be at most .* of 512 samples .*\(\d+\), but is 200$/),
    ]);
    const most = Number(/\((\d+)\)/.exec(problems({ numMelBins: 200 })![0]!)![1]);
    expect(problems({ numMelBins: most })).toBeUndefined();
    expect(problems({ numMelBins: most + 1 })).toHaveLength(1);
    // All filters have a bin, and differ from silence.
    const { data } = (await createFeatureExtractor(configOf({ numMelBins: most }))).extract(samples);
    expect(Math.min(...data)).toBeGreaterThan(Math.log(2 ** -23) + 1);
    expect(problems({ kind: 'logMel', lowFreq: 0, numMelBins: 128 })).toBeUndefined();
    expect(problems({ numMelBins: 1e9 })).toHaveLength(1);
    expect(problems({ lowFreq: 101, highFreq: 102, numMelBins: 1 })).toEqual([
      expect.stringMatching(/nothing between lowFreq and highFreq/),
    ]);
  });

  it('changes the fingerprint with whatever changes the numbers, and with nothing else', () => {
    const base = featureFingerprint(configOf());
    expect(featureFingerprint(configOf({ cmvn: 'none', cmvnVariance: false, cmvnWindow: 5 }))).toBe(base);
    expect(featureFingerprint(Object.fromEntries(Object.entries(configOf()).reverse()) as FeaturesConfig)).toBe(base);
    expect(featureFingerprint(configOf({ scale: 1 }))).not.toBe(base);
    expect(featureFingerprint(configOf({ numMelBins: 40 }))).not.toBe(base);
    expect(featureFingerprint(configOf({ deltas: 1 }))).not.toBe(base);
    // Caches made before there were these settings stay good.
    expect(base).not.toMatch(/framing|trimDb/);
    expect(featureFingerprint(configOf({ trimDb: 40 }))).not.toBe(base);
    const [centred, between] = ['centred', 'between'].map((framing) => configOf({ kind: 'logMel', framing }));
    expect(featureFingerprint(between!)).not.toBe(featureFingerprint(centred!));
  });
});
