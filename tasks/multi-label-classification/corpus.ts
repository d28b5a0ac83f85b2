// Opens a split of texts and their labels.
import type { SplitConfig } from '../../src/data/config.js';
import { type Corpus, openCorpus, type RawRow } from '../../src/data/corpus.js';
import { listedCorpus } from '../../src/data/listed-corpus.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import { labelledRows, Uses } from '../labels/rules.js';
import type { MultiLabelConfig } from './config.js';

/** The rows of a split that have a text. @param log takes a warning about the others */
async function* rowsOf(
  split: SplitConfig,
  { cacheDir }: TaskContext,
  log: TaskContext['log'],
): AsyncGenerator<Omit<RawRow, 'index'>> {
  const corpus = await openCorpus(split, { baseDir: '.', cacheDir });
  const blank = new Uses();
  try {
    for await (const { source, target, origin } of corpus.rows()) {
      if (source.trim() === '') blank.add(origin);
      else yield { source, target, origin };
    }
  } finally {
    await corpus.close();
  }
  blank.report(log, 'has a blank text and is left out', 'have a blank text and are left out');
}

/**
 * Opens a split. Its rows are in memory; see {@link labelledRows} for their targets.
 * @throws DataError naming file and line of what cannot be used
 */
export async function openLabels(config: MultiLabelConfig, split: SplitConfig, context: TaskContext): Promise<Corpus> {
  // The training split is read again to see what can be learned, but its own warnings have been given.
  const read = (wanted: SplitConfig) => rowsOf(wanted, context, wanted === split ? context.log : undefined);
  const rows = await labelledRows(config, split, read, context);
  if (rows.length === 0)
    throw new DataError(`${split.file ?? split.source}: expected at least one example, found none`);
  return listedCorpus(rows);
}
