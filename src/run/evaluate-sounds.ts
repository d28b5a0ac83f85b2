// `evaluate` for tasks whose outputs are sounds: outputs against recordings, with what bounds them from above and below.
import { createSoundScorer } from '../audio/compare/score.js';
import { createFeatureExtractor } from '../audio/features/extractor.js';
import type { Audio, Features } from '../audio/types.js';
import { UsageError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import type { MetricScore } from '../metrics/metric.js';
import { resolveModelConfig } from '../model/config.js';
import { frameSettings } from '../model/frame-decoder.js';
import { diagonality } from '../report/attention.js';
import type { Recording } from '../task.js';
import { packageVersion } from '../version.js';
import { Intelligibility } from './intelligibility.js';
import { type OpenedRun, openRun } from './open.js';
import { COMPARISON } from './scorer.js';
import { SoundDecoder, type SpokenLine, soundsOf, speakingSettings } from './sound-decoder.js';
import { openSplit } from './splits.js';
import type { EvaluateOptions, EvaluateResult } from './types.js';

/** Rows spoken and scored at a time. */
const GROUP = 64;

/** What is reported: some only of autoregressive models, some only with a recogniser. */
export const SOUND_METRICS = [
  ...(['mcd', 'mcdOfVocoder', 'mcdOfMeanFrame', 'logF0Rmse', 'voicingError', 'durationError'] as const),
  ...(['stopAccuracy', 'diagonality', 'cer', 'cerOfVocoder', 'cerOfRecordings'] as const),
];

const ONLY_STEPWISE = new Set(['stopAccuracy', 'diagonality']);
const ONLY_RECOGNISED = new Set(['cer', 'cerOfVocoder', 'cerOfRecordings']);

/** A row of a split whose target is a recording. */
interface SoundRow {
  readonly source: string;
  readonly target: string;
  readonly text: string | undefined;
  readonly origin: string;
}

/** @throws UsageError for options that only concern outputs that are text */
function checkOptions(run: OpenedRun, options: EvaluateOptions): void {
  const given = (['source', 'reference', ...COMPARISON] as const).find((name) => options[name] !== undefined);
  if (given) {
    throw new UsageError(
      `${given}: the outputs of ${run.task.name} are sounds, which are compared with the recordings of a split; leave it out`,
    );
  }
  const unknown = options.metrics?.find((name) => !SOUND_METRICS.some((known) => known === name));
  if (unknown !== undefined) {
    throw new UsageError(`unknown metric "${unknown}"; the metrics of sounds are ${SOUND_METRICS.join(', ')}`);
  }
  checkMetrics(run, options);
  speakingSettings(run.config, options);
}

/** @throws UsageError for metrics that cannot be told of this model, or not without a recogniser */
function checkMetrics(run: OpenedRun, { metrics, recognizer = recognizerOf(run) }: EvaluateOptions): void {
  const isParallel = resolveModelConfig(run.config.model).frames?.kind === 'parallel';
  for (const name of metrics ?? []) {
    if (isParallel && ONLY_STEPWISE.has(name)) {
      throw new UsageError(
        `${name} is for autoregressive models; a parallel one neither stops nor looks: leave it out`,
      );
    }
    if (recognizer === undefined && ONLY_RECOGNISED.has(name)) {
      throw new UsageError(`${name} needs a recogniser: name the run folder of one with --recognizer`);
    }
  }
}

/** The recogniser that the run's configuration names. */
function recognizerOf({ config }: OpenedRun): string | undefined {
  return (config as unknown as { evaluation: { recognizer?: string | undefined } }).evaluation.recognizer;
}

async function rowsOf(run: OpenedRun, split: string, options: EvaluateOptions): Promise<SoundRow[]> {
  const corpus = await openSplit(run, split, options);
  const rows: SoundRow[] = [];
  try {
    for await (const row of corpus.rows()) {
      const { source, target, targetText, origin } = row;
      const text = targetText ?? (run.task.source === 'audio' ? undefined : source);
      rows.push({ source: soundsOf(run).lineOf?.(row) ?? source, target, text, origin });
    }
  } finally {
    await corpus.close();
  }
  return rows;
}

/** A mean frame for as long as a recording: what a model that has learned nothing but averages would write. */
function meanFrames({ data, frames, dim }: Features): Features {
  const mean = new Float32Array(dim);
  for (let i = 0; i < data.length; i++) mean[i % dim] = (mean[i % dim] as number) + (data[i] as number) / frames;
  const result = new Float32Array(data.length);
  for (let t = 0; t < frames; t++) result.set(mean, t * dim);
  return { data: result, frames, dim };
}

/** Everything that is scored of one row. */
class SoundEvaluation {
  private readonly output;
  private readonly vocoder;
  private readonly mean;
  private stopped = 0;
  private examples = 0;
  private diagonal = 0;
  private withAttention = 0;

  constructor(
    private readonly run: OpenedRun,
    private readonly analyse: (samples: Float32Array) => Features,
    private readonly understanding: Intelligibility | undefined,
  ) {
    const { sampleRate, hop } = soundsOf(run);
    this.output = createSoundScorer({ sampleRate, hop });
    // Of the bounds only the distortion is told, and pitch is what takes time.
    const bound = () => createSoundScorer({ sampleRate, hop, pitch: false });
    this.vocoder = bound();
    this.mean = bound();
  }

  async add(row: SoundRow, spoken: SpokenLine): Promise<void> {
    const sounds = soundsOf(this.run);
    const { sampleRate } = sounds;
    const analysed = (samples: Float32Array) => ({ samples, sampleRate, logMel: this.analyse(samples) });
    const recording: Recording = await sounds.recording(row.target);
    // Both sides are analysed as sounds, so that what the vocoder loses counts.
    const reference = analysed(recording.samples);
    const output = analysed(spoken.samples);
    const resynthesis = analysed(await sounds.audible(recording.logMel));
    this.output.add(reference, output);
    this.vocoder.add(reference, resynthesis);
    this.mean.add(reference, analysed(await sounds.audible(meanFrames(recording.logMel))));
    // A text with nothing to say has nothing to stop.
    if (spoken.pieces.length > 0) this.examples += 1;
    if (spoken.pieces.length > 0 && spoken.finished) this.stopped += 1;
    for (const { source, written } of spoken.pieces) {
      if (!written.attention) continue;
      this.diagonal += diagonality(written.attention, written.attention.length / source.length, source.length);
      this.withAttention += 1;
    }
    const { text } = row;
    if (text === undefined || !this.understanding) return;
    const audio = (samples: Float32Array): Audio => ({ samples, sampleRate });
    await this.understanding.add(text, {
      output: audio(spoken.samples),
      vocoder: audio(resynthesis.samples),
      recording: audio(recording.samples),
    });
  }

  async results(): Promise<Record<string, MetricScore>> {
    const output = this.output.results();
    const of = ({ mean, halfWidth95 }: { mean: number | undefined; halfWidth95: number | undefined }): MetricScore => ({
      score: mean ?? Number.NaN,
      ...(halfWidth95 === undefined ? {} : { details: { halfWidth95 } }),
    });
    const { frames } = resolveModelConfig(this.run.config.model);
    return {
      mcd: of(output.mcd),
      mcdOfVocoder: of(this.vocoder.results().mcd),
      mcdOfMeanFrame: of(this.mean.results().mcd),
      logF0Rmse: of(output.logF0RmseSemitones),
      voicingError: of(output.voicingErrorRate),
      durationError: of(output.durationError),
      ...(frames?.kind === 'autoregressive' ? { stopAccuracy: { score: (100 * this.stopped) / this.examples } } : {}),
      ...(this.withAttention > 0 ? { diagonality: { score: this.diagonal / this.withAttention } } : {}),
      ...(await this.understanding?.results()),
    };
  }
}

/** Speaks a split and compares the sounds with its recordings. */
export async function evaluateSounds(
  run: OpenedRun,
  options: EvaluateOptions & { readonly run: string },
): Promise<EvaluateResult> {
  const started = performance.now();
  checkOptions(run, options);
  const split = options.split ?? 'test';
  const { log, signal, metrics } = options;
  const rows = await rowsOf(run, split, options);
  const extractor = await createFeatureExtractor({ ...soundsOf(run).features, trimDb: 0 });
  const recognizer = options.recognizer ?? recognizerOf(run);
  if (recognizer !== undefined && rows.every(({ text }) => text === undefined)) {
    throw new UsageError(
      `a recogniser was named, but no row of the split "${split}" says what is to be understood; give the manifest a column \`translation\``,
    );
  }
  const understanding = recognizer === undefined ? undefined : new Intelligibility(await openRun(recognizer), options);
  const scores = new SoundEvaluation(run, (samples) => extractor.extract(samples), understanding);
  const decoder = await SoundDecoder.open(run, options, options.checkpoint);
  const progress = createProgress({ quiet: options.quiet ?? false, label: 'eval', every: 100 });
  let all: Awaited<ReturnType<typeof scores.results>>;
  try {
    for (let start = 0; start < rows.length; start += GROUP) {
      const group = rows.slice(start, start + GROUP);
      const spoken = await decoder.speak(
        group.map(({ source }) => source),
        {
          onLong: 'truncate',
          origin: (index) => group[index]?.origin ?? split,
          onDone: (finished) => progress.update(start + finished),
          signal,
          log,
        },
      );
      for (const [i, line] of spoken.entries()) await scores.add(group[i] as SoundRow, line);
    }
    all = await scores.results();
  } finally {
    progress.stop();
    await decoder.close();
    await understanding?.close();
  }
  const chosen = metrics ? Object.fromEntries(metrics.map((name) => [name, all[name] ?? { score: Number.NaN }])) : all;
  const { reduction } = frameSettings(resolveModelConfig(run.config.model));
  return {
    task: run.task.name,
    split,
    examples: rows.length,
    metrics: chosen,
    decode: { checkpoint: decoder.label, seed: decoder.seed, reduction, ...decoder.settings },
    ...(decoder.truncated > 0 ? { truncated: decoder.truncated } : {}),
    seconds: (performance.now() - started) / 1000,
    version: packageVersion(),
  };
}
