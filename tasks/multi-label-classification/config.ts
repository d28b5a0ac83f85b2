// The configuration of multi-label classification.
import { z } from 'zod';
import { splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { textTokenizerConfigSchema } from '../../src/text/config.js';
import { trainingConfigSchema } from '../../src/train/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkLabelsConfig, LABEL_METRICS, labelBatchingSchema, labelsSchema } from '../labels/config.js';
import { checkTextConfig, separateVocabularies, textData, textHead } from '../text/config.js';

/** The whole configuration of a multi-label classification run. */
export const multiLabelConfigSchema = z
  .strictObject({
    ...textHead('multi-label-classification'),
    data: textData(splitSchema),
    labels: labelsSchema,
    tokenizer: textTokenizerConfigSchema
      .safeExtend({ kind: z.enum(['bpe', 'byte-bpe', 'char', 'word']).default('bpe').describe('What a token is') })
      .prefault({})
      .describe('how the text becomes tokens'),
    batching: labelBatchingSchema.prefault({}).describe('how rows become batches'),
    model: separateVocabularies('labels', 'labels are no words of the text'),
    training: trainingConfigSchema.prefault({}).describe('how it is trained'),
    decoding: decodingConfigSchema.prefault({}).describe('how labels are searched for'),
    evaluation: textEvaluation(LABEL_METRICS),
  })
  .superRefine((config, context) => {
    checkLabelsConfig(config, (path, message) => context.addIssue({ code: 'custom', path: [...path], message }));
    checkTextConfig({ ...config, tokenizer: { joint: false } }, context);
  });

/** See {@link multiLabelConfigSchema}. */
export type MultiLabelConfig = z.infer<typeof multiLabelConfigSchema>;
