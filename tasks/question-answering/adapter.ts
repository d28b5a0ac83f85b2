// Question answering: a question and a context → the answer.
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createTextCodec, restoreTextCodec } from '../text/codec.js';
import { type QuestionAnsweringConfig, type QuestionSplit, questionAnsweringConfigSchema } from './config.js';
import { openQuestions } from './corpus.js';
import { readableLine } from './lines.js';

/** What the model reads of a line. */
const readableOf = ({ text, tokenizer }: QuestionAnsweringConfig) => {
  const apart = text.splitPunctuation ?? tokenizer.kind === 'word';
  return (line: string): string => readableLine(line, apart);
};

/** The question-answering task. */
export const questionAnswering: TaskAdapter<QuestionAnsweringConfig> = {
  name: 'question-answering',
  source: 'question and context',
  target: 'answer',
  metrics: ['squadExactMatch', 'squadF1', 'exactMatch'],
  recipes: ['tasks/question-answering/recipes/babi.yaml'],
  configSchema: questionAnsweringConfigSchema,
  starterConfig: {
    task: 'question-answering',
    data: { train: { file: 'train.jsonl' }, valid: { file: 'valid.jsonl' }, test: { file: 'test.jsonl' } },
  },
  openCorpus: (config, split, context) => openQuestions(config, split as QuestionSplit, context),
  createCodec: (config, rows, baseDir) => createTextCodec(config, rows, baseDir, readableOf(config)),
  restoreCodec: (config, read) => restoreTextCodec(config, read, readableOf(config)),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
