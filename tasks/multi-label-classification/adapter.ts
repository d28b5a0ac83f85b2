// Multi-label classification: a text → the labels that it has, as many as the model decides.
import { resolve } from 'node:path';
import type { SplitConfig } from '../../src/data/config.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { TokenizerTrainer } from '../../src/text/tokenizer.js';
import { loadTokenizer, parseTokenizer } from '../tokenizers.js';
import { countLabels, LABELS_FILE, LabelCodec, parseLabels, TOKENIZER_FILE } from './codec.js';
import { type MultiLabelConfig, multiLabelConfigSchema } from './config.js';
import { openLabels, readLabels } from './corpus.js';

/** What the codec takes from the configuration. */
const settingsOf = ({ tokenizer: { bpeDropout }, labels: { decision, order, classWeights } }: MultiLabelConfig) => ({
  bpeDropout,
  decision,
  order,
  classWeights,
});

/** The multi-label classification task. */
export const multiLabelClassification: TaskAdapter<MultiLabelConfig> = {
  name: 'multi-label-classification',
  source: 'text',
  target: 'labels',
  metrics: ['microF1', 'macroF1', 'subsetAccuracy', 'hammingLoss'],
  recipes: ['tasks/multi-label-classification/recipes/goemotions.yaml'],
  configSchema: multiLabelConfigSchema,
  starterConfig: {
    task: 'multi-label-classification',
    data: { train: { file: 'train.tsv' }, valid: { file: 'valid.tsv' }, test: { file: 'test.tsv' } },
    training: { validationMetric: 'microF1' },
  },
  openCorpus: (config, split, context) => openLabels(config, split as SplitConfig, context),
  async createCodec(config, rows, baseDir) {
    const { file } = config.tokenizer;
    const trainer = new TokenizerTrainer({ ...config.tokenizer, joint: false });
    async function* targets(): AsyncGenerator<string> {
      for await (const { source, target } of rows()) {
        if (file === undefined) trainer.add(source);
        yield target;
      }
    }
    const listed = config.labels.file === undefined ? [] : await readLabels(config.labels.file);
    const labels = await countLabels(targets(), listed);
    const tokenizer = file === undefined ? trainer.finish() : await loadTokenizer(resolve(baseDir, file));
    return new LabelCodec(tokenizer, labels, settingsOf(config));
  },
  async restoreCodec(config, read) {
    const tokenizer = parseTokenizer(await read(TOKENIZER_FILE), TOKENIZER_FILE);
    return new LabelCodec(tokenizer, parseLabels(await read(LABELS_FILE)), settingsOf(config));
  },
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
