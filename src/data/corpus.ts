// A corpus on disk: checked line by line when opened, then read block by block in any order.
import { isUtf8 } from 'node:buffer';
import { DataError } from '../errors.js';
import { resolveSplit, type SplitConfig, type SplitFiles } from './config.js';
import { type InputFile, openInput } from './files.js';
import { fileChunks, forEachLine, lineBlocks, readRange, splitLines } from './lines.js';
import { jsonlReader, type RowReader, type Sides, tsvReader } from './rows.js';
import { isBlank, isBlankBytes, type LongestLines, SIDES, type Side, SideScan, type Tally } from './scan.js';

/** One example as it stands in the files. */
export interface RawRow {
  /** 0-based place in the corpus. */
  readonly index: number;
  readonly source: string;
  readonly target: string;
  /** `file:line` of the source, lines counted from 1. */
  readonly origin: string;
  /** Everything that would be right, where that is more than the target. */
  readonly references?: readonly string[];
  /** Model positions of the source, where they are known and not the bytes of a text. */
  readonly sourceLength?: number;
  /** The same of the target. */
  readonly targetLength?: number;
  /** What is said in a source of speech, where the target is something else. */
  readonly transcript?: string;
  /** What is said in a target of speech, where the source is something else. */
  readonly targetText?: string;
  /** Whose voice the target is in. */
  readonly speaker?: string;
  /** Target frames that each source position lasts, where that is known. */
  readonly durations?: readonly number[];
}

/** Something in a corpus that is allowed but may be a mistake. */
export interface CorpusWarning {
  readonly kind: 'blankSource' | 'blankTarget' | 'nulSource' | 'nulTarget';
  readonly count: number;
  /** The first few, as `file:line`. */
  readonly examples: readonly string[];
  /** The same as one sentence for people. */
  readonly message: string;
}

/** Rows that can be read block by block; see {@link openCorpus}. */
export interface Corpus {
  /** Rows in the corpus. */
  readonly size: number;
  /** Rows a block; the last block may have fewer. */
  readonly blockRows: number;
  readonly blockCount: number;
  readonly warnings: readonly CorpusWarning[];
  /**
   * The longest lines of each side by bytes, or by model positions where a source is no text. No usual tokenizer makes more tokens than bytes (plus an end token and a
   * word-start mark), so a check of lengths needs only lines whose bytes exceed the limit.
   */
  readonly longest: Readonly<Record<Side, LongestLines>>;
  /** `file:line` of one side of a row. */
  locate(index: number, side: Side): string;
  /** Reads the rows of block `block` (0-based). */
  readBlock(block: number): Promise<RawRow[]>;
  /** Reads the given rows in ascending order, each block once. */
  rowsAt(indices: Iterable<number>): AsyncGenerator<RawRow>;
  /** Reads all rows in the order of the files. */
  rows(): AsyncGenerator<RawRow>;
  close(): Promise<void>;
}

/** See {@link openCorpus}. */
export interface OpenOptions {
  /** Folder that relative paths start from. */
  baseDir: string;
  /** Folder for the decompressed copies of gzip files; made when needed. */
  cacheDir: string;
  /** Rows a block, 1,024 by default: the unit in which rows are read and shuffled. */
  blockRows?: number;
  /** Reads a line of a JSONL file, instead of taking a string under each of the two keys. */
  readJson?: RowReader;
}

/** One file cut into blocks of equally many lines. */
interface IndexedFile {
  readonly input: InputFile;
  /** Lines before the first row: 1 for a header. */
  readonly skipped: number;
  /** Byte offset of each block, then that of the end of the last. */
  readonly offsets: readonly number[];
  readonly lines: number;
}

/** Called for each line but the skipped ones, with its row index. */
type LineVisitor = (index: number, bytes: Buffer, start: number, end: number) => void;

/** Reads a file once: checks its encoding, shows each line to `visit` and notes where the blocks start. */
async function indexFile(
  input: InputFile,
  skipped: number,
  blockRows: number,
  visit: LineVisitor,
): Promise<IndexedFile> {
  const offsets: number[] = [];
  let index = 0 - skipped;
  let end = 0;
  for await (const block of lineBlocks(fileChunks(input.handle), input.name)) {
    const { bytes, offset } = block;
    forEachLine(bytes, (start, stop) => {
      if (index >= 0) {
        if (index % blockRows === 0) offsets.push(offset + start);
        visit(index, bytes, start, stop);
      }
      index += 1;
    });
    end = offset + bytes.length;
  }
  offsets.push(end);
  return { input, skipped, offsets, lines: Math.max(index, 0) };
}

