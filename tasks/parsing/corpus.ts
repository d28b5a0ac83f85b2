// Opens a split of parsing: sentences with their trees or logical forms, in memory, for treebanks are small.
import { createHash } from 'node:crypto';
import { type Corpus, openCorpus } from '../../src/data/corpus.js';
import { openInput } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { NAMED_EXAMPLES } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import { bracketReader } from './brackets.js';
import type { FormSplit, ParsingConfig, TreeSplit } from './config.js';
import { conlluReader } from './conllu.js';
import { readTreebank } from './treebank.js';
import { wordsOf } from './words.js';

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The sentences of a treebank; the log is told what was left out. */
async function* treeRows(
  { data, formalism }: Exclude<ParsingConfig, { formalism: 'logicalForm' }>,
  { file }: TreeSplit,
  { cacheDir, log }: TaskContext,
): AsyncGenerator<ListedRow> {
  let bad = 0;
  const onBad = (error: DataError): void => {
    if (data.onBadTree === 'error') {
      throw new DataError(`${error.message}; correct it, or set data.onBadTree to skip`, { cause: error });
    }
    bad += 1;
    if (bad <= NAMED_EXAMPLES) log?.(`warning: ${error.message}; left out`);
  };
  const counts = { ranges: 0, emptyNodes: 0, spaced: 0 };
  const reader = formalism === 'constituency' ? bracketReader(data.labels) : conlluReader(counts);
  yield* readTreebank(file, cacheDir, reader, onBad);
  if (bad > 0) log?.(`warning: ${file}: ${counted(bad, 'bad tree')} left out`);
  const { ranges, emptyNodes, spaced } = counts;
  if (ranges + emptyNodes > 0) {
    const what = `${counted(ranges, 'multiword token')} and ${counted(emptyNodes, 'empty node')}`;
    log?.(`${file}: ${what} passed over, which are no words of the trees`);
  }
  if (spaced > 0) log?.(`${file}: ${counted(spaced, 'word')} with white space, which is written as _`);
}

/** The rows of a file of SCAN. @throws DataError naming the line that is none */
async function* scanRows(path: string, cacheDir: string): AsyncGenerator<ListedRow> {
  const { name, handle } = await openInput(path, cacheDir);
  try {
    let number = 0;
    for await (const line of readLines(fileChunks(handle), name)) {
      number += 1;
      const origin = `${name}:${number}`;
      const [, source, target] = /^IN: (.*\S) OUT: (.*\S)\s*$/.exec(line) ?? [];
      if (source === undefined || target === undefined) {
        throw new DataError(`${origin}: expected \`IN: … OUT: …\`, found ${JSON.stringify(line)}; correct the line`);
      }
      yield { source, target, origin };
    }
  } finally {
    await handle.close();
  }
}

/** Sentences with their logical forms, words between single spaces. */
async function* formRows(
  { percentiles: _rows, format, ...files }: FormSplit,
  cacheDir: string,
): AsyncGenerator<ListedRow> {
  if (format === 'scan') {
    yield* scanRows(files.file ?? '', cacheDir);
    return;
  }
  const corpus = await openCorpus({ ...files, ...(format ? { format } : {}) }, { baseDir: '.', cacheDir });
  try {
    for await (const { source, target, origin } of corpus.rows()) {
      yield { source, target: wordsOf(target).join(' '), origin };
    }
  } finally {
    await corpus.close();
  }
}

/** Where a sentence falls by its SHA-256 hash: the first eight bytes, a number modulo 100. */
const percentileOf = (sentence: string): number =>
  Number(createHash('sha256').update(sentence).digest().readBigUInt64BE() % 100n);

/** Opens a split. @throws DataError naming file and line of what cannot be used */
export async function openParses(
  config: ParsingConfig,
  split: TreeSplit | FormSplit,
  context: TaskContext,
): Promise<Corpus> {
  const found =
    config.formalism === 'logicalForm'
      ? formRows(split as FormSplit, context.cacheDir)
      : treeRows(config, split as TreeSplit, context);
  const [from, to] = split.percentiles ?? [0, 100];
  const rows: ListedRow[] = [];
  for await (const row of found) {
    const percentile = split.percentiles ? percentileOf(row.source) : 0;
    if (percentile >= from && percentile < to) rows.push(row);
  }
  if (rows.length > 0) return listedCorpus(rows);
  const where = split.percentiles ? ` among the sentences of percentiles ${from} to ${to}` : '';
  const name = split.file ?? (split as FormSplit).source;
  throw new DataError(`${name}: expected at least one sentence that can be used${where}, found none`);
}
