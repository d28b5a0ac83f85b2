// Numbers with a fixed count of decimals, rounded as Python prints them.

/** More decimals than a double needs, past the last printed one, to tell an exact half from a value near it. */
const GUARD = 20;

/**
 * Python's `f'{value:.{digits}f}'`. `Number.prototype.toFixed` rounds an exact half away from zero where Python rounds it
 * to even: 56.25 with one decimal is `56.2` here and in sacreBLEU, but `56.3` from `toFixed`.
 *
 * @param digits decimals, 0 to 80.
 */
export function toFixedEven(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const exact = value.toFixed(digits + GUARD);
  if (exact.slice(-GUARD) !== `5${'0'.repeat(GUARD - 1)}`) return rounded;
  const truncated = exact.slice(0, digits === 0 ? -GUARD - 1 : -GUARD);
  return Number(truncated.at(-1)) % 2 === 0 ? truncated : rounded;
}
