// The configuration of translation.
import { z } from 'zod';
import { batchingSchema, splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { METRIC_NAMES } from '../../src/metrics/metric.js';
import { modelConfigSchema } from '../../src/model/config.js';
import { tokenizerConfigSchema } from '../../src/text/config.js';
import { trainingConfigSchema } from '../../src/train/config.js';

/** The whole configuration of a translation run. */
export const translationConfigSchema = z
  .strictObject({
    task: z.literal('translation').describe('which task this configures'),
    seed: z.int().min(0).default(1).describe('seed of everything random'),
    data: z.strictObject({
      train: splitSchema.describe('what is learned from'),
      valid: splitSchema.describe('what the best checkpoint is chosen by'),
      test: splitSchema.optional().describe('what `s2s eval` scores'),
    }),
    tokenizer: tokenizerConfigSchema.prefault({}).describe('how text becomes tokens'),
    batching: batchingSchema.prefault({}).describe('how rows become batches'),
    model: modelConfigSchema.prefault({}).describe('the Transformer'),
    training: trainingConfigSchema.prefault({}).describe('how it is trained'),
    decoding: decodingConfigSchema.prefault({}).describe('how outputs are searched for'),
    evaluation: z
      .strictObject({
        metrics: z
          .array(z.enum(METRIC_NAMES as [string, ...string[]]))
          .min(1)
          .default(['bleu'])
          .describe('what to report'),
        tokenize: z.enum(['13a', 'intl', 'char', 'zh', 'none']).default('13a').describe('BLEU’s tokenizer'),
        lowercase: z.boolean().default(false).describe('compare without regard to case'),
        normalize: z
          .enum(['none', 'basic', 'english'])
          .default('none')
          .describe('what wer, cer, mer and wil do to both texts first'),
        characters: z.enum(['codePoint', 'grapheme']).default('codePoint').describe('what cer counts'),
        stem: z.boolean().default(false).describe('compare the stems of English words in ROUGE'),
        ignoreStress: z.boolean().default(false).describe('compare phonemes without stress in per: AH0 as AH'),
      })
      .prefault({})
      .describe('how outputs are scored'),
  })
  .superRefine(({ model, tokenizer, training }, context) => {
    if (model.embeddings === 'shared' && !tokenizer.joint) {
      context.addIssue({
        code: 'custom',
        path: ['model', 'embeddings'],
        message: 'embeddings shared needs one vocabulary, but tokenizer.joint is false; use tied or separate',
      });
    }
    if (training.validationMetric !== 'loss' && !METRIC_NAMES.includes(training.validationMetric)) {
      context.addIssue({
        code: 'custom',
        path: ['training', 'validationMetric'],
        message: `validationMetric must be loss or one of ${METRIC_NAMES.join(', ')}, but is ${training.validationMetric}`,
      });
    }
  });

/** See {@link translationConfigSchema}. */
export type TranslationConfig = z.infer<typeof translationConfigSchema>;