/** A visitor that gathers facts about whole lines. */
function lineScanner(scan: SideScan): LineVisitor {
  let known: Buffer | undefined;
  let anyNul = false;
  return (index, bytes, start, end) => {
    if (bytes !== known) {
      known = bytes;
      anyNul = bytes.includes(0);
    }
    const nul = anyNul && bytes.subarray(start, end).includes(0);
    scan.add(index, end - start, isBlankBytes(bytes, start, end), nul);
  };
}

/** The error of a file that no longer has the bytes it was opened with. */
function changed(file: IndexedFile): DataError {
  return new DataError(`${file.input.name}: the file has changed since it was opened; start again`);
}

/** The lines of one block of a file. */
async function readLinesOf(file: IndexedFile, block: number, expected: number): Promise<string[]> {
  const bytes = await readRange(file.input.handle, file.offsets[block] ?? 0, file.offsets[block + 1] ?? 0);
  const lines = isUtf8(bytes) ? splitLines(bytes) : [];
  if (lines.length !== expected) throw changed(file);
  return lines;
}

const lineOf = (file: IndexedFile, index: number) => `${file.input.name}:${index + 1 + file.skipped}`;

/** {@link Corpus} over one or two indexed files. */
class FileCorpus implements Corpus {
  readonly warnings: readonly CorpusWarning[];
  readonly longest: Readonly<Record<Side, LongestLines>>;

  /** @param reader splits a line of `sourceFile`; absent when the sides are two parallel files. */
  constructor(
    private readonly sourceFile: IndexedFile,
    private readonly targetFile: IndexedFile,
    private readonly reader: RowReader | undefined,
    readonly blockRows: number,
    scans: Record<Side, SideScan>,
  ) {
    this.longest = { source: scans.source.longest(), target: scans.target.longest() };
    this.warnings = [
      this.warn('blankSource', 'blank source', 'source', scans.source.blank),
      this.warn('blankTarget', 'blank target', 'target', scans.target.blank),
      this.warn('nulSource', 'NUL character in the source', 'source', scans.source.nul),
      this.warn('nulTarget', 'NUL character in the target', 'target', scans.target.nul),
    ].filter((warning) => warning.count > 0);
  }

  get size(): number {
    return this.sourceFile.lines;
  }

  get blockCount(): number {
    return this.sourceFile.offsets.length - 1;
  }

  private warn(kind: CorpusWarning['kind'], what: string, side: Side, { count, first }: Tally): CorpusWarning {
    const examples = first.map((index) => this.locate(index, side));
    const message = `${count} ${count === 1 ? 'row' : 'rows'} with a ${what}: ${listed(examples, count)}`;
    return { kind, count, examples, message };
  }

  locate(index: number, side: Side): string {
    return lineOf(side === 'source' ? this.sourceFile : this.targetFile, index);
  }

  async readBlock(block: number): Promise<RawRow[]> {
    const first = block * this.blockRows;
    const count = Math.min(this.size - first, this.blockRows);
    if (!(count > 0)) throw new RangeError(`readBlock: block ${block} is not in 0 … ${this.blockCount - 1}`);
    const lines = await readLinesOf(this.sourceFile, block, count);
    const targets = this.reader === undefined ? await readLinesOf(this.targetFile, block, count) : lines;
    return lines.map((line, i) => {
      const origin = lineOf(this.sourceFile, first + i);
      const sides: Sides = this.reader?.(line, origin) ?? { source: line, target: targets[i] ?? '' };
      return { index: first + i, ...sides, origin };
    });
  }

  async *rowsAt(indices: Iterable<number>): AsyncGenerator<RawRow> {
    let rows: RawRow[] = [];
    let loaded = -1;
    for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
      const block = Math.floor(index / this.blockRows);
      if (block !== loaded) {
        rows = await this.readBlock(block);
        loaded = block;
      }
      const row = rows[index - block * this.blockRows];
      if (row !== undefined) yield row;
    }
  }

  async *rows(): AsyncGenerator<RawRow> {
    for (let block = 0; block < this.blockCount; block++) yield* await this.readBlock(block);
  }

  async close(): Promise<void> {
    await this.sourceFile.input.handle.close();
    if (this.targetFile !== this.sourceFile) await this.targetFile.input.handle.close();
  }
}

