// Kaldi's own numbers: filter banks and cepstral coefficients for many sets of options.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type FeaturesConfig, featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';

interface Case {
  readonly name: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly sample_rate: number;
  readonly input: string;
  readonly num_frames: number;
  readonly dim: number;
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

const file = fileURLToPath(new URL('../../../reference/audio-features/kaldi.json', import.meta.url));
const { wave, cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  wave: Record<string, number[]>;
  cases: Case[];
};

const camel = (name: string): string => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** Kaldi's defaults with a case's options. */
function configOf({ options, sample_rate }: Case): FeaturesConfig {
  const given = Object.entries(options).filter(([name]) => name !== 'sample_frequency');
  return featuresConfigSchema.parse({
    numMelBins: 23,
    sampleRate: sample_rate,
    ...Object.fromEntries(given.map(([name, value]) => [camel(name), value])),
  });
}

describe('features equal Kaldi’s', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const extractor = await createFeatureExtractor(configOf(item));
    const samples = Float32Array.from(wave[String(item.sample_rate)]!, (value) => value / 32768);
    const { data, frames, dim } = extractor.extract(samples);
    expect([frames, dim]).toEqual([item.num_frames, item.dim]);
    expect(extractor.frames(samples.length)).toBe(frames);
    // Some cases are of samples in [−1, 1], whose power is less by 32768².
    const isUnit = item.input.includes('/32768');
    const isLinear = item.options.use_log_fbank === false;
    const logarithm = (value: number) => (isLinear ? Math.log(value) : value) - (isUnit ? 2 * Math.log(32768) : 0);
    let largest = 0;
    for (const [row, values] of Object.entries(item.rows)) {
      values.forEach((value, j) => {
        const theirs = isLinear ? Math.log(value) : value;
        largest = Math.max(largest, Math.abs(logarithm(data[Number(row) * dim + j]!) - theirs));
      });
    }
    // Kaldi computes in single precision.
    expect(largest).toBeLessThan(1e-3);
  });
});
