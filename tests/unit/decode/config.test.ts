// Defaults of the decoding configuration and the combinations it refuses.
import { describe, expect, it } from 'vitest';
import { ctcDecodingConfigSchema, decodingConfigSchema, settingsForMethod } from '../../../src/decode/config.js';

/** `path: message` of each complaint. */
const complaints = (config: Record<string, unknown>) =>
  decodingConfigSchema.safeParse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('decodingConfigSchema', () => {
  it('has a default for every setting that needs one', () => {
    expect(decodingConfigSchema.parse({})).toEqual({
      method: 'beam',
      beam: 5,
      nBest: 1,
      lengthPenalty: 1,
      lengthPenaltyKind: 'power',
      earlyStopping: false,
      minLength: 0,
      maxLength: 256,
      noRepeatNgram: 0,
      batchSize: 32,
    });
  });

  it('accepts a penalty of either sign and relative limits', () => {
    const config = { lengthPenalty: -0.5, lengthPenaltyKind: 'gnmt', maxLengthRatio: 1.2, maxLengthConstant: 10 };
    expect(decodingConfigSchema.parse(config)).toMatchObject(config);
  });

  it('refuses combinations that cannot work, with both values', () => {
    expect(complaints({ beam: 2, nBest: 3 })).toEqual([
      'nBest: `nBest` must be at most `beam` (2), because a search keeps no more hypotheses, but is 3.',
    ]);
    expect(complaints({ minLength: 9, maxLength: 8 })).toEqual([
      'minLength: `minLength` must be at most `maxLength` (8), but is 9.',
    ]);
    expect(complaints({ maxLengthConstant: 8 })?.[0]).toMatch(/^maxLengthConstant: .* needs `maxLengthRatio`/);
  });

  it('refuses what the method would not heed', () => {
    const sampling = { temperature: 0.7, topK: 5, topP: 0.9, minP: 0.1, typicalP: 0.9, repetitionPenalty: 1.2 };
    for (const [name, value] of Object.entries(sampling)) {
      expect(complaints({ [name]: value })).toHaveLength(1);
      expect(complaints({ [name]: value })?.[0]).toContain(
        `${name}: \`${name}\` (${value}) is for sampling, but \`method\` is \`beam\`; choose \`method: sample\` (--sample)`,
      );
    }
    expect(complaints({ repetitionPenalty: 1.2 })?.[0]).toContain('set `noRepeatNgram`');
    for (const method of ['sample', 'sample-without-replacement']) {
      expect(complaints({ method, ...sampling, beam: 2, nBest: 7 })).toBeUndefined();
      expect(complaints({ method, beamGroups: 5, diversityStrength: 1, earlyStopping: true })).toEqual(
        ['earlyStopping` (true)', 'beamGroups` (5)', 'diversityStrength` (1)'].map((start) =>
          expect.stringContaining(`\`${start} is for beam search, but \`method\` is \`${method}\``),
        ),
      );
      expect(ctcDecodingConfigSchema.safeParse({ method }).error?.issues[0]?.message).toContain(
        '`ctcWeight` must be 0 (--ctc-weight 0), but is 0.3',
      );
      expect(ctcDecodingConfigSchema.safeParse({ method, ctcWeight: 0 }).success).toBe(true);
    }
  });

  it('refuses groups that the beam cannot be divided into, with both values', () => {
    expect(complaints({ beam: 6, beamGroups: 3, diversityStrength: 0.2 })).toBeUndefined();
    expect(complaints({ beam: 6, beamGroups: 1 })).toBeUndefined();
    expect(complaints({ beam: 6, beamGroups: 4 })).toEqual([
      'beamGroups: `beam` must be a multiple of `beamGroups` (4), but is 6.',
    ]);
    for (const config of [{ diversityStrength: 0.2 }, { diversityStrength: 0.2, beamGroups: 1 }]) {
      expect(complaints(config)?.[0]).toContain('`diversityStrength` (0.2) needs `beamGroups` of at least 2');
    }
    const joint = ctcDecodingConfigSchema.safeParse({ beam: 10, beamGroups: 5 }).error?.issues;
    expect(joint?.[0]?.message).toContain('`beamGroups` (5) cannot be combined with joint decoding');
  });

  it('refuses unknown keys and values out of range', () => {
    for (const config of [
      { beams: 2 },
      { beam: 0 },
      { beam: 1.5 },
      { noRepeatNgram: -1 },
      { maxLengthRatio: 0 },
      { lengthPenalty: Infinity },
      { method: 'sampling' },
      { method: 'sample', temperature: 0 },
      { method: 'sample', topK: 0 },
      { method: 'sample', topP: 0 },
      { method: 'sample', topP: 1.1 },
      { method: 'sample', minP: -0.1 },
      { method: 'sample', typicalP: 2 },
      { method: 'sample', repetitionPenalty: 0 },
      { beamGroups: 0 },
      { beamGroups: 5, diversityStrength: -1 },
    ]) {
      expect(complaints(config)?.length).toBeGreaterThan(0);
    }
  });

  it('has what belongs to a method taken out for another one', () => {
    const sampling = decodingConfigSchema.parse({ method: 'sample', topK: 5, temperature: 2, nBest: 3 });
    expect(settingsForMethod(sampling, 'beam')).toEqual(decodingConfigSchema.parse({ nBest: 3 }));
    expect(settingsForMethod(sampling, 'sample')).toEqual(sampling);
    expect(settingsForMethod(sampling, 'sample-without-replacement')).toEqual({
      ...sampling,
      method: 'sample-without-replacement',
    });
    const diverse = decodingConfigSchema.parse({ beam: 4, beamGroups: 2, diversityStrength: 1, earlyStopping: true });
    expect(settingsForMethod(diverse, 'beam')).toEqual(diverse);
    expect(settingsForMethod(diverse, 'sample')).toEqual(decodingConfigSchema.parse({ beam: 4, method: 'sample' }));
  });

  it('describes every setting', () => {
    for (const field of Object.values(decodingConfigSchema.shape)) expect(field.description).toMatch(/^[^\n]+\.$/);
  });
});
