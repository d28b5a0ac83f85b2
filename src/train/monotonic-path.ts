// The best way along a source: monotonic alignment search on attention weights.

/** Weights are never taken to be less than this. */
const LEAST = 1e-8;

/**
 * How many target positions each source position lasts on the best monotonic path: from the first source position to the last, at each
 * target position one further or not (Kim et al., 2020, "Glow-TTS"), by the product of the weights. Where there are fewer target
 * positions than source positions the path may jump as far as it must, and what it jumps over lasts 0.
 * @param weights attention `[T, S]`, T and S at least 1
 * @returns `[S]`, T altogether
 */
export function monotonicDurations(weights: Float32Array, targets: number, sources: number): Int32Array {
  const longest = targets >= sources ? 1 : Math.ceil((sources - 1) / Math.max(1, targets - 1));
  let scores = new Float64Array(sources).fill(Number.NEGATIVE_INFINITY);
  scores[0] = Math.log(Math.max(LEAST, weights[0] as number));
  // How far the path came to [t, s].
  const steps = new Uint16Array(targets * sources);
  for (let t = 1; t < targets; t++) {
    const next = new Float64Array(sources).fill(Number.NEGATIVE_INFINITY);
    for (let s = 0; s < sources; s++) {
      let best = scores[s] as number;
      let step = 0;
      for (let jump = 1; jump <= Math.min(longest, s); jump++) {
        const other = scores[s - jump] as number;
        if (other <= best) continue;
        best = other;
        step = jump;
      }
      next[s] = best + Math.log(Math.max(LEAST, weights[t * sources + s] as number));
      steps[t * sources + s] = step;
    }
    scores = next;
  }
  const durations = new Int32Array(sources);
  // A single target position cannot get to the end.
  let s = targets === 1 ? 0 : sources - 1;
  for (let t = targets - 1; t >= 0; t--) {
    durations[s] = (durations[s] as number) + 1;
    s -= steps[t * sources + s] as number;
  }
  return durations;
}
