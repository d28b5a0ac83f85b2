// GPT-2's byte alphabet: one printable character for each of the 256 byte values.

/**
 * The character standing for each byte in byte-level BPE (Radford et al., 2019): printable Latin-1 bytes stand for
 * themselves, the others take the code points from U+0100 on in order.
 */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const CHARACTER_BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** The UTF-8 bytes of `text`, each written as its character. */
export function toByteCharacters(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) out += BYTE_CHARACTERS[byte];
  return out;
}

/** The bytes a token of byte characters stands for; a token with any other character stands for its own UTF-8 bytes. */
export function fromByteCharacters(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = CHARACTER_BYTES.get(token[i] as string);
    if (byte === undefined) return Buffer.from(token, 'utf8');
    bytes[i] = byte;
  }
  return bytes;
}
