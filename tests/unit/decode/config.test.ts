// Defaults of the decoding configuration and the combinations it refuses.
import { describe, expect, it } from 'vitest';
import { decodingConfigSchema } from '../../../src/decode/config.js';

/** `path: message` of each complaint. */
const complaints = (config: Record<string, unknown>) =>
  decodingConfigSchema.safeParse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('decodingConfigSchema', () => {
  it('has a default for every setting that needs one', () => {
    expect(decodingConfigSchema.parse({})).toEqual({
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

  it('refuses unknown keys and values out of range', () => {
    for (const config of [
      { beams: 2 },
      { beam: 0 },
      { beam: 1.5 },
      { noRepeatNgram: -1 },
      { maxLengthRatio: 0 },
      { lengthPenalty: Infinity },
    ]) {
      expect(complaints(config)?.length).toBeGreaterThan(0);
    }
  });

  it('describes every setting', () => {
    for (const field of Object.values(decodingConfigSchema.shape)) expect(field.description).toMatch(/^[^\n]+\.$/);
  });
});
