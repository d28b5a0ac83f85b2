// Translation: text lines in one language → text lines in another.
import type { SplitConfig } from '../../src/data/config.js';
import { openCorpus } from '../../src/data/corpus.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createTextCodec, restoreTextCodec } from '../text/codec.js';
import { type TranslationConfig, translationConfigSchema } from './config.js';

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
  createCodec: (config, rows, baseDir) => createTextCodec(config, rows, baseDir),
  restoreCodec: (config, read) => restoreTextCodec(config, read),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
