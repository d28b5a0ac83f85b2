// Parsing: sentences → trees of constituents, trees of dependencies, or logical forms.
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createParsingCodec, restoreParsingCodec } from './codec.js';
import { type FormSplit, type ParsingConfig, parsingConfigSchema, type TreeSplit } from './config.js';
import { openParses } from './corpus.js';

/** The parsing task. */
export const parsing: TaskAdapter<ParsingConfig> = {
  name: 'parsing',
  source: 'sentence',
  target: 'tree or logical form',
  metrics: ['evalbF1', 'las', 'uas', 'exactMatch'],
  recipes: ['atis', 'scan', 'cogs'].map((name) => `tasks/parsing/recipes/${name}.yaml`),
  configSchema: parsingConfigSchema,
  starterConfig: {
    task: 'parsing',
    formalism: 'constituency',
    data: { train: { file: 'train.mrg' }, valid: { file: 'valid.mrg' }, test: { file: 'test.mrg' } },
  },
  openCorpus: (config, split, context) => openParses(config, split as TreeSplit | FormSplit, context),
  createCodec: (config, rows) => createParsingCodec(config, rows),
  restoreCodec: (config, read) => restoreParsingCodec(config, read),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
