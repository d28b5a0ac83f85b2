// Logarithms of many single-precision numbers, several times as fast as Math.log and as exact as such numbers are.

/** √½ as the bits of a 32-bit number: mantissas are brought to [√½, √2). */
const ROOT = 0x3f3504f3;
/** The smallest number that is stored with all its bits. */
const LEAST = 2 ** -126;

/**
 * Prepares natural logarithms in place of the numbers in `values`, which are put there later.
 *
 * The exponent is read from the bits; the logarithm of the mantissa m is 2·artanh((m − 1) / (m + 1)), whose series is cut off
 * below 1e-9.
 *
 * @returns a function that takes the logarithms of numbers `from` … `to` − 1, each at least `floor`; NaN and infinity stay
 */
export function logarithmsOf(values: Float32Array): (from: number, to: number, floor: number) => void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  return (from, to, floor) => {
    const least = Math.max(floor, LEAST);
    for (let i = from; i < to; i++) values[i] = Math.max(values[i] as number, least);
    for (let i = from; i < to; i++) {
      if (!((values[i] as number) < Number.POSITIVE_INFINITY)) continue;
      const shifted = ((bits[i] as number) - ROOT) | 0;
      bits[i] = (shifted & 0x7fffff) + ROOT;
      const mantissa = values[i] as number;
      const q = (mantissa - 1) / (mantissa + 1);
      const r = q * q;
      const series = 1 + r * (1 / 3 + r * (1 / 5 + r * (1 / 7 + r / 9)));
      values[i] = (shifted >> 23) * Math.LN2 + 2 * q * series;
    }
  };
}
