// The configuration of parsing: trees of constituents, of dependencies, or logical forms.
import { z } from 'zod';
import { batchingSchema, splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { trainingConfigSchema } from '../../src/train/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkTextConfig, separateVocabularies, textData, textHead } from '../text/config.js';

const percentiles = z
  .tuple([z.int().min(0).max(99), z.int().min(1).max(100)])
  .refine(([from, to]) => from < to, 'expected two rising numbers, such as [0, 5]')
  .optional()
  .describe('only the rows whose sentence hashes to these percentiles: [0, 5] of a file, and [5, 100] are the others');

/** Where the trees of one split are. */
const treeSplitSchema = z.strictObject({
  file: z.string().min(1).describe('file of trees, Penn brackets or CoNLL-U as `formalism` says; may be gzip'),
  percentiles,
});

/** Where the sentences of one split and their logical forms are. */
const formSplitSchema = z
  .strictObject({
    ...splitSchema.shape,
    format: z
      .enum(['scan', 'tsv', 'jsonl'])
      .optional()
      .describe('format of `file`; scan: lines `IN: … OUT: …`; by default tsv or jsonl from its name'),
    percentiles,
  })
  .superRefine(({ percentiles: _rows, ...split }, context) => {
    const fail = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { format, file, ...others } = split;
    if (format !== 'scan') {
      for (const { path, message } of splitSchema.safeParse(split).error?.issues ?? []) fail(path, message);
      return;
    }
    if (file === undefined) fail(['file'], '`format` is `scan`, so `file` must be set.');
    for (const key of ['source', 'target', 'sourceColumn', 'targetColumn'] as const) {
      if (others[key] !== undefined)
        fail([key], `\`${key}\` is not for files of SCAN, which have both sides in a line.`);
    }
  });

const treeData = textData(treeSplitSchema).extend({
  onBadTree: z
    .enum(['error', 'skip'])
    .default('error')
    .describe('a sentence whose tree cannot be read or is none: stop, or leave it out (counted and named)'),
});

/** The sections after the data. @param metrics what is reported unless told */
const sections = (metrics: readonly string[]) => ({
  words: z
    .strictObject({
      lowercase: z.boolean().default(false).describe('read words in lower case; outputs keep theirs'),
      minFrequency: z
        .int()
        .min(1)
        .default(1)
        .describe('fewest occurrences of a word to get a token; with 2 or more the unknown token is learned too'),
    })
    .prefault({})
    .describe('which words of sentences have tokens; the others are read as unknown'),
  batching: batchingSchema.prefault({}).describe('how rows become batches'),
  model: separateVocabularies('target tokens', 'outputs of this task have none'),
  training: trainingConfigSchema.prefault({}).describe('how it is trained'),
  decoding: decodingConfigSchema.prefault({}).describe('how outputs are searched for'),
  evaluation: textEvaluation(metrics),
});

const constituencySchema = z.strictObject({
  ...textHead('parsing'),
  formalism: z.literal('constituency').describe('sentences to trees of constituents in Penn brackets'),
  data: treeData.extend({
    labels: z
      .enum(['plain', 'full'])
      .default('plain')
      .describe('plain: NP-SBJ-1 becomes NP, and empty elements (-NONE-) are left out; full: trees stay as they are'),
  }),
  ...sections(['evalbF1']),
});

const dependencySchema = z.strictObject({
  ...textHead('parsing'),
  formalism: z.literal('dependency').describe('sentences to trees of dependencies, read from CoNLL-U'),
  data: treeData,
  ...sections(['las', 'uas']),
});

const logicalFormSchema = z.strictObject({
  ...textHead('parsing'),
  formalism: z.literal('logicalForm').describe('sentences to logical forms, which are words between spaces'),
  data: textData(formSplitSchema),
  ...sections(['exactMatch']),
});

/** The whole configuration of a parsing run. */
export const parsingConfigSchema = z
  .discriminatedUnion('formalism', [constituencySchema, dependencySchema, logicalFormSchema])
  .superRefine(({ model, training }, context) => {
    checkTextConfig({ model, training, tokenizer: { joint: false } }, context);
  });

/** See {@link parsingConfigSchema}. */
export type ParsingConfig = z.infer<typeof parsingConfigSchema>;

/** One split of trees. */
export type TreeSplit = z.infer<typeof treeSplitSchema>;

/** One split of sentences and logical forms. */
export type FormSplit = z.infer<typeof formSplitSchema>;
