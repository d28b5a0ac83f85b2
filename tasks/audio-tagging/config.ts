// The configuration of audio tagging.
import { z } from 'zod';
import { featuresConfigSchema } from '../../src/audio/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkLabelsConfig, LABEL_METRICS, labelBatchingSchema, labelsSchema } from '../labels/config.js';
import { checkSpeechConfig, speechModelSections, speechSections } from '../speech/config.js';

// Labels need no tokenizer, and a recording is tagged whole.
const { segmentation, tokenizer, ...listeningSections } = speechSections;

/** The whole configuration of an audio tagging run. */
export const audioTaggingConfigSchema = z
  .strictObject({
    task: z.literal('audio-tagging').describe('which task this configures'),
    ...listeningSections,
    features: featuresConfigSchema
      .safeExtend({
        cmvn: z
          .enum(['utterance', 'global', 'sliding', 'none'])
          .default('global')
          .describe(
            'mean and variance normalisation: over the training split, the recording, or a window around each frame; the last two hide sounds that are steady',
          ),
      })
      .prefault({})
      .describe('how sound becomes frames'),
    labels: labelsSchema,
    ...speechModelSections,
    batching: labelBatchingSchema.prefault({}).describe('how rows become batches; a source position is 4 frames'),
    decoding: decodingConfigSchema.prefault({}).describe('how labels are searched for'),
    evaluation: textEvaluation(LABEL_METRICS),
  })
  .superRefine((config, context) => {
    const fail = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    checkLabelsConfig(config, fail);
    checkSpeechConfig(config, fail, 'labels may tell of what is heard after the cut');
  });

/** See {@link audioTaggingConfigSchema}. */
export type AudioTaggingConfig = z.infer<typeof audioTaggingConfigSchema>;
