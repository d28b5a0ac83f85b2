// Translation: text lines in one language → text lines in another.
import { resolve } from 'node:path';
import type { SplitConfig } from '../../src/data/config.js';
import { openCorpus, type RawRow } from '../../src/data/corpus.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { Random } from '../../src/random.js';
import type { Codec, TaskAdapter } from '../../src/task.js';
import { type Tokenizer, TokenizerTrainer } from '../../src/text/tokenizer.js';
import { loadTokenizer, parseTokenizer, tokenizerText, withStop } from '../tokenizers.js';
import { type TranslationConfig, translationConfigSchema } from './config.js';

const JOINT_FILE = 'tokenizer.json';
const SIDE_FILES = { source: 'source-tokenizer.json', target: 'target-tokenizer.json' } as const;

class TranslationCodec implements Codec {
  constructor(
    private readonly source: Tokenizer,
    private readonly target: Tokenizer,
    private readonly bpeDropout: number,
  ) {}

  get vocabulary() {
    return { source: this.source.vocabularySize, target: this.target.vocabularySize };
  }

  files(): Record<string, string> {
    if (this.source === this.target) return { [JOINT_FILE]: tokenizerText(this.source) };
    return { [SIDE_FILES.source]: tokenizerText(this.source), [SIDE_FILES.target]: tokenizerText(this.target) };
  }

  encodeRow({ source, target }: RawRow, random?: Random) {
    return {
      source: withStop(this.source, source, this.bpeDropout, random),
      target: withStop(this.target, target, this.bpeDropout, random),
    };
  }

  encodeSource(line: string): Int32Array {
    return withStop(this.source, line, 0);
  }

  decodeOutput(tokens: Int32Array): string {
    // One line a sentence, whatever the model produced.
    return this.target.decode(tokens).replace(/[\r\n]+/g, ' ');
  }

  tokenNames(side: 'source' | 'target', tokens: Int32Array): string[] {
    return Array.from(tokens, (id) => this[side].token(id));
  }
}

/** Learns, or loads, the tokenizers that the configuration asks for. */
async function createCodec(
  { tokenizer: config }: TranslationConfig,
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
  return new TranslationCodec(source, target, config.bpeDropout);
}

async function restoreCodec(
  { tokenizer: config }: TranslationConfig,
  read: (name: string) => Promise<string>,
): Promise<Codec> {
  const load = async (name: string) => parseTokenizer(await read(name), name);
  if (config.joint) {
    const joint = await load(JOINT_FILE);
    return new TranslationCodec(joint, joint, config.bpeDropout);
  }
  return new TranslationCodec(await load(SIDE_FILES.source), await load(SIDE_FILES.target), config.bpeDropout);
}

/** The translation task. */
export const translation: TaskAdapter<TranslationConfig> = {
  name: 'translation',
  source: 'text',
  target: 'text',
  metrics: ['bleu', 'chrf', 'chrf++', 'ter', 'exactMatch'],
  recipes: ['multi30k', 'multi30k-cased', 'asterisk-text'].map((name) => `tasks/translation/recipes/${name}.yaml`),
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
