// The library's `evaluate`: scores a model on a split or on files, or files of outputs against references.
import { type DecodingConfig, USUAL_DIVERSITY } from '../decode/config.js';
import { UsageError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import { TAG_SCHEMES } from '../metrics/entities/spans.js';
import { createScorer, type MetricOptions, type MetricScore, type Scorer } from '../metrics/metric.js';
import { PERPLEXITY } from '../metrics/types.js';
import { packageVersion } from '../version.js';
import { parallelLines } from './lines.js';
import { type OpenedRun, openRun } from './open.js';
import { type PlacedText, Remarks } from './remarks.js';
import { COMPARISON, textScorer, wantedMetrics } from './scorer.js';
import { openSplit } from './splits.js';
import type { EvaluateOptions, EvaluateResult } from './types.js';

/** Rows decoded and scored at a time: enough to fill batches of similar length, few enough to keep memory flat. */
const GROUP = 1024;

/** Scores a model, or a file of outputs. @throws the errors that the command line reports */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  const { run, hypotheses } = options;
  if (hypotheses !== undefined) return evaluateFiles(options, hypotheses);
  if (run === undefined)
    throw new UsageError('expected a run folder to evaluate, or hypotheses and references to score');
  return evaluateRun({ ...options, run });
}

/** What the options that choose a way of comparing may be. */
const CHOICES = {
  tokenize: ['13a', 'intl', 'char', 'zh', 'none'],
  normalize: ['none', 'basic', 'english'],
  characters: ['codePoint', 'grapheme'],
  tagScheme: TAG_SCHEMES,
} as const;

