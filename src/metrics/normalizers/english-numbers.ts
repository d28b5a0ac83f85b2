// Numbers in words brought to digits, word by word: `two hundred and five dollars` is `$205`.
import { SPACE, splitAtSpaces, WORD_BEGINS, WORD_ENDS } from './characters.js';
import {
  DECIMALS,
  MULTIPLIERS,
  NUMBER_WORDS,
  ONES,
  PREFIXES_AFTER,
  PREFIXES_BEFORE,
  SUFFIXED,
  SYMBOLS,
  TENS,
  ZEROS,
} from './english-number-words.js';

/**
 * A number being read: a bigint as long as it is a sum of what was said, a text once digits stand side by side (`nineteen ninety`)
 * or there is a fraction.
 */
type Value = bigint | string;

const NUMERIC = /^\p{Nd}+(?:\.\p{Nd}+)?$/u;
const isNumeric = (word: string | undefined): boolean => word !== undefined && NUMERIC.test(word);

/** The number that a decimal digit of any script stands for: they come in runs of ten, 0 first. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0)!;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}

/** A number as integer times a power of ten, or undefined where the text is none. */
function parse(text: string): { digits: bigint; decimals: number } | undefined {
  const match = /^(\p{Nd}*)(?:\.(\p{Nd}*))?$/u.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = (whole + fraction).replace(/\P{ASCII}/gu, (digit) => String(digitValue(digit)));
  return { digits: BigInt(digits), decimals: Array.from(fraction).length };
}

/** `text` times `factor` where that is an integer. */
function product(text: string, factor: bigint): bigint | undefined {
  const number = parse(text);
  if (number === undefined) return undefined;
  const scale = 10n ** BigInt(number.decimals);
  const scaled = number.digits * factor;
  return scaled % scale === 0n ? scaled / scale : undefined;
}

/** Multiplies what is below a thousand: `two thousand three hundred` is 2000 + 3 · 100. */
const multiplied = (value: bigint, factor: bigint): bigint => (value / 1000n) * 1000n + (value % 1000n) * factor;

/** Digits so far, as a text to go on with; nothing and 0 are both empty. */
const digitsSoFar = (value: Value | undefined): string => (value ? String(value) : '');

/** Reads words one after another and writes what they amount to. */
class NumberReader {
  private readonly written: string[] = [];
  private value: Value | undefined;
  private prefix = '';

  constructor(private readonly words: readonly string[]) {}

  read(): string[] {
    const { words } = this;
    for (let i = 0; i < words.length; i++) {
      if (this.take(words[i]!, words[i - 1], words[i + 1])) i++;
    }
    this.flush();
    return this.written;
  }

  /** Writes a word, or a number with the symbol that stands before it. */
  private write(text: Value): void {
    this.written.push(this.prefix + String(text));
    this.prefix = '';
    this.value = undefined;
  }

  /** Writes the number read so far, if any. */
  private flush(): void {
    if (this.value !== undefined) this.write(this.value);
  }

  /** @returns whether the next word is used up as well */
  private take(word: string, previous: string | undefined, next: string | undefined): boolean {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    const symbol = SYMBOLS.has(first) ? first : '';
    const bare = word.slice(symbol.length);
    const ones = ONES.get(word);
    const tens = TENS.get(word);
    const multiplier = MULTIPLIERS.get(word);
    if (NUMERIC.test(bare)) this.takeDigits(word, bare, symbol);
    else if (!NUMBER_WORDS.has(word)) this.writeWord(word);
    else if (ZEROS.has(word)) this.value = `${digitsSoFar(this.value)}0`;
    else if (ones !== undefined) this.value = this.withOnes(ones, previous);
    else if (tens !== undefined) this.value = this.withTens(tens);
    else if (multiplier !== undefined) this.multiply(multiplier);
    else if (SUFFIXED.has(word)) this.takeSuffixed(word, previous);
    else if (PREFIXES_BEFORE.has(word)) {
      this.flush();
      if (NUMBER_WORDS.has(next ?? '') || isNumeric(next)) this.prefix = PREFIXES_BEFORE.get(word)!;
      else this.write(word);
    } else if (PREFIXES_AFTER.has(word)) {
      if (this.value === undefined) this.write(word);
      else {
        this.prefix = PREFIXES_AFTER.get(word)!;
        this.flush();
      }
    } else return this.takeSpecial(word, previous, next);
    return false;
  }

  private writeWord(word: string): void {
    this.flush();
    this.write(word);
  }

  /** A number in digits. */
  private takeDigits(word: string, bare: string, symbol: string): void {
    if (typeof this.value === 'string' && this.value.endsWith('.')) {
      // Decimals after `point`, or the next part of an address.
      this.value += word;
      return;
    }
    this.flush();
    if (symbol !== '') this.prefix = symbol;
    this.value = product(bare, 1n) ?? bare;
  }

