// Reads a Hugging Face tokenizer.json, refuses what s2s cannot follow exactly, and moves the special tokens to ids 0 … 3.
import { z } from 'zod';
import { DataError } from '../errors.js';
import { namedError } from './component-error.js';
import { decoderSchema } from './decoders.js';
import { normalizerSchema } from './normalizers.js';
import { preTokenizerSchema } from './pre-tokenizers.js';
import { BOS, EOS, PAD, SPECIAL_TOKENS, UNK } from './special-tokens.js';

const addedTokenSchema = z.strictObject({
  id: z.int().min(0),
  content: z.string().min(1),
  single_word: z.boolean(),
  lstrip: z.boolean(),
  rstrip: z.boolean(),
  normalized: z.boolean(),
  special: z.literal(true, 'tokens that are not special are found inside the text, which is not supported'),
});

const affix = z.literal(['']).nullish();
// Vocabularies and merges are large, and keys such as `__proto__` need care: they are checked by hand below.
const modelSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('BPE'),
      dropout: z.literal(0, 'must be null: dropout is chosen when encoding, with bpeDropout').nullish(),
      unk_token: z.string().nullish(),
      continuing_subword_prefix: affix,
      end_of_word_suffix: affix,
      fuse_unk: z.boolean().default(false),
      byte_fallback: z.boolean().default(false),
      ignore_merges: z.literal(false).default(false),
      vocab: z.unknown().optional(),
      merges: z.unknown().optional(),
    }),
    z.strictObject({ type: z.literal('WordLevel'), unk_token: z.string(), vocab: z.unknown().optional() }),
  ],
  namedError('model', 'BPE and WordLevel'),
);

const fileSchema = z.strictObject({
  version: z.string().optional(),
  // What s2s does itself, with its own configuration: never part of encode, so read and left out.
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: normalizerSchema.nullish(),
  pre_tokenizer: preTokenizerSchema.nullish(),
  decoder: decoderSchema.nullish(),
  model: modelSchema,
});

type FileJson = z.infer<typeof fileSchema>;

/** A tokenizer.json as s2s writes it; see https://huggingface.co/docs/tokenizers. */
export interface HuggingFaceTokenizerJson {
  version: '1.0';
  truncation: null;
  padding: null;
  added_tokens: z.infer<typeof addedTokenSchema>[];
  normalizer: z.infer<typeof normalizerSchema> | null;
  pre_tokenizer: z.infer<typeof preTokenizerSchema> | null;
  post_processor: null;
  decoder: z.infer<typeof decoderSchema> | null;
  model: BpeModelJson | WordLevelModelJson;
}

export interface BpeModelJson {
  type: 'BPE';
  dropout: null;
  unk_token: string;
  continuing_subword_prefix: null;
  end_of_word_suffix: null;
  fuse_unk: boolean;
  byte_fallback: boolean;
  ignore_merges: false;
  vocab: Record<string, number>;
  merges: [string, string][];
}

interface WordLevelModelJson {
  type: 'WordLevel';
  vocab: Record<string, number>;
  unk_token: string;
}

/** The special token entry that makes `tokenizers` skip a token when decoding. */
export function specialToken(id: number, content: string): HuggingFaceTokenizerJson['added_tokens'][number] {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** A vocabulary as tokenizer.json has it; safe for a token `__proto__`. */
export function vocabularyJson(tokens: Iterable<string>): Record<string, number> {
  return Object.fromEntries(Array.from(tokens, (token, id) => [token, id]));
}

/** Other names under which special tokens are known; the first of a list that the file has is taken. */
const ALIASES: readonly (readonly string[])[] = [
  ['[PAD]', '<|pad|>', '<|endofpadding|>'],
  ['[BOS]', '<bos>', '<|startoftext|>', '<|begin_of_text|>'],
  ['[EOS]', '<eos>', '<|endoftext|>', '<|end_of_text|>'],
  ['[UNK]', '<|unk|>'],
];

/** The model's own tokens by id, checked. */
function readVocabulary(vocabulary: unknown, fail: (message: string) => never): Map<string, number> {
  if (typeof vocabulary !== 'object' || vocabulary === null || Array.isArray(vocabulary)) {
    fail('model.vocab must be an object of token: id');
  }
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocabulary as Record<string, unknown>)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      fail(
        `model.vocab: the id of ${JSON.stringify(token)} must be a non-negative integer, but is ${JSON.stringify(id)}`,
      );
    }
    ids.set(token, id as number);
  }
  return ids;
}

