// A corpus whose rows are in memory: what a manifest lists.
import type { Corpus, CorpusWarning, RawRow } from './corpus.js';
import { listed } from './corpus.js';
import { isBlank, type Side, SideScan } from './scan.js';

/** A row of a {@link listedCorpus}: its place is that in the list. */
export type ListedRow = Omit<RawRow, 'index'>;

/** Rows a block: the unit in which rows are shuffled. */
const BLOCK_ROWS = 64;

/** A corpus of rows in memory. @param rows at least one */
export function listedCorpus(rows: readonly ListedRow[], blockRows = BLOCK_ROWS): Corpus {
  const scans = { source: new SideScan(), target: new SideScan() };
  rows.forEach(({ source, target, sourceLength, targetLength }, index) => {
    scans.source.add(index, sourceLength ?? Buffer.byteLength(source), isBlank(source), source.includes('\0'));
    scans.target.add(index, targetLength ?? Buffer.byteLength(target), isBlank(target), target.includes('\0'));
  });
  const rowAt = (index: number): RawRow => ({ ...(rows[index] as ListedRow), index });
  const locate = (index: number): string => rows[index]?.origin ?? `row ${index + 1}`;
  const warn = (kind: CorpusWarning['kind'], what: string, { count, first }: SideScan['blank']): CorpusWarning => {
    const examples = first.map(locate);
    const message = `${count} ${count === 1 ? 'row' : 'rows'} with a ${what}: ${listed(examples, count)}`;
    return { kind, count, examples, message };
  };
  const warnings = [
    warn('blankSource', 'blank source', scans.source.blank),
    warn('blankTarget', 'blank target', scans.target.blank),
    warn('nulTarget', 'NUL character in the target', scans.target.nul),
  ].filter(({ count }) => count > 0);
  return {
    size: rows.length,
    blockRows,
    blockCount: Math.ceil(rows.length / blockRows),
    warnings,
    longest: { source: scans.source.longest(), target: scans.target.longest() } satisfies Record<Side, unknown>,
    locate,
    async readBlock(block) {
      const first = block * blockRows;
      const count = Math.min(rows.length - first, blockRows);
      if (!(count > 0)) throw new RangeError(`readBlock: there is no block ${block}`);
      return Array.from({ length: count }, (_, i) => rowAt(first + i));
    },
    async *rowsAt(indices) {
      for (const index of [...new Set(indices)].sort((a, b) => a - b)) yield rowAt(index);
    },
    async *rows() {
      for (let index = 0; index < rows.length; index++) yield rowAt(index);
    },
    close: async () => undefined,
  };
}
