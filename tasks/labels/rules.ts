// The labels that the rows of a split have, and what is wrong with them.
import { readFile } from 'node:fs/promises';
import { listed } from '../../src/data/corpus.js';
import type { ListedRow } from '../../src/data/listed-corpus.js';
import { NAMED_EXAMPLES } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import type { LabelsConfig } from './config.js';

/** What stands between labels wherever these tasks write them. */
const SEPARATOR = ', ';

/** Labels as a line. */
export const joinLabels = (names: readonly string[]): string => names.join(SEPARATOR);

/** The labels of a line that {@link joinLabels} made. */
export const splitLabels = (line: string): string[] => (line === '' ? [] : line.split(SEPARATOR));

/** Rows that a rule was used on. */
export class Uses {
  private count = 0;
  private readonly first: string[] = [];

  add(origin: string): void {
    this.count += 1;
    if (this.first.length < NAMED_EXAMPLES) this.first.push(origin);
  }

  /** @param one what happened, of one row @param several of several */
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

/** A row whose target is labels as its file has them. */
type LabelRow = Pick<ListedRow, 'target' | 'origin'>;

/** The labels that one row names, as they stand there. @param known in the order of their numbers, where a file lists them */
function labelsOf(
  { target, origin }: LabelRow,
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

/** The parts of a configuration that say what labels there are. */
interface LabelledConfig<Split> {
  readonly data: { readonly train: Split };
  readonly labels: LabelsConfig;
}

/** Reads the rows of a split with their labels as the file has them. */
type ReadRows<Split, Row> = (split: Split) => AsyncIterable<Row>;

/** The labels that can be learned: those of the file, in its order, or those of the training split. */
export async function learnableLabels<Split>(
  { data, labels }: LabelledConfig<Split>,
  read: ReadRows<Split, LabelRow>,
): Promise<string[]> {
  if (labels.file !== undefined) return readLabels(labels.file);
  const names = new Set<string>();
  for await (const row of read(data.train)) for (const name of labelsOf(row, labels, undefined)) names.add(name);
  return [...names];
}

/**
 * The rows of a split after the rules of the `labels` section. Targets are labels joined by `, `; so are references, which keep
 * labels that cannot be learned.
 * @param read called for the split, and for the training split where that tells what can be learned
 * @throws DataError naming file and line of what cannot be used
 */
export async function labelledRows<Split, Row extends LabelRow>(
  config: LabelledConfig<Split>,
  split: Split,
  read: ReadRows<Split, Row>,
  { log }: TaskContext,
): Promise<(Row & Pick<Required<ListedRow>, 'references'>)[]> {
  const { labels } = config;
  const { onDuplicate, onNone, onUnseen } = labels;
  const isTraining = split === config.data.train;
  const learned = isTraining && labels.file === undefined ? undefined : await learnableLabels(config, read);
  const known = labels.file === undefined ? undefined : learned;
  const learnable = learned && new Set(learned);
  const [none, twice, unseen] = [new Uses(), new Uses(), new Uses()];
  const unseenNames = new Set<string>();
  const rows: (Row & Pick<Required<ListedRow>, 'references'>)[] = [];
  for await (const row of read(split)) {
    const { origin } = row;
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
    const unknown = names.filter((name) => learnable && !learnable.has(name));
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
    rows.push({ ...row, target, references: [joinLabels(names)] });
  }
  twice.report(log, 'has a label twice, which counts once', 'have a label twice, which counts once');
  none.report(log, 'has no label and is left out', 'have no label and are left out');
  const names = [...unseenNames].map((name) => `"${name}"`).join(', ');
  unseen.report(log, `has labels that cannot be learned (${names})`, `have labels that cannot be learned (${names})`);
  return rows;
}
