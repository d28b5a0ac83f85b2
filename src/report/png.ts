// PNG images of matrices (https://www.w3.org/TR/png-3/): one colour, the more opaque the larger the value, so that they suit any ground.
import { crc32, deflateSync } from 'node:zlib';

/** A chunk: its length, type, content and checksum. */
function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/**
 * A picture of a matrix with a palette of 256 opacities of one colour.
 * @param levels 0 (clear) to 255 (opaque), row by row
 * @param colour red, green and blue, 0 to 255 each
 */
export function opacityPng(
  levels: Uint8Array,
  width: number,
  height: number,
  colour: readonly [number, number, number],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a pixel, which are an index into the palette; the other fields have but one value.
  header.set([8, 3, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width + 1));
  // Every row begins with its filter, 0 for none: the page reads the rows back to show values.
  for (let y = 0; y < height; y++) rows.set(levels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(Array.from({ length: 256 }, () => colour).flat())),
    chunk('tRNS', Buffer.from(Array.from({ length: 256 }, (_, level) => level))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}
