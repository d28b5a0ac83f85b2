// Reads messages in the wire format of Protocol Buffers, as far as SentencePiece's models need it.

/** The kinds of values on the wire. */
enum Wire {
  varint = 0,
  eightBytes = 1,
  bytes = 2,
  fourBytes = 5,
}

/**
 * Hands every field of a message to `visit`: whole numbers and 32-bit floats as numbers, texts and messages as bytes.
 * Fields of 64 bits, which these models do not have, are left out.
 *
 * @throws RangeError when the bytes are not a whole message
 */
export function readFields(message: Uint8Array, visit: (field: number, value: number | Uint8Array) => void): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;

  const take = (count: number): number => {
    const start = at;
    if (count > message.length - start) {
      throw new RangeError(`model: expected ${count} bytes at ${start}, found ${message.length - start}`);
    }
    at += count;
    return start;
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = message[take(1)]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError(`model: expected a number of at most 10 bytes at ${at - 10}, found a longer one`);
  };

  while (at < message.length) {
    const start = at;
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field === 0) throw new RangeError(`model: expected a field at ${start}, found tag ${tag}`);
    if (wire === Wire.varint) visit(field, varint());
    else if (wire === Wire.eightBytes) take(8);
    else if (wire === Wire.fourBytes) visit(field, view.getFloat32(take(4), true));
    else if (wire === Wire.bytes) {
      const length = varint();
      const from = take(length);
      visit(field, message.subarray(from, from + length));
    } else throw new RangeError(`model: expected wire type 0, 1, 2 or 5 at ${start}, found ${wire}`);
  }
}
