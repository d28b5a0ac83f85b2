// The `augmentation` section: its defaults, and settings that contradict each other.
import { describe, expect, test } from 'vitest';
import { augmentationConfigSchema } from '../../../../src/audio/augment/config.js';

const messages = (value: unknown) =>
  augmentationConfigSchema.safeParse(value).error?.issues.map(({ path, message }) => [path.join('.'), message]);

test('everything is off by default, with sizes ready', () => {
  expect(augmentationConfigSchema.parse({})).toEqual({
    speed: [],
    noise: { kind: 'none', files: [], lowSnr: 10, highSnr: 30, share: 1 },
    specAugment: {
      timeWarp: 0,
      frequencyMasks: 0,
      frequencyMaskWidth: 27,
      timeMasks: 0,
      timeMaskWidth: 100,
      timeMaskShare: 0.2,
      maskValue: 'zero',
    },
  });
  expect(augmentationConfigSchema.parse({ gain: {} }).gain).toEqual({ low: -6, high: 6 });
});

describe('contradictions name both values', () => {
  test.each([
    [{ speed: [0.9, 0.9] }, 'speed', 'speed must not name a factor twice, but is 0.9, 0.9'],
    [{ speed: [0.955] }, 'speed', 'speed must be factors of at most two decimals, but has 0.955'],
    [{ gain: { low: 3, high: -3 } }, 'gain.low', 'gain.low must be at most gain.high (-3), but is 3'],
    [
      { noise: { kind: 'white', lowSnr: 30, highSnr: 10 } },
      'noise.lowSnr',
      'noise.lowSnr must be at most noise.highSnr (10), but is 30',
    ],
    [
      { noise: { kind: 'files' } },
      'noise.files',
      'noise.files must name files when, and only when, noise.kind is files, but noise.kind is files and noise.files names 0',
    ],
    [
      { noise: { files: ['a.wav'] } },
      'noise.files',
      'noise.files must name files when, and only when, noise.kind is files, but noise.kind is none and noise.files names 1',
    ],
    [
      { specAugment: { timeMasks: 2, timeMaskWidth: 0 } },
      'specAugment.timeMaskWidth',
      'timeMaskWidth must be more than 0 where timeMasks is 2, but is 0',
    ],
    [
      { specAugment: { frequencyMasks: 1, frequencyMaskWidth: 0 } },
      'specAugment.frequencyMaskWidth',
      'frequencyMaskWidth must be more than 0 where frequencyMasks is 1, but is 0',
    ],
  ])('%j', (value, path, message) => {
    expect(messages(value)).toEqual([[path, message]]);
  });
});

test('usual settings, speeds of two decimals, and unknown keys', () => {
  expect(messages({ speed: [0.9, 1, 1.1, 1.15, 0.57] })).toBeUndefined();
  expect(messages({ specAugment: { timeWarp: 5, frequencyMasks: 2, timeMasks: 2 } })).toBeUndefined();
  expect(messages({ speeds: [1] })).toHaveLength(1);
  expect(messages({ noise: { snr: 3 } })).toHaveLength(1);
});
