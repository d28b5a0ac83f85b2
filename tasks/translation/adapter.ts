// Translation: text lines in one language → text lines in another.
import { resolve } from 'node:path';
import type { SplitConfig } from '../../src/data/config.js';
import { openCorpus, type RawRow } from '../../src/data/corpus.js';
import { type CopyMap, copyableSource, extendedTarget } from '../../src/data/extended-vocabulary.js';
import { CopyableTokens, type SourceSequence } from '../../src/data/sequences.js';
import { ConfigError } from '../../src/errors.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { Random } from '../../src/random.js';
import type { Codec, TaskAdapter } from '../../src/task.js';
import { type Tokenizer, TokenizerTrainer, UNK } from '../../src/text/tokenizer.js';
import { loadTokenizer, parseTokenizer, tokenizerText, withStop } from '../tokenizers.js';
import { type TranslationConfig, translationConfigSchema } from './config.js';

const JOINT_FILE = 'tokenizer.json';
const SIDE_FILES = { source: 'source-tokenizer.json', target: 'target-tokenizer.json' } as const;

class TranslationCodec implements Codec {
  /** How source tokens become the target's, for a model that copies. */
  private readonly copies: CopyMap | undefined;

  /** @throws ConfigError when words are to be copied between tokenizers that spell them differently */
  constructor(
    private readonly source: Tokenizer,
    private readonly target: Tokenizer,
    private readonly bpeDropout: number,
    isCopying: boolean,
  ) {
    if (isCopying) this.copies = copyMap(source, target);
  }

  get vocabulary() {
    return { source: this.source.vocabularySize, target: this.target.vocabularySize };
  }

  files(): Record<string, string> {
    if (this.source === this.target) return { [JOINT_FILE]: tokenizerText(this.source) };
    return { [SIDE_FILES.source]: tokenizerText(this.source), [SIDE_FILES.target]: tokenizerText(this.target) };
  }

  encodeRow({ source, target }: RawRow, random?: Random) {
    const ids = withStop(this.target, target, this.bpeDropout, random);
    const from = this.readable(source, withStop(this.source, source, this.bpeDropout, random));
    if (!(from instanceof CopyableTokens)) return { source: from, target: ids };
    return { source: from, target: extendedTarget({ ids, unknownTexts: this.target.unknownTexts(target) }, from, UNK) };
  }

  encodeSource(line: string): SourceSequence {
    return this.readable(line, withStop(this.source, line, 0));
  }

  /** Tokens of a source, with what can be copied where the model copies. */
  private readable(text: string, ids: Int32Array): Int32Array | CopyableTokens {
    return this.copies ? copyableSource({ ids, unknownTexts: this.source.unknownTexts(text) }, this.copies) : ids;
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

/** Learns, or loads, the tokenizers that the configuration asks for. */
async function createCodec(
  { tokenizer: config, model }: TranslationConfig,
  rows: () => AsyncIterable<RawRow>,
  baseDir: string,
): Promise<Codec> {
  const given = async (file: string | undefined) =>
    file === undefined ? undefined : loadTokenizer(resolve(baseDir, file));
  let source = await given(config.sourceTokenizer);
  let target = config.joint ? source : await given(config.targetTokenizer);
  if (!source || !target) {
    const sourceTrainer = new TokenizerTrainer(config);
    const targetTrainer = config.joint ? sourceTrainer : new TokenizerTrainer(config);
    for await (const row of rows()) {
      if (!source) sourceTrainer.add(row.source);
      if (!target) targetTrainer.add(row.target);
    }
    source ??= sourceTrainer.finish();
    target ??= config.joint ? source : targetTrainer.finish();
  }
  return new TranslationCodec(source, target, config.bpeDropout, model.copy);
}

async function restoreCodec(
  { tokenizer: config, model }: TranslationConfig,
  read: (name: string) => Promise<string>,
): Promise<Codec> {
  const load = async (name: string) => parseTokenizer(await read(name), name);
  if (config.joint) {
    const joint = await load(JOINT_FILE);
    return new TranslationCodec(joint, joint, config.bpeDropout, model.copy);
  }
  const [source, target] = [await load(SIDE_FILES.source), await load(SIDE_FILES.target)];
  return new TranslationCodec(source, target, config.bpeDropout, model.copy);
}

/** The translation task. */
export const translation: TaskAdapter<TranslationConfig> = {
  name: 'translation',
  source: 'text',
  target: 'text',
  metrics: ['bleu', 'chrf', 'chrf++', 'ter', 'exactMatch'],
  recipes: ['multi30k', 'multi30k-cased', 'multi30k-reinforce', 'asterisk-text', 'rnnlg-restaurant', 'rnnlg-hotel'].map(
    (name) => `tasks/translation/recipes/${name}.yaml`,
  ),
  configSchema: translationConfigSchema,
  starterConfig: {
    task: 'translation',
    data: {
      train: { source: 'train.src', target: 'train.tgt' },
      valid: { source: 'valid.src', target: 'valid.tgt' },
      test: { source: 'test.src', target: 'test.tgt' },
    },
  },
  openCorpus: (_config, split, { cacheDir }) => openCorpus(split as SplitConfig, { baseDir: '.', cacheDir }),
  createCodec,
  restoreCodec,
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
