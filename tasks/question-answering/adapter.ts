// Question answering: a question and a context → the answer.
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { createTextCodec, type Reading, restoreTextCodec } from '../text/codec.js';
import { type QuestionAnsweringConfig, type QuestionSplit, questionAnsweringConfigSchema } from './config.js';
import { openQuestions } from './corpus.js';
import { readableLine, readableSentences } from './lines.js';

/** What the model reads of a line. */
function readingOf({ text, tokenizer }: QuestionAnsweringConfig): Reading {
  const { splitPunctuation = tokenizer.kind === 'word', newestFirst, unit } = text;
  const options = { splitPunctuation, newestFirst };
  return {
    text: (line) => readableLine(line, options),
    sentences: unit === 'sentence' ? (line) => readableSentences(line, options) : undefined,
  };
}

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
  createCodec: (config, rows, baseDir) => createTextCodec(config, rows, baseDir, readingOf(config)),
  restoreCodec: (config, read) => restoreTextCodec(config, read, readingOf(config)),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
