// Roman numerals up to 89, as they stand after names and chapters.

const NUMERAL = /^(?=[IVXL])(L?X{0,3}|XL)(V?I{0,3}|IV|IX)$/;
const VALUES: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50 };

/** The pattern of a word that may be a roman numeral. */
export const ROMAN = '[IVXL]+(?![\\p{L}\\p{N}])';

/** The number a roman numeral stands for in digits, or undefined where it is none in its usual form. */
export function romanDigits(numeral: string): string | undefined {
  if (!NUMERAL.test(numeral)) return undefined;
  const values = Array.from(numeral, (letter) => VALUES[letter]!);
  return String(values.reduce((sum, value, i) => sum + (value < (values[i + 1] ?? 0) ? -value : value), 0));
}
