// What a worker thread does: the features of one utterance, into the cache.
import { stat } from 'node:fs/promises';
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import { probeAudio } from '../io/read.js';
import { createUtteranceExtractor, type Utterance, type UtteranceExtractor } from './extract.js';
import { featurePath, framesOnDisk, writeFeatureFile } from './feature-file.js';
import type { StoredFeatures } from './index-file.js';

/** A request to a worker. */
export interface ExtractionTask {
  readonly config: FeaturesConfig;
  readonly folder: string;
  readonly utterances: readonly Utterance[];
  /** Longer audio is not even read. */
  readonly maxSeconds: number;
}

/** Files larger than this are asked for their length before they are read, in bytes. */
const LARGE = 16 * 2 ** 20;

/** @throws DataError when an utterance is longer than the limit, as far as that is known without reading it */
async function checkLength({ segment, read }: Utterance, maxSeconds: number): Promise<void> {
  const { path, start = 0, end } = segment;
  const stats = end === undefined ? await stat(path).catch(() => undefined) : undefined;
  const seconds =
    end === undefined
      ? (stats && stats.size > LARGE ? (await probeAudio(path, read)).seconds : 0) - start
      : end - start;
  if (seconds > maxSeconds) {
    throw new DataError(
      `${path}: expected at most ${maxSeconds} seconds (\`data.maxSeconds\`), found ${seconds.toFixed(1)}; cut it into ` +
        'utterances with `start` and `end`',
    );
  }
}

/** What became of an utterance; an error is sent as its message, because its class would not survive the journey. */
export type Extraction = StoredFeatures | { readonly error: string; readonly missing: boolean };

let extractor: { config: string; made: Promise<UtteranceExtractor> } | undefined;

/** The extractor of a configuration, kept from task to task. */
function extractorFor(config: FeaturesConfig): Promise<UtteranceExtractor> {
  const text = JSON.stringify(config);
  if (extractor?.config !== text) extractor = { config: text, made: createUtteranceExtractor(config) };
  return extractor.made;
}

/** Reads audio and stores the features that are not there yet. */
export async function extractToCache({
  config,
  folder,
  utterances,
  maxSeconds,
}: ExtractionTask): Promise<Extraction[]> {
  const extract = await extractorFor(config);
  const results: Extraction[] = [];
  for (const utterance of utterances) {
    try {
      await checkLength(utterance, maxSeconds);
      const audio = await extract.audio(utterance);
      const key = extract.key(audio, utterance.speed);
      const path = featurePath(folder, key);
      const known = await framesOnDisk(path);
      if (known !== undefined) {
        results.push({ key, frames: known });
        continue;
      }
      const features = extract.features(audio, utterance.speed);
      await writeFeatureFile(path, features);
      results.push({ key, frames: features.frames });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      results.push({ error: error.message, missing: error.exitCode === 66 });
    }
  }
  return results;
}
