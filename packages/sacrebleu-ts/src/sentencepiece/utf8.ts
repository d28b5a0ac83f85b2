// UTF-8, without the classes of a browser or of Node.

/**
 * The text that bytes encode.
 * @throws RangeError when they are not UTF-8
 */
export function decodeUTF8(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    let code = length === 1 ? lead : lead & (0xff >> (length + 1));
    let valid = length > 0 && at + length <= bytes.length;
    for (let i = 1; valid && i < length; i++) {
      const next = bytes[at + i]!;
      valid = (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    // Longer forms than needed, surrogates and what is beyond Unicode are not UTF-8 either.
    if (length === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) valid = false;
    if (length === 4 && (code < 0x10000 || code > 0x10ffff)) valid = false;
    if (!valid) throw new RangeError(`text: expected UTF-8, found byte 0x${lead.toString(16)} at ${at}`);
    text += String.fromCodePoint(code);
    at += length;
  }
  return text;
}

/** The bytes of a code point. */
export function encodeCodePoint(code: number): number[] {
  if (code < 0x80) return [code];
  const rest = (shift: number) => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x800) return [0xc0 | (code >> 6), rest(0)];
  if (code < 0x10000) return [0xe0 | (code >> 12), rest(6), rest(0)];
  return [0xf0 | (code >> 18), rest(12), rest(6), rest(0)];
}

/** The bytes of a text without lone surrogates. */
export const encodeUTF8 = (text: string): number[] =>
  Array.from(text).flatMap((character) => encodeCodePoint(character.codePointAt(0)!));