/** `a, b and 7 more`. */
export function listed(examples: readonly string[], count: number): string {
  const more = count - examples.length;
  return examples.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Runs `use`, which opens input files; should it fail, they are closed. */
async function openingInputs(
  cacheDir: string,
  use: (openFile: (path: string) => Promise<InputFile>) => Promise<Corpus>,
): Promise<Corpus> {
  const inputs: InputFile[] = [];
  try {
    return await use(async (path) => {
      const input = await openInput(path, cacheDir);
      inputs.push(input);
      return input;
    });
  } catch (error) {
    for (const input of inputs) await input.handle.close();
    throw error;
  }
}

/**
 * Opens a split. One pass over the files checks every line — encoding, equal counts, well-formed TSV or JSONL rows —
 * and remembers where each block of lines starts, so memory does not grow with the text (about 16 bytes per 1,024 rows).
 * @throws DataError naming file and line when the data cannot be used; with exit code 66 when a file is not there.
 */
export async function openCorpus(split: SplitConfig, options: OpenOptions): Promise<Corpus> {
  const files = resolveSplit(split, options.baseDir);
  const blockRows = options.blockRows ?? 1024;
  return files.kind === 'parallel'
    ? openParallel(files.source, files.target, options.cacheDir, blockRows)
    : openSingle(files, options, blockRows);
}

async function openParallel(source: string, target: string, cacheDir: string, blockRows: number): Promise<Corpus> {
  return openingInputs(cacheDir, async (openFile) => {
    const [sourceInput, targetInput] = [await openFile(source), await openFile(target)];
    const scans = { source: new SideScan(), target: new SideScan() };
    const sourceFile = await indexFile(sourceInput, 0, blockRows, lineScanner(scans.source));
    const targetFile = await indexFile(targetInput, 0, blockRows, lineScanner(scans.target));
    if (sourceFile.lines !== targetFile.lines)
      throw new DataError(
        `expected as many lines in ${source} as in ${target}, one each an example; found ${sourceFile.lines} and ` +
          `${targetFile.lines}: find where they stop matching, or make the two files together again`,
      );
    if (sourceFile.lines === 0) throw new DataError(`${source}: expected at least one line, found an empty file`);
    return new FileCorpus(sourceFile, targetFile, undefined, blockRows, scans);
  });
}

async function openSingle(
  files: Extract<SplitFiles, { file: string }>,
  { cacheDir, readJson }: OpenOptions,
  blockRows: number,
): Promise<Corpus> {
  const { file, kind, sourceColumn, targetColumn } = files;
  const header = kind === 'tsv' && (typeof sourceColumn === 'string' || typeof targetColumn === 'string');
  const skipped = header ? 1 : 0;
  return openingInputs(cacheDir, async (openFile) => {
    const input = await openFile(file);
    const reader =
      kind === 'jsonl'
        ? (readJson ?? jsonlReader(String(sourceColumn), String(targetColumn)))
        : tsvReader(await firstLine(input), `${file}:1`, sourceColumn, targetColumn);
    const scans = { source: new SideScan(), target: new SideScan() };
    const indexed = await indexFile(input, skipped, blockRows, (index, bytes, start, end) => {
      const row = reader(bytes.toString('utf8', start, end), `${file}:${index + 1 + skipped}`);
      for (const side of SIDES) {
        const text = row[side];
        scans[side].add(index, Buffer.byteLength(text), isBlank(text), text.includes('\0'));
      }
    });
    if (indexed.lines === 0)
      throw new DataError(`${file}: expected at least one row, found ${header ? 'a header only' : 'an empty file'}`);
    return new FileCorpus(indexed, indexed, reader, blockRows, scans);
  });
}

/** The first line of a file, which fixes the columns of a TSV file. */
async function firstLine(input: InputFile): Promise<string> {
  for await (const block of lineBlocks(fileChunks(input.handle), input.name)) return splitLines(block.bytes)[0] ?? '';
  throw new DataError(`${input.name}: expected at least one row, found an empty file`);
}
