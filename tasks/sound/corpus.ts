// Reads a split whose targets are recordings, leaves out what cannot be used.
import { availableParallelism } from 'node:os';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { type ManifestRow, readManifest } from '../../src/audio/manifests/read.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { SpectrogramConfig } from '../../src/audio/synthesis/config.js';
import { spectrogramFeatures, spectrogramSizes } from '../../src/audio/synthesis/conventions.js';
import type { Features } from '../../src/audio/types.js';
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

/** What stands on the source side of a row. */
export type RowSource = (row: ManifestRow) => Pick<ListedRow, 'source' | 'sourceLength' | 'transcript'>;

/**
 * Opens a split.
 * @param sourceOf called for rows whose recording can be used @throws DataError what it throws makes the row unusable
 * @throws DataError naming the rows that cannot be used, unless `data.onBadAudio` says to leave them out
 */
export async function openSoundCorpus(
  config: SoundCorpusConfig,
  split: ManifestConfig,
  sourceOf: RowSource,
  context: TaskContext,
): Promise<Corpus> {
  const { onBadAudio, maxSeconds } = config.data;
  const { rows, warnings } = await readManifest(split);
  for (const warning of warnings) context.log?.(`warning: ${warning}`);
  const read = readOptions(split);
  const features = spectrogramFeatures(config.spectrogram);
  const { sampleRate, hopLength } = spectrogramSizes(config.spectrogram);
  const store = await FeatureStore.open(features, context.cacheDir);
  const utterances = rows.map(({ audio }) => ({ segment: audio, read, speed: 1 }));
  const progress = createProgress({
    total: rows.length,
    quiet: context.quiet ?? false,
    label: 'features',
    every: 1000,
  });
  const prepared = await store
    .prepare(utterances, {
      threads: context.threads ?? availableParallelism(),
      maxSeconds,
      onProgress: (done) => progress.update(done),
      signal: context.signal,
    })
    .finally(() => progress.stop());
  const bad: string[] = [];
  const kept: ListedRow[] = [];
  for (const [i, row] of rows.entries()) {
    try {
      const found = prepared[i];
      if (found === undefined || found instanceof DataError) throw found;
      const seconds = (found.frames * hopLength) / sampleRate;
      check(row, seconds, await store.features(utterances[i] as (typeof utterances)[0]), features.logFloor);
      kept.push({
        ...sourceOf(row),
        target: formatSource({ segment: row.audio, read }),
        targetLength: Math.ceil(found.frames / config.model.frames.reduction),
        origin: row.origin,
        ...(row.speaker === undefined ? {} : { speaker: row.speaker }),
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      bad.push(`${row.origin}: ${error.message}`);
    }
  }
  const names = [...bad.slice(0, NAMED), ...(bad.length > NAMED ? [`… and ${bad.length - NAMED} more`] : [])];
  const found = `${bad.length} of ${rows.length} recordings cannot be used:\n  ${names.join('\n  ')}`;
  if (bad.length > 0 && (onBadAudio === 'error' || kept.length === 0)) {
    throw new DataError(`${found}\ncorrect the recordings or the manifest, or set \`data.onBadAudio\` to \`skip\``, {
      missing: prepared.every((item) => item instanceof DataError && item.exitCode === 66),
    });
  }
  if (bad.length > 0) context.log?.(`warning: ${found}\nthey are left out (data.onBadAudio: skip)`);
  return listedCorpus(kept);
}

/** @throws DataError for a recording in which nothing can be heard, or not all of its text */
function check({ text }: ManifestRow, seconds: number, { data, frames }: Features, logFloor: number): void {
  if (frames === 0) throw new DataError('the recording is too short for a single frame, or silent');
  let loudest = Number.NEGATIVE_INFINITY;
  for (const value of data) if (value > loudest) loudest = value;
  if (loudest < Math.log(logFloor) + SILENCE) throw new DataError('the recording is silent');
  const characters = text === undefined ? 0 : Array.from(text).length;
  if (characters > FASTEST * seconds + FASTEST) {
    throw new DataError(
      `the text has ${characters} characters, but its recording only ${seconds.toFixed(1)} seconds; see whether they belong together`,
    );
  }
}
