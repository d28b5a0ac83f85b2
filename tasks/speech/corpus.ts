// Opens a split of speech: reads its manifest, makes the features of its audio, leaves out what cannot be used.
import { availableParallelism } from 'node:os';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { type ManifestRow, readManifest } from '../../src/audio/manifests/read.js';
import type { StoredFeatures } from '../../src/audio/store/index-file.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { Corpus } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { DataError } from '../../src/errors.js';
import { createProgress } from '../../src/logging/progress.js';
import { FRAMES_PER_POSITION } from '../../src/model/config.js';
import type { TaskContext } from '../../src/task.js';
import { formatSource } from './lines.js';
import type { SpeechConfig } from './sources.js';

/** How many of the rows that cannot be used are named. */
const NAMED = 5;

/** The texts of a row, as the task has them; undefined for a row that is left out. */
export type RowTexts = (row: ManifestRow) => Pick<ListedRow, 'target' | 'transcript' | 'references'> | undefined;

/**
 * Opens a split of a corpus of speech.
 * @throws DataError naming the rows whose audio cannot be used, unless `data.onBadAudio` says to leave them out
 */
export async function openSpeechCorpus(
  config: SpeechConfig,
  split: ManifestConfig,
  texts: RowTexts,
  context: TaskContext,
): Promise<Corpus> {
  const { onBadAudio } = config.data;
  const { rows: all, warnings } = await readManifest(split);
  for (const warning of warnings) context.log?.(`warning: ${warning}`);
  const wanted = all.flatMap((row) => {
    const own = texts(row);
    return own ? [{ row, own }] : [];
  });
  const rows = wanted.map(({ row }) => row);
  const prepared = await prepareSources(config, split, rows, context);
  const bad: string[] = [];
  const kept: ListedRow[] = [];
  wanted.forEach(({ row, own }, i) => {
    const found = prepared[i] as ListedSource | DataError;
    if (found instanceof DataError) {
      bad.push(`${row.origin}: ${found.message}`);
      return;
    }
    kept.push({ ...found, ...own, origin: row.origin });
  });
  const names = [...bad.slice(0, NAMED), ...(bad.length > NAMED ? [`… and ${bad.length - NAMED} more`] : [])];
  const found = `${bad.length} of ${rows.length} utterances cannot be used:\n  ${names.join('\n  ')}`;
  if (bad.length > 0 && (onBadAudio === 'error' || kept.length === 0)) {
    const missing = prepared.every((item) => !(item instanceof DataError) || item.exitCode === 66);
    throw new DataError(`${found}\ncorrect the audio or the manifest, or set \`data.onBadAudio\` to \`skip\``, {
      missing,
    });
  }
  if (bad.length > 0) context.log?.(`warning: ${found}\nthey are left out (data.onBadAudio: skip)`);
  return listedCorpus(kept);
}

/** The source of a row, and its length in positions. */
export type ListedSource = Required<Pick<ListedRow, 'source' | 'sourceLength'>>;

/** Makes the features of the audio of rows. @returns for each row its source, or what is wrong with it */
export async function prepareSources(
  config: SpeechConfig,
  split: ManifestConfig,
  rows: readonly ManifestRow[],
  context: TaskContext,
): Promise<(ListedSource | DataError)[]> {
  const { maxSeconds } = config.data;
  const read = readOptions(split);
  const store = await FeatureStore.open(config.features, context.cacheDir);
  // Only training plays sounds at other speeds.
  const others = split === config.data.train ? config.augmentation.speed : [];
  const prepared = await prepare(store, rows, others, read, maxSeconds, context);
  const framesPerSecond = 1000 / config.features.frameShift;
  return rows.map(({ audio }, i) => {
    const found = prepared[i] as StoredFeatures | DataError;
    if (found instanceof DataError) return found;
    const problem = problemOf(found, maxSeconds * framesPerSecond, maxSeconds);
    if (problem !== undefined) return new DataError(problem);
    const sourceLength = Math.ceil(found.frames / FRAMES_PER_POSITION);
    return { source: formatSource({ segment: audio, read }), sourceLength };
  });
}

/** How the audio of a split is read, where its configuration says so. */
export function readOptions({ raw, channel }: ManifestConfig) {
  return raw === undefined && channel === undefined
    ? undefined
    : { ...(raw === undefined ? {} : { raw }), ...(channel === undefined ? {} : { channel }) };
}

/** What is wrong with an utterance, if anything is. */
function problemOf({ frames }: StoredFeatures, mostFrames: number, maxSeconds: number): string | undefined {
  if (frames === 0) return 'the audio is too short for a single frame';
  if (frames > mostFrames) {
    return `the audio is longer than \`data.maxSeconds\` (${maxSeconds}); cut it into utterances with \`start\` and \`end\``;
  }
  return undefined;
}

/** Makes the features of all rows at all speeds; only those of the first speed, 1, are returned. */
async function prepare(
  store: FeatureStore,
  rows: readonly ManifestRow[],
  otherSpeeds: readonly number[],
  read: ReturnType<typeof readOptions>,
  maxSeconds: number,
  { quiet, threads, signal }: TaskContext,
): Promise<(StoredFeatures | DataError)[]> {
  const speeds = [1, ...otherSpeeds.filter((speed) => speed !== 1)];
  const utterances = speeds.flatMap((speed) => rows.map(({ audio }) => ({ segment: audio, read, speed })));
  const progress = createProgress({
    total: utterances.length,
    quiet: quiet ?? false,
    label: 'features',
    every: 1000,
  });
  try {
    const prepared = await store.prepare(utterances, {
      threads: threads ?? availableParallelism(),
      maxSeconds,
      onProgress: (done) => progress.update(done),
      signal,
    });
    // What fails at one speed fails at all of them.
    return prepared.slice(0, rows.length);
  } finally {
    progress.stop();
  }
}
