// Token sequences as the states of a CTC model: what the host hands to the CTC loss.

/** States of a batch, `[B, U]` each, row after row; U = 2 · longest + 1. */
export interface CtcStates {
  /** Token of each state: blanks around and between a row's tokens, blanks as padding. */
  readonly labels: Int32Array;
  /** 1 where a path may come from two states before: at a token unlike the one before it. */
  readonly skip: Float32Array;
  /** 1 at the states that a path may end in: a row's last token and the blank behind it. */
  readonly final: Float32Array;
  readonly length: number;
}

/** Lays token sequences out as states (Graves et al., 2006). @param blank id of the blank, which no sequence contains */
export function ctcTargets(targets: readonly Int32Array[], blank: number): CtcStates {
  const longest = targets.reduce((length, tokens) => Math.max(length, tokens.length), 0);
  const length = 2 * longest + 1;
  const labels = new Int32Array(targets.length * length).fill(blank);
  const skip = new Float32Array(targets.length * length);
  const final = new Float32Array(targets.length * length);
  targets.forEach((tokens, row) => {
    const start = row * length;
    tokens.forEach((token, i) => {
      const state = start + 2 * i + 1;
      labels[state] = token;
      if (i > 0 && tokens[i - 1] !== token) skip[state] = 1;
    });
    final[start + 2 * tokens.length] = 1;
    if (tokens.length > 0) final[start + 2 * tokens.length - 1] = 1;
  });
  return { labels, skip, final, length };
}

/** Fewest frames that a path through the tokens takes: equal neighbours need a blank between them. */
export function ctcMinimumFrames(tokens: Int32Array): number {
  let frames = tokens.length;
  for (let i = 1; i < tokens.length; i++) if (tokens[i] === tokens[i - 1]) frames += 1;
  return frames;
}
