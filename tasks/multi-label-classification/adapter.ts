// Multi-label classification: a text → the labels that it has, as many as the model decides.
import { resolve } from 'node:path';
import type { SplitConfig } from '../../src/data/config.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { TokenizerTrainer } from '../../src/text/tokenizer.js';
import { countLabels, LABELS_FILE, LabelCodec, parseLabels } from '../labels/codec.js';
import { LABEL_METRICS } from '../labels/config.js';
import { readLabels } from '../labels/rules.js';
import { loadTokenizer, parseTokenizer } from '../tokenizers.js';
import { type MultiLabelConfig, multiLabelConfigSchema } from './config.js';
import { openLabels } from './corpus.js';
import { TOKENIZER_FILE, textSources } from './sources.js';

/** The multi-label classification task. */
export const multiLabelClassification: TaskAdapter<MultiLabelConfig> = {
  name: 'multi-label-classification',
  source: 'text',
  target: 'labels',
  metrics: LABEL_METRICS,
  recipes: ['goemotions', 'goemotions-relevance'].map(
    (name) => `tasks/multi-label-classification/recipes/${name}.yaml`,
  ),
  configSchema: multiLabelConfigSchema,
  starterConfig: {
    task: 'multi-label-classification',
    data: { train: { file: 'train.tsv' }, valid: { file: 'valid.tsv' }, test: { file: 'test.tsv' } },
    training: { validationMetric: 'microF1' },
  },
  openCorpus: (config, split, context) => openLabels(config, split as SplitConfig, context),
  async createCodec(config, rows, baseDir) {
    const { file, bpeDropout } = config.tokenizer;
    const trainer = new TokenizerTrainer({ ...config.tokenizer, joint: false });
    async function* read() {
      for await (const row of rows()) {
        if (file === undefined) trainer.add(row.source);
        yield row;
      }
    }
    const listed = config.labels.file === undefined ? [] : await readLabels(config.labels.file);
    const labels = await countLabels(read(), listed);
    const tokenizer = file === undefined ? trainer.finish() : await loadTokenizer(resolve(baseDir, file));
    return new LabelCodec(textSources(tokenizer, bpeDropout), labels, config.labels);
  },
  async restoreCodec(config, read) {
    const tokenizer = parseTokenizer(await read(TOKENIZER_FILE), TOKENIZER_FILE);
    const labels = parseLabels(await read(LABELS_FILE));
    return new LabelCodec(textSources(tokenizer, config.tokenizer.bpeDropout), labels, config.labels);
  },
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
