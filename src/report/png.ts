// PNG images of matrices (https://www.w3.org/TR/png-3/): one colour, the more opaque the larger the value, or colours of a map.
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

/** The file of a picture with a palette; `rows` begin with their filters. */
function png(rows: Uint8Array, width: number, height: number, palette: Uint8Array, opacities?: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a pixel, which are an index into the palette; the other fields have but one value.
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    ...(opacities ? [chunk('tRNS', opacities)] : []),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
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
  const rows = Buffer.alloc(height * (width + 1));
  // Every row begins with its filter, 0 for none: the page reads the rows back to show values.
  for (let y = 0; y < height; y++) rows.set(levels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const palette = Uint8Array.from(Array.from({ length: 256 }, () => colour).flat());
  const opacities = Uint8Array.from({ length: 256 }, (_, level) => level);
  return png(rows, width, height, palette, opacities);
}

/**
 * A picture of a smooth matrix in the colours of a palette whose neighbours are alike.
 * @param levels indices into the palette, row by row
 * @param palette red, green and blue of each level, 0 to 255
 */
export function palettePng(levels: Uint8Array, width: number, height: number, palette: Uint8Array): Buffer {
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    const at = y * (width + 1);
    // Filter 3: each pixel less the mean of its neighbours to the left and above, modulo 256, which packs better where they are alike.
    rows[at] = 3;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? (levels[y * width + x - 1] as number) : 0;
      const above = y > 0 ? (levels[(y - 1) * width + x] as number) : 0;
      rows[at + 1 + x] = (levels[y * width + x] as number) - ((left + above) >> 1);
    }
  }
  return png(rows, width, height, palette);
}
