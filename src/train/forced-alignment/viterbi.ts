// The best way through the states of a text.

/** Log-probability that a silent token takes no time. */
const PASSED = -2;

/** Log-probability that a token ends before its last state: so low that it does so only where there is no time. */
const CUT_SHORT = -60;

/** A text as the model goes through it. */
export interface Chain {
  /** States of each token. */
  readonly states: number;
  /** Which tokens may take no time. */
  readonly isSilent: readonly boolean[];
  /** Where the scores of each token's states begin. */
  readonly columns: Int32Array;
}

/**
 * The best path (Viterbi, 1967): each token's states are gone through in order, every state lasts at least a frame, and tokens follow each
 * other. A token may end before its last state and a silent one may be passed over, at a price.
 * @param scores log-densities of the frames in the states, `[T, C]`
 * @returns of each frame `token · states + state`; undefined where there are fewer frames than tokens that take time
 */
export function bestPath(scores: Float32Array, frames: number, chain: Chain): Int32Array | undefined {
  const { states, isSilent, columns } = chain;
  const scored = scores.length / frames;
  const tokens = isSilent.length;
  const width = tokens * states;
  let before = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  let now = new Float64Array(width);
  // Where the path to [t, state] came from.
  const from = new Int32Array(frames * width);
  // The best way to leave the tokens up to each one: its log-probability and last state.
  const exits = new Float64Array(tokens + 1);
  const exitStates = new Int32Array(tokens + 1);
  const leave = (): void => {
    for (let token = 0; token < tokens; token++) {
      const last = (token + 1) * states - 1;
      let [best, state] = [before[last] as number, last];
      for (let early = token * states; early < last; early++) {
        const value = (before[early] as number) + CUT_SHORT;
        if (value > best) [best, state] = [value, early];
      }
      const passed = (exits[token] as number) + PASSED;
      if (isSilent[token] && passed > best) [best, state] = [passed, exitStates[token] as number];
      exits[token + 1] = best;
      exitStates[token + 1] = state;
    }
  };
  for (let t = 0; t < frames; t++) {
    // Nothing but the beginning is to be left at first.
    exits[0] = t === 0 ? 0 : Number.NEGATIVE_INFINITY;
    exitStates[0] = -1;
    leave();
    for (let token = 0, state = 0; token < tokens; token++) {
      const column = t * scored + (columns[token] as number);
      for (let own = 0; own < states; own++, state++) {
        let [best, origin] = [before[state] as number, state];
        const arriving = (own === 0 ? exits[token] : before[state - 1]) as number;
        if (arriving > best) {
          best = arriving;
          origin = own === 0 ? (exitStates[token] as number) : state - 1;
        }
        now[state] = best + (scores[column + own] as number);
        from[t * width + state] = origin;
      }
    }
    [before, now] = [now, before];
  }
  exits[0] = Number.NEGATIVE_INFINITY;
  leave();
  if (exits[tokens] === Number.NEGATIVE_INFINITY) return undefined;
  const path = new Int32Array(frames);
  let state = exitStates[tokens] as number;
  for (let t = frames - 1; t >= 0; t--) {
    path[t] = state;
    state = from[t * width + state] as number;
  }
  return path;
}