/** @throws UsageError listing what the option may be */
function choice<K extends keyof typeof CHOICES>(option: K, wanted: string): (typeof CHOICES)[K][number] {
  const known: readonly (typeof CHOICES)[K][number][] = CHOICES[option];
  const found = known.find((name) => name === wanted);
  if (found === undefined) {
    const written = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${written} ${wanted}: expected one of ${known.join(', ')}`);
  }
  return found;
}

/** The comparison that the options ask for, over the given defaults. */
function metricOptions(options: EvaluateOptions, defaults: MetricOptions): MetricOptions {
  return {
    ...defaults,
    tokenize: choice('tokenize', options.tokenize ?? defaults.tokenize),
    lowercase: options.lowercase ?? defaults.lowercase,
    normalize: choice('normalize', options.normalize ?? defaults.normalize ?? 'none'),
    characters: choice('characters', options.characters ?? defaults.characters ?? 'codePoint'),
    stem: options.stem ?? defaults.stem,
    ignoreStress: options.ignoreStress ?? defaults.ignoreStress,
    tagScheme: choice('tagScheme', options.tagScheme ?? defaults.tagScheme ?? 'conlleval'),
  };
}

/** What both kinds of evaluation report at the end. */
function report(scorer: Scorer, remarks: Remarks, started: number, log: EvaluateOptions['log']) {
  for (const warning of remarks.warnings()) log?.(warning);
  const { emptyReferences } = remarks;
  return {
    metrics: scorer.results(),
    ...(emptyReferences > 0 ? { emptyReferences } : {}),
    seconds: (performance.now() - started) / 1000,
    version: packageVersion(),
  };
}

/** Scores outputs without a model; no engine is loaded. */
async function evaluateFiles(options: EvaluateOptions, hypotheses: string): Promise<EvaluateResult> {
  const started = performance.now();
  const references = options.reference ?? [];
  if (references.length === 0) throw new UsageError('scoring outputs needs at least one reference file');
  const defaults: MetricOptions = { tokenize: '13a', lowercase: false };
  const scorer = createScorer(options.metrics ?? ['bleu'], metricOptions(options, defaults));
  const remarks = new Remarks();
  const files = [hypotheses, ...references];
  let examples = 0;
  for await (const lines of parallelLines(files)) {
    options.signal?.throwIfAborted();
    examples += 1;
    const [hypothesis, ...expected] = lines.map((text, i) => ({ text, origin: `${files[i]}:${examples}` }));
    remarks.add(hypothesis as PlacedText, expected);
    scorer.add(lines[0] as string, lines.slice(1));
  }
  return { examples, ...report(scorer, remarks, started, options.log) };
}

/** A source with its references. */
interface ScoredRow {
  readonly source: PlacedText;
  /** What training would learn. */
  readonly target: string;
  readonly references: readonly PlacedText[];
}

/** Rows of the files that the options name. */
async function* rowsOfFiles(source: string, references: readonly string[]): AsyncGenerator<ScoredRow> {
  const files = [source, ...references];
  let line = 0;
  for await (const texts of parallelLines(files)) {
    line += 1;
    const [first, ...rest] = texts.map((text, i) => ({ text, origin: `${files[i]}:${line}` }));
    yield { source: first as PlacedText, target: texts[1] as string, references: rest };
  }
}

/** Rows of a split of the run's configuration. */
async function* rowsOfSplit(run: OpenedRun, split: string, options: EvaluateOptions): AsyncGenerator<ScoredRow> {
  const corpus = await openSplit(run, split, options, ', or give --source and --reference');
  try {
    for (const { message } of corpus.warnings) options.log?.(`warning: ${message}`);
    for await (const { index, source, target, references = [target] } of corpus.rows()) {
      const origin = corpus.locate(index, 'target');
      yield {
        source: { text: source, origin: corpus.locate(index, 'source') },
        target,
        references: references.map((text) => ({ text, origin })),
      };
    }
  } finally {
    await corpus.close();
  }
}

/** The task's scorer of outputs, or one with the comparison that the options ask for. */
function scorerFor({ task, config }: OpenedRun, options: EvaluateOptions, metrics: readonly string[]): Scorer {
  if (COMPARISON.every((name) => options[name] === undefined)) return textScorer(task, config, metrics);
  const { evaluation } = config as unknown as { evaluation: MetricOptions };
  const changed = { ...config, evaluation: { ...evaluation, ...metricOptions(options, evaluation) } };
  return textScorer(task, changed, metrics);
}

/** Items in groups of `GROUP`. */
async function* grouped<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The settings that outputs were found by. */
function howDecoded(settings: DecodingConfig, seed: number): Readonly<Record<string, unknown>> {
  const { method, beam, nBest, lengthPenalty, lengthPenaltyKind, maxLength, batchSize } = settings;
  const common = { lengthPenalty, lengthPenaltyKind, maxLength, batchSize };
  if (method === 'beam') {
    const { beamGroups, diversityStrength = USUAL_DIVERSITY } = settings;
    return { beam, ...common, ...((beamGroups ?? 1) > 1 ? { beamGroups, diversityStrength } : {}) };
  }
  const { temperature, topK, topP, minP, typicalP, repetitionPenalty } = settings;
  const warpers = { temperature, topK, topP, minP, typicalP, repetitionPenalty };
  const given = Object.entries(warpers).filter(([, value]) => value !== undefined);
  return { method, seed, nBest, ...Object.fromEntries(given), ...common };
}

/** Decodes a split, or files, with a model and scores the outputs. */
async function evaluateRun(options: EvaluateOptions & { readonly run: string }): Promise<EvaluateResult> {
  const started = performance.now();
  const { source, reference = [], log, signal } = options;
  if (source !== undefined && reference.length === 0)
    throw new UsageError('scoring sources needs at least one reference file');
  const run = await openRun(options.run);
  // Loaded here, because it brings an engine along.
  if (run.codec.sounds) return (await import('./evaluate-sounds.js')).evaluateSounds(run, options);
  if (options.recognizer !== undefined) {
    throw new UsageError(`--recognizer is for outputs that are sounds, but ${run.task.name} writes text; leave it out`);
  }
  const wanted = wantedMetrics(run.config, options.metrics);
  const ofOutputs = wanted.filter((name) => name !== PERPLEXITY);
  const scorer = scorerFor(run, options, ofOutputs);
  const remarks = new Remarks();
  const split = source === undefined ? (options.split ?? 'test') : 'files';
  const rows = source === undefined ? rowsOfSplit(run, split, options) : rowsOfFiles(source, reference);
  // Loaded here, because it brings an engine along.
  const { LineDecoder } = await import('./decoder.js');
  const decoder = await LineDecoder.open(run, options, options.checkpoint);
  const progress = createProgress({ quiet: options.quiet ?? false, label: 'eval', every: 1000 });
  let examples = 0;
  let perplexity: MetricScore | undefined;
  try {
    const likelihood = wanted.length > ofOutputs.length ? decoder.perplexity() : undefined;
    for await (const group of grouped(rows)) {
      await likelihood?.add(
        group.map(({ source: { text, origin }, target }) => ({ source: text, target, origin })),
        signal,
        log,
      );
      const results = await decoder.decode(ofOutputs.length > 0 ? group.map(({ source }) => source.text) : [], {
        onLong: 'truncate',
        origin: (index) => group[index]?.source.origin ?? split,
        onDone: (finished) => progress.update(examples + finished),
        signal,
        log,
      });
      for (const [i, { outputs }] of results.entries()) {
        const { source: from, references } = group[i] as ScoredRow;
        const text = outputs[0]?.text ?? '';
        remarks.add({ text, origin: from.origin }, references);
        scorer.add(
          text,
          references.map((item) => item.text),
        );
      }
      examples += group.length;
      progress.update(examples);
    }
    perplexity = likelihood?.result();
  } finally {
    progress.stop();
    await decoder.close();
  }
  const { seed, settings, truncated, label } = decoder;
  const common = report(scorer, remarks, started, log);
  return {
    task: run.task.name,
    split,
    examples,
    decode: { checkpoint: label, ...howDecoded(settings, seed) },
    ...(truncated > 0 ? { truncated } : {}),
    ...common,
    metrics: perplexity ? { ...common.metrics, [PERPLEXITY]: perplexity } : common.metrics,
  };
}

/** A model's outputs for some lines. */
export async function decodeLines(
  options: EvaluateOptions & { readonly run: string },
  lines: readonly string[],
): Promise<string[]> {
  const { LineDecoder } = await import('./decoder.js');
  const decoder = await LineDecoder.open(await openRun(options.run), options, options.checkpoint);
  try {
    const results = await decoder.decode(lines, { onLong: 'truncate', origin: (index) => `line ${index + 1}` });
    return results.map(({ outputs }) => outputs[0]?.text ?? '');
  } finally {
    await decoder.close();
  }
}
