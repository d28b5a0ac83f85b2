// Turns raw rows into examples for the model, applying the rules for blank and over-long rows and counting each use.
import { DataError, EngineError } from '../errors.js';
import { Random } from '../random.js';
import type { BatchingConfig } from './config.js';
import { type Corpus, listed, type RawRow } from './corpus.js';
import { isBlank, NAMED_EXAMPLES, SIDES, type Side } from './scan.js';
import {
  CopyableTokens,
  cutSource,
  FrameSequence,
  FrameTarget,
  SentenceSequence,
  type Sequence,
  type SourceSequence,
} from './sequences.js';

/** What the model is trained on. A task may add fields of its own. */
export interface Example {
  readonly source: Sequence;
  readonly target: Sequence;
  /** Fewest source positions that the targets of a CTC loss fit into; no limit where it is absent. */
  readonly minimumSource?: number;
  /** The same of the target, where there is such a loss on the decoder. */
  readonly minimumTarget?: number;
}

/** An example of token ids, without the begin token. */
export interface TokenExample extends Example {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** An example of whatever the model reads and writes. */
export interface ModelExample extends Example {
  readonly source: SourceSequence;
  /** Token ids, of the extended vocabulary where the source can be copied from; or frames. */
  readonly target: Int32Array | FrameTarget;
  /** What each target token counts in the loss of training, 1 unless told. */
  readonly targetWeights?: Float32Array;
  /** Tokens of the CTC head, without a stop token. */
  readonly ctcTarget?: Int32Array;
  /** Tokens of what is said in a target of speech, for the CTC head on the decoder, without a stop token. */
  readonly targetText?: Int32Array;
  /** Target positions that each source position lasts, for parallel decoders. */
  readonly durations?: Int32Array;
  /** Number of the voice, for models that have several. */
  readonly speaker?: number;
}

/** The tokens of an example's target. @throws EngineError where the target is frames */
export function targetTokensOf({ target }: ModelExample): Int32Array {
  if (target instanceof FrameTarget) throw new EngineError('internal: expected a target of tokens, found frames');
  return target;
}

/** The frames of an example's target. @throws EngineError where the target is tokens */
export function targetFramesOf({ target }: ModelExample): FrameTarget {
  if (target instanceof FrameTarget) return target;
  throw new EngineError('internal: expected a target of frames, found tokens');
}

/** The example with its frames in memory. */
export async function loadFrames(example: ModelExample): Promise<ModelExample> {
  const { source, target } = example;
  return {
    ...example,
    ...(source instanceof FrameSequence ? { source: await source.load() } : {}),
    ...(target instanceof FrameTarget ? { target: await target.load() } : {}),
  };
}

/**
 * Turns a row into model sequences. It must depend on its arguments only; `random` is a stream of its own for each
 * (seed, epoch, row), so that what is drawn (say by BPE dropout) never depends on the order of rows.
 */
export type Encode<E extends Example = TokenExample> = (row: RawRow, random: Random) => E | Promise<E>;

/** What a rule did to a row. */
export type RowAction = 'skippedBlank' | 'skippedLong' | 'truncated' | 'skippedShort';

/** One use of a rule. */
export interface RowEvent {
  readonly action: RowAction;
  readonly index: number;
  /** `file:line` of the side the rule was about. */
  readonly origin: string;
}

/** How many rows a rule was used on. */
export interface RowWarning {
  readonly action: RowAction;
  readonly count: number;
  /** Those of the lowest index, as `file:line`. */
  readonly examples: readonly string[];
  /** The same as one sentence for people. */
  readonly message: string;
}

const ACTIONS: Record<RowAction, string> = {
  skippedBlank: 'left out because a side is blank (onBlank: skip)',
  skippedLong: 'left out because a side is too long (onLong: skip)',
  truncated: 'cut to the length limit (onLong: truncate)',
  skippedShort: 'left out because a side is too short for its target of a CTC loss (onShort: skip)',
};

/** Counts the rows that rules were used on: each row once a rule, however many epochs it is met in. */
export class RowReport {
  private readonly tallies = new Map<RowAction, { count: number; first: RowEvent[] }>();
  /** A bit an action for each row: memory that does not grow with the number of events. */
  private seen: Uint8Array | undefined;

  /** @param size rows in the corpus. */
  constructor(private readonly size: number) {}

  add(events: readonly RowEvent[]): void {
    for (const event of events) {
      this.seen ??= new Uint8Array(this.size);
      const bit = 1 << Object.keys(ACTIONS).indexOf(event.action);
      const bits = this.seen[event.index] ?? 0;
      if ((bits & bit) !== 0) continue;
      this.seen[event.index] = bits | bit;
      const tally = this.tallies.get(event.action) ?? { count: 0, first: [] };
      this.tallies.set(event.action, tally);
      tally.count += 1;
      tally.first.push(event);
      tally.first.sort((a, b) => a.index - b.index).splice(NAMED_EXAMPLES);
    }
  }

