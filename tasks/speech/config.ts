// What the configurations of tasks that listen have in common.
import { z } from 'zod';
import { augmentationConfigSchema } from '../../src/audio/augment/config.js';
import { featuresConfigSchema } from '../../src/audio/config.js';
import { manifestConfigSchema } from '../../src/audio/manifests/config.js';
import { batchingSchema } from '../../src/data/config.js';
import { frameModelConfigSchema } from '../../src/model/config.js';
import { textTokenizerConfigSchema } from '../../src/text/config.js';
import { copyProblems, type TrainingConfig, trainingConfigSchema } from '../../src/train/config.js';
import { validationMetricProblem } from '../evaluation.js';

/** The splits of tasks whose data are recordings. @param maxSeconds longest recording unless told */
export const recordedData = (maxSeconds: number) =>
  z.strictObject({
    train: manifestConfigSchema.describe('what is learned from'),
    valid: manifestConfigSchema.describe('what the best checkpoint is chosen by'),
    test: manifestConfigSchema.optional().describe('what `s2s eval` scores'),
    onBadAudio: z
      .enum(['error', 'skip'])
      .default('error')
      .describe('recordings that cannot be used: stop before training, or leave them out (counted and named)'),
    maxSeconds: z
      .number()
      .positive()
      .default(maxSeconds)
      .describe('longest recording of a manifest; longer ones count as recordings that cannot be used'),
  });

/** The splits that `s2s init` writes for such tasks. */
export const starterManifests = {
  train: { manifest: 'train.tsv' },
  valid: { manifest: 'valid.tsv' },
  test: { manifest: 'test.tsv' },
};

/** Sections that come before the task's own. */
export const speechSections = {
  seed: z.int().min(0).default(1).describe('seed of everything random'),
  data: recordedData(60),
  features: featuresConfigSchema.prefault({}).describe('how sound becomes frames'),
  segmentation: z
    .strictObject({
      maxSeconds: z
        .number()
        .min(1)
        .optional()
        .describe(
          'longest audio that is decoded in one piece; longer audio is cut where it is quietest. By default audio longer than any ' +
            'training utterance is cut into pieces that are no longer than nine in ten of those',
        ),
    })
    .prefault({})
    .describe('how long audio is decoded'),
  augmentation: augmentationConfigSchema.prefault({}).describe('how training sounds are varied'),
  tokenizer: textTokenizerConfigSchema.prefault({}).describe('how the target text becomes tokens'),
} as const;

/** Sections that come after the task's own. */
export const speechModelSections = {
  batching: batchingSchema.prefault({}).describe('how rows become batches; a source position is 4 frames'),
  model: frameModelConfigSchema.prefault({}).describe('the Transformer'),
  training: trainingConfigSchema.prefault({}).describe('how it is trained'),
} as const;

type Fail = (path: readonly string[], message: string) => void;

/** Rules that concern several sections. @param whole why a recording must not be cut */
export function checkSpeechConfig(
  config: {
    readonly batching: { readonly onLong: string };
    readonly training: TrainingConfig;
  },
  fail: Fail,
  whole = 'a transcript would go on after its audio has ended',
): void {
  const { batching, training } = config;
  if (batching.onLong === 'truncate') {
    fail(['batching', 'onLong'], `onLong must not be truncate: ${whole}; use error or skip`);
  }
  for (const { path, message } of copyProblems(false, training)) fail(path, message);
  const problem = validationMetricProblem(training.validationMetric);
  if (problem !== undefined) fail(['training', 'validationMetric'], problem);
}
