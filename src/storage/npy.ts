// NumPy's .npy format, for arrays that other programs are to read.

/** The alignment of the data in a file. */
const ALIGNMENT = 64;

/** A little-endian float32 array in row-major order as a `.npy` file, version 1.0. */
export function npyBytes(data: Float32Array, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  const bytes = Buffer.alloc(10 + length + 4 * data.length);
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(length, 8);
  bytes.write(`${text.padEnd(length - 1)}\n`, 10, 'latin1');
  data.forEach((value, i) => {
    bytes.writeFloatLE(value, 10 + length + 4 * i);
  });
  return bytes;
}
