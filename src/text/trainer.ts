// Trains a tokenizer line by line: counts pieces or characters, then builds the vocabulary.
import { ConfigError, DataError } from '../errors.js';
import { BYTE_CHARACTERS } from './byte-alphabet.js';
import type { TokenizerConfig } from './config.js';
import { type HuggingFaceTokenizerJson, specialToken, vocabularyJson } from './huggingface.js';
import { learnMerges } from './merge-learner.js';
import { createNormalizer } from './normalizers.js';
import { PieceCounter } from './piece-counter.js';
import { byteToken, createPipelineTokenizer } from './pipeline.js';
import { createPreTokenizer, MARKED_WORDS_PATTERN } from './pre-tokenizers.js';
import { BOS, EOS, PAD, SPECIAL_TOKENS, UNK } from './special-tokens.js';
import { assertWellFormed } from './strings.js';
import type { Tokenizer } from './tokenizer-types.js';

/** The white-space marker of kind bpe, U+2581, as in SentencePiece. */
const MARKER = '▁';
/**
 * A marker or escape character in the text itself is written as the escape character and a second one, so that the text
 * can be restored. U+001B is the escape control character, which text hardly ever has.
 */
const ESCAPE = '\u001b';
const ESCAPED_MARKER = `${ESCAPE}_`;
const ESCAPED_ESCAPE = `${ESCAPE}^`;

const BYTE_TOKENS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
/** In order of code point, the order that `tokenizers` gives its alphabet. */
const BYTE_ALPHABET: readonly string[] = [...BYTE_CHARACTERS].sort();

/** Memory for counting, in UTF-16 units: about a million distinct words, some 300 MB at the peak. */
const DEFAULT_BUDGET = 32 * 2 ** 20;

/** The parts of tokenizer.json around the model. */
type Surroundings = Pick<HuggingFaceTokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder'>;

function surroundings({ kind, normalization, lowercase }: TokenizerConfig): Surroundings {
  const replace = (from: string, content: string) => ({ type: 'Replace' as const, pattern: { String: from }, content });
  const normalizers = [
    ...(normalization === 'nfkc' ? [{ type: 'NFKC' as const }] : []),
    ...(lowercase ? [{ type: 'Lowercase' as const }] : []),
    ...(kind === 'bpe'
      ? [
          replace(ESCAPE, ESCAPED_ESCAPE),
          replace(MARKER, ESCAPED_MARKER),
          replace(' ', MARKER),
          { type: 'Prepend' as const, prepend: MARKER },
        ]
      : []),
  ];
  const normalizer = normalizers.length === 0 ? null : { type: 'Sequence' as const, normalizers };
  switch (kind) {
    case 'char':
      return { normalizer, pre_tokenizer: null, decoder: { type: 'Fuse' } };
    case 'word':
      return { normalizer, pre_tokenizer: { type: 'WhitespaceSplit' }, decoder: null };
    case 'bpe':
      return {
        normalizer,
        pre_tokenizer: {
          type: 'Split',
          pattern: { Regex: MARKED_WORDS_PATTERN },
          behavior: 'Isolated',
          invert: false,
        },
        decoder: {
          type: 'Sequence',
          decoders: [
            // Before the bytes, which may spell a marker of the text itself.
            replace(MARKER, ' '),
            { type: 'ByteFallback' },
            { type: 'Fuse' },
            { type: 'Strip', content: ' ', start: 1, stop: 0 },
            replace(ESCAPED_MARKER, MARKER),
            replace(ESCAPED_ESCAPE, ESCAPE),
          ],
        },
      };
    case 'byte-bpe':
      return {
        normalizer,
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      };
  }
}

/** How often each character occurs, by code point. */
class CharacterCounter {
  private readonly counts = new Float64Array(0x110000);

  add(text: string, times: number): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) as number;
      if (code > 0xffff) i++;
      this.counts[code]! += times;
    }
  }

  /** The most frequent characters that make up `coverage` of all and occur often enough, in order of code point. */
  alphabet(coverage: number, minFrequency: number): string[] {
    const seen: [code: number, count: number][] = [];
    for (let code = 0; code < this.counts.length; code++) {
      const count = this.counts[code]!;
      if (count > 0) seen.push([code, count]);
    }
    const total = seen.reduce((sum, [, count]) => sum + count, 0);
    let covered = 0;
    const kept = seen
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .filter(([, count]) => {
        const keep = covered < coverage * total && count >= minFrequency;
        covered += count;
        return keep;
      });
    return kept.map(([code]) => String.fromCodePoint(code)).sort(byCodePoint);
  }
}

function byCodePoint(a: string, b: string): number {
  return (a.codePointAt(0) as number) - (b.codePointAt(0) as number);
}

/**
 * Trains a tokenizer from lines given one at a time, in bounded memory: distinct words are counted up to a budget, beyond
 * which the rarest are forgotten (see {@link PieceCounter}). The result depends on the lines and how often they come, not
 * on their order, as long as the budget is not reached.
 */
