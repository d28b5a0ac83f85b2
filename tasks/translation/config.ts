// The configuration of translation.
import { z } from 'zod';
import { batchingSchema, splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { modelConfigSchema } from '../../src/model/config.js';
import { tokenizerConfigSchema } from '../../src/text/config.js';
import { copyProblems, trainingConfigSchema } from '../../src/train/config.js';
import { textEvaluation, validationMetricProblem } from '../evaluation.js';

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
    evaluation: textEvaluation(['bleu']),
  })
  .superRefine(({ model, tokenizer, training }, context) => {
    if (model.embeddings === 'shared' && !tokenizer.joint) {
      context.addIssue({
        code: 'custom',
        path: ['model', 'embeddings'],
        message: 'embeddings shared needs one vocabulary, but tokenizer.joint is false; use tied or separate',
      });
    }
    for (const { path, message } of copyProblems(model.copy, training)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    const problem = validationMetricProblem(training.validationMetric);
    if (problem !== undefined) {
      context.addIssue({ code: 'custom', path: ['training', 'validationMetric'], message: problem });
    }
  });

/** See {@link translationConfigSchema}. */
export type TranslationConfig = z.infer<typeof translationConfigSchema>;
