// Text on both sides: tokenizers at work, with copying where the model does.
import { resolve } from 'node:path';
import type { RawRow } from '../../src/data/corpus.js';
import { type CopyMap, copyableSource, extendedTarget } from '../../src/data/extended-vocabulary.js';
import { CopyableTokens, SentenceSequence, type SourceSequence } from '../../src/data/sequences.js';
import { ConfigError } from '../../src/errors.js';
import type { Random } from '../../src/random.js';
import type { Codec } from '../../src/task.js';
import type { TokenizerConfig } from '../../src/text/config.js';
import { EOS, UNK } from '../../src/text/special-tokens.js';
import { type Tokenizer, TokenizerTrainer } from '../../src/text/tokenizer.js';
import { loadTokenizer, parseTokenizer, tokenizerText, withStop } from '../tokenizers.js';

const JOINT_FILE = 'tokenizer.json';
const SIDE_FILES = { source: 'source-tokenizer.json', target: 'target-tokenizer.json' } as const;

/** What a text codec is made of besides its tokenizers. */
interface TextCodecOptions {
  /** Rate of dropout in BPE while the model is trained. */
  readonly bpeDropout: number;
  /** Whether the model copies words of the source. */
  readonly copies: boolean;
  readonly reading: Reading;
}

/** What of source lines the model reads. */
export interface Reading {
  /** The text of a line. */
  readonly text: (line: string) => string;
  /** The sentences of a line, each of which is to be one source position; tokens are positions where this is absent. */
  readonly sentences?: ((line: string) => string[]) | undefined;
}

/** Places of a sentence that are told apart; words after them weigh what the last one does. */
const PLACES = 32;

/** Reads lines as they are. */
const WHOLE_LINES: Reading = { text: (line) => line };

/** Text on both sides. */
export class TextCodec implements Codec {
  /** How source tokens become the target's, for a model that copies. */
  private readonly copies: CopyMap | undefined;
  private readonly bpeDropout: number;
  private readonly reading: Reading;

  /** @throws ConfigError when words are to be copied between tokenizers that spell them differently */
  constructor(
    private readonly source: Tokenizer,
    private readonly target: Tokenizer,
    { bpeDropout, copies, reading }: TextCodecOptions,
  ) {
    if (copies) this.copies = copyMap(source, target);
    this.bpeDropout = bpeDropout;
    this.reading = reading;
  }

  get vocabulary() {
    const sizes = { source: this.source.vocabularySize, target: this.target.vocabularySize };
    return this.reading.sentences ? { ...sizes, sentences: PLACES } : sizes;
  }

  files(): Record<string, string> {
    if (this.source === this.target) return { [JOINT_FILE]: tokenizerText(this.source) };
    return { [SIDE_FILES.source]: tokenizerText(this.source), [SIDE_FILES.target]: tokenizerText(this.target) };
  }

  encodeRow({ source, target }: RawRow, random?: Random) {
    const ids = withStop(this.target, target, this.bpeDropout, random);
    const from = this.encode(source, this.bpeDropout, random);
    if (!(from instanceof CopyableTokens)) return { source: from, target: ids };
    return { source: from, target: extendedTarget({ ids, unknownTexts: this.target.unknownTexts(target) }, from, UNK) };
  }

  encodeSource(line: string): SourceSequence {
    return this.encode(line, 0);
  }

  /** What the encoder reads of a line: tokens, with what can be copied where the model copies; or sentences. */
  private encode(line: string, bpeDropout: number, random?: Random): Int32Array | CopyableTokens | SentenceSequence {
    const { text, sentences } = this.reading;
    if (sentences) {
      const read = sentences(line).map((sentence) => withStop(this.source, sentence, bpeDropout, random).slice(0, -1));
      return new SentenceSequence([...read.filter((tokens) => tokens.length > 0), Int32Array.of(EOS)]);
    }
    const readable = text(line);
    const ids = withStop(this.source, readable, bpeDropout, random);
    return this.copies ? copyableSource({ ids, unknownTexts: this.source.unknownTexts(readable) }, this.copies) : ids;
  }

  decodeOutput(tokens: Int32Array, source?: SourceSequence): string {
    // One line a sentence, whatever the model produced.
    return this.target.decode(tokens, extraWords(source)).replace(/[\r\n]+/g, ' ');
  }

  tokenNames(side: 'source' | 'target', tokens: Int32Array, source?: SourceSequence): string[] {
    const words = extraWords(source);
    return Array.from(tokens, (id) => words[id - this[side].vocabularySize] ?? this[side].token(id));
  }
}

/** The words that a source adds to the target's vocabulary. */
const extraWords = (source: SourceSequence | undefined): readonly string[] =>
  source instanceof CopyableTokens ? source.vocabulary.words : [];

/** How a source's tokens become the target's: by their spelling. */
function copyMap(source: Tokenizer, target: Tokenizer): CopyMap {
  if (source.kind !== target.kind) {
    throw new ConfigError(
      `model.copy: source and target must spell tokens alike, but the source’s tokenizer is of kind ${source.kind} and the target’s of kind ${target.kind}; give both the same kind`,
    );
  }
  const isJoint = source === target;
  const marks = (id: number): boolean => id < UNK;
  return {
    size: target.vocabularySize,
    unknownId: UNK,
    target: (id) => (isJoint || marks(id) ? id : (target.ordinaryId(source.token(id)) ?? source.token(id))),
    idOf: (text) => target.ordinaryId(text),
  };
}

/** The parts of a configuration that say how text becomes tokens. */
export interface TextCodecConfig {
  readonly tokenizer: TokenizerConfig;
  readonly model: { readonly copy: boolean };
}

/** Learns, or loads, the tokenizers that the configuration asks for. @param reading of source lines; as they are unless told */
export async function createTextCodec(
  { tokenizer: config, model }: TextCodecConfig,
  rows: () => AsyncIterable<RawRow>,
  baseDir: string,
  reading = WHOLE_LINES,
): Promise<TextCodec> {
  const given = async (file: string | undefined) =>
    file === undefined ? undefined : loadTokenizer(resolve(baseDir, file));
  let source = await given(config.sourceTokenizer);
  let target = config.joint ? source : await given(config.targetTokenizer);
  if (!source || !target) {
    const sourceTrainer = new TokenizerTrainer(config);
    const targetTrainer = config.joint ? sourceTrainer : new TokenizerTrainer(config);
    for await (const row of rows()) {
      if (!source) sourceTrainer.add(reading.text(row.source));
      if (!target) targetTrainer.add(row.target);
    }
    source ??= sourceTrainer.finish();
    target ??= config.joint ? source : targetTrainer.finish();
  }
  return new TextCodec(source, target, { bpeDropout: config.bpeDropout, copies: model.copy, reading });
}

/** The codec of an existing run. @param read reads a file of its `vocab/` folder @param reading as in {@link createTextCodec} */
export async function restoreTextCodec(
  { tokenizer: config, model }: TextCodecConfig,
  read: (name: string) => Promise<string>,
  reading = WHOLE_LINES,
): Promise<TextCodec> {
  const load = async (name: string) => parseTokenizer(await read(name), name);
  const options = { bpeDropout: config.bpeDropout, copies: model.copy, reading };
  if (config.joint) {
    const joint = await load(JOINT_FILE);
    return new TextCodec(joint, joint, options);
  }
  return new TextCodec(await load(SIDE_FILES.source), await load(SIDE_FILES.target), options);
}
