// Opens a split of a run's configuration.
import type { Corpus } from '../data/corpus.js';
import { UsageError } from '../errors.js';
import type { OpenedRun } from './open.js';
import { cacheFolder } from './paths.js';
import type { RunSettings } from './types.js';

/**
 * @param instead what can be given in place of a split, for the message
 * @throws UsageError listing the splits there are; DataError when the data cannot be used
 */
export async function openSplit(run: OpenedRun, split: string, settings: RunSettings, instead = ''): Promise<Corpus> {
  const { log, threads, signal, quiet } = settings;
  const { train, valid, test } = run.config.data;
  const splits = new Map(Object.entries({ train, valid, test }));
  const files = splits.get(split);
  if (!files) {
    const known = [...splits].flatMap(([name, value]) => (value ? [name] : []));
    throw new UsageError(`the run's configuration has no split "${split}"; it has ${known.join(', ')}${instead}`);
  }
  return run.task.openCorpus(run.config, files, { cacheDir: cacheFolder(), threads, signal, quiet, log });
}
