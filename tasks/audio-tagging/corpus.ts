// Opens a split of recordings and their labels.
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { readManifest } from '../../src/audio/manifests/read.js';
import type { Corpus } from '../../src/data/corpus.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import { labelledRows, learnableLabels } from '../labels/rules.js';
import { openSpeechCorpus } from '../speech/corpus.js';
import type { SpeechConfig } from '../speech/sources.js';
import type { AudioTaggingConfig } from './config.js';

/** The configuration as code that listens takes it. */
export const listening = (config: AudioTaggingConfig): SpeechConfig => ({ ...config, segmentation: {} });

/** The labels of a manifest, as it has them. @throws DataError for a row that says nothing of its labels */
async function* labelsIn(split: ManifestConfig): AsyncGenerator<{ target: string; origin: string }> {
  const { rows } = await readManifest(split);
  for (const { text, origin } of rows) {
    if (text === undefined) {
      const column = JSON.stringify(split.columns?.text ?? 'text');
      throw new DataError(
        `${origin}: expected labels under ${column}, which is empty where there are none, found no such column or key; add it, or name it under \`columns\``,
      );
    }
    yield { target: text, origin };
  }
}

/** The labels that can be learned: those of the file, or of the manifest of the training split. */
export const labelsOf = (config: AudioTaggingConfig): Promise<string[]> => learnableLabels(config, labelsIn);

/**
 * Opens a split; see {@link labelledRows} for the targets of its rows.
 * @throws DataError naming file and line of labels, and then of recordings, that cannot be used
 */
export async function openTagged(
  config: AudioTaggingConfig,
  split: ManifestConfig,
  context: TaskContext,
): Promise<Corpus> {
  const labelled = await labelledRows(config, split, labelsIn, context);
  if (labelled.length === 0) throw new DataError(`${split.manifest}: expected at least one example, found none`);
  const byOrigin = new Map(labelled.map((row) => [row.origin, row]));
  return openSpeechCorpus(listening(config), split, ({ origin }) => byOrigin.get(origin), context);
}
