// The configuration of speech-to-speech.
import { z } from 'zod';
import { batchingSchema } from '../../src/data/config.js';
import { frameToFrameModelConfigSchema } from '../../src/model/config.js';
import { textTokenizerConfigSchema } from '../../src/text/config.js';
import { checkSoundConfig, soundSections, soundTrainingSections } from '../sound/config.js';
import { recordedData, speechSections } from '../speech/config.js';

/** A CTC loss on the text of a side. */
const ctcSchema = (where: string, column: string) =>
  z
    .strictObject({
      weight: z
        .number()
        .min(0)
        .default(0)
        .describe(`what it counts beside the loss of frames; rows without \`${column}\` have none, 0 leaves it out`),
      tokenizer: textTokenizerConfigSchema.prefault({}).describe('how the text becomes its tokens'),
    })
    .prefault({})
    .describe(`the auxiliary CTC loss on the ${where}: texts in the column \`${column}\``);

/** The whole configuration of a speech-to-speech run. */
export const speechToSpeechConfigSchema = z
  .strictObject({
    task: z.literal('speech-to-speech').describe('which task this configures'),
    seed: speechSections.seed,
    data: recordedData(30),
    features: speechSections.features,
    segmentation: speechSections.segmentation,
    augmentation: speechSections.augmentation,
    ...soundSections,
    ctc: ctcSchema('encoder', 'text'),
    targetCtc: ctcSchema('decoder', 'translation'),
    batching: batchingSchema
      .prefault({})
      .describe('how rows become batches; a source position is 4 frames, a target position `model.frames.reduction`'),
    model: frameToFrameModelConfigSchema.prefault({}).describe('the Transformer'),
    ...soundTrainingSections,
  })
  .superRefine((config, context) => {
    const fail = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    checkSoundConfig(config, fail);
    const { model, augmentation, training } = config;
    if (model.frames.kind === 'parallel' && training.durationsFrom === undefined) {
      fail(
        ['training', 'durationsFrom'],
        'is needed for a parallel decoder, because only texts can be aligned with recordings: name the run folder of an autoregressive model of the same data',
      );
    }
    if (training.frames.guide === 'durations') {
      fail(['training', 'frames', 'guide'], 'must be diagonal: only texts can be aligned with recordings');
    }
    if (model.frames.kind === 'parallel' && augmentation.speed.some((speed) => speed !== 1)) {
      fail(
        ['augmentation', 'speed'],
        'must be [1] with a parallel decoder, whose durations belong to sources at their own speed',
      );
    }
  });

/** See {@link speechToSpeechConfigSchema}. */
export type SpeechToSpeechConfig = z.infer<typeof speechToSpeechConfigSchema>;
