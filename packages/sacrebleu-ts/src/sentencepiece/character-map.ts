// Replacements of characters: a trie in two arrays folded into one (Yata's Darts-clone), and the texts it leads to.
import { decodeUTF8, encodeCodePoint } from './utf8.js';

/** Fields of a trie's unit of 32 bits. */
const HAS_VALUE = 1 << 8;
const FAR = 1 << 9;
const VALUE_BITS = 0x7fff_ffff;
/** A unit's label is its low byte; the top bit marks units that hold a value and have no label. */
const LABEL_BITS = 0x8000_00ff;

/** How far from a unit its children lie; those far away are counted in 256s. */
const offsetOf = (unit: number) => (unit >>> 10) << (unit & FAR ? 8 : 0);

/** The compiled replacements of a normalizer: a trie over bytes of UTF-8 whose values are places in a list of texts. */
export class CharacterMap {
  private readonly units: Uint32Array;
  private readonly texts: Uint8Array;
  /** Texts by their places, decoded when first needed. */
  private readonly decoded = new Map<number, string>();
  /** UTF-16 units that the last replacement stands for. */
  length = 0;

  /** @throws RangeError when the bytes are not a map */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 4 ? 0 : view.getUint32(0, true);
    if (size === 0 || size % 4 !== 0 || size > bytes.length - 4) {
      throw new RangeError(`precompiled_charsmap: expected a trie within ${bytes.length} bytes, found one of ${size}`);
    }
    this.units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.texts = bytes.subarray(4 + size);
  }

  /** What replaces the longest known start of `text` from `from` on; {@link length} tells how much that is. */
  replacement(text: string, from: number): string | undefined {
    const { units } = this;
    let found = -1;
    let node = offsetOf(units[0]!);
    let at = from;
    while (at < text.length) {
      const code = text.codePointAt(at)!;
      at += code > 0xffff ? 2 : 1;
      let unit = 0;
      for (const byte of encodeCodePoint(code)) {
        node ^= byte;
        unit = units[node] ?? 0;
        // A unit with the label 0 would follow the byte 0, which no replacement contains: it ends texts.
        if (byte === 0 || (unit & LABEL_BITS) !== byte) return this.textAt(found);
        node ^= offsetOf(unit);
      }
      if (unit & HAS_VALUE) {
        found = units[node]! & VALUE_BITS;
        this.length = at - from;
      }
    }
    return this.textAt(found);
  }

  private textAt(place: number): string | undefined {
    if (place < 0) return undefined;
    let text = this.decoded.get(place);
    if (text === undefined) {
      const end = this.texts.indexOf(0, place);
      text = decodeUTF8(this.texts.subarray(place, end < 0 ? this.texts.length : end));
      this.decoded.set(place, text);
    }
    return text;
  }
}
