// Opens a split of documents: text or sentences, with one summary or several.
import { type Corpus, openCorpus } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { jsonField, jsonObject, jsonText, type RowReader } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import type { DocumentSplit } from './config.js';

const EXPECTED = 'a string or a list of strings';

/**
 * The strings under the first of some keys that an object has.
 * @throws DataError when there is none of them, or no string or list of strings
 */
function stringsUnder(object: object, keys: readonly string[], origin: string): string[] {
  const key = keys.find((name) => Object.hasOwn(object, name));
  const place = `under ${keys.map((name) => JSON.stringify(name)).join(' or ')}`;
  const value = key === undefined ? undefined : jsonField(object, key);
  if (!Array.isArray(value)) return [jsonText(value, origin, place, EXPECTED)];
  if (value.length === 0) {
    throw new DataError(`${origin}: expected ${EXPECTED} ${place}, found an empty list; fill it or remove the line`);
  }
  return value.map((item, i) => jsonText(item, origin, `at place ${i + 1} of the list ${place}`));
}

/**
 * A reader of documents in JSON Lines. A list of sentences becomes one text with spaces between them; of a list of summaries the
 * first is the target, and all are references.
 */
function documentReader(sourceKeys: readonly string[], targetKeys: readonly string[]): RowReader {
  return (line, origin) => {
    const object = jsonObject(line, origin);
    const source = stringsUnder(object, sourceKeys, origin).join(' ');
    const references = stringsUnder(object, targetKeys, origin);
    return { source, target: references[0] as string, ...(references.length > 1 ? { references } : {}) };
  };
}

/** A row for each summary of each document, all in memory. */
async function eachSummary(corpus: Corpus): Promise<Corpus> {
  const rows: ListedRow[] = [];
  for await (const { source, target, origin, references = [target] } of corpus.rows()) {
    for (const summary of references) rows.push({ source, target: summary, references, origin });
  }
  return listedCorpus(rows);
}

/**
 * Opens a split of documents.
 * @throws DataError naming file and line of what cannot be used
 */
export async function openDocuments(
  { summaries, ...split }: DocumentSplit,
  { cacheDir }: TaskContext,
): Promise<Corpus> {
  const keys = (column: string | number | undefined, usual: readonly string[]) =>
    column === undefined ? usual : [String(column)];
  const readJson = documentReader(
    keys(split.sourceColumn, ['document', 'source']),
    keys(split.targetColumn, ['summary', 'target']),
  );
  const corpus = await openCorpus(split, { baseDir: '.', cacheDir, readJson });
  if (summaries !== 'all') return corpus;
  try {
    return await eachSummary(corpus);
  } finally {
    await corpus.close();
  }
}
