// The features of a corpus: made once in worker threads, kept on disk by what they are made of, read when needed.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import { featureFingerprint } from '../features/extractor.js';
import type { Features } from '../types.js';
import { createUtteranceExtractor, type SampleChange, type Utterance, type UtteranceExtractor } from './extract.js';
import { featurePath, readFeatureFile, writeFeatureFile } from './feature-file.js';
import { appendToIndex, readIndex, type StoredFeatures } from './index-file.js';
import type { Extraction, ExtractionTask } from './worker.js';

/** Utterances a task of a worker; few enough for the progress to be seen. */
const TASK_SIZE = 16;
/** Tasks whose results are waited for before the index is written. */
const TASKS_AT_ONCE = 64;

/** How {@link FeatureStore.prepare} is done. */
export interface PrepareOptions {
  readonly threads: number;
  /** Longer audio is an error. */
  readonly maxSeconds: number;
  /** Called with the number of utterances finished. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The worker's file: compiled, also when this module runs from its TypeScript source under a test runner. */
function workerFile(): string {
  const here = import.meta.url;
  const url = here.endsWith('.js')
    ? new URL('./worker.js', here)
    : new URL('../../../dist/src/audio/store/worker.js', here);
  return fileURLToPath(url);
}

/** See the head of this file. */
export class FeatureStore {
  private readonly known = new Map<string, StoredFeatures>();
  private extractor: Promise<UtteranceExtractor> | undefined;

  private constructor(
    private readonly config: FeaturesConfig,
    private readonly folder: string,
    private readonly indexPath: string,
    private readonly index: Map<string, StoredFeatures>,
  ) {}

  /** Opens the cache below a folder, which need not exist yet. */
  static async open(config: FeaturesConfig, cacheDir: string): Promise<FeatureStore> {
    const folder = join(cacheDir, 'features');
    const name = createHash('sha256').update(featureFingerprint(config)).digest('hex').slice(0, 16);
    const indexPath = join(folder, `index-${name}.tsv`);
    return new FeatureStore(config, folder, indexPath, await readIndex(indexPath));
  }

  /**
   * Sees to it that the features of utterances are in the cache.
   * @returns for each utterance its features or what is wrong with it
   */
  async prepare(utterances: readonly Utterance[], options: PrepareOptions): Promise<(StoredFeatures | DataError)[]> {
    const results = new Array<StoredFeatures | DataError>(utterances.length);
    const missing: number[] = [];
    for (const [i, utterance] of utterances.entries()) {
      const found = await this.find(utterance);
      if (found) results[i] = found;
      else missing.push(i);
    }
    let done = utterances.length - missing.length;
    options.onProgress?.(done);
    if (missing.length === 0) return results;
    const pool = new Tinypool({ filename: workerFile(), minThreads: 1, maxThreads: options.threads });
    try {
      const tasks = slices(missing, TASK_SIZE);
      for (const group of slices(tasks, TASKS_AT_ONCE)) {
        options.signal?.throwIfAborted();
        await Promise.all(
          group.map(async (indices) => {
            const task: ExtractionTask = {
              config: this.config,
              folder: this.folder,
              maxSeconds: options.maxSeconds,
              utterances: indices.map((i) => utterances[i] as Utterance),
            };
            const found = (await pool.run(task, { name: 'extractToCache' })) as Extraction[];
            indices.forEach((index, i) => {
              const item = found[i] as Extraction;
              results[index] = 'error' in item ? new DataError(item.error, { missing: item.missing }) : item;
            });
            done += indices.length;
            options.onProgress?.(done);
          }),
        );
        await this.remember(utterances, group.flat(), results);
      }
    } finally {
      await pool.destroy();
    }
    return results;
  }

  /** Where the features of an utterance are, if they have been made and the file has not changed since. */
  private async find(utterance: Utterance): Promise<StoredFeatures | undefined> {
    const name = nameOf(utterance);
    const known = this.known.get(name);
    if (known) return known;
    const identity = await identityOf(utterance);
    const found = identity === undefined ? undefined : this.index.get(identity);
    if (found) this.known.set(name, found);
    return found;
  }

  /** Writes what has been found out about utterances into the index. */
  private async remember(
    utterances: readonly Utterance[],
    indices: readonly number[],
    results: readonly (StoredFeatures | DataError)[],
  ): Promise<void> {
    const entries: [string, StoredFeatures][] = [];
    for (const i of indices) {
      const result = results[i];
      const identity = await identityOf(utterances[i] as Utterance);
      if (result === undefined || result instanceof DataError || identity === undefined) continue;
      entries.push([identity, result]);
      this.index.set(identity, result);
      this.known.set(nameOf(utterances[i] as Utterance), result);
    }
    await appendToIndex(this.indexPath, entries);
  }

  /** Frames of an utterance, if its features are in the cache. */
  async frames(utterance: Utterance): Promise<number | undefined> {
    return (await this.find(utterance))?.frames;
  }

  /** The features of an utterance, from the cache or made now. @throws DataError when the audio cannot be read */
  async features(utterance: Utterance): Promise<Features> {
    const stored = await this.find(utterance);
    const path = stored && featurePath(this.folder, stored.key);
    const read = path && (await readFeatureFile(path));
    if (read) return read;
    const extractor = await this.extractorOf();
    const features = extractor.features(await extractor.audio(utterance), utterance.speed);
    // A file that was lost or damaged is put back, or it would be made anew at every epoch.
    if (path) await writeFeatureFile(path, features);
    return features;
  }

  /**
   * Features of an utterance whose samples are changed first; never from the cache.
   * @param change made with the sample rate of the audio
   */
  async changedFeatures(
    utterance: Utterance,
    change: (sampleRate: number) => Promise<SampleChange>,
  ): Promise<Features> {
    const extractor = await this.extractorOf();
    const audio = await extractor.audio(utterance);
    return extractor.features(audio, utterance.speed, await change(audio.sampleRate));
  }

  private extractorOf(): Promise<UtteranceExtractor> {
    this.extractor ??= createUtteranceExtractor(this.config);
    return this.extractor;
  }
}

/** An utterance by its name alone. */
function nameOf({ segment: { path, start, end }, read, speed }: Utterance): string {
  return JSON.stringify([path, start ?? null, end ?? null, read ?? null, speed]);
}

/** An utterance by its name and the state of its file; undefined when there is no such file. */
async function identityOf(utterance: Utterance): Promise<string | undefined> {
  const stats = await stat(utterance.segment.path).catch(() => undefined);
  return stats ? `${stats.size} ${stats.mtimeMs} ${nameOf(utterance)}` : undefined;
}

function slices<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
