// Summarisation: a document → its summary.
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createTextCodec, restoreTextCodec } from '../text/codec.js';
import { type DocumentSplit, type SummarisationConfig, summarisationConfigSchema } from './config.js';
import { openDocuments } from './corpus.js';

/** The summarisation task. */
export const summarisation: TaskAdapter<SummarisationConfig> = {
  name: 'summarisation',
  source: 'document',
  target: 'summary',
  metrics: ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'],
  recipes: ['tasks/summarisation/recipes/scitldr.yaml'],
  configSchema: summarisationConfigSchema,
  starterConfig: {
    task: 'summarisation',
    data: { train: { file: 'train.jsonl' }, valid: { file: 'valid.jsonl' }, test: { file: 'test.jsonl' } },
  },
  openCorpus: (_config, split, context) => openDocuments(split as DocumentSplit, context),
  createCodec: (config, rows, baseDir) => createTextCodec(config, rows, baseDir),
  restoreCodec: (config, read) => restoreTextCodec(config, read),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
