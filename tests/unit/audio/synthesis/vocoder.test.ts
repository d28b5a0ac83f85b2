// Mel spectrograms back to magnitudes and to sound.
import { describe, expect, it } from 'vitest';
import { type FeaturesConfig, featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';
import { createPowerSpectrum } from '../../../../src/audio/features/fft.js';
import { melProjection } from '../../../../src/audio/features/mel.js';
import { windowValues } from '../../../../src/audio/features/windows.js';
import { spectrogramFeatures } from '../../../../src/audio/synthesis/conventions.js';
import { createMelInverter } from '../../../../src/audio/synthesis/mel-inverter.js';
import { createVocoder } from '../../../../src/audio/synthesis/vocoder.js';
import { ConfigError } from '../../../../src/errors.js';
import { recording, relativeDistance } from './support.js';

const configOf = (section: Record<string, unknown> = {}): FeaturesConfig =>
  featuresConfigSchema.parse({
    kind: 'logMel',
    sampleRate: 8000,
    fftSize: 512,
    frameLength: 64,
    frameShift: 16,
    lowFreq: 0,
    ...section,
  });

/** Sums under the filters of a spectrum's rows. */
function melOf({ sampleRate, fftSize, numMelBins, lowFreq, melScale, melNorm }: FeaturesConfig, rows: Float32Array) {
  const width = fftSize / 2 + 1;
  const project = melProjection({
    filters: numMelBins,
    fftSize,
    sampleRate,
    low: lowFreq,
    high: sampleRate / 2,
    scale: melScale,
    norm: melNorm,
  });
  const out = new Float32Array((rows.length / width) * numMelBins);
  for (let t = 0; t * width < rows.length; t++) project(rows.subarray(t * width, (t + 1) * width), out, t * numMelBins);
  return out;
}

describe('magnitudes of mel spectrograms', () => {
  it.each([
    {},
    { usePower: false },
    { usePower: false, log: 'log10', melScale: 'htk', melNorm: 'none' },
    { log: 'decibel', numMelBins: 40 },
    { log: 'decibel', usePower: false, logFloor: 1e-5, framing: 'between' },
  ])('have the sums that they were made of: %j', async (section) => {
    const config = configOf(section);
    const features = (await createFeatureExtractor(config)).extract(await recording('digits/7.wav'));
    const { magnitudes, frames } = createMelInverter(config)(features);
    expect(frames).toBe(features.frames);
    expect(magnitudes).toHaveLength(frames * 257);
    expect(magnitudes.every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    const sums = melOf(config, config.usePower ? magnitudes.map((value) => value ** 2) : magnitudes);
    const tens = { natural: Math.LN10, log10: 1, decibel: config.usePower ? 10 : 20, whisper: 1 }[config.log];
    const distances = Float64Array.from(sums, (value, i) => Math.abs(Math.log10(value) - features.data[i]! / tens));
    // Sums of powers are harder to have, where one filter is loud and the next is not.
    expect(distances.reduce((a, b) => a + b) / sums.length).toBeLessThan(config.usePower ? 5e-3 : 1e-3);
    if (!config.usePower) expect(Math.max(...distances)).toBeLessThan(0.1);
  });

  it('are near those of the sound', async () => {
    const samples = await recording('vm-tocancelmsg.wav');
    const config = spectrogramFeatures({ convention: 'tacotron2', sampleRate: 8000 });
    const { magnitudes, frames } = createMelInverter(config)((await createFeatureExtractor(config)).extract(samples));
    const spectrum = await createPowerSpectrum(512);
    const window = windowValues('periodicHann', 400);
    const [found, wanted] = [new Float32Array((frames - 8) * 257), new Float32Array((frames - 8) * 257)];
    for (let t = 4; t < frames - 4; t++) {
      window.forEach((value, i) => {
        spectrum.input[56 + i] = value * samples[t * 100 - 200 + i]!;
      });
      const row = wanted.subarray((t - 4) * 257, (t - 3) * 257);
      spectrum.compute(row);
      found.set(magnitudes.subarray(t * 257, (t + 1) * 257), (t - 4) * 257);
    }
    // The pseudo-inverse without its negative numbers is at 0.14, as librosa's non-negative least squares is.
    expect(relativeDistance(found, wanted.map(Math.sqrt))).toBeLessThan(0.11);
  });

  it('are refused where there is no way back', () => {
    for (const [section, message] of [
      [{ kind: 'mfcc' }, /found kind: mfcc/],
      [{ kind: 'fbank' }, /found kind: fbank/],
      [{ log: 'whisper' }, /found log: whisper/],
      [{ deltas: 1 }, /found deltas: 1/],
    ] as const) {
      expect(() => createMelInverter(configOf(section))).toThrow(message);
      expect(() => createMelInverter(configOf(section))).toThrow(ConfigError);
    }
    const wrong = { data: new Float32Array(40), frames: 1, dim: 40 };
    expect(() => createMelInverter(configOf())(wrong)).toThrow(
      /expected frames of 80 mel bins, found 40 numbers of 40/,
    );
  });
});

describe('the vocoder', () => {
  it.each(['tacotron2', 'hifigan'] as const)('makes sound with the spectrogram it is given, %s', async (convention) => {
    const config = spectrogramFeatures({ convention, sampleRate: 8000 });
    const extractor = await createFeatureExtractor(config);
    const samples = await recording('conf-muted.wav');
    const features = extractor.extract(samples);
    const vocode = await createVocoder(config, { seed: 1 });
    const sound = vocode(features);
    expect(Math.abs(sound.length - samples.length)).toBeLessThan(100);
    expect(Math.max(...sound.map(Math.abs))).toBeLessThan(1);
    const again = extractor.extract(sound);
    expect(again.frames).toBe(features.frames);
    expect(relativeDistance(again.data.map(Math.exp), features.data.map(Math.exp))).toBeLessThan(0.08);
    expect(vocode(features)).toEqual(sound);
    const rough = (await createVocoder(config, { seed: 1, iterations: 0 }))(features);
    expect(relativeDistance(extractor.extract(rough).data.map(Math.exp), features.data.map(Math.exp))).toBeGreaterThan(
      0.3,
    );
  });

  it('makes silence of silence, and nothing of nothing', async () => {
    const config = spectrogramFeatures({ convention: 'hifigan', sampleRate: 8000 });
    const vocode = await createVocoder(config, { seed: 1 });
    const silence = (await createFeatureExtractor(config)).extract(new Float32Array(8000));
    const sound = vocode(silence);
    expect(sound).toHaveLength(8000);
    expect(Math.max(...sound.map(Math.abs))).toBeLessThan(1e-4);
    expect(vocode({ data: new Float32Array(0), frames: 0, dim: 80 })).toHaveLength(0);
    expect(vocode({ data: silence.data.slice(0, 80), frames: 1, dim: 80 })).toHaveLength(100);
  });

  it('needs a transform that there is', async () => {
    await expect(createVocoder(configOf({ fftSize: 400, frameLength: 50 }), { seed: 1 })).rejects.toThrow(ConfigError);
  });
});
