// The stream of training batches, with a cursor that resumes it exactly, and the fixed batches of a validation pass.
import { z } from 'zod';
import { ConfigError, DataError } from '../errors.js';
import type { Corpus } from './corpus.js';
import {
  type EncodeOptions,
  type Example,
  type RowEvent,
  RowReport,
  type RowWarning,
  refuseBlankRows,
} from './examples.js';
import { buildPool, planEpoch, poolCount, type RowBatch } from './pools.js';

/** One batch and its place in the epoch. */
export interface Batch<E extends Example> extends RowBatch<E> {
  /** Counted from 0. */
  readonly epoch: number;
  /** Counted from 0. */
  readonly batchInEpoch: number;
  readonly lastOfEpoch: boolean;
}

const count = z.int().nonnegative();

/** Where a {@link BatchStream} stands: JSON-safe, for a checkpoint. */
export const batchCursorSchema = z.strictObject({
  epoch: count.describe('epoch of the next batch'),
  pool: count.describe('pool of the next batch within the epoch'),
  batchInPool: count.describe('place of the next batch within the pool'),
  batchInEpoch: count.describe('batches of the epoch handed out so far'),
  batches: count.describe('batches handed out in all'),
  settings: z
    .record(z.string(), z.union([z.number(), z.string(), z.null()]))
    .describe('what the order of batches depends on; a cursor fits only a stream with the same settings'),
});

/** See {@link batchCursorSchema}. */
export type BatchCursor = z.infer<typeof batchCursorSchema>;

type Position = Omit<BatchCursor, 'settings'>;
const START: Position = { epoch: 0, pool: 0, batchInPool: 0, batchInEpoch: 0, batches: 0 };

/** See {@link BatchStream}. */
export interface BatchStreamOptions<E extends Example> extends EncodeOptions<E> {
  readonly seed: number;
  /** Batches made ahead of the one asked for, while the caller is busy; default 1. The order does not depend on it. */
  readonly prefetch?: number;
}

/** A batch, the position after it, and the rules used on rows since the batch before. */
interface Item<E extends Example> {
  readonly batch: Batch<E>;
  readonly after: Position;
  readonly events: readonly RowEvent[];
}

/** A batch whose place in the epoch is not known yet. */
interface Held<E extends Example> {
  readonly rows: RowBatch<E>;
  readonly pool: number;
  readonly batchInPool: number;
  events: readonly RowEvent[];
}

/** The items of one epoch from a position on. One batch is held back until it is known whether it is the last. */
async function* epochItems<E extends Example>(
  corpus: Corpus,
  from: Position,
  shuffle: boolean,
  options: EncodeOptions<E>,
): AsyncGenerator<Item<E>> {
  const { epoch } = from;
  let { batchInEpoch, batches } = from;
  const release = ({ rows, pool, batchInPool, events }: Held<E>, lastOfEpoch: boolean): Item<E> => {
    const batch = { ...rows, epoch, batchInEpoch, lastOfEpoch };
    batchInEpoch += 1;
    batches += 1;
    const after = lastOfEpoch
      ? { ...START, epoch: epoch + 1, batches }
      : { epoch, pool, batchInPool: batchInPool + 1, batchInEpoch, batches };
    return { batch, after, events };
  };
  let held: Held<E> | undefined;
  /** Events of pools that have not handed out a batch yet. */
  let events: readonly RowEvent[] = [];
  const pools = planEpoch(corpus, options.batching, shuffle, options.seed ?? 0, epoch);
  for (let pool = from.pool; pool < pools.length; pool++) {
    const built = await buildPool(corpus, pools[pool] ?? [], { epoch, pool }, shuffle, options);
    events = events.concat(built.events);
    const first = pool === from.pool ? from.batchInPool : 0;
    for (const [k, rows] of built.batches.slice(first).entries()) {
      if (held !== undefined) yield release(await loaded(held, options), false);
      held = { rows, pool, batchInPool: first + k, events };
      events = [];
    }
  }
  if (held === undefined) throw nothingLeft(corpus, from);
  held.events = held.events.concat(events);
  yield release(await loaded(held, options), true);
}

/** A batch with what its examples left for later; the pool keeps the examples as they were, without it. */
async function loaded<E extends Example>(held: Held<E>, { load }: EncodeOptions<E>): Promise<Held<E>> {
  if (!load) return held;
  return { ...held, rows: { ...held.rows, examples: await Promise.all(held.rows.examples.map(load)) } };
}

/** The error for an epoch without a batch. */
function nothingLeft(corpus: Corpus, from: Position): DataError {
  const name = corpus.locate(0, 'source').replace(/:\d+$/, '');
  return new DataError(
    from.batchInEpoch > 0
      ? `${name}: batch ${from.batchInEpoch} of epoch ${from.epoch} is no longer there: ` +
          'the data or their encoding have changed since the position was saved; start a new run'
      : `${name}: expected rows to use, found that all ${corpus.size} are left out as blank or too long; ` +
          'check the data, `onBlank`, `onLong` and the length limits',
  );
}

