// What stands on either side of an example: token ids, or feature frames that are read when they are needed.
import { EngineError } from '../errors.js';

/** Something with a length in model positions that can be cut. */
export interface Sequence {
  readonly length: number;
  slice(start: number, end: number): Sequence;
}

/** Feature frames in encoder positions: a row of `width` numbers a position, zeros after the last frame. */
export class FrameSequence implements Sequence {
  /**
   * @param length positions
   * @param width numbers a position: frames a position × features a frame
   * @param read makes the numbers `[length, width]`
   */
  constructor(
    readonly length: number,
    readonly width: number,
    private readonly read: () => Promise<Float32Array>,
    private readonly loaded?: Float32Array,
  ) {}

  /** The same sequence with its numbers in memory. */
  async load(): Promise<FrameSequence> {
    if (this.loaded) return this;
    const data = await this.read();
    return new FrameSequence(this.length, this.width, async () => data, data);
  }

  /** `[length, width]`. @throws EngineError before {@link load} */
  get data(): Float32Array {
    if (!this.loaded) throw new EngineError('internal: the frames of a sequence have not been read yet');
    return this.loaded;
  }

  slice(start: number, end: number): FrameSequence {
    const [from, to] = [Math.min(start, this.length), Math.min(end, this.length)];
    return new FrameSequence(to - from, this.width, async () =>
      (await this.load()).data.slice(from * this.width, to * this.width),
    );
  }
}

/** Feature frames that are to be produced, several at each position of the decoder. */
export class FrameTarget implements Sequence {
  /**
   * @param frames how many there are; those that the last position has room for besides are zeros
   * @param reduction frames at a position
   * @param rows the frames by positions
   */
  constructor(
    readonly frames: number,
    readonly reduction: number,
    private readonly rows: FrameSequence,
  ) {}

  /** Positions. */
  get length(): number {
    return this.rows.length;
  }

  /** Numbers a position: frames a position × features a frame. */
  get width(): number {
    return this.rows.width;
  }

  /** `[length, width]`. @throws EngineError before {@link load} */
  get data(): Float32Array {
    return this.rows.data;
  }

  /** The same with its numbers in memory. */
  async load(): Promise<FrameTarget> {
    return new FrameTarget(this.frames, this.reduction, await this.rows.load());
  }

  slice(start: number, end: number): FrameTarget {
    const rows = this.rows.slice(start, end);
    const frames = Math.min(rows.length * this.reduction, this.frames - start * this.reduction);
    return new FrameTarget(Math.max(frames, 0), this.reduction, rows);
  }
}

/** The vocabulary of one source: that of the target, and after it the words of the source that it lacks. */
export interface ExtendedVocabulary {
  /** V: tokens of the target's vocabulary. Id V + j stands for `words[j]`. */
  readonly size: number;
  readonly words: readonly string[];
}

/** Tokens that outputs may copy; see `extended-vocabulary.ts`. */
export class CopyableTokens implements Sequence {
  /**
   * @param ids as the encoder reads them, with the stop token
   * @param copyIds each token as an id of the extended vocabulary
   */
  constructor(
    readonly ids: Int32Array,
    readonly copyIds: Int32Array,
    readonly vocabulary: ExtendedVocabulary,
  ) {}

  get length(): number {
    return this.ids.length;
  }

  slice(start: number, end: number): CopyableTokens {
    return new CopyableTokens(this.ids.slice(start, end), this.copyIds.slice(start, end), this.vocabulary);
  }
}

/** Sentences, each at a position of its own. */
export class SentenceSequence implements Sequence {
  /** @param sentences the tokens of each, the last one the stop token alone */
  constructor(readonly sentences: readonly Int32Array[]) {}

  get length(): number {
    return this.sentences.length;
  }

  slice(start: number, end: number): SentenceSequence {
    return new SentenceSequence(this.sentences.slice(start, end));
  }
}

/** What an encoder reads. */
export type SourceSequence = Int32Array | FrameSequence | CopyableTokens | SentenceSequence;

/** The first `limit` tokens, the last of them the stop token. */
function cutTokens(tokens: Int32Array, limit: number): Int32Array {
  const cut = tokens.slice(0, limit);
  cut[limit - 1] = tokens.at(-1) as number;
  return cut;
}

/** The first `limit` positions of a source; tokens keep the stop token at their end. */
export function cutSource(source: SourceSequence, limit: number): SourceSequence {
  if (source.length <= limit) return source;
  if (source instanceof FrameSequence) return source.slice(0, limit);
  if (source instanceof Int32Array) return cutTokens(source, limit);
  if (source instanceof SentenceSequence)
    return new SentenceSequence([...source.sentences.slice(0, limit - 1), source.sentences.at(-1) as Int32Array]);
  return new CopyableTokens(cutTokens(source.ids, limit), cutTokens(source.copyIds, limit), source.vocabulary);
}

/** A source with its numbers in memory. */
export async function loadedSource(source: SourceSequence): Promise<SourceSequence> {
  return source instanceof FrameSequence ? source.load() : source;
}
