// The configuration of grapheme-to-phoneme conversion.
import { z } from 'zod';
import { batchingSchema, splitSchema } from '../../src/data/config.js';
import { decodingConfigSchema } from '../../src/decode/config.js';
import { trainingConfigSchema } from '../../src/train/config.js';
import { textEvaluation } from '../evaluation.js';
import { checkTextConfig, separateVocabularies } from '../text/config.js';

/** Whether a split is a dictionary in the format of CMUdict, by what it says or by the name of its file. */
export const isDictionary = ({ file, format }: { file?: string | undefined; format?: string | undefined }): boolean =>
  format === 'cmudict' || (format === undefined && file !== undefined && /\.dict(\.gz)?$/i.test(file));

/** Where the pronunciations of one split are: what the core reads, or a dictionary in the format of CMUdict. */
const pronunciationSplitSchema = z
  .strictObject({
    ...splitSchema.shape,
    source: z.string().min(1).optional().describe('file of words, parallel to `target`; may be gzip'),
    target: z.string().min(1).optional().describe('file of phonemes, line n belonging to line n of `source`'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('one file with words and phonemes (CMUdict, TSV or JSONL), instead of `source`/`target`'),
    format: z
      .enum(['cmudict', 'tsv', 'jsonl'])
      .optional()
      .describe('format of `file`; by default from its name (.dict, .tsv or .jsonl, perhaps with .gz)'),
  })
  .superRefine((split, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const { file, format, ...others } = split;
    if (format !== 'cmudict' && !isDictionary(split)) {
      const isNamed = format !== undefined || file === undefined || /\.(tsv|jsonl|ndjson)(\.gz)?$/i.test(file);
      if (!isNamed) fail('format', `\`${file}\` ends in none of .dict, .tsv and .jsonl: set \`format\`.`);
      const result = isNamed ? splitSchema.safeParse(split) : undefined;
      for (const { path, message } of result?.error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
      return;
    }
    if (file === undefined) fail('file', '`format` is `cmudict`, so `file` must name the dictionary.');
    for (const key of ['source', 'target', 'sourceColumn', 'targetColumn'] as const) {
      if (others[key] !== undefined)
        fail(key, `\`${key}\` is not for dictionaries, which have both sides in \`file\`.`);
    }
  });

/** See {@link pronunciationSplitSchema}. */
export type PronunciationSplit = z.infer<typeof pronunciationSplitSchema>;

/** The whole configuration of a grapheme-to-phoneme run. */
export const graphemeToPhonemeConfigSchema = z
  .strictObject({
    task: z.literal('grapheme-to-phoneme').describe('which task this configures'),
    seed: z.int().min(0).default(1).describe('seed of everything random'),
    data: z.strictObject({
      train: pronunciationSplitSchema.describe('what is learned from: every pronunciation of a word is an example'),
      valid: pronunciationSplitSchema.describe('what the best checkpoint is chosen by'),
      test: pronunciationSplitSchema
        .optional()
        .describe('what `s2s eval` scores: each word once, against all of its pronunciations'),
    }),
    spelling: z
      .strictObject({
        lowercase: z.boolean().default(true).describe('lower-case words, in training and in decoding'),
        normalization: z
          .enum(['none', 'nfc', 'nfd'])
          .default('nfc')
          .describe(
            'Unicode normalization of words; nfc: a letter with its accent is one token; nfd: they are two, and a Hangul syllable becomes its letters',
          ),
      })
      .prefault({})
      .describe('how a word becomes characters'),
    phonemes: z
      .strictObject({
        stress: z
          .enum(['keep', 'remove'])
          .default('keep')
          .describe('marks of stress in the phonemes; remove: AH0 becomes AH, and ˈ and ˌ are left out'),
      })
      .prefault({})
      .describe('how pronunciations are read'),
    batching: batchingSchema.prefault({}).describe('how rows become batches'),
    model: separateVocabularies('phonemes', 'letters are no phonemes'),
    training: trainingConfigSchema.prefault({}).describe('how it is trained'),
    decoding: decodingConfigSchema.prefault({}).describe('how outputs are searched for'),
    evaluation: textEvaluation(['per', 'pronunciationErrorRate']),
  })
  .superRefine(({ model, training }, context) =>
    checkTextConfig({ model, training, tokenizer: { joint: false } }, context),
  );

/** See {@link graphemeToPhonemeConfigSchema}. */
export type GraphemeToPhonemeConfig = z.infer<typeof graphemeToPhonemeConfigSchema>;