/** What the order of batches depends on, apart from the text and its encoding. */
function settingsOf<E extends Example>(corpus: Corpus, options: BatchStreamOptions<E>): BatchCursor['settings'] {
  const { batching, seed } = options;
  return {
    seed,
    rows: corpus.size,
    blockRows: corpus.blockRows,
    maxTokens: batching.maxTokens,
    maxSentences: batching.maxSentences ?? null,
    bucketing: batching.bucketing,
    maxSourceLength: batching.maxSourceLength ?? null,
    maxTargetLength: batching.maxTargetLength ?? null,
    onLong: batching.onLong,
    onBlank: batching.onBlank,
  };
}

/**
 * Batches for training, epoch after epoch without end. Each epoch is a new permutation: blocks of rows are permuted and
 * read in pools, the rows of a pool are sorted by length and cut so that sentences × padded length ≤ `maxTokens`, and
 * the pool's batches are shuffled (as in Sockeye and fairseq, but within a pool so that memory is bounded). Every row comes
 * exactly once an epoch unless a rule leaves it out. The order depends on corpus, seed and options only.
 */
export class BatchStream<E extends Example> {
  private position: Position = START;
  private items: AsyncGenerator<Item<E>>;
  private queue: Promise<Item<E>>[] = [];
  private rowReport: RowReport;
  private readonly settings: BatchCursor['settings'];

  /** @throws DataError when the corpus has blank rows and `onBlank` is `error`. */
  constructor(
    private readonly corpus: Corpus,
    private readonly options: BatchStreamOptions<E>,
  ) {
    refuseBlankRows(corpus, options.batching);
    this.settings = settingsOf(corpus, options);
    this.rowReport = new RowReport(corpus.size);
    this.items = this.itemsFrom(START);
  }

  private async *itemsFrom(from: Position): AsyncGenerator<Item<E>> {
    let at = from;
    for (;;) {
      for await (const item of epochItems(this.corpus, at, true, this.options)) {
        yield item;
        at = item.after;
      }
    }
  }

  /** Asks for one more item. */
  private pull(): Promise<Item<E>> {
    const result = this.items.next().then((step) => {
      if (step.done) throw new Error('BatchStream: asked for a batch after a failure');
      return step.value;
    });
    // A failure is for whoever takes the item; a prefetched one may never be taken.
    result.catch(() => undefined);
    return result;
  }

  /**
   * The next batch.
   * @throws DataError when a row breaks a rule set to `error`, or no row of a whole epoch can be used.
   */
  async next(): Promise<Batch<E>> {
    const { items } = this;
    const taken = this.queue.shift() ?? this.pull();
    while (this.queue.length < (this.options.prefetch ?? 1)) this.queue.push(this.pull());
    const { batch, after, events } = await taken;
    if (items !== this.items) throw new Error('BatchStream: restored while a batch was awaited');
    this.position = after;
    this.rowReport.add(events);
    return batch;
  }

  /** The position after the last batch handed out, whatever has been made ahead. */
  state(): BatchCursor {
    return { ...this.position, settings: { ...this.settings } };
  }

  /**
   * Goes to a saved position, at the cost of making one pool again.
   * @throws ConfigError listing key, old and new value when the cursor was taken with other settings; DataError when it
   *   is no cursor at all.
   */
  restore(cursor: BatchCursor): void {
    const { data, error } = batchCursorSchema.safeParse(cursor);
    if (data === undefined)
      throw new DataError(`the saved position in the training data is damaged: ${z.prettifyError(error)}`);
    const { settings, ...position } = data;
    const keys = [...new Set([...Object.keys(settings), ...Object.keys(this.settings)])];
    const changes = keys.filter((key) => settings[key] !== this.settings[key]);
    if (changes.length > 0)
      throw new ConfigError(
        'the position in the training data cannot be restored, because settings have changed:\n' +
          changes.map((key) => `  ${key}: was ${show(settings[key])}, is ${show(this.settings[key])}`).join('\n') +
          '\nset them back, or start a new run',
      );
    const pools = poolCount(this.corpus, this.options.batching);
    if (position.pool >= pools)
      throw new ConfigError(`a position in pool ${position.pool} of ${pools} cannot be restored`);
    this.position = position;
    this.queue = [];
    this.items = this.itemsFrom(position);
    this.rowReport = new RowReport(this.corpus.size);
  }

  /** The rows left out or cut in the pools of the batches handed out since this stream was made or restored. */
  report(): RowWarning[] {
    return this.rowReport.warnings();
  }
}

function show(value: number | string | null | undefined): string {
  return value === null || value === undefined ? 'not set' : String(value);
}

/**
 * All rows once, in an order that is always the same: for validation. Rows are still sorted by length within pools to
 * save padding; `rows` tells which is which.
 * @param report where rows left out or cut are counted, complete after the last batch.
 * @throws DataError when a row breaks a rule set to `error`.
 */
export async function* fixedBatches<E extends Example>(
  corpus: Corpus,
  options: EncodeOptions<E>,
  report = new RowReport(corpus.size),
): AsyncGenerator<Batch<E>> {
  refuseBlankRows(corpus, options.batching);
  for await (const { batch, events } of epochItems(corpus, START, false, options)) {
    report.add(events);
    yield batch;
  }
}
