// The configuration of text-to-speech.
import { z } from 'zod';
import { speakingModelConfigSchema } from '../../src/model/config.js';
import { textTokenizerConfigSchema } from '../../src/text/config.js';
import { checkSoundConfig, soundBatching, soundSections, soundTrainingSections } from '../sound/config.js';
import { recordedData } from '../speech/config.js';

/** How written text becomes what is said. */
const frontEndSchema = z
  .strictObject({
    normalization: z
      .enum(['none', 'english', 'german'])
      .default('none')
      .describe('write numbers, abbreviations and signs out as a reader says them; see NORMALIZATION.md'),
    lowercase: z.boolean().default(false).describe('say capitals and small letters alike'),
    maxCharacters: z
      .int()
      .min(20)
      .default(200)
      .describe('longer texts are said in pieces: sentences, and parts of sentences that are longer'),
    sentencePause: z.number().min(0).default(0.3).describe('seconds of silence between sentences said in pieces'),
    clausePause: z.number().min(0).default(0.1).describe('seconds of silence between other pieces'),
  })
  .prefault({})
  .describe('how written text becomes what is said');

/** The whole configuration of a text-to-speech run. */
export const textToSpeechConfigSchema = z
  .strictObject({
    task: z.literal('text-to-speech').describe('which task this configures'),
    seed: z.int().min(0).default(1).describe('seed of everything random'),
    data: recordedData(30),
    text: frontEndSchema,
    tokenizer: textTokenizerConfigSchema
      .prefault({})
      .describe('how the text becomes tokens: characters, or with kind word phonemes between spaces'),
    ...soundSections,
    batching: soundBatching,
    model: speakingModelConfigSchema.prefault({}).describe('the Transformer'),
    ...soundTrainingSections,
  })
  .superRefine((config, context) => {
    const fail = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    checkSoundConfig(config, fail);
  });

/** See {@link textToSpeechConfigSchema}. */
export type TextToSpeechConfig = z.infer<typeof textToSpeechConfigSchema>;
