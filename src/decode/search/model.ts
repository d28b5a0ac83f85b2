// What a search needs from a model: one step at a time, the log-probabilities of the next token.

/**
 * Next-token log-probabilities of each row of a session. Rows are sentence-major: row = sentence × K + hypothesis.
 * `-Infinity` marks a token that cannot follow.
 */
export interface Candidates {
  /** Candidates per row: at least as many as were asked for (unless the vocabulary is smaller). */
  readonly width: number;
  /** `[B*K, width]` token ids by descending log-probability, equal ones by ascending id. Not read after a step with `'all'`. */
  readonly ids: Int32Array;
  /** `[B*K, width]` natural log-probabilities, normalised over the whole vocabulary. */
  readonly logProbs: Float32Array;
  /** `[B*K]` log-probability of {@link DecodingSession.endToken}, from sessions that name one. */
  readonly endLogProbs?: Float32Array;
}

/** A model decoding a batch of B sentences with K hypotheses each; holds whatever caches it needs. */
export interface DecodingSession {
  /** B: sentences present now; {@link DecodingSession.keep} lowers it. */
  readonly sentences: number;
  /** K: hypotheses per sentence. */
  readonly beam: number;
  /** V: token ids are 0 … V-1. */
  readonly vocabularySize: number;
  /** The token whose log-probability every step reports besides the best ones, which spares `'all'` where outputs must end. */
  readonly endToken?: number;
  /**
   * Feeds one token per row and returns what may follow it. Rows that hold no hypothesis (all but hypothesis 0 at the first
   * step, and those of finished sentences) are fed any valid token; what is returned for them is ignored.
   * @param tokens `[B*K]` token ids; may be overwritten once the promise has settled.
   * @param parents `[B*K]` for each row the hypothesis (0 … K-1, same sentence) of the previous step that it continues;
   *   all 0 at the first step. May be overwritten once the promise has settled.
   * @param top how many best continuations of each row are needed, or `'all'`: then `width` is V and `logProbs[row, id]` is in
   *   order of token id.
   */
  step(tokens: Int32Array, parents: Int32Array, top: number | 'all'): Promise<Candidates>;
  /** Goes on with only these sentences (ascending indices into the present ones); rows are renumbered. */
  keep(sentences: number[]): Promise<void>;
}
