// What a trainer checks before the first step: that no row is too long, and the largest batches to expect.
import { DataError } from '../errors.js';
import type { Corpus, RawRow } from './corpus.js';
import { type EncodeOptions, type Example, encodeRow, lengthLimit } from './examples.js';
import { type Entry, type RowBatch, rowBatch, sentencesOf, width } from './pools.js';
import { SIDES, type Side } from './scan.js';

/** A text can have this many tokens more than bytes: an end token and a word-start mark. */
const EXTRA_TOKENS = 2;

/** Bytes of a side, or its positions where it is no text. */
function sizeOf(row: RawRow, side: Side): number {
  return (side === 'source' ? row.sourceLength : row.targetLength) ?? Buffer.byteLength(row[side]);
}

/** The rows that may be longer than `limit(side)` tokens, judged by their bytes. */
async function* possiblyLong(corpus: Corpus, limit: (side: Side) => number): AsyncGenerator<RawRow> {
  if (SIDES.every((side) => corpus.longest[side].restBytes + EXTRA_TOKENS <= limit(side))) {
    const long = SIDES.flatMap((side) =>
      corpus.longest[side].lines.filter(({ bytes }) => bytes + EXTRA_TOKENS > limit(side)),
    );
    yield* corpus.rowsAt(long.map(({ index }) => index));
    return;
  }
  for await (const row of corpus.rows())
    if (SIDES.some((side) => sizeOf(row, side) + EXTRA_TOKENS > limit(side))) yield row;
}

/**
 * With `onLong: error`, finds over-long rows before training rather than hours into it. Only rows with more bytes than the
 * limit are encoded, as in epoch 0; that is exact for encoders that make no more tokens than bytes + 2. With random
 * segmentation (BPE dropout) a row can still be longer in another epoch.
 * @throws DataError naming the first over-long row, how many there are and what to raise.
 */
export async function checkLengths<E extends Example>(corpus: Corpus, options: EncodeOptions<E>): Promise<void> {
  if (options.batching.onLong !== 'error') return;
  let first: DataError | undefined;
  let count = 0;
  for await (const row of possiblyLong(corpus, (side) => lengthLimit(options.batching, side).limit)) {
    try {
      await encodeRow(corpus, row, 0, options, []);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      first ??= error;
      count += 1;
    }
  }
  if (first === undefined) return;
  throw count === 1 ? first : new DataError(`${first.message} (the first of ${count} such rows)`, { cause: first });
}

/** The first `count` of `entries`, begun again from the start when there are fewer. */
function fill<E extends Example>(entries: readonly Entry<E>[], count: number): RowBatch<E> {
  const rows = Array.from({ length: count }, (_, i) => entries[i % entries.length]);
  return rowBatch(rows.filter((entry) => entry !== undefined));
}

/**
 * Batches about as large as training can meet, so that a trainer learns at once whether they fit into memory: first that
 * with the longest source and the longest target, then, unless it is no larger, that with the most padded tokens. They are
 * made of the lines with the most bytes, encoded as in epoch 0; of a corpus with more lines than are remembered, another
 * line could have more tokens. Rows may be repeated to fill a batch.
 * @returns one or two batches; none when no row can be used.
 * @throws DataError when a row breaks a rule set to `error`.
 */
export async function worstBatches<E extends Example>(
  corpus: Corpus,
  options: EncodeOptions<E>,
): Promise<RowBatch<E>[]> {
  const candidates = SIDES.flatMap((side) => corpus.longest[side].lines.map(({ index }) => index));
  const entries: Entry<E>[] = [];
  for await (const row of corpus.rowsAt(candidates)) {
    const example = await encodeRow(corpus, row, 0, options, []);
    if (example !== undefined) entries.push({ index: row.index, example });
  }
  const total = ({ source, target }: Example) => source.length + target.length;
  entries.sort((a, b) => width(b.example) - width(a.example) || total(b.example) - total(a.example));
  const [widest] = entries;
  if (widest === undefined) return [];
  // No batch has more sentences than the pool it is cut from.
  const sentences = ({ example }: Entry<E>): number =>
    Math.min(sentencesOf(width(example), options.batching), options.batching.bucketing, corpus.size);

  const longest = (side: Side) =>
    entries.reduce((best, entry) => (entry.example[side].length > best.example[side].length ? entry : best));
  const ends = [widest, longest('source'), longest('target')];
  const first = fill([...new Set([...ends, ...entries])], sentences(widest));

  const area = (entry: Entry<E>) => width(entry.example) * sentences(entry);
  const fullest = entries.reduce((best, entry, i) => (area(entry) > area(entries[best] ?? entry) ? i : best), 0);
  if (fullest === 0) return [first];
  const rest = entries.slice(fullest);
  return [first, fill(rest, sentences(rest[0] ?? widest))];
}