  warnings(): RowWarning[] {
    return [...this.tallies].map(([action, { count, first }]) => {
      const examples = first.map((event) => event.origin);
      const message = `${count} ${count === 1 ? 'row' : 'rows'} ${ACTIONS[action]}: ${listed(examples, count)}`;
      return { action, count, examples, message };
    });
  }
}

/** The rules by which rows become examples. */
export interface EncodeOptions<E extends Example = TokenExample> {
  readonly encode: Encode<E>;
  readonly batching: BatchingConfig;
  /** Seed of the streams given to `encode`; default 0. */
  readonly seed?: number;
  /** When given, a truncated token sequence that ended with this id still does. */
  readonly endId?: number;
  /** Reads what `encode` left for later; called for the rows of a batch when that is next. */
  readonly load?: (example: E) => Promise<E>;
}

/** The most positions of a side, and the key that sets it. */
export function lengthLimit(batching: BatchingConfig, side: Side): { limit: number; key: string } {
  const key = side === 'source' ? 'maxSourceLength' : 'maxTargetLength';
  const limit = batching[key];
  return limit === undefined ? { limit: batching.maxTokens, key: 'maxTokens' } : { limit, key };
}

/** Cuts a sequence to `limit` positions. */
function cut(sequence: Sequence, limit: number, endId: number | undefined): Sequence {
  if (sequence.length <= limit) return sequence;
  if (sequence instanceof CopyableTokens || sequence instanceof SentenceSequence) return cutSource(sequence, limit);
  const start = sequence.slice(0, limit);
  if (start instanceof Int32Array && sequence instanceof Int32Array && endId !== undefined && sequence.at(-1) === endId)
    start[limit - 1] = endId;
  return start;
}

/** What the length of a sequence counts. */
export function unitOf(sequence: Sequence): string {
  if (sequence instanceof SentenceSequence) return 'sentences';
  return sequence instanceof FrameSequence || sequence instanceof FrameTarget ? 'positions' : 'tokens';
}

/** The error for a row with a blank side. */
function blankError(corpus: Corpus, index: number, side: Side): DataError {
  return new DataError(
    `${corpus.locate(index, side)}: the ${side} is blank; fill or remove the row, or set \`onBlank\` to \`skip\``,
  );
}

/** Stops on the first blank row known from the opening of the corpus, when `onBlank` is `error`. */
export function refuseBlankRows(corpus: Corpus, batching: BatchingConfig): void {
  if (batching.onBlank !== 'error') return;
  const found = corpus.warnings.filter(({ kind }) => kind === 'blankSource' || kind === 'blankTarget');
  if (found.length > 0)
    throw new DataError(
      `${found.map((warning) => warning.message).join('; ')}; fill or remove these rows, or set \`onBlank\` to \`skip\``,
    );
}

/**
 * Encodes a row and applies the rules.
 * @returns the example, or undefined when the row is left out.
 * @throws DataError when a rule says `error`.
 */
export async function encodeRow<E extends Example>(
  corpus: Corpus,
  row: RawRow,
  epoch: number,
  options: EncodeOptions<E>,
  events: RowEvent[],
): Promise<E | undefined> {
  const { batching, endId } = options;
  /** Whether a row with this blank side is left out. */
  const leaveOut = (side: Side): boolean => {
    if (batching.onBlank === 'error') throw blankError(corpus, row.index, side);
    if (batching.onBlank === 'keep') return false;
    events.push({ action: 'skippedBlank', index: row.index, origin: corpus.locate(row.index, side) });
    return true;
  };
  for (const side of SIDES) if (isBlank(row[side]) && leaveOut(side)) return undefined;
  const example = await options.encode(row, new Random(options.seed ?? 0, 'encode', epoch, row.index));
  // Normalisation can leave nothing of a text that was not blank.
  for (const side of SIDES) if (example[side].length === 0 && leaveOut(side)) return undefined;

  const { minimumSource = 0, minimumTarget = 0 } = example;
  const short = example.source.length < minimumSource ? 'source' : 'target';
  const needed = short === 'source' ? minimumSource : minimumTarget;
  if (example[short].length < needed) {
    const origin = corpus.locate(row.index, short);
    if (batching.onShort === 'error')
      throw new DataError(
        `${origin}: the ${short} has ${example[short].length} positions, but the CTC loss needs ${needed} for its ` +
          'text; correct the row, or set `onShort` to `skip`',
      );
    events.push({ action: 'skippedShort', index: row.index, origin });
    return undefined;
  }

  const long = SIDES.filter((side) => example[side].length > lengthLimit(batching, side).limit);
  const [side] = long;
  if (side === undefined) return example;
  const { limit, key } = lengthLimit(batching, side);
  const origin = corpus.locate(row.index, side);
  if (batching.onLong === 'error')
    throw new DataError(
      `${origin}: the ${side} has ${example[side].length} ${unitOf(example[side])}, more than \`${key}\` (${limit}); ` +
        `raise \`${key}\`, shorten the row, or set \`onLong\` to \`skip\` or \`truncate\``,
    );
  const action = batching.onLong === 'skip' ? 'skippedLong' : 'truncated';
  events.push({ action, index: row.index, origin });
  if (action === 'skippedLong') return undefined;
  const source = cut(example.source, lengthLimit(batching, 'source').limit, endId);
  const target = cut(example.target, lengthLimit(batching, 'target').limit, endId);
  // Cutting keeps each side's type, which the compiler cannot see through `slice`.
  return { ...example, source, target } as E;
}
