// Grapheme-to-phoneme: a word as it is spelled → its phonemes.
import type { RawRow } from '../../src/data/corpus.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { Codec, TaskAdapter } from '../../src/task.js';
import { tokenizerConfigSchema } from '../../src/text/config.js';
import { type Tokenizer, TokenizerTrainer } from '../../src/text/tokenizer.js';
import { parseTokenizer, tokenizerText, withStop } from '../tokenizers.js';
import { type GraphemeToPhonemeConfig, graphemeToPhonemeConfigSchema, type PronunciationSplit } from './config.js';
import { openPronunciations, spell } from './corpus.js';

const LETTERS_FILE = 'letters.json';
const PHONEMES_FILE = 'phonemes.json';

/** Room for every character of Unicode, and for any inventory of phonemes. */
const VOCABULARY_SIZE = 0x110000;

class PronunciationCodec implements Codec {
  constructor(
    private readonly spelling: GraphemeToPhonemeConfig['spelling'],
    private readonly letters: Tokenizer,
    private readonly phonemes: Tokenizer,
  ) {}

  get vocabulary() {
    return { source: this.letters.vocabularySize, target: this.phonemes.vocabularySize };
  }

  files(): Record<string, string> {
    return { [LETTERS_FILE]: tokenizerText(this.letters), [PHONEMES_FILE]: tokenizerText(this.phonemes) };
  }

  encodeRow({ source, target }: RawRow) {
    return { source: this.encodeSource(source), target: withStop(this.phonemes, target, 0) };
  }

  encodeSource(line: string): Int32Array {
    return withStop(this.letters, spell(line, this.spelling), 0);
  }

  unknown(line: string): string[] {
    return [...new Set(this.letters.unknownTexts(spell(line, this.spelling)))];
  }

  decodeOutput(tokens: Int32Array): string {
    return this.phonemes.decode(tokens);
  }

  tokenNames(side: 'source' | 'target', tokens: Int32Array): string[] {
    const tokenizer = side === 'source' ? this.letters : this.phonemes;
    return Array.from(tokens, (id) => tokenizer.token(id));
  }
}

/** Learns the two vocabularies: characters of the words, and phonemes. */
async function createCodec({ spelling }: GraphemeToPhonemeConfig, rows: () => AsyncIterable<RawRow>): Promise<Codec> {
  const trainer = (kind: 'char' | 'word') =>
    new TokenizerTrainer(tokenizerConfigSchema.parse({ kind, vocabularySize: VOCABULARY_SIZE, joint: false }));
  const [letters, phonemes] = [trainer('char'), trainer('word')];
  for await (const { source, target } of rows()) {
    letters.add(source);
    phonemes.add(target);
  }
  return new PronunciationCodec(spelling, letters.finish(), phonemes.finish());
}

/** The grapheme-to-phoneme task. */
export const graphemeToPhoneme: TaskAdapter<GraphemeToPhonemeConfig> = {
  name: 'grapheme-to-phoneme',
  source: 'word',
  target: 'phonemes',
  metrics: ['per', 'pronunciationErrorRate'],
  recipes: ['cmudict', 'sigmorphon'].map((name) => `tasks/grapheme-to-phoneme/recipes/${name}.yaml`),
  configSchema: graphemeToPhonemeConfigSchema,
  starterConfig: {
    task: 'grapheme-to-phoneme',
    data: { train: { file: 'train.tsv' }, valid: { file: 'valid.tsv' }, test: { file: 'test.tsv' } },
  },
  openCorpus: (config, split, context) => openPronunciations(config, split as PronunciationSplit, context),
  createCodec,
  async restoreCodec({ spelling }, read) {
    const load = async (name: string) => parseTokenizer(await read(name), name);
    return new PronunciationCodec(spelling, await load(LETTERS_FILE), await load(PHONEMES_FILE));
  },
  createScorer({ evaluation, phonemes }, metrics = evaluation.metrics) {
    // References from other files may still have their marks of stress.
    const ignoreStress = evaluation.ignoreStress || phonemes.stress === 'remove';
    return createScorer(metrics, { ...evaluation, ignoreStress });
  },
};
