// Sums of probabilities that are given as logarithms.

/** Below this difference of logarithms the smaller number is lost in the rounding of the sum (2⁻⁵³ is e^−36.7). */
const LOST = -40;

/** log(eᵃ + eᵇ) */
export function logAdd(a: number, b: number): number {
  const high = a > b ? a : b;
  const low = a > b ? b : a;
  // The first of two −∞ would be NaN below.
  if (low === Number.NEGATIVE_INFINITY) return high;
  const difference = low - high;
  return difference < LOST ? high : high + Math.log1p(Math.exp(difference));
}
