// Dialogue: what has been said → the next turn.
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createDialogueCodec, restoreDialogueCodec } from './codec.js';
import { type DialogueConfig, type DialogueSplit, dialogueConfigSchema } from './config.js';
import { openDialogues } from './corpus.js';

/** The dialogue task. */
export const dialogue: TaskAdapter<DialogueConfig> = {
  name: 'dialogue',
  source: 'turns',
  target: 'reply',
  metrics: ['bleu', 'perplexity', 'distinct-1', 'distinct-2', 'responseLength'],
  recipes: ['tasks/dialogue/recipes/sgd.yaml'],
  configSchema: dialogueConfigSchema,
  starterConfig: {
    task: 'dialogue',
    data: { train: { file: 'train.jsonl' }, valid: { file: 'valid.jsonl' }, test: { file: 'test.jsonl' } },
  },
  openCorpus: (config, split, context) => openDialogues(config, split as DialogueSplit, context),
  createCodec: (config, rows, baseDir) => createDialogueCodec(config, rows, baseDir),
  restoreCodec: (config, read) => restoreDialogueCodec(config, read),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
  chatLine: (turns) => JSON.stringify(turns),
};
