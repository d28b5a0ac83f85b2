// The configuration of summarisation.
import { z } from 'zod';
import { resolveSplit, splitSchema } from '../../src/data/config.js';
import { checkTextConfig, textData, textHead, textSections } from '../text/config.js';

const { sourceColumn, targetColumn } = splitSchema.shape;

/** Where the documents and summaries of one split are. */
const documentsSchema = splitSchema.safeExtend({
  sourceColumn: sourceColumn.describe(
    'documents: JSONL key, TSV header name, or 0-based TSV index; default `document`, or `source` where there is none (JSONL), or 0 (TSV)',
  ),
  targetColumn: targetColumn.describe(
    'summaries: JSONL key, TSV header name, or 0-based TSV index; default `summary`, or `target` where there is none (JSONL), or 1 (TSV)',
  ),
});

/** The split that is learned from. */
const trainingDocumentsSchema = documentsSchema
  .safeExtend({
    summaries: z
      .enum(['first', 'all'])
      .default('first')
      .describe('documents with several summaries (JSONL): learn the first one, or each of them as an example'),
  })
  .superRefine(({ summaries, ...split }, context) => {
    if (summaries === 'first' || !splitSchema.safeParse(split).success) return;
    if (resolveSplit(split, '.').kind === 'jsonl') return;
    const message = 'only JSONL has several summaries a document, but the split is no JSONL; leave `summaries` out';
    context.addIssue({ code: 'custom', path: ['summaries'], message });
  });

/** See {@link documentsSchema}; a split to learn from also says which summaries. */
export type DocumentSplit = z.infer<typeof documentsSchema> &
  Partial<Pick<z.infer<typeof trainingDocumentsSchema>, 'summaries'>>;

/** The whole configuration of a summarisation run. */
export const summarisationConfigSchema = z
  .strictObject({
    ...textHead('summarisation'),
    data: textData(documentsSchema).safeExtend({
      train: trainingDocumentsSchema.describe('what is learned from'),
    }),
    ...textSections(['rouge1', 'rouge2', 'rougeL']),
  })
  .superRefine(checkTextConfig);

/** See {@link summarisationConfigSchema}. */
export type SummarisationConfig = z.infer<typeof summarisationConfigSchema>;
