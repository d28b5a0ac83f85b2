// The library's `evaluate`: scores a model on a split or on files, or files of outputs against references.

import type { SplitConfig } from '../data/config.js';
import { openCorpus } from '../data/corpus.js';
import { UsageError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import { createScorer, hasSubwordMarks, type MetricOptions, type Scorer } from '../metrics/metric.js';
import type { TaskAdapter } from '../task.js';
import { packageVersion } from '../version.js';
import { LineDecoder } from './decoder.js';
import { parallelLines } from './lines.js';
import { decompressionCache, type OpenedRun, openRun } from './open.js';
import type { EvaluateOptions, EvaluateResult } from './types.js';

/** Lines decoded and scored at a time: enough to fill batches of similar length, few enough to keep memory flat. */
const CHUNK = 1024;

/** Scores a model or a file of outputs. @throws the errors that the command line reports */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  if (options.hypotheses !== undefined) return evaluateFiles(options, options.hypotheses);
  return evaluateRun(options);
}

const TOKENIZERS = ['13a', 'intl', 'char', 'zh', 'none'] as const;

/** The comparison that the options ask for, over the given defaults. */
function metricOptions(options: EvaluateOptions, defaults: MetricOptions): MetricOptions {
  const tokenize = options.tokenize ?? defaults.tokenize;
  if (!TOKENIZERS.includes(tokenize as MetricOptions['tokenize'])) {
    throw new UsageError(`--tokenize ${tokenize}: expected one of ${TOKENIZERS.join(', ')}`);
  }
  return { tokenize: tokenize as MetricOptions['tokenize'], lowercase: options.lowercase ?? defaults.lowercase };
}

/** Scores outputs without a model. */
async function evaluateFiles(options: EvaluateOptions, hypotheses: string): Promise<EvaluateResult> {
  const started = performance.now();
  const references = options.reference ?? [];
  if (references.length === 0) throw new UsageError('scoring outputs needs at least one reference file');
  const scorer = createScorer(
    options.metrics ?? ['bleu'],
    metricOptions(options, { tokenize: '13a', lowercase: false }),
  );
  let examples = 0;
  let empty = 0;
  let marked: number | undefined;
  for await (const [hypothesis, ...expected] of parallelLines([hypotheses, ...references])) {
    examples += 1;
    if (marked === undefined && hasSubwordMarks(hypothesis as string)) marked = examples;
    if (expected.every((reference) => reference.trim() === '')) empty += 1;
    scorer.add(hypothesis as string, expected);
  }
  if (marked !== undefined) {
    options.log?.(
      `warning: ${hypotheses}:${marked}: subword marks (▁ or @@) in the outputs; score text whose words are joined`,
    );
  }
  if (empty > 0) options.log?.(`warning: ${empty} references are empty`);
  return {
    examples,
    metrics: scorer.results(),
    seconds: (performance.now() - started) / 1000,
    version: packageVersion(),
  };
}

/** Rows to score: sources with their references. */
async function* rowsOf(
  options: EvaluateOptions,
  run: OpenedRun,
  split: string,
): AsyncGenerator<{ source: string; references: string[] }> {
  const { source, reference } = options;
  if (source !== undefined) {
    for await (const [line, ...references] of parallelLines([source, ...(reference ?? [])])) {
      yield { source: line as string, references };
    }
    return;
  }
  const files = (run.config.data as Record<string, SplitConfig | undefined>)[split];
  if (!files) {
    const known = Object.keys(run.config.data).join(', ');
    throw new UsageError(
      `the run's configuration has no split "${split}"; it has ${known}, or give --source and --reference`,
    );
  }
  const corpus = await openCorpus(files, { baseDir: '.', cacheDir: decompressionCache() });
  try {
    for (const { message } of corpus.warnings) options.log?.(`warning: ${message}`);
    for await (const row of corpus.rows()) yield { source: row.source, references: [row.target] };
  } finally {
    await corpus.close();
  }
}

/** The task's scorer, or one with the comparison that the options ask for. */
function scorerFor(task: TaskAdapter, run: OpenedRun, options: EvaluateOptions): Scorer {
  if (options.tokenize === undefined && options.lowercase === undefined)
    return task.createScorer(run.config, options.metrics);
  const { evaluation } = run.config as unknown as { evaluation: MetricOptions };
  const changed = { ...run.config, evaluation: { ...evaluation, ...metricOptions(options, evaluation) } };
  return task.createScorer(changed, options.metrics);
}

/** Decodes a split and scores it. */
export async function evaluateRun(options: EvaluateOptions): Promise<EvaluateResult> {
  const started = performance.now();
  const run = await openRun(options.run ?? '');
  const scorer = scorerFor(run.task, run, options);
  const split = options.source === undefined ? (options.split ?? 'test') : 'files';
  const decoder = await LineDecoder.open(run, options, options.checkpoint);
  const progress = createProgress({ quiet: options.quiet ?? false, label: 'eval', every: 1000 });
  let examples = 0;
  try {
    let chunk: { source: string; references: string[] }[] = [];
    const flush = async (): Promise<void> => {
      const done = examples;
      const results = await decoder.decode(
        chunk.map(({ source }) => source),
        'truncate',
        (index) => `${split}:${done + index + 1}`,
        {
          onDone: (finished) => progress.update(done + finished),
          signal: options.signal,
          ...(options.log ? { log: options.log } : {}),
        },
      );
      results.forEach(({ outputs }, i) => {
        scorer.add(outputs[0]?.text ?? '', chunk[i]?.references ?? []);
      });
      examples += chunk.length;
      chunk = [];
    };
    for await (const row of rowsOf(options, run, split)) {
      chunk.push(row);
      if (chunk.length === CHUNK) await flush();
    }
    if (chunk.length > 0) await flush();
  } finally {
    progress.stop();
    await decoder.close();
  }
  const { beam, lengthPenalty, lengthPenaltyKind, maxLength, batchSize } = decoder.settings;
  return {
    task: run.task.name,
    split,
    examples,
    metrics: scorer.results(),
    decode: { checkpoint: decoder.label, beam, lengthPenalty, lengthPenaltyKind, maxLength, batchSize },
    seconds: (performance.now() - started) / 1000,
    version: packageVersion(),
  };
}

/** The outputs for some lines. */
export async function decodeLines(options: EvaluateOptions, lines: readonly string[]): Promise<string[]> {
  const decoder = await LineDecoder.open(await openRun(options.run ?? ''), options, options.checkpoint);
  try {
    const results = await decoder.decode(lines, 'error', (index) => `line ${index + 1}`);
    return results.map(({ outputs }) => outputs[0]?.text ?? '');
  } finally {
    await decoder.close();
  }
}
