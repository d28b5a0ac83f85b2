// Normalisation over an utterance, a corpus and a sliding window.
import { describe, expect, it } from 'vitest';
import { type FeaturesConfig, featuresConfigSchema } from '../../../../src/audio/config.js';
import { applyCmvn, CmvnAccumulator, parseCmvnStatistics } from '../../../../src/audio/features/cmvn.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';
import { DataError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { distance, type Rows, reference, samplesOf } from './support.js';

const configOf = (section: Record<string, unknown> = {}): FeaturesConfig => featuresConfigSchema.parse(section);
const random = new Random(2, 'cmvn');
const features = { data: Float32Array.from({ length: 60 }, () => 5 + 3 * random.normal()), frames: 20, dim: 3 };
const rows = (from: number, to: number) => ({
  ...features,
  data: features.data.slice(3 * from, 3 * to),
  frames: to - from,
});

function statisticsOf(...parts: readonly (typeof features)[]) {
  const accumulator = new CmvnAccumulator();
  for (const part of parts) accumulator.add(part);
  return accumulator.statistics();
}

describe('normalisation', () => {
  it('makes every feature of an utterance have mean 0 and variance 1', () => {
    const { data } = applyCmvn(features, configOf());
    for (let j = 0; j < 3; j++) {
      const values = Array.from({ length: 20 }, (_, t) => data[3 * t + j]!);
      expect(values.reduce((a, b) => a + b) / 20).toBeCloseTo(0, 5);
      expect(values.reduce((a, b) => a + b * b, 0) / 20).toBeCloseTo(1, 5);
    }
    expect(features.data[0]).not.toBe(data[0]);
  });

  it('leaves the variance alone when told', () => {
    const { data } = applyCmvn(features, configOf({ cmvnVariance: false }));
    expect(data[3]! - data[0]!).toBeCloseTo(features.data[3]! - features.data[0]!, 5);
    expect(applyCmvn(features, configOf({ cmvn: 'none' }))).toEqual(features);
  });

  it('of a constant feature is 0, not NaN', () => {
    const constant = { data: new Float32Array(12).fill(4.1), frames: 4, dim: 3 };
    for (const cmvn of ['utterance', 'sliding']) {
      const { data } = applyCmvn(constant, configOf({ cmvn, cmvnWindow: 3 }));
      expect(data.every((value) => Math.abs(value) < 1e-5)).toBe(true);
    }
  });
});

describe('statistics of a corpus', () => {
  const all = statisticsOf(features);

  it('are the same whatever the order and size of its parts', () => {
    const parts = statisticsOf(rows(10, 20), rows(0, 10));
    const merged = new CmvnAccumulator();
    merged.merge(statisticsOf(rows(0, 3)));
    merged.merge(new CmvnAccumulator().statistics());
    merged.add(rows(3, 7));
    merged.merge(statisticsOf(rows(7, 20)));
    for (const other of [parts, merged.statistics()]) {
      expect(other.frames).toBe(20);
      all.mean.forEach((mean, j) => {
        expect(other.mean[j]).toBeCloseTo(mean, 10);
        expect(other.variance[j]).toBeCloseTo(all.variance[j]!, 10);
      });
    }
  });

  it('are those of the definition', () => {
    const values = Array.from({ length: 20 }, (_, t) => features.data[3 * t + 1]!);
    const mean = values.reduce((a, b) => a + b) / 20;
    expect(all.mean[1]).toBeCloseTo(mean, 10);
    expect(all.variance[1]).toBeCloseTo(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 20, 10);
  });

  it('survive JSON', () => {
    const config = configOf({ cmvn: 'global' });
    const again = parseCmvnStatistics(JSON.stringify(all), 'cmvn.json');
    expect(applyCmvn(features, config, again)).toEqual(applyCmvn(features, config, all));
  });

  it('that do not fit are an error', () => {
    const config = configOf({ cmvn: 'global' });
    expect(() => applyCmvn(features, config)).toThrow(/statistics/);
    expect(() => applyCmvn({ ...features, frames: 15, dim: 4 }, config, all)).toThrow(/of 3 features, found 4/);
    expect(() => statisticsOf(features, { ...features, frames: 15, dim: 4 })).toThrow(DataError);
    for (const text of ['{}', 'x', '{"frames":1,"mean":[0],"variance":[]}']) {
      expect(() => parseCmvnStatistics(text, 'cmvn.json')).toThrow(/cmvn\.json: expected/);
    }
  });
});

describe('a sliding window', () => {
  const { pcm16, sliding } = reference<{ pcm16: string; sliding: (Rows & { window: number; variance: boolean })[] }>(
    'others',
  );

  it.each(sliding.map((item) => [item.window, item] as const))('of %i frames is torchaudio’s', async (window, item) => {
    const config = configOf({ numMelBins: 23, cmvn: 'sliding', cmvnWindow: window, cmvnVariance: item.variance });
    const base = (await createFeatureExtractor(config)).extract(samplesOf(pcm16));
    expect([base.frames, base.dim]).toEqual(item.shape);
    expect(distance(item, applyCmvn(base, config))).toBeLessThan(2e-4);
  });

  it('does not drift over many frames', () => {
    const frames = 20_000;
    const data = Float32Array.from({ length: frames }, (_, t) => (t < 10_000 ? 1000 : 0) + random.normal());
    const config = configOf({ cmvn: 'sliding', cmvnWindow: 50 });
    const whole = applyCmvn({ data, frames, dim: 1 }, config).data.slice(-25);
    const end = applyCmvn({ data: data.slice(-50), frames: 50, dim: 1 }, config).data.slice(-25);
    whole.forEach((value, i) => {
      expect(value).toBeCloseTo(end[i]!, 5);
    });
  });
});