export class TokenizerTrainer {
  private readonly parts: Surroundings;
  private readonly normalize: (text: string) => string;
  private readonly preTokenizer;
  private readonly pieces: PieceCounter;
  private readonly characters = new CharacterCounter();

  /**
   * @param budget memory for distinct words, in UTF-16 units: their lengths plus 24 for each.
   * @throws ConfigError when the vocabulary size is below what the kind needs whatever the text.
   */
  constructor(
    private readonly config: TokenizerConfig,
    { budget = DEFAULT_BUDGET }: { budget?: number } = {},
  ) {
    this.parts = surroundings(config);
    this.normalize = createNormalizer(this.parts.normalizer);
    this.preTokenizer = createPreTokenizer(this.parts.pre_tokenizer);
    // Characters of forgotten words still count for the alphabet.
    this.pieces = new PieceCounter(budget, (piece, count) => this.characters.add(piece, count));
    if (config.kind === 'byte-bpe') this.requireSize(SPECIAL_TOKENS.length + 256, '4 special tokens and 256 bytes');
  }

  /** Counts a line, given without its line end. @throws DataError when it has a lone surrogate. */
  add(line: string): void {
    assertWellFormed(line);
    const text = this.normalize(line);
    if (this.config.kind === 'char') this.characters.add(text, 1);
    else for (const piece of this.preTokenizer.split(text)) this.pieces.add(piece);
  }

  /**
   * Builds the tokenizer. It has fewer tokens than asked for when the text has not enough distinct words or pairs.
   * @throws DataError when there was no text.
   * @throws ConfigError when the vocabulary size is too small for the text's characters, naming the least that would do.
   */
  finish(): Tokenizer {
    const { parts } = this;
    const model = this.config.kind === 'word' ? this.wordModel() : this.bpeModel();
    const json: HuggingFaceTokenizerJson = {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [PAD, BOS, EOS].map((id) => specialToken(id, SPECIAL_TOKENS[id] as string)),
      ...parts,
      post_processor: null,
      model,
    };
    return createPipelineTokenizer(json, 'trained tokenizer');
  }

  private wordModel(): HuggingFaceTokenizerJson['model'] {
    const special = new Set(SPECIAL_TOKENS);
    const words = [...this.pieces.entries()];
    this.requireText(words.length);
    const kept = words
      .filter(([word, count]) => count >= this.config.minFrequency && !special.has(word))
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, this.config.vocabularySize - SPECIAL_TOKENS.length);
    const vocab = vocabularyJson([...SPECIAL_TOKENS, ...kept.map(([word]) => word)]);
    return { type: 'WordLevel', vocab, unk_token: SPECIAL_TOKENS[UNK] as string };
  }

  private bpeModel(): HuggingFaceTokenizerJson['model'] {
    const { kind, vocabularySize, minFrequency } = this.config;
    const pieces = [...this.pieces.entries()].map(([piece, n]) => [this.preTokenizer.spell(piece), n] as const);
    const { tokens, merges } = learnMerges(pieces, {
      tokens: this.baseTokens(pieces),
      reserved: new Set([...SPECIAL_TOKENS, ...(kind === 'bpe' ? BYTE_TOKENS : [])]),
      vocabularySize,
      minFrequency,
    });
    return {
      type: 'BPE',
      dropout: null,
      unk_token: SPECIAL_TOKENS[UNK] as string,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: kind === 'bpe',
      ignore_merges: false,
      vocab: vocabularyJson(tokens),
      merges,
    };
  }

  /** The tokens before any merge. */
  private baseTokens(pieces: readonly (readonly [string, number])[]): string[] {
    const { kind, characterCoverage, minFrequency } = this.config;
    if (kind === 'byte-bpe') {
      this.requireText(pieces.length);
      return [...SPECIAL_TOKENS, ...BYTE_ALPHABET];
    }
    for (const [piece, count] of pieces) this.characters.add(piece, count);
    // In kind bpe minFrequency is about pairs: a character seen once is better than its bytes.
    const alphabet = this.characters.alphabet(characterCoverage, kind === 'char' ? minFrequency : 1);
    this.requireText(alphabet.length);
    // Without a token of its own the marker would become bytes, and those spell a marker of the text itself.
    if (kind === 'bpe' && !alphabet.includes(MARKER)) alphabet.push(MARKER);
    const tokens = [...SPECIAL_TOKENS, ...(kind === 'bpe' ? BYTE_TOKENS : []), ...alphabet];
    this.requireSize(
      tokens.length,
      `4 special tokens, ${kind === 'bpe' ? '256 bytes, ' : ''}${alphabet.length} characters; ` +
        'a lower characterCoverage would need fewer',
    );
    return tokens;
  }

  private requireText(found: number): void {
    if (found > 0) return;
    throw new DataError(
      `No text to train the ${this.config.kind} tokenizer on: every line was empty or there were none; check the training files.`,
    );
  }

  private requireSize(least: number, why: string): void {
    const { kind, vocabularySize } = this.config;
    if (vocabularySize >= least) return;
    throw new ConfigError(
      `vocabularySize must be at least ${least} for kind ${kind} here (${why}), but is ${vocabularySize}.`,
    );
  }
}
