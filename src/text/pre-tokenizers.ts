// The pre-tokenizers of a Hugging Face tokenizer.json that s2s understands: where a text is cut before the model sees it.
import { z } from 'zod';
import { toByteCharacters } from './byte-alphabet.js';
import { namedError } from './component-error.js';

/**
 * Cuts text in which spaces are ▁ into words, numbers and the rest, a ▁ staying with what follows it. It keeps merges from
 * joining words with punctuation or digits, as SentencePiece does by Unicode script.
 */
export const MARKED_WORDS_PATTERN = '▁?\\p{L}[\\p{L}\\p{M}]*|▁?\\p{N}+|▁?[^▁\\p{L}\\p{N}]+|▁';

/** A pre-tokenizer as written in tokenizer.json. */
export const preTokenizerSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('ByteLevel'),
      add_prefix_space: z.boolean(),
      // Only concerns offsets, which s2s does not compute.
      trim_offsets: z.boolean(),
      use_regex: z.boolean().default(true),
    }),
    z.strictObject({
      type: z.literal('Metaspace'),
      replacement: z.string().regex(/^.$/su, 'replacement must be one character'),
      prepend_scheme: z.enum(['always', 'first', 'never']),
      split: z.boolean().default(true),
    }),
    z.strictObject({
      type: z.literal('Split'),
      // Regular expressions differ between Rust and JavaScript, so only a known one is taken.
      pattern: z.strictObject({
        Regex: z.literal(MARKED_WORDS_PATTERN, 'Split is supported with the pattern that s2s writes only'),
      }),
      behavior: z.literal('Isolated'),
      invert: z.literal(false),
    }),
    z.strictObject({ type: z.literal('WhitespaceSplit') }),
  ],
  namedError('pre-tokenizer', 'ByteLevel, Metaspace, WhitespaceSplit and the Split that s2s writes'),
);
type PreTokenizerJson = z.infer<typeof preTokenizerSchema>;

/** How a text is cut into the pieces that a model then encodes one by one. */
interface PreTokenizer {
  /** The pieces, as they stand in the text. */
  split(text: string): string[];
  /** What the model sees of a piece. */
  spell(piece: string): string;
}

/**
 * GPT-2's pattern (Radford et al., 2019). White space is spelled out because `\s` in JavaScript differs from the Unicode
 * property: it has U+FEFF and lacks U+0085.
 */
const GPT2_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const unchanged = (piece: string) => piece;

/** Cuts before each `marker`. */
function splitBefore(text: string, marker: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    const next = text.indexOf(marker, start + 1);
    const end = next < 0 ? text.length : next;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** The pre-tokenizer a part of tokenizer.json stands for, equal to that of the Python library `tokenizers`. */
export function createPreTokenizer(json: PreTokenizerJson | null): PreTokenizer {
  if (json === null) return { split: (text) => (text === '' ? [] : [text]), spell: unchanged };
  switch (json.type) {
    case 'ByteLevel':
      return {
        split(text) {
          const prefixed = json.add_prefix_space && text !== '' && !text.startsWith(' ') ? ` ${text}` : text;
          if (json.use_regex) return prefixed.match(GPT2_PATTERN) ?? [];
          return prefixed === '' ? [] : [prefixed];
        },
        spell: toByteCharacters,
      };
    case 'Metaspace': {
      const marker = json.replacement;
      const prepend = json.prepend_scheme !== 'never';
      return {
        split(text) {
          const marked = text.replaceAll(' ', () => marker);
          const prefixed = prepend && marked !== '' && !marked.startsWith(marker) ? marker + marked : marked;
          if (json.split) return splitBefore(prefixed, marker);
          return prefixed === '' ? [] : [prefixed];
        },
        spell: unchanged,
      };
    }
    case 'Split': {
      const pattern = new RegExp(json.pattern.Regex, 'gu');
      return { split: (text) => text.match(pattern) ?? [], spell: unchanged };
    }
    case 'WhitespaceSplit':
      return { split: (text) => text.match(/\P{White_Space}+/gu) ?? [], spell: unchanged };
  }
}