function readMerges(merges: unknown, fail: (message: string) => never): [string, string][] {
  if (!Array.isArray(merges)) fail('model.merges must be a list');
  return (merges as unknown[]).map((merge, i) => {
    // Files from before tokenizers 0.20 have "left right".
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string') {
      return [pair[0], pair[1]];
    }
    return fail(`model.merges[${i}] must be a pair of tokens, but is ${JSON.stringify(merge)}`);
  });
}

/**
 * All tokens in order of their new ids: pad, begin, end, unknown, then the others in the file's order.
 * A role nobody fills in the file gets the token of s2s.
 */
function arrangeTokens(file: FileJson, modelIds: Map<string, number>, fail: (message: string) => never): string[] {
  const ids = new Map(modelIds);
  for (const { content, id } of file.added_tokens) {
    if ((ids.get(content) ?? id) !== id) {
      fail(`added_tokens gives ${JSON.stringify(content)} the id ${id}, but model.vocab ${ids.get(content)}`);
    }
    ids.set(content, id);
  }
  const byId = [...ids].sort((a, b) => a[1] - b[1]);
  byId.forEach(([token, id], i) => {
    if (id === byId[i + 1]?.[1])
      fail(`the tokens ${JSON.stringify(token)} and ${JSON.stringify(byId[i + 1]?.[0])} share id ${id}`);
  });
  const added = new Set(file.added_tokens.map(({ content }) => content));
  const roles = SPECIAL_TOKENS.map((own, role) => {
    if (role === UNK && typeof file.model.unk_token === 'string') {
      if (!ids.has(file.model.unk_token))
        fail(`model.unk_token ${JSON.stringify(file.model.unk_token)} is not in the vocabulary`);
      return file.model.unk_token;
    }
    if (added.has(own) || ids.get(own) === role) return own;
    const alias = ALIASES[role]?.find((name) => added.has(name));
    if (alias === undefined && ids.has(own))
      fail(`the token ${own} is an ordinary one: list it in added_tokens as special`);
    return alias ?? own;
  });
  const taken = new Set(roles);
  if (taken.size < roles.length)
    fail(`one token serves as two of padding, begin, end and unknown (${roles.join(', ')})`);
  return [...roles, ...byId.map(([token]) => token).filter((token) => !taken.has(token))];
}

/**
 * Reads a parsed tokenizer.json.
 *
 * Encoding never adds tokens and never cuts a text short, so `post_processor`, `truncation` and `padding` are left out.
 * Where the special tokens are not at ids 0 … 3, or ids are missing, the ids are given anew, in the file's order.
 * @throws DataError when the file is damaged or has a part that s2s does not follow exactly, naming it.
 */
export function readHuggingFaceJson(json: unknown, name: string): HuggingFaceTokenizerJson {
  const fail = (message: string): never => {
    throw new DataError(`${name}: ${message}`);
  };
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return fail(`not a tokenizer.json that s2s can use: ${issue?.path.join('.') || 'file'}: ${issue?.message}`);
  }
  const file = parsed.data;
  const modelIds = readVocabulary(file.model.vocab, fail);
  const tokens = arrangeTokens(file, modelIds, fail);
  const added = new Set(file.added_tokens.map(({ content }) => content));
  for (const role of [PAD, BOS, EOS]) added.add(tokens[role] as string);
  const vocab = vocabularyJson(tokens);
  const { model } = file;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.flatMap((token, id) => (added.has(token) ? [specialToken(id, token)] : [])),
    normalizer: file.normalizer ?? null,
    pre_tokenizer: file.pre_tokenizer ?? null,
    post_processor: null,
    decoder: file.decoder ?? null,
    model:
      model.type === 'WordLevel'
        ? { type: 'WordLevel', vocab, unk_token: tokens[UNK] as string }
        : {
            type: 'BPE',
            dropout: null,
            unk_token: tokens[UNK] as string,
            continuing_subword_prefix: null,
            end_of_word_suffix: null,
            fuse_unk: model.fuse_unk,
            byte_fallback: model.byte_fallback,
            ignore_merges: false,
            vocab,
            merges: readMerges(model.merges, fail),
          },
  };
}
