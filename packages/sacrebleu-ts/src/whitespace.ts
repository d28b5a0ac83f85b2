// White space as Python's `str.split()` and `str.rstrip()` see it, which is not what JavaScript's `\s` matches.

/**
 * True for the code points Python calls white space. Unlike `\s` this includes U+001C..U+001F and U+0085, and excludes
 * U+FEFF.
 */
export function isWhitespace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** Python's `text.split()`: the maximal runs without white space. */
export function splitWhitespace(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    if (isWhitespace(text.charCodeAt(i))) {
      if (start >= 0) words.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) {
      start = i;
    }
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

/** Python's `text.rstrip()`. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Python's `text.strip()`. */
export function trim(text: string): string {
  const trimmed = trimEnd(text);
  let start = 0;
  while (start < trimmed.length && isWhitespace(trimmed.charCodeAt(start))) start++;
  return trimmed.slice(start);
}
