// What the number words of the languages share: strings of digits cut into groups of three.

/** The longest number that is read as one; longer ones are read digit by digit. */
export const MOST_DIGITS = 18;

/** Groups of three digits, the highest first: `1205` is `[1, 205]`. */
export function tripletsOf(digits: string): number[] {
  const groups: number[] = [];
  for (let end = digits.length; end > 0; end -= 3) groups.unshift(Number(digits.slice(Math.max(0, end - 3), end)));
  return groups;
}
