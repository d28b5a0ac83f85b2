// Reads a split whose targets are recordings, leaves out what cannot be used.
import { availableParallelism } from 'node:os';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { type ManifestRow, readManifest } from '../../src/audio/manifests/read.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { SpectrogramConfig } from '../../src/audio/synthesis/config.js';
import { spectrogramFeatures, spectrogramSizes } from '../../src/audio/synthesis/conventions.js';
import type { AudioSegment, Features } from '../../src/audio/types.js';
import type { Corpus } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { DataError } from '../../src/errors.js';
import { createProgress } from '../../src/logging/progress.js';
import type { TaskContext } from '../../src/task.js';
import { readOptions } from '../speech/corpus.js';
import { formatSource } from '../speech/lines.js';

/** How many of the rows that cannot be used are named. */
const NAMED = 5;

/** Nobody says more characters a second. */
const FASTEST = 50;

/** Less than a factor of e above the least magnitude there is: nothing is to be heard. */
const SILENCE = 1;

/** The parts of a configuration that say how targets are read. */
export interface SoundCorpusConfig {
  readonly data: { readonly onBadAudio: 'error' | 'skip'; readonly maxSeconds: number };
  readonly spectrogram: SpectrogramConfig;
  readonly model: { readonly frames: { readonly reduction: number } };
}

/** Seconds that frames may have more than their recording: the ends are mirrored. */
const LENIENCE = 0.1;

/** What a row has besides its recording. */
export type RowSource = Pick<ListedRow, 'source' | 'sourceLength' | 'transcript' | 'targetText'>;

/** A recording to be written. */
interface Target {
  readonly audio: AudioSegment;
  /** What is said in it. */
  readonly text?: string | undefined;
}

/** How the rows of a manifest become rows of a task. A DataError that is thrown of a row makes it unusable. */
export interface SoundRows {
  target(row: ManifestRow): Target;
  /** Prepares all rows. @returns called for each row whose recording can be used */
  sources(rows: readonly ManifestRow[]): Promise<(row: ManifestRow, index: number) => RowSource>;
}

/**
 * Opens a split.
 * @throws DataError naming the rows that cannot be used, unless `data.onBadAudio` says to leave them out
 */
export async function openSoundCorpus(
  config: SoundCorpusConfig,
  split: ManifestConfig,
  { target, sources }: SoundRows,
  context: TaskContext,
): Promise<Corpus> {
  const { onBadAudio, maxSeconds } = config.data;
  const { rows, warnings } = await readManifest(split);
  for (const warning of warnings) context.log?.(`warning: ${warning}`);
  const read = readOptions(split);
  const features = spectrogramFeatures(config.spectrogram);
  const { sampleRate, hopLength } = spectrogramSizes(config.spectrogram);
  const store = await FeatureStore.open(features, context.cacheDir);
  const sourceOf = await sources(rows);
  const wanted = rows.map((row) => orError(() => target(row)));
  const utterances = wanted.flatMap((item) =>
    item instanceof DataError ? [] : [{ segment: item.audio, read, speed: 1 }],
  );
  const progress = createProgress({
    total: utterances.length,
    quiet: context.quiet ?? false,
    label: 'features',
    every: 1000,
  });
  const made = await store
    .prepare(utterances, {
      threads: context.threads ?? availableParallelism(),
      maxSeconds,
      onProgress: (done) => progress.update(done),
      signal: context.signal,
    })
    .finally(() => progress.stop());
  const bad: string[] = [];
  const kept: ListedRow[] = [];
  let missing = true;
  for (const [i, row] of rows.entries()) {
    const own = wanted[i] as (typeof wanted)[0];
    const stored = own instanceof DataError ? own : (made.shift() as (typeof made)[0]);
    const source = orError(() => sourceOf(row, i));
    let problem = stored instanceof DataError ? stored : undefined;
    if (!(own instanceof DataError || stored instanceof DataError)) {
      const seconds = (stored.frames * hopLength) / sampleRate;
      problem = problemOf(
        own,
        seconds,
        await store.features({ segment: own.audio, read, speed: 1 }),
        features.logFloor,
        maxSeconds,
      );
      if (problem === undefined && !(source instanceof DataError)) {
        kept.push({
          ...source,
          target: formatSource({ segment: own.audio, read }),
          targetLength: Math.ceil(stored.frames / config.model.frames.reduction),
          origin: row.origin,
          ...(row.speaker === undefined ? {} : { speaker: row.speaker }),
        });
      }
    }
    const problems = [source, problem].filter((item) => item instanceof DataError);
    if (problems.length === 0) continue;
    bad.push(`${row.origin}: ${problems.map(({ message }) => message).join('; ')}`);
    missing &&= problems.some(({ exitCode }) => exitCode === 66);
  }
  const names = [...bad.slice(0, NAMED), ...(bad.length > NAMED ? [`… and ${bad.length - NAMED} more`] : [])];
  const found = `${bad.length} of ${rows.length} recordings cannot be used:\n  ${names.join('\n  ')}`;
  if (bad.length > 0 && (onBadAudio === 'error' || kept.length === 0)) {
    throw new DataError(`${found}\ncorrect the recordings or the manifest, or set \`data.onBadAudio\` to \`skip\``, {
      missing,
    });
  }
  if (bad.length > 0) context.log?.(`warning: ${found}\nthey are left out (data.onBadAudio: skip)`);
  return listedCorpus(kept);
}

/** What a function returns, or the DataError that it throws. */
function orError<T>(make: () => T): T | DataError {
  try {
    return make();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

/** What is wrong with a recording that is too long, or in which nothing can be heard, or not all of its text. */
function problemOf(
  { audio, text }: Target,
  seconds: number,
  { data, frames }: Features,
  logFloor: number,
  maxSeconds: number,
): DataError | undefined {
  if (frames === 0) return new DataError(`${audio.path}: the recording is too short for a single frame, or silent`);
  if (seconds > maxSeconds + LENIENCE) {
    return new DataError(
      `${audio.path}: the recording has ${seconds.toFixed(1)} seconds, more than \`data.maxSeconds\` (${maxSeconds}); cut it with \`start\` and \`end\``,
    );
  }
  let loudest = Number.NEGATIVE_INFINITY;
  for (const value of data) if (value > loudest) loudest = value;
  if (loudest < Math.log(logFloor) + SILENCE) return new DataError(`${audio.path}: the recording is silent`);
  const characters = text === undefined ? 0 : Array.from(text).length;
  if (characters <= FASTEST * seconds + FASTEST) return undefined;
  return new DataError(
    `the text has ${characters} characters, but its recording only ${seconds.toFixed(1)} seconds; see whether they belong together`,
  );
}