  /** The value with a number from 1 to 19 after it: added where there is room, else set beside it. */
  private withOnes(ones: bigint, previous: string | undefined): Value {
    const { value } = this;
    if (value === undefined) return ones;
    if (typeof value === 'string' || ONES.has(previous ?? '')) {
      const replacesZero = TENS.has(previous ?? '') && ones < 10n;
      return `${replacesZero ? String(value).slice(0, -1) : value}${ones}`;
    }
    return value % (ones < 10n ? 10n : 100n) === 0n ? value + ones : `${value}${ones}`;
  }

  private withTens(tens: bigint): Value {
    const { value } = this;
    if (value === undefined) return tens;
    return typeof value === 'bigint' && value % 100n === 0n ? value + tens : `${value}${tens}`;
  }

  private multiply(factor: bigint): void {
    const { value } = this;
    if (value === undefined) this.value = factor;
    else if (typeof value === 'bigint') this.value = multiplied(value, factor);
    else {
      const exact = product(value, factor);
      if (exact === undefined) this.write(value);
      this.value = exact ?? factor;
    }
  }

  /** Ordinals and plurals, which end a number. */
  private takeSuffixed(word: string, previous: string | undefined): void {
    const { number, suffix, kind } = SUFFIXED.get(word)!;
    if (kind === 'ones') this.write(`${this.withOnes(number, previous)}${suffix}`);
    else if (kind === 'tens') this.write(`${this.withTens(number)}${suffix}`);
    else {
      const { value } = this;
      let amount: Value = number;
      if (typeof value === 'bigint') amount = multiplied(value, number);
      else if (value !== undefined) {
        const exact = product(value, number);
        if (exact === undefined) this.write(value);
        amount = exact ?? number;
      }
      this.write(`${amount}${suffix}`);
    }
  }

  /** `per cent`, and the words that mean something between numbers only. @returns whether the next word is used up as well */
  private takeSpecial(word: string, previous: string | undefined, next: string | undefined): boolean {
    if (word === 'percent' || word === 'per') {
      const isPercentage = this.value !== undefined && (word === 'percent' || next === 'cent');
      if (isPercentage) this.write(`${this.value}%`);
      else this.writeWord(word);
      return isPercentage && word === 'per';
    }
    if (!NUMBER_WORDS.has(next ?? '') && !isNumeric(next)) this.writeWord(word);
    else if (word === 'and') {
      // After hundreds and thousands it does not end a number.
      if (!MULTIPLIERS.has(previous ?? '')) this.writeWord(word);
    } else if (word === 'point') {
      if (DECIMALS.has(next!) || isNumeric(next)) this.value = `${digitsSoFar(this.value)}.`;
    } else {
      // Double and triple.
      const digit = ZEROS.has(next!) ? 0n : ONES.get(next!);
      if (digit === undefined) this.writeWord(word);
      else {
        this.value = digitsSoFar(this.value) + String(digit).repeat(word === 'double' ? 2 : 3);
        return true;
      }
    }
    return false;
  }
}

const AND_A_HALF = new RegExp(`${WORD_BEGINS}and${SPACE}+a${SPACE}+half${WORD_ENDS}`, 'u');
const SEPARATE_ENDING = new RegExp(`([0-9])${SPACE}+(st|nd|rd|th|s)${WORD_ENDS}`, 'gu');

/** `and a half` after a number is `point five`; digits and letters are set apart, except for endings as in `10th`. */
function prepare(text: string): string {
  const parts: string[] = [];
  const segments = text.split(AND_A_HALF);
  for (const [i, segment] of segments.entries()) {
    const last = splitAtSpaces(segment).at(-1);
    if (last === undefined) continue;
    parts.push(segment);
    if (i < segments.length - 1) {
      parts.push(DECIMALS.has(last) || MULTIPLIERS.has(last) ? 'point five' : 'and a half');
    }
  }
  return parts
    .join(' ')
    .replace(/([a-z])([0-9])/g, '$1 $2')
    .replace(/([0-9])([a-z])/g, '$1 $2')
    .replace(SEPARATE_ENDING, '$1$2');
}

const WITH_CENTS = new RegExp(`([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})${WORD_ENDS}`, 'gu');
const CENTS_ONLY = new RegExp(`[€£$]0[^\\n]([0-9]{1,2})${WORD_ENDS}`, 'gu');
const LONE_ONE = new RegExp(`${WORD_BEGINS}1(s?)${WORD_ENDS}`, 'gu');

/** `$2 and ¢7` is `$2.07`, `$0.36` is `¢36`, and a lone 1 is written out. */
function finish(text: string): string {
  return text
    .replace(
      WITH_CENTS,
      (_, currency: string, whole: string, cents: string) => `${currency}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(CENTS_ONLY, (_, cents: string) => `¢${Number(cents)}`)
    .replace(LONE_ONE, 'one$1');
}

/**
 * Writes numbers with digits as `EnglishNumberNormalizer` of openai/whisper does. The text is in lower case and without marks.
 * Single digits in a row are set side by side (`nine one one` is `911`), and so are years in two halves.
 */
export function normalizeNumbers(text: string): string {
  return finish(new NumberReader(splitAtSpaces(prepare(text))).read().join(' '));
}
