// How diagonal the attention of one output is.

/** Half the width of the band that counts as diagonal, as a share of the source. */
const BAND = 0.1;

/**
 * The share of attention within a tenth of the source of the diagonal, averaged over target positions: as training measures it.
 * @param weights `[T, S]`
 */
export function diagonality(weights: Float32Array, sources: number): number {
  const targets = weights.length / sources;
  let near = 0;
  for (let t = 0; t < targets; t++) {
    for (let s = 0; s < sources; s++) {
      const distance = Math.abs((t + 0.5) / targets - (s + 0.5) / sources);
      if (distance <= BAND) near += weights[t * sources + s] as number;
    }
  }
  return targets === 0 ? 0 : near / targets;
}
