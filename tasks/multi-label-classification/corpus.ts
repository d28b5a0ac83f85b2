// Opens a split of texts and their labels, and says what is wrong with these.
import { readFile } from 'node:fs/promises';
import type { SplitConfig } from '../../src/data/config.js';
import { type Corpus, listed, openCorpus, type RawRow } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { NAMED_EXAMPLES } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import type { LabelsConfig, MultiLabelConfig } from './config.js';

/** What stands between labels wherever this task writes them. */
const SEPARATOR = ', ';

/** Labels as a line. */
export const joinLabels = (names: readonly string[]): string => names.join(SEPARATOR);

/** The labels of a line that {@link joinLabels} made. */
export const splitLabels = (line: string): string[] => (line === '' ? [] : line.split(SEPARATOR));

/** Rows that a rule was used on. */
class Uses {
  private count = 0;
  private readonly first: string[] = [];

  add(origin: string): void {
    this.count += 1;
    if (this.first.length < NAMED_EXAMPLES) this.first.push(origin);
  }

  /** @param what happened, of one row and of several */
  report(log: TaskContext['log'], one: string, several: string): void {
    if (this.count === 0) return;
    log?.(
      `warning: ${this.count === 1 ? `1 row ${one}` : `${this.count} rows ${several}`}: ${listed(this.first, this.count)}`,
    );
  }
}

/** The labels of a file, one a line. @throws DataError where it cannot be read, or has a label twice or an empty one */
export async function readLabels(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DataError(`${file}: cannot be read; expected one label a line (labels.file)`, { missing: true, cause });
  }
  const names = text
    .trimEnd()
    .split(/\r?\n/)
    .map((name) => name.trim());
  names.forEach((name, i) => {
    const first = names.indexOf(name);
    if (name === '') throw new DataError(`${file}:${i + 1}: expected a label, found a blank line`);
    if (first < i)
      throw new DataError(`${file}:${i + 1}: the label "${name}" is in line ${first + 1} already; remove one`);
  });
  return names;
}

/** The labels that one row names, as they stand there. @param known in the order of their numbers, where a file lists them */
function labelsOf(
  { target, origin }: RawRow,
  { separator }: LabelsConfig,
  known: readonly string[] | undefined,
): string[] {
  const parts = target.trim() === '' ? [] : target.split(separator).map((part) => part.trim());
  return parts.map((part) => {
    if (part === '') {
      throw new DataError(
        `${origin}: expected labels separated by "${separator}", found "${target.trim()}" with an empty one`,
      );
    }
    const name = known?.includes(part) ? part : /^\d+$/.test(part) ? (known?.[Number(part)] ?? part) : part;
    if (name.includes(SEPARATOR)) {
      throw new DataError(
        `${origin}: the label "${name}" contains "${SEPARATOR}", which stands between labels in outputs; rename it`,
      );
    }
    return name;
  });
}

/** All rows of a split. */
async function* rowsOf(split: SplitConfig, { cacheDir }: TaskContext): AsyncGenerator<RawRow> {
  const corpus = await openCorpus(split, { baseDir: '.', cacheDir });
  try {
    yield* corpus.rows();
  } finally {
    await corpus.close();
  }
}

/** The labels that can be learned: those of the file, or of the training split. */
async function learnable(
  { data, labels }: MultiLabelConfig,
  known: readonly string[] | undefined,
  context: TaskContext,
): Promise<ReadonlySet<string>> {
  const names = new Set(known);
  if (known) return names;
  for await (const row of rowsOf(data.train, context)) {
    for (const name of labelsOf(row, labels, undefined)) names.add(name);
  }
  return names;
}

/**
 * Opens a split. Its rows are in memory. Targets are labels joined by `, `; so are references, which keep labels that cannot be learned.
 * @throws DataError naming file and line of what cannot be used
 */
export async function openLabels(config: MultiLabelConfig, split: SplitConfig, context: TaskContext): Promise<Corpus> {
  const { labels, data } = config;
  const { onDuplicate, onNone, onUnseen } = labels;
  const { log } = context;
  const known = labels.file === undefined ? undefined : await readLabels(labels.file);
  const isTraining = split === data.train;
  const learned = isTraining && !known ? undefined : await learnable(config, known, context);
  const [blank, none, twice, unseen] = [new Uses(), new Uses(), new Uses(), new Uses()];
  const unseenNames = new Set<string>();
  const rows: ListedRow[] = [];
  for await (const row of rowsOf(split, context)) {
    const { source, origin } = row;
    if (source.trim() === '') {
      blank.add(origin);
      continue;
    }
    const all = labelsOf(row, labels, known);
    const names = [...new Set(all)];
    if (names.length < all.length) {
      if (onDuplicate === 'error') {
        const [name] = all.filter((other, i) => all.indexOf(other) < i);
        throw new DataError(
          `${origin}: the label "${name}" is there twice; remove one, or set labels.onDuplicate to merge`,
        );
      }
      twice.add(origin);
    }
    if (names.length === 0) {
      if (onNone === 'error') {
        throw new DataError(
          `${origin}: expected at least one label, found none; add one, or set labels.onNone to keep or skip`,
        );
      }
      // Those that are kept are in the corpus's own warning of blank targets.
      if (onNone === 'skip') {
        none.add(origin);
        continue;
      }
    }
    const unknown = names.filter((name) => learned && !learned.has(name));
    if (unknown.length > 0) {
      const where = known ? `is not in ${labels.file}` : 'is in no example of the training split';
      if (isTraining || onUnseen === 'error') {
        const advice = isTraining
          ? 'add it there, or correct the row'
          : 'correct the row, or set labels.onUnseen to drop';
        throw new DataError(`${origin}: the label "${unknown[0]}" ${where}; ${advice}`);
      }
      unseen.add(origin);
      for (const name of unknown) unseenNames.add(name);
    }
    const target = joinLabels(names.filter((name) => !unknown.includes(name)));
    rows.push({ source, target, references: [joinLabels(names)], origin });
  }
  if (rows.length === 0)
    throw new DataError(`${split.file ?? split.source}: expected at least one example, found none`);
  blank.report(log, 'has a blank text and is left out', 'have a blank text and are left out');
  twice.report(log, 'has a label twice, which counts once', 'have a label twice, which counts once');
  none.report(log, 'has no label and is left out', 'have no label and are left out');
  const names = [...unseenNames].map((name) => `"${name}"`).join(', ');
  unseen.report(log, `has labels that cannot be learned (${names})`, `have labels that cannot be learned (${names})`);
  return listedCorpus(rows);
}
