// The host side of copying: extended vocabularies of a batch, and the generator's best tokens merged with the source's.
import { padTokens } from '../data/padding.js';
import { CopyableTokens, type SourceSequence } from '../data/sequences.js';
import type { HostTensor } from '../engine/types.js';
import { EngineError } from '../errors.js';
import { EOS, PAD, UNK } from '../text/special-tokens.js';
import type { Candidates } from './search/model.js';

/** The sources of a model that copies. @throws EngineError when they are not made for copying */
export function copyableSources(sources: readonly SourceSequence[]): CopyableTokens[] {
  return sources.map((source) => {
    if (source instanceof CopyableTokens) return source;
    throw new EngineError('internal: the model copies words, but its source came without an extended vocabulary');
  });
}

/** Ids of the sources' tokens in their extended vocabularies, padded: `[B, S]`. */
export function copySourceInput(sources: readonly CopyableTokens[]): HostTensor {
  const { ids, length } = padTokens(
    sources.map(({ copyIds }) => copyIds),
    PAD,
  );
  return { shape: [sources.length, length], data: ids };
}

/** What a step of a model that copies returns; see `copyStep`. */
export interface StepOutputs {
  /** Tokens by descending probability `[B·K, n]`; absent where candidate j is token j. */
  readonly ids: Int32Array | undefined;
  /** log(p_gen · p_vocab) `[B·K, n]` */
  readonly logProbs: Float32Array;
  readonly endLogProbs: Float32Array;
  /** `[B·K, S]` */
  readonly sourceLogProbs: Float32Array;
  /** `[B·K, S]` */
  readonly copyProbs: Float32Array;
}

/** The different tokens of a source, and for each of its positions which of them stands there. */
interface DistinctTokens {
  readonly ids: Int32Array;
  readonly places: Int32Array;
}

function distinctTokens(copyIds: Int32Array): DistinctTokens {
  const ids = [...new Set(copyIds)];
  return { ids: Int32Array.from(ids), places: copyIds.map((id) => ids.indexOf(id)) };
}

/** Makes a session's steps ones over the extended vocabularies of its sentences. */
export class CopyMerger {
  /** V and the most unknown words that a sentence of the batch has; ids beyond a sentence's own never follow. */
  readonly vocabularySize: number;
  private readonly length: number;
  private sources: readonly DistinctTokens[];
  private padded: Int32Array;
  /** Scratch: which tokens of the row being merged come from the source. */
  private readonly stamps: Int32Array;
  private stamp = 0;

  /** @param size V, the tokens of the target's vocabulary */
  constructor(
    sources: readonly CopyableTokens[],
    private readonly size: number,
    private readonly beam: number,
  ) {
    this.vocabularySize = size + Math.max(0, ...sources.map(({ vocabulary }) => vocabulary.words.length));
    const { shape, data } = copySourceInput(sources);
    this.length = shape[1] as number;
    this.padded = data as Int32Array;
    this.sources = sources.map(({ copyIds }) => distinctTokens(copyIds));
    this.stamps = new Int32Array(this.vocabularySize);
  }

  /** The step's input `[B, S]`. */
  input(): HostTensor {
    return { shape: [this.sources.length, this.length], data: this.padded };
  }

  keep(sentences: readonly number[]): void {
    const { length, padded } = this;
    const kept = new Int32Array(sentences.length * length);
    sentences.forEach((from, to) => {
      kept.set(padded.subarray(from * length, (from + 1) * length), to * length);
    });
    this.padded = kept;
    this.sources = sentences.map((sentence) => this.sources[sentence] as DistinctTokens);
  }

  /** Tokens as the decoder reads them. */
  readable(tokens: Int32Array): Int32Array {
    return tokens.map((id) => (id < this.size ? id : UNK));
  }

  /**
   * The candidates of the mixture. Copying only adds to a probability, so a token that the source lacks and that is among the best
   * n of the mixture is among the best n of the generator: those and the source's tokens are all that can be.
   * @param width n, or V + X in order of id where `isAll`
   */
  merge(step: StepOutputs, width: number, isAll: boolean): Candidates {
    const rows = this.sources.length * this.beam;
    const ids = new Int32Array(isAll ? 0 : rows * width);
    const logProbs = new Float32Array(rows * width);
    const endLogProbs = step.endLogProbs.slice();
    for (let row = 0; row < rows; row++) {
      const source = this.sources[Math.floor(row / this.beam)] as DistinctTokens;
      const mixed = this.mixed(step, row, source);
      const end = source.ids.indexOf(EOS);
      if (end >= 0) endLogProbs[row] = mixed[end] as number;
      if (isAll) this.fill(step, row, source, mixed, logProbs.subarray(row * width, (row + 1) * width));
      else this.choose(step, row, source, mixed, width, ids, logProbs);
    }
    return { width, ids, logProbs, endLogProbs };
  }

  /** Log-probabilities of the tokens of a source, copied or generated. */
  private mixed({ sourceLogProbs, copyProbs }: StepOutputs, row: number, { ids, places }: DistinctTokens) {
    const copied = new Float64Array(ids.length);
    const result = new Float32Array(ids.length);
    const start = row * this.length;
    places.forEach((place, position) => {
      copied[place] = (copied[place] as number) + (copyProbs[start + position] as number);
      result[place] = sourceLogProbs[start + position] as number;
    });
    copied.forEach((probability, i) => {
      // What is not copied keeps the very number that the generator gave it.
      if (probability > 0) result[i] = Math.log(Math.exp(result[i] as number) + probability);
    });
    return result;
  }

  /** All log-probabilities of a row, by id. */
  private fill(step: StepOutputs, row: number, { ids }: DistinctTokens, mixed: Float32Array, out: Float32Array): void {
    out.set(step.logProbs.subarray(row * this.size, (row + 1) * this.size));
    out.fill(Number.NEGATIVE_INFINITY, this.size);
    ids.forEach((id, i) => {
      out[id] = mixed[i] as number;
    });
  }

  /** The best log-probabilities of a row, equal ones by ascending id. */
  private choose(
    step: StepOutputs,
    row: number,
    { ids: own }: DistinctTokens,
    mixed: Float32Array,
    width: number,
    ids: Int32Array,
    logProbs: Float32Array,
  ): void {
    const { stamps } = this;
    this.stamp += 1;
    const found: { id: number; logProb: number }[] = [];
    own.forEach((id, i) => {
      stamps[id] = this.stamp;
      found.push({ id, logProb: mixed[i] as number });
    });
    const count = step.ids ? width : this.size;
    for (let j = 0; j < count; j++) {
      const id = step.ids ? (step.ids[row * count + j] as number) : j;
      if (stamps[id] === this.stamp) continue;
      found.push({ id, logProb: step.logProbs[row * count + j] as number });
    }
    // More than the vocabulary were asked for: the rest are words of other sentences.
    for (let id = this.size; found.length < width; id++) {
      if (stamps[id] !== this.stamp) found.push({ id, logProb: Number.NEGATIVE_INFINITY });
    }
    found.sort((a, b) => b.logProb - a.logProb || a.id - b.id);
    for (let j = 0; j < width; j++) {
      const { id, logProb } = found[j] as { id: number; logProb: number };
      ids[row * width + j] = id;
      logProbs[row * width + j] = logProb;
    }
  }
}
