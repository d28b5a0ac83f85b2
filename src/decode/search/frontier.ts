// The open hypotheses of every sentence and the history they grew from.
import { type LengthPenalty, lengthNormalisedScore } from './length-penalty.js';

/** Log-probabilities of a hypothesis by the two models whose weighted sum a joint search ranks by. */
export interface ScoreParts {
  /** By the attention decoder. */
  readonly attention: number;
  /** By CTC: of all transcripts that begin with the hypothesis, or once it has ended, of exactly that transcript. */
  readonly ctc: number;
}

/** One output of a search. A search that rescores continuations gives joint scores throughout, and their parts. */
export interface Hypothesis extends Partial<ScoreParts> {
  /** Token ids without the begin and end marks. */
  readonly tokens: Int32Array;
  /** Log-probability of each token and then of the end mark; the latter is absent if the hypothesis could not be ended. */
  readonly tokenLogProbs: Float32Array;
  /** Sum of `tokenLogProbs`. */
  readonly logProb: number;
  /** Length-normalised `logProb`; what hypotheses are ranked by. */
  readonly score: number;
  /**
   * Whether the model ended it by itself. False where the maximum length cut it: the end mark was forced there though another
   * token was more probable. Also false where no token could follow at all.
   */
  readonly finished: boolean;
}

/** By what every row (sentence × K + hypothesis, in the numbering of the whole batch) grew at one step. */
interface Layer {
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
  readonly logProbs: Float32Array;
  /** Sums of the log-probabilities up to this step. */
  readonly totals: Float64Array;
}

/** State of a search over B sentences with K hypotheses each. Rows keep their numbers however many sentences are dropped. */
export class Frontier {
  /** `[B]` open hypotheses of each sentence; they are its first rows. At the first step there is one, and it is empty. */
  readonly open: Int32Array;
  private readonly layers: Layer[] = [];
  private next: Layer;
  private scratch = new Int32Array(64);

  constructor(
    readonly sentences: number,
    readonly beam: number,
    private readonly penalty: LengthPenalty,
  ) {
    this.open = new Int32Array(sentences).fill(1);
    this.next = createLayer(sentences * beam);
  }

  /** Tokens in each open hypothesis. */
  get length(): number {
    return this.layers.length;
  }

  /** Last token of an open hypothesis, which must not be empty. */
  lastToken(row: number): number {
    return this.layers[this.length - 1]!.tokens[row]!;
  }

  /** Hypothesis (0 … K-1) of the step before that an open one, which must not be empty, continues. */
  lastParent(row: number): number {
    return this.layers[this.length - 1]!.parents[row]!;
  }

  /** Log-probability of an open hypothesis. */
  total(row: number): number {
    return this.length === 0 ? 0 : this.layers[this.length - 1]!.totals[row]!;
  }

  /** Lets `row`, from {@link commit} on, hold hypothesis `parent` of its sentence continued by a token of that log-probability. */
  extend(row: number, parent: number, token: number, logProb: number): void {
    const parentRow = row - (row % this.beam) + parent;
    this.next.tokens[row] = token;
    this.next.parents[row] = parent;
    this.next.logProbs[row] = logProb;
    this.next.totals[row] = this.total(parentRow) + logProb;
  }

  /** Ends a step: the extended hypotheses take the place of those they continue. */
  commit(): void {
    this.layers.push(this.next);
    this.next = createLayer(this.sentences * this.beam);
  }

  /** The tokens of an open hypothesis; valid until the next call. */
  prefix(row: number): Int32Array {
    if (this.length > this.scratch.length) this.scratch = new Int32Array(this.length * 2);
    const prefix = this.scratch.subarray(0, this.length);
    this.trace(row, prefix);
    return prefix;
  }

  /**
   * An open hypothesis as a result.
   * @param end log-probability of the end mark, or `undefined` when it cannot be ended; its length is then at least counted as 1.
   */
  hypothesis(row: number, end: number | undefined, finished: boolean, parts?: ScoreParts): Hypothesis {
    const { length } = this;
    const tokens = new Int32Array(length);
    const tokenLogProbs = new Float32Array(end === undefined ? length : length + 1);
    if (end !== undefined) tokenLogProbs[length] = end;
    this.trace(row, tokens, tokenLogProbs);
    const logProb = this.total(row) + (end ?? 0);
    const score = lengthNormalisedScore(this.penalty, logProb, Math.max(tokenLogProbs.length, 1));
    return { tokens, tokenLogProbs, logProb, score, finished, ...parts };
  }

  /** Follows the parents of `row` back to the first token. */
  private trace(row: number, tokens: Int32Array, logProbs?: Float32Array): void {
    const first = row - (row % this.beam);
    for (let step = this.length - 1; step >= 0; step--) {
      const layer = this.layers[step]!;
      tokens[step] = layer.tokens[row]!;
      if (logProbs) logProbs[step] = layer.logProbs[row]!;
      row = first + layer.parents[row]!;
    }
  }
}

function createLayer(rows: number): Layer {
  return {
    tokens: new Int32Array(rows),
    parents: new Int32Array(rows),
    logProbs: new Float32Array(rows),
    totals: new Float64Array(rows),
  };
}
