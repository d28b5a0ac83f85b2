// Small helpers for strings: copies that hold no other string alive, and the check for lone surrogates.
import { DataError } from '../errors.js';

/**
 * A copy of a well-formed string that shares no memory with the text it was cut from. V8 keeps the whole line alive for
 * each slice of 13 or more units, so a table of words would otherwise hold the corpus.
 */
export function detach(slice: string): string {
  return slice.length < 13 ? slice : Buffer.from(slice, 'utf8').toString('utf8');
}

/**
 * Checks that `text` is Unicode text, because no tokenizer can restore half a surrogate pair.
 * @throws DataError naming the first lone surrogate and its place.
 */
export function assertWellFormed(text: string): void {
  // In Node since 20, but not in the ES2023 library's types.
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return;
  const at = text.search(/\p{Surrogate}/u);
  const code = text.charCodeAt(at).toString(16).toUpperCase();
  throw new DataError(
    `The text ${JSON.stringify(text.slice(Math.max(0, at - 20), at + 20))} has half a character (lone surrogate U+${code} ` +
      `at position ${at}), so it is not Unicode text; save its file as UTF-8 or remove it.`,
  );
}
