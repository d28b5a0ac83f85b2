// The `tokenizer` section of a configuration: which units a text is cut into and how they are learned.
import { z } from 'zod';

/** The kinds of tokenizer this package trains. */
export const TOKENIZER_KINDS = ['char', 'word', 'bpe', 'byte-bpe'] as const;

const kindOr = (usual: (typeof TOKENIZER_KINDS)[number]) =>
  z
    .enum(TOKENIZER_KINDS)
    .default(usual)
    .describe(
      'Units: char (code points), word (between white space), bpe (SentencePiece manner), byte-bpe (GPT-2 manner)',
    );

const units = {
  vocabularySize: z
    .int()
    .min(5)
    .default(8000)
    .describe('Most tokens to have, the 4 special ones (and the 256 bytes of bpe and byte-bpe) included'),
  normalization: z
    .enum(['none', 'nfkc'])
    .default('none')
    .describe(
      'Unicode normalization before anything else; nfkc folds compatible forms such as ½ and full-width letters',
    ),
  lowercase: z.boolean().default(false).describe('Lowercase the text'),
  characterCoverage: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'char and bpe: share of the characters read that get a token, most frequent first (SentencePiece: 0.9995)',
    ),
  minFrequency: z
    .int()
    .min(1)
    .default(1)
    .describe(
      'Fewest occurrences of a character (char), a word (word) or a merged pair (bpe, byte-bpe) to get a token',
    ),
  bpeDropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('bpe and byte-bpe: chance of skipping each merge while training (Provilkov et al., 2020); 0.1 is usual'),
};

type Units = {
  readonly kind: (typeof TOKENIZER_KINDS)[number];
  readonly bpeDropout: number;
  readonly characterCoverage: number;
};

/** Refuses settings that the kind of tokenizer has no use for. */
function checkUnits(config: Units, refuse: (field: string, message: string) => void): void {
  const { kind } = config;
  if (config.bpeDropout > 0 && (kind === 'char' || kind === 'word')) {
    refuse('bpeDropout', `bpeDropout needs kind bpe or byte-bpe, but is ${config.bpeDropout} with kind ${kind}.`);
  }
  if (config.characterCoverage < 1 && (kind === 'word' || kind === 'byte-bpe')) {
    refuse(
      'characterCoverage',
      `characterCoverage needs kind char or bpe, but is ${config.characterCoverage} with kind ${kind}.`,
    );
  }
}

/** The tokenizer of one text, characters unless told. */
export const textTokenizerConfigSchema = z
  .strictObject({
    kind: kindOr('char'),
    ...units,
    file: z.string().optional().describe('Existing tokenizer.json, instead of training one'),
  })
  .superRefine((config, context) => {
    checkUnits(config, (field, message) => context.addIssue({ code: 'custom', path: [field], message }));
  });

/** See {@link textTokenizerConfigSchema}. */
export type TextTokenizerConfig = z.infer<typeof textTokenizerConfigSchema>;

const { vocabularySize, ...otherUnits } = units;

/** The tokenizers of two texts. */
export const tokenizerConfigSchema = z
  .strictObject({
    kind: kindOr('bpe'),
    vocabularySize,
    joint: z.boolean().default(true).describe('Learn one vocabulary from source and target together'),
    ...otherUnits,
    sourceTokenizer: z.string().optional().describe('Existing tokenizer.json for the source, instead of training one'),
    targetTokenizer: z.string().optional().describe('Existing tokenizer.json for the target, instead of training one'),
  })
  .superRefine((config, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    const { joint, sourceTokenizer, targetTokenizer } = config;
    checkUnits(config, refuse);
    if (joint && targetTokenizer !== undefined && targetTokenizer !== sourceTokenizer) {
      refuse(
        'targetTokenizer',
        `With joint: true the target uses the source's tokenizer (${sourceTokenizer ?? 'trained'}), ` +
          `but targetTokenizer is ${targetTokenizer}; set joint: false.`,
      );
    }
  });

/** How a text is cut into tokens, with every default filled in. */
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;
