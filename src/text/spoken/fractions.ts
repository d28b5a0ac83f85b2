// Fractions as they are written: 3/4 and ¾.
const FRACTION_SIGNS: Readonly<Record<string, readonly [string, string]>> = {
  ...{
    '½': ['1', '2'],
    '¼': ['1', '4'],
    '¾': ['3', '4'],
    '⅓': ['1', '3'],
    '⅔': ['2', '3'],
    '⅕': ['1', '5'],
    '⅖': ['2', '5'],
  },
  ...{
    '⅗': ['3', '5'],
    '⅘': ['4', '5'],
    '⅙': ['1', '6'],
    '⅚': ['5', '6'],
    '⅛': ['1', '8'],
    '⅜': ['3', '8'],
    '⅝': ['5', '8'],
    '⅞': ['7', '8'],
  },
};
/** The source of a pattern for a fraction, for {@link fractionOf}. */
export const FRACTION = '(?:(?<top>\\d{1,2})[/⁄](?<bottom>\\d{1,3})(?![\\d/]|[.,]\\d)|(?<sign>[½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]))';

/** The source of a pattern for the whole number before a fraction: `2 1/2`, `2½`. */
export const WHOLE = '(?:(?<whole>\\d{1,6})(?:[ -](?=\\d{1,2}[/⁄])| ?(?=[½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])))?';

/** Numerator and denominator of what {@link FRACTION} matched. */
export const fractionOf = ({ top = '', bottom = '', sign = '' }: Record<string, string>): readonly [string, string] =>
  FRACTION_SIGNS[sign] ?? [top, bottom];
