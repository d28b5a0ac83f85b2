// The configuration of question answering.
import { z } from 'zod';
import { checkTextConfig, textData, textHead, textSections } from '../text/config.js';

const FORMATS = ['jsonl', 'tsv', 'squad', 'babi'] as const;
type Format = (typeof FORMATS)[number];

/** The endings of file names that announce a format, a final `.gz` aside. */
const ENDINGS: Readonly<Record<string, Format>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  tsv: 'tsv',
  json: 'squad',
  txt: 'babi',
};

/** The format of a split: the one that it says, or that of its file's name. */
export const formatOf = ({ file, format }: { file: string; format?: Format | undefined }): Format | undefined =>
  format ?? ENDINGS[/\.(\w+?)(?:\.gz)?$/.exec(file.toLowerCase())?.[1] ?? ''];

const COLUMNS = ['questionColumn', 'contextColumn', 'answerColumn'] as const;
const column = (what: string, usual: string) =>
  z
    .union([z.string().min(1), z.int().nonnegative()])
    .optional()
    .describe(`${what}: JSONL key, name in the TSV header, or 0-based TSV index; default ${usual}`);

/** Where the questions of one split are. */
const questionSplitSchema = z
  .strictObject({
    file: z.string().min(1).describe('file of questions, contexts and answers; may be gzip'),
    format: z
      .enum(FORMATS)
      .optional()
      .describe(
        'format of `file`; by default from its name (.jsonl, .tsv, .json: SQuAD, .txt: bAbI, perhaps with .gz)',
      ),
    questionColumn: column('questions', '`question`'),
    contextColumn: column('contexts', '`context`'),
    answerColumn: column('answers', '`answer`, in JSONL also `answers`'),
    part: z
      .strictObject({
        from: z.number().min(0).lt(1).default(0).describe('share of the contexts that come before'),
        to: z.number().gt(0).max(1).default(1).describe('share of the contexts up to the end of the part'),
      })
      .refine(({ from, to }) => from < to, '`from` must be less than `to`')
      .optional()
      .describe(
        'only a part of the file; stories, paragraphs and rows of one context stay together; default all of it',
      ),
  })
  .superRefine((split, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const format = formatOf(split);
    if (format === undefined) {
      fail('format', `\`${split.file}\` ends in none of .jsonl, .tsv, .json and .txt: set \`format\`.`);
    }
    for (const key of COLUMNS) {
      if (split[key] === undefined) continue;
      if (format === 'squad' || format === 'babi')
        fail(key, `\`${key}\` is for TSV and JSONL, but the format is ${format}.`);
      if (format === 'jsonl' && typeof split[key] === 'number')
        fail(key, `a column of a JSONL file is a key, but \`${key}\` is the number ${split[key]}.`);
    }
  });

/** See {@link questionSplitSchema}. */
export type QuestionSplit = z.infer<typeof questionSplitSchema>;

/** The whole configuration of a question-answering run. */
export const questionAnsweringConfigSchema = z
  .strictObject({
    ...textHead('question-answering'),
    data: textData(questionSplitSchema)
      .extend({
        unanswerable: z
          .enum(['error', 'skip'])
          .default('error')
          .describe('a question without an answer: stop, or leave it out (counted and reported)'),
        onBadAnswer: z
          .enum(['error', 'skip', 'keep'])
          .optional()
          .describe(
            'SQuAD: a question with an answer that is not what stands at `answer_start`: stop (the default), leave it out or use it (both counted and reported)',
          ),
      })
      .superRefine(({ train, valid, test, onBadAnswer }, context) => {
        const hasPlaces = [train, valid, test].some((split) => split && formatOf(split) === 'squad');
        if (onBadAnswer === undefined || hasPlaces) return;
        const message = '`onBadAnswer` is for the format squad, which no split has; leave it out.';
        context.addIssue({ code: 'custom', path: ['onBadAnswer'], message });
      }),
    text: z
      .strictObject({
        splitPunctuation: z
          .boolean()
          .optional()
          .describe(
            'set punctuation at the edges of words apart in questions and contexts; by default only with tokenizer.kind word',
          ),
        unit: z
          .enum(['token', 'sentence'])
          .default('token')
          .describe(
            'what a source position is: a token; or a sentence, the sum of its tokens’ embeddings weighted by their places (Henaff et al., 2017)',
          ),
        newestFirst: z
          .boolean()
          .default(false)
          .describe('read the sentences of a context in reverse order, for stories whose last sentences matter most'),
      })
      .prefault({})
      .describe('what the model reads'),
    ...textSections(['squadExactMatch', 'squadF1']),
  })
  .superRefine(checkTextConfig)
  .superRefine(({ text, model, training }, context) => {
    if (text.unit === 'token') return;
    const fail = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (model.copy)
      fail(
        ['model', 'copy'],
        'copy repeats tokens, but the source positions are sentences (text.unit); leave it false',
      );
    if (training.mixup > 0)
      fail(['training', 'mixup'], 'mixup mixes tokens, but the source positions are sentences (text.unit); leave it 0');
  });

/** See {@link questionAnsweringConfigSchema}. */
export type QuestionAnsweringConfig = z.infer<typeof questionAnsweringConfigSchema>;
