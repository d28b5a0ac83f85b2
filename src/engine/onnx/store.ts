// Host-side operations on stored variables: writing a slice, keeping some rows, lengthening an axis.
import { type HostTensor, sizeOf } from '../types.js';

type Data = HostTensor['data'];

const zeros = (like: Data, length: number): Data =>
  like instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);

/** A tensor seen as `[outer, axis, inner]`. */
function split(shape: readonly number[], axis: number): { outer: number; size: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), size: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) };
}

/** Copies `value` into `target` along `axis`, from position `offset` on. */
export function appendTo(target: HostTensor, value: HostTensor, axis: number, offset: number): void {
  const to = split(target.shape, axis);
  const from = split(value.shape, axis);
  if (to.outer !== from.outer || to.inner !== from.inner || offset + from.size > to.size) {
    throw new Error(`cannot write [${value.shape}] at ${offset} along axis ${axis} of [${target.shape}]`);
  }
  const block = from.size * from.inner;
  for (let o = 0; o < to.outer; o++) {
    const part = value.data.subarray(o * block, (o + 1) * block);
    target.data.set(part, (o * to.size + offset) * to.inner);
  }
}

/** The rows `indices` of the first axis, in that order. */
export function gatherRows(tensor: HostTensor, indices: readonly number[]): HostTensor {
  const row = sizeOf(tensor.shape.slice(1));
  const data = zeros(tensor.data, indices.length * row);
  indices.forEach((from, to) => {
    data.set(tensor.data.subarray(from * row, (from + 1) * row), to * row);
  });
  return { shape: [indices.length, ...tensor.shape.slice(1)], data };
}

/** The tensor with `axis` lengthened to `length` by zeros. */
export function growAxis(tensor: HostTensor, axis: number, length: number): HostTensor {
  const shape = tensor.shape.map((dim, i) => (i === axis ? length : dim));
  const grown: HostTensor = { shape, data: zeros(tensor.data, sizeOf(shape)) };
  appendTo(grown, tensor, axis, 0);
  return grown;
}
