// What the configurations of tasks with text on both sides have in common.
import { z } from 'zod';
import { batchingSchema, splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { modelConfigSchema } from '../../src/model/config.js';
import { tokenizerConfigSchema } from '../../src/text/config.js';
import { copyProblems, type TrainingConfig, trainingConfigSchema } from '../../src/train/config.js';
import { textEvaluation, validationMetricProblem } from '../evaluation.js';

/** `data:` with splits that a schema describes. */
export const textData = <S extends z.ZodType>(split: S) =>
  z.strictObject({
    train: split.describe('what is learned from'),
    valid: split.describe('what the best checkpoint is chosen by'),
    test: split.optional().describe('what `s2s eval` scores'),
  });

/** `data:` of parallel files, TSV or JSONL. */
export const parallelData = textData(splitSchema);

/** The sections before the data. @param task its name */
export const textHead = <N extends string>(task: N) => ({
  task: z.literal(task).describe('which task this configures'),
  seed: z.int().min(0).default(1).describe('seed of everything random'),
});

/** The sections after the data. @param metrics what is reported unless told */
export const textSections = (metrics: readonly string[]) => ({
  tokenizer: tokenizerConfigSchema.prefault({}).describe('how text becomes tokens'),
  batching: batchingSchema.prefault({}).describe('how rows become batches'),
  model: modelConfigSchema.prefault({}).describe('the Transformer'),
  training: trainingConfigSchema.prefault({}).describe('how it is trained'),
  decoding: decodingConfigSchema.prefault({}).describe('how outputs are searched for'),
  evaluation: textEvaluation(metrics),
});

/**
 * `model:` where source and target have vocabularies of their own and nothing can be copied.
 * @param target what the target's tokens are @param why nothing can be copied, as in `letters are no phonemes`
 */
export const separateVocabularies = (target: string, why: string) =>
  modelConfigSchema
    .safeExtend({
      embeddings: z
        .enum(['tied', 'separate'])
        .default('tied')
        .describe(`tied: ${target} and output use one matrix; separate: each has its own`),
      copy: z
        .boolean()
        .default(false)
        .refine((isOn) => !isOn, `copy repeats words of the source, but ${why}; leave it false`)
        .describe(`copy words of the source to the output, but ${why}`),
    })
    .prefault({})
    .describe('the Transformer');

/** The parts of a configuration that {@link checkTextConfig} looks at. */
interface TextRules {
  readonly model: { readonly embeddings: string; readonly copy: boolean };
  readonly tokenizer: { readonly joint: boolean };
  readonly training: TrainingConfig;
}

/** Rules that concern several sections. */
export function checkTextConfig({ model, tokenizer, training }: TextRules, context: z.core.$RefinementCtx): void {
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
}
