// Arrays in NumPy's format: the bytes that `numpy.save` writes, and what is read back of any of them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { npyBytes } from '../../../src/storage/npy.js';

/** As NumPy's format 1.0 is specified: magic, version, length of the header, a Python literal, the numbers. */
function parse(bytes: Uint8Array): { header: string; start: number; data: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(10, start));
  const data = Array.from({ length: (bytes.length - start) / 4 }, (_, i) => view.getFloat32(start + 4 * i, true));
  return { header, start, data };
}

it('is what numpy.save writes, byte for byte', () => {
  // numpy.save of array([[1.5, -2.0, 0.0]], dtype=float32), NumPy 2.
  const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
  const expected = Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
    Buffer.from(`${text}${' '.repeat(117 - text.length)}\n`),
    Buffer.from('0000c03f000000c000000000', 'hex'),
  ]);
  expect(Buffer.from(npyBytes(Float32Array.of(1.5, -2, 0), [1, 3])).equals(expected)).toBe(true);
});

it('has a comma after the only size of a vector, and room for none', () => {
  expect(parse(npyBytes(Float32Array.of(1, 2), [2])).header).toContain("'shape': (2,)");
  const empty = parse(npyBytes(new Float32Array(0), [0, 80]));
  expect([empty.header.includes('(0, 80)'), empty.data]).toEqual([true, []]);
});

it('can be read again, with numbers at a multiple of 64 bytes', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.float()), (shape, values) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const data = Float32Array.from({ length: count }, () => values.next().value as number);
      const read = parse(npyBytes(data, shape));
      expect(read.start % 64).toBe(0);
      expect(read.header.endsWith('\n')).toBe(true);
      expect(read.data).toEqual([...data]);
      expect(read.header).toContain(`(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`);
    }),
  );
});
