// The two vocabularies of parsing: words of sentences, and the tokens that outputs are linearised to.
import type { RawRow } from '../../src/data/corpus.js';
import type { OutputGrammar } from '../../src/data/output-grammar.js';
import { CopyableTokens, type SourceSequence } from '../../src/data/sequences.js';
import type { Codec } from '../../src/task.js';
import { tokenizerConfigSchema } from '../../src/text/config.js';
import { EOS, type Tokenizer, TokenizerTrainer, UNK } from '../../src/text/tokenizer.js';
import { parseTokenizer, tokenizerText, withStop } from '../tokenizers.js';
import type { ParsingConfig } from './config.js';
import { constituency } from './constituency.js';
import { dependency } from './dependency.js';
import type { GrammarOf, Linearisation } from './linearisation.js';
import { logicalForm } from './logical-form.js';

const WORDS_FILE = 'words.json';
const OUTPUT_FILE = 'output.json';

/** Room for every word. */
const VOCABULARY_SIZE = 0x110000;

const LINEARISATIONS: Readonly<Record<ParsingConfig['formalism'], Linearisation>> = {
  constituency,
  dependency,
  logicalForm,
};

class ParsingCodec implements Codec {
  private readonly linearisation: Linearisation;
  private readonly lowercase: boolean;
  private readonly grammarOf: GrammarOf | undefined;

  constructor(
    { formalism, words }: ParsingConfig,
    private readonly source: Tokenizer,
    private readonly target: Tokenizer,
  ) {
    this.linearisation = LINEARISATIONS[formalism];
    this.lowercase = words.lowercase;
    const ids = Array.from({ length: target.vocabularySize - UNK - 1 }, (_, i) => UNK + 1 + i);
    this.grammarOf = this.linearisation.grammar?.(new Map(ids.map((id) => [target.token(id), id])));
  }

  get vocabulary() {
    return { source: this.source.vocabularySize, target: this.target.vocabularySize };
  }

  files(): Record<string, string> {
    return { [WORDS_FILE]: tokenizerText(this.source), [OUTPUT_FILE]: tokenizerText(this.target) };
  }

  encodeRow({ source, target }: RawRow) {
    const tokens = this.linearisation.tokens(target);
    return { source: this.read(this.linearisation.words(source)), target: withStop(this.target, tokens.join(' '), 0) };
  }

  /** Where outputs are about the words, these come with the tokens, spelled as they are. */
  encodeSource(line: string): SourceSequence {
    const words = this.linearisation.words(line);
    const ids = this.read(words);
    if (!this.linearisation.needsWords) return ids;
    const size = this.target.vocabularySize;
    return new CopyableTokens(ids, Int32Array.from([...words.map((_word, i) => size + i), EOS]), { size, words });
  }

  private read(words: readonly string[]): Int32Array {
    return Int32Array.from([...words.map((word) => this.idOf(word) ?? UNK), EOS]);
  }

  private idOf(word: string): number | undefined {
    return this.source.ordinaryId(this.lowercase ? word.toLowerCase() : word);
  }

  grammar(line: string): OutputGrammar | undefined {
    return this.grammarOf?.(this.linearisation.words(line).length);
  }

  unknown(line: string): string[] {
    return [...new Set(this.linearisation.words(line).filter((word) => this.idOf(word) === undefined))];
  }

  decodeOutput(tokens: Int32Array, source?: SourceSequence): string {
    return this.linearisation.line(this.tokenNames('target', tokens), extraWords(source));
  }

  tokenNames(side: 'source' | 'target', tokens: Int32Array, source?: SourceSequence): string[] {
    const words = extraWords(source);
    return Array.from(tokens, (id) => words[id - this[side].vocabularySize] ?? this[side].token(id));
  }
}

const extraWords = (source: SourceSequence | undefined): readonly string[] =>
  source instanceof CopyableTokens ? source.vocabulary.words : [];

/** Learns the two vocabularies from the training rows. */
export async function createParsingCodec(config: ParsingConfig, rows: () => AsyncIterable<RawRow>): Promise<Codec> {
  const { lowercase, minFrequency } = config.words;
  const trainer = (settings: object) =>
    new TokenizerTrainer(
      tokenizerConfigSchema.parse({ kind: 'word', vocabularySize: VOCABULARY_SIZE, joint: false, ...settings }),
    );
  const [words, outputs] = [trainer({ lowercase, minFrequency }), trainer({})];
  const linearisation = LINEARISATIONS[config.formalism];
  const seen = new Set<string>();
  for await (const { source, target } of rows()) {
    words.add(source);
    for (const token of linearisation.tokens(target)) seen.add(token);
  }
  outputs.add([...linearisation.vocabulary(seen)].join(' '));
  return new ParsingCodec(config, words.finish(), outputs.finish());
}

/** The codec of an existing run. @param read reads a file of its `vocab/` folder */
export async function restoreParsingCodec(
  config: ParsingConfig,
  read: (name: string) => Promise<string>,
): Promise<Codec> {
  const load = async (name: string) => parseTokenizer(await read(name), name);
  return new ParsingCodec(config, await load(WORDS_FILE), await load(OUTPUT_FILE));
}
