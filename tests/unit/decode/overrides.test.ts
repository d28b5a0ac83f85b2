// What a caller's choice of a method makes of the settings of a run.
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { decodingSettings } from '../../../src/run/decoder.js';
import type { RunConfig } from '../../../src/task.js';
import { translationConfigSchema } from '../../../tasks/translation/config.js';

const configure = (decoding: Record<string, unknown>): RunConfig =>
  translationConfigSchema.parse({
    task: 'translation',
    data: { train: { file: 'a.tsv' }, valid: { file: 'b.tsv' } },
    decoding,
  }) as RunConfig;
/** The settings that are set. */
const settings = (...given: Parameters<typeof decodingSettings>) =>
  JSON.parse(JSON.stringify(decodingSettings(...given)));

describe('a run that searches', () => {
  const config = configure({ beam: 4, beamGroups: 2, diversityStrength: 1, earlyStopping: true, nBest: 3 });

  it('draws where that is asked for, without what is for beams', () => {
    const found = settings(config, { method: 'sample', topP: 0.9 });
    expect(found).toMatchObject({ method: 'sample', topP: 0.9, nBest: 3, earlyStopping: false });
    expect(found).not.toHaveProperty('beamGroups');
    expect(found).not.toHaveProperty('diversityStrength');
  });

  it('keeps its groups for another beam, but not for greedy search', () => {
    expect(settings(config, { beam: 8 })).toMatchObject({ beam: 8, beamGroups: 2, diversityStrength: 1 });
    expect(() => settings(config, { beam: 5 })).toThrow('multiple of `beamGroups` (2), but is 5');
    const greedy = settings(config, { beam: 1, nBest: 1 });
    expect(greedy).toMatchObject({ method: 'beam', beam: 1 });
    expect(greedy).not.toHaveProperty('beamGroups');
    expect(() => settings(config, { beam: 1, nBest: 1, beamGroups: 2 })).toThrow(UsageError);
  });

  it('refuses what only sampling heeds', () => {
    expect(() => settings(config, { temperature: 2 })).toThrow(UsageError);
    expect(() => settings(config, { temperature: 2 })).toThrow('`temperature` (2) is for sampling');
  });
});

describe('a run that draws', () => {
  const config = configure({ method: 'sample', topK: 5, nBest: 9 });

  it('takes changes of what it draws, with replacement or without', () => {
    expect(settings(config, { temperature: 2 })).toMatchObject({ method: 'sample', topK: 5, temperature: 2, nBest: 9 });
    const method = 'sample-without-replacement';
    expect(settings(config, { method, nBest: 2 })).toMatchObject({ method, topK: 5, nBest: 2 });
  });

  it('searches where a beam is asked for, without what is for sampling', () => {
    const found = settings(config, { beam: 9 });
    expect(found).toMatchObject({ method: 'beam', beam: 9 });
    expect(found).not.toHaveProperty('topK');
    expect(settings(config, { beam: 9, beamGroups: 3 })).toMatchObject({ method: 'beam', beamGroups: 3 });
  });

  it('refuses a beam beside sampling', () => {
    expect(() => settings(config, { method: 'sample', beam: 4 })).toThrow(UsageError);
    expect(() => settings(config, { method: 'sample', beam: 4 })).toThrow('found a beam (4)');
  });
});
