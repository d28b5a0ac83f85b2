// What every tokenizer offers to the rest of s2s.
import type { Random } from '../random.js';
import type { TOKENIZER_KINDS } from './config.js';
import type { HuggingFaceTokenizerJson } from './huggingface.js';

/** The kinds of tokenizer; see the configuration's `kind`. */
export type TokenizerKind = (typeof TOKENIZER_KINDS)[number];

/** BPE dropout (Provilkov et al., 2020) for one call of {@link Tokenizer.encode}. */
export interface EncodeOptions {
  /** Chance of skipping each merge, in [0, 1]; 0 by default, without effect on kinds that have no merges. */
  dropout?: number;
  /** Where the chances come from; needed when `dropout` is above 0. */
  random?: Random;
}

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly kind: TokenizerKind;
  /** Number of tokens, so ids are 0 … vocabularySize − 1. */
  readonly vocabularySize: number;
  /**
   * The ids of `text`, without beginning or end tokens. The text of a special token (`<s>`) or of a byte token (`<0x41>`)
   * in the input is text like any other.
   * @throws DataError when the text has a lone surrogate.
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /**
   * The text of `ids`, padding, begin and end left out; unknown tokens read `<unk>` (unless a foreign file has `<unk>` among
   * its special tokens: these are all left out). With kinds bpe and byte-bpe as trained by s2s and normalization none,
   * `decode(encode(text)) === text` for every text.
   * @param extra what ids from the vocabulary's size on stand for, spelled as {@link unknownTexts} does
   * @throws RangeError for an id outside the vocabulary.
   */
  decode(ids: ArrayLike<number>, extra?: readonly string[]): string;
  /** The token of an id, as the vocabulary spells it. @throws RangeError for an id outside the vocabulary. */
  token(id: number): string;
  /** The id of a token, as the vocabulary spells it. */
  id(token: string): number | undefined;
  /** The same, but undefined for special tokens, whose spelling is text like any other. */
  ordinaryId(token: string): number | undefined;
  /** How many unknown tokens {@link encode} gives for `text`; always 0 for bpe and byte-bpe as trained by s2s. */
  countUnknown(text: string): number;
  /** What the unknown tokens that {@link encode} gives for `text` stand for, in order, spelled as tokens are. */
  unknownTexts(text: string): string[];
  /** The Hugging Face `tokenizer.json`, which Python's `tokenizers` reads too. */
  toJSON(): HuggingFaceTokenizerJson;
}
