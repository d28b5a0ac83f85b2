// The configuration of speech recognition.
import { z } from 'zod';
import { ctcDecodingConfigSchema } from '../../src/decode/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkSpeechConfig, speechModelSections, speechSections } from '../speech/config.js';

/** The whole configuration of a speech recognition run. */
export const speechRecognitionConfigSchema = z
  .strictObject({
    task: z.literal('speech-recognition').describe('which task this configures'),
    ...speechSections,
    ctc: z
      .strictObject({
        weight: z
          .number()
          .min(0)
          .lt(1)
          .default(0.3)
          .describe('share of the CTC loss in the whole loss (Watanabe et al., 2017); 0 leaves the CTC head out'),
      })
      .prefault({})
      .describe('the CTC loss on the encoder'),
    ...speechModelSections,
    decoding: ctcDecodingConfigSchema.prefault({}).describe('how outputs are searched for'),
    evaluation: textEvaluation(['wer', 'cer']),
  })
  .superRefine((config, context) => {
    const fail = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    checkSpeechConfig(config, fail);
    if (config.ctc.weight === 0 && config.decoding.ctcWeight > 0) {
      fail(
        ['decoding', 'ctcWeight'],
        `ctcWeight needs a CTC head, but ctc.weight is 0 and decoding.ctcWeight is ${config.decoding.ctcWeight}; set it to 0`,
      );
    }
  });

/** See {@link speechRecognitionConfigSchema}. */
export type SpeechRecognitionConfig = z.infer<typeof speechRecognitionConfigSchema>;
