// What outputs may look like, where a task knows.

/** The outputs that are allowed for one source, as the tokens that may follow what has been written so far. */
export interface OutputGrammar {
  /** Tokens of the shortest output there is, end mark excluded. */
  readonly shortest: number;
  /**
   * The tokens that may follow, at least one; the end mark among them where an output may end there. Each must leave a way to an
   * end within the room there is.
   * @param prefix token ids, begin mark excluded; valid only during the call
   * @param room most tokens that may still come before the end mark; never less than `shortest` at first
   */
  following(prefix: Int32Array, room: number): Iterable<number>;
}
