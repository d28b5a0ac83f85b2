// The configuration of speech translation.
import { z } from 'zod';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { textTokenizerConfigSchema } from '../../src/text/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkSpeechConfig, speechModelSections, speechSections } from '../speech/config.js';

/** The whole configuration of a speech translation run. */
export const speechTranslationConfigSchema = z
  .strictObject({
    task: z.literal('speech-translation').describe('which task this configures'),
    ...speechSections,
    transcriptTokenizer: textTokenizerConfigSchema
      .prefault({})
      .describe('how the transcript becomes tokens of the CTC head'),
    ctc: z
      .strictObject({
        weight: z
          .number()
          .min(0)
          .lt(1)
          .default(0)
          .describe('share of a CTC loss on the transcript in the whole loss; rows without a transcript have none'),
      })
      .prefault({})
      .describe('the auxiliary CTC loss on the encoder'),
    ...speechModelSections,
    decoding: decodingConfigSchema.prefault({}).describe('how outputs are searched for'),
    evaluation: textEvaluation(['bleu']),
  })
  .superRefine((config, context) => {
    checkSpeechConfig(config, (path, message) => context.addIssue({ code: 'custom', path: [...path], message }));
  });

/** See {@link speechTranslationConfigSchema}. */
export type SpeechTranslationConfig = z.infer<typeof speechTranslationConfigSchema>;
