// The tokenizer `13a`, sacreBLEU's default: what WMT's scorer mteval-v13a.pl does.
import { tokenizeWestern } from './western.js';

/** Undoes the line breaks and SGML escapes of mteval's format, then applies the Western rules. */
export function tokenize13a(line: string): string[] {
  let text = line.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  if (text.includes('&')) {
    // One after another, as mteval does: `&amp;lt;` becomes `<`.
    text = text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  }
  return tokenizeWestern(` ${text} `);
}
