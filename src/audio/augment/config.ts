// The `augmentation` section of a configuration: how training sounds are varied.
import { z } from 'zod';

const count = z.int().min(0);
const decibels = z.number().min(-100).max(100);

/** SpecAugment: sizes are ready to use, counts of 0 switch it off. */
const specAugmentConfigSchema = z.strictObject({
  timeWarp: count.default(0).describe('most frames that a point in time is moved; 0 is off (usual: 5)'),
  frequencyMasks: count.default(0).describe('masks of neighbouring features (usual: 2)'),
  frequencyMaskWidth: count.default(27).describe('most features of a mask'),
  timeMasks: count.default(0).describe('masks of neighbouring frames (usual: 2)'),
  timeMaskWidth: count.default(100).describe('most frames of a mask'),
  timeMaskShare: z.number().min(0).max(1).default(0.2).describe('most of an utterance that one time mask covers'),
  maskValue: z
    .enum(['zero', 'mean'])
    .default('zero')
    .describe('what masked features become: 0, the mean of normalised features, or the mean of the utterance'),
});

/** See {@link specAugmentConfigSchema}. */
export type SpecAugmentConfig = z.infer<typeof specAugmentConfigSchema>;

/** `augmentation:` as written by a user. Everything is off by default. */
export const augmentationConfigSchema = z
  .strictObject({
    speed: z
      .array(z.number().min(0.5).max(2))
      .default([])
      .describe(
        'speeds that an utterance is played at, one drawn for each epoch; [0.9, 1, 1.1] is usual (Ko et al., 2015)',
      ),
    gain: z
      .strictObject({
        low: decibels.default(-6).describe('least change, dB'),
        high: decibels.default(6).describe('greatest change, dB'),
      })
      .optional()
      .describe('change of loudness, drawn for each utterance; normalised features (cmvn) hardly show it'),
    noise: z
      .strictObject({
        kind: z
          .enum(['none', 'white', 'pink', 'files'])
          .default('none')
          .describe('noise mixed in: none, equal power at all frequencies, in all octaves, or recordings'),
        files: z.array(z.string().min(1)).default([]).describe('files: audio files of noise, one drawn each time'),
        lowSnr: decibels.default(10).describe('loudest noise: signal-to-noise ratio, dB'),
        highSnr: decibels.default(30).describe('softest noise: signal-to-noise ratio, dB'),
        share: z.number().min(0).max(1).default(1).describe('share of the utterances that get noise'),
      })
      .prefault({})
      .describe('noise mixed into utterances'),
    specAugment: specAugmentConfigSchema
      .prefault({})
      .describe('SpecAugment (Park et al., 2019): hides parts of the features'),
  })
  .superRefine(({ speed, gain, noise, specAugment }, context) => {
    const fail = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    if (new Set(speed).size !== speed.length) {
      fail(['speed'], `speed must not name a factor twice, but is ${speed.join(', ')}`);
    }
    for (const factor of speed) {
      if (Math.abs(factor * 100 - Math.round(factor * 100)) > 1e-6)
        fail(['speed'], `speed must be factors of at most two decimals, but has ${factor}`);
    }
    if (gain && gain.low > gain.high) {
      fail(['gain', 'low'], `gain.low must be at most gain.high (${gain.high}), but is ${gain.low}`);
    }
    if (noise.lowSnr > noise.highSnr) {
      fail(
        ['noise', 'lowSnr'],
        `noise.lowSnr must be at most noise.highSnr (${noise.highSnr}), but is ${noise.lowSnr}`,
      );
    }
    if ((noise.kind === 'files') !== noise.files.length > 0) {
      fail(
        ['noise', 'files'],
        `noise.files must name files when, and only when, noise.kind is files, but noise.kind is ${noise.kind} and ` +
          `noise.files names ${noise.files.length}`,
      );
    }
    const { frequencyMasks, frequencyMaskWidth, timeMasks, timeMaskWidth, timeMaskShare } = specAugment;
    const masks = [
      ['frequencyMaskWidth', frequencyMaskWidth, 'frequencyMasks', frequencyMasks],
      ['timeMaskWidth', timeMaskWidth, 'timeMasks', timeMasks],
      ['timeMaskShare', timeMaskShare, 'timeMasks', timeMasks],
    ] as const;
    for (const [name, size, counter, number] of masks) {
      if (number > 0 && size === 0) {
        fail(['specAugment', name], `${name} must be more than 0 where ${counter} is ${number}, but is 0`);
      }
    }
  });

/** See {@link augmentationConfigSchema}. */
export type AugmentationConfig = z.infer<typeof augmentationConfigSchema>;
