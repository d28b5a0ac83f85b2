// Kaldi's own numbers: filter banks for many sets of options.
import { describe, expect, it } from 'vitest';
import { type FeaturesConfig, featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';
import { distance, reference, samplesOf } from './support.js';

interface Case {
  readonly name: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly sample_rate: number;
  readonly input: string;
  readonly num_frames: number;
  readonly dim: number;
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

const { pcm16, cases } = reference<{ pcm16: Record<string, string>; cases: Case[] }>('kaldi');

const camel = (name: string): string => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** Kaldi's defaults with a case's options; some cases are of samples in [−1, 1]. */
function configOf({ options, sample_rate, input }: Case): FeaturesConfig {
  const given = Object.entries(options).filter(([name]) => name !== 'sample_frequency');
  return featuresConfigSchema.parse({
    numMelBins: 23,
    sampleRate: sample_rate,
    ...(input.includes('/32768') ? { scale: 1 } : {}),
    ...Object.fromEntries(given.map(([name, value]) => [camel(name), value])),
  });
}

describe('features equal Kaldi’s', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const config = configOf(item);
    const extractor = await createFeatureExtractor(config);
    const samples = samplesOf(pcm16[String(item.sample_rate)]!);
    const features = extractor.extract(samples);
    expect([features.frames, features.dim]).toEqual([item.num_frames, item.dim]);
    expect([extractor.frames(samples.length), extractor.dim]).toEqual([item.num_frames, item.dim]);
    if (config.useLogFbank) {
      expect(distance(item, features)).toBeLessThan(1e-4);
      return;
    }
    const logarithms = Object.entries(item.rows).map(([row, values]) => [row, values.map(Math.log)] as const);
    const ours = { ...features, data: features.data.map(Math.log) };
    expect(distance({ rows: Object.fromEntries(logarithms) }, ours)).toBeLessThan(1e-4);
  });
});
