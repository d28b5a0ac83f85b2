// Texts as sequences of numbers, of which chrF counts the n-grams: characters and words.
import { isWhitespace, splitWhitespace } from './whitespace.js';

/** Symbols of one text. Its memory is reused for the next one and is as large as the largest one needs. */
export class SymbolSequence {
  /** One number a symbol; only the first {@link SymbolSequence.length} are in use. */
  symbols = new Int32Array(0);
  length = 0;
  // Work space of whoever counts n-grams: positions where one starts that may still be part of a longer one to count, and
  // what is known of that n-gram.
  positions = new Int32Array(0);
  nodes = new Int32Array(0);

  /** The text's code points; without white space unless `keepWhitespace`. A lone surrogate is a character. */
  readCharacters(text: string, keepWhitespace: boolean): void {
    this.reserve(text.length);
    const { symbols } = this;
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
      if (keepWhitespace || !isWhitespace(code)) symbols[length++] = code;
    }
    this.length = length;
  }

  /** Numbers for words: equal ones for equal words. Words that `ids` does not know yet are added when `add`, else -1. */
  readWords(words: readonly string[], ids: Map<string, number>, add: boolean): void {
    this.reserve(words.length);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      let id = ids.get(word);
      if (id === undefined) {
        id = add ? ids.size : -1;
        if (add) ids.set(word, id);
      }
      this.symbols[i] = id;
    }
    this.length = words.length;
  }

  private reserve(length: number): void {
    if (length <= this.symbols.length) return;
    this.symbols = new Int32Array(2 * length);
    this.positions = new Int32Array(2 * length);
    this.nodes = new Int32Array(2 * length);
  }
}

/** ASCII punctuation and symbols. */
function isPunctuation(code: number): boolean {
  return (
    (code >= 0x21 && code <= 0x2f) ||
    (code >= 0x3a && code <= 0x40) ||
    (code >= 0x5b && code <= 0x60) ||
    (code >= 0x7b && code <= 0x7e)
  );
}

/**
 * The words of which chrF++ counts n-grams: what white space separates, less one mark of punctuation at the end, or else at
 * the start, which is a word of its own. So `(hi)` becomes `(hi` and `)`, as in chrF++.py and sacreBLEU.
 */
export function separatePunctuation(text: string): string[] {
  const words: string[] = [];
  for (const word of splitWhitespace(text)) {
    if (word.length > 1 && isPunctuation(word.charCodeAt(word.length - 1))) {
      words.push(word.slice(0, -1), word.slice(-1));
    } else if (word.length > 1 && isPunctuation(word.charCodeAt(0))) {
      words.push(word.slice(0, 1), word.slice(1));
    } else {
      words.push(word);
    }
  }
  return words;
}
