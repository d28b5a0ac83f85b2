// Graph building with simplification: splats and broadcasts stay lazy, transposes fold into products.
import { backend_util } from '@tensorflow/tfjs-core';
import { sizeOf } from '../types.js';
import type { Attribute, Graph, GraphType, Value } from './graph.js';

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

const broadcastShape = (a: readonly number[], b: readonly number[]): number[] =>
  backend_util.assertAndGetBroadcastShape([...a], [...b]);

/** The ONNX code of an element type (TensorProto.DataType). */
export const ONNX_TYPE: Readonly<Record<GraphType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** `value` with another shape it broadcasts to; lazy. */
export function broadcast(g: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  if (value.splat !== undefined) return g.splat(value.splat, shape, value.dtype);
  const small = value.broadcastOf ?? value;
  if (sizeOf(small.shape) === sizeOf(shape)) return reshape(g, small, shape);
  return g.lazyBroadcast(small, shape);
}

const FOLD: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => Math.fround(a + b),
  Sub: (a, b) => Math.fround(a - b),
  Mul: (a, b) => Math.fround(a * b),
  Div: (a, b) => Math.fround(a / b),
};

/** An elementwise operation on two tensors, with NumPy broadcasting. */
export function binary(g: Graph, type: string, a: Value, b: Value, dtype: GraphType = a.dtype): Value {
  const shape = broadcastShape(a.shape, b.shape);
  const fold = dtype === 'float32' ? FOLD[type] : undefined;
  if (fold) {
    if (a.splat !== undefined && b.splat !== undefined) return g.splat(fold(a.splat, b.splat), shape, dtype);
    if (b.splat === 1 && (type === 'Mul' || type === 'Div')) return broadcast(g, a, shape);
    if (b.splat === 0 && (type === 'Add' || type === 'Sub')) return broadcast(g, a, shape);
    if (a.splat === 1 && type === 'Mul') return broadcast(g, b, shape);
    if (a.splat === 0 && type === 'Add') return broadcast(g, b, shape);
  }
  const x = g.compact(a);
  const y = g.compact(b);
  return broadcast(g, g.op(type, [x, y], {}, broadcastShape(x.shape, y.shape), dtype), shape);
}

/** An elementwise operation on one tensor. */
export function unary(
  g: Graph,
  type: string,
  value: Value,
  attributes: Readonly<Record<string, Attribute>> = {},
  dtype: GraphType = value.dtype,
): Value {
  if (value.broadcastOf) return broadcast(g, unary(g, type, value.broadcastOf, attributes, dtype), value.shape);
  if (value.splat !== undefined && value.shape.length > 0) {
    return broadcast(g, unary(g, type, g.splat(value.splat, [], value.dtype), attributes, dtype), value.shape);
  }
  return g.op(type, [g.full(value)], attributes, value.shape, dtype);
}

/** Conversion to another element type. */
export function cast(g: Graph, value: Value, dtype: GraphType): Value {
  if (value.dtype === dtype) return value;
  if (value.splat !== undefined && dtype !== 'bool') {
    return g.splat(dtype === 'float32' ? value.splat : Math.trunc(value.splat), value.shape, dtype);
  }
  return unary(g, 'Cast', value, { to: ONNX_TYPE[dtype] }, dtype);
}

/** The same elements in another shape. */
export function reshape(g: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  if (value.splat !== undefined) return g.splat(value.splat, shape, value.dtype);
  if (value.constant) return g.constant(value.constant, shape, value.dtype);
  if (value.broadcastOf) {
    const lazy = reshapeBroadcast(g, value, value.broadcastOf, shape);
    if (lazy) return lazy;
  }
  const whole = g.full(value);
  const source = whole.producer?.type === 'Reshape' ? (whole.producer.inputs[0] as Value) : whole;
  if (source !== whole) return reshape(g, source, shape);
  return g.op('Reshape', [whole, g.int64(shape)], {}, shape, value.dtype);
}

/** Keeps a broadcast lazy when the last axis stays and the leading axes are either all broadcast or all present. */
function reshapeBroadcast(g: Graph, value: Value, small: Value, shape: readonly number[]): Value | undefined {
  const last = value.shape[value.shape.length - 1];
  if (last === undefined || shape.length === 0 || shape[shape.length - 1] !== last) return undefined;
  const padded = [...new Array<number>(value.shape.length - small.shape.length).fill(1), ...small.shape];
  const lead = padded.slice(0, -1);
  const width = padded[padded.length - 1] as number;
  if (sameShape(lead, value.shape.slice(0, -1))) {
    return g.lazyBroadcast(reshape(g, small, [...shape.slice(0, -1), width]), shape);
  }
  if (lead.every((dim) => dim === 1)) {
    return g.lazyBroadcast(reshape(g, small, [...shape.slice(0, -1).map(() => 1), width]), shape);
  }
  return undefined;
}

/** A permutation of the axes; one that moves only axes of size 1 is a reshape. */
export function transpose(g: Graph, value: Value, perm: readonly number[]): Value {
  if (perm.every((axis, i) => axis === i)) return value;
  const shape = perm.map((axis) => value.shape[axis] as number);
  if (value.splat !== undefined) return g.splat(value.splat, shape, value.dtype);
  if (value.producer?.type === 'Transpose') {
    const before = value.producer.attributes.perm as readonly number[];
    return transpose(
      g,
      value.producer.inputs[0] as Value,
      perm.map((axis) => before[axis] as number),
    );
  }
  const moved = perm.filter((axis) => value.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] as number))) return reshape(g, g.full(value), shape);
  return g.op('Transpose', [g.full(value)], { perm }, shape, value.dtype);
}

/** Sum, mean or maximum over axes. */
export function reduce(
  g: Graph,
  type: 'ReduceSum' | 'ReduceMean' | 'ReduceMax',
  value: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  if (axes.length === 0) return value;
  const shape = value.shape.flatMap((dim, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [dim]));
  const count = (list: readonly number[]): number => sizeOf(list.map((axis) => value.shape[axis] as number));
  if (value.splat !== undefined) {
    return g.splat(type === 'ReduceSum' ? value.splat * count(axes) : value.splat, shape, value.dtype);
  }
  if (value.broadcastOf && type === 'ReduceSum') {
    const small = value.broadcastOf;
    const padded = [...new Array<number>(value.shape.length - small.shape.length).fill(1), ...small.shape];
    const lazy = axes.filter((axis) => padded[axis] === 1 && value.shape[axis] !== 1);
    if (lazy.length > 0) {
      // The sum over a broadcast axis is the axis's size times the small tensor.
      const rest = axes.filter((axis) => !lazy.includes(axis));
      const narrow = broadcast(
        g,
        reshape(g, small, padded),
        value.shape.map((dim, i) => (lazy.includes(i) ? 1 : dim)),
      );
      const summed = rest.length > 0 ? reduce(g, type, narrow, rest, true) : narrow;
      return reshape(g, binary(g, 'Mul', summed, g.splat(count(lazy), [], value.dtype)), shape);
    }
  }
  const square = type === 'ReduceSum' ? squareRoot(value) : undefined;
  if (square) {
    return g.op('ReduceSumSquare', [square, g.int64(axes)], { keepdims: keepDims ? 1 : 0 }, shape, value.dtype);
  }
  return g.op(type, [g.full(value), g.int64(axes)], { keepdims: keepDims ? 1 : 0 }, shape, value.dtype);
}

/** `x` where `value` is `x · x`. */
function squareRoot(value: Value): Value | undefined {
  const node = value.producer;
  return node?.type === 'Mul' && node.inputs[0] === node.inputs[1] ? node.inputs[0] : undefined;
}

/** Looks through a transposition of the last two axes. */
function untranspose(value: Value, transposed: boolean): [Value, boolean] {
  const node = value.producer;
  if (node?.type !== 'Transpose') return [value, transposed];
  const perm = node.attributes.perm as readonly number[];
  const rank = perm.length;
  const swapsLast =
    perm.slice(0, -2).every((axis, i) => axis === i) && perm[rank - 1] === rank - 2 && perm[rank - 2] === rank - 1;
  return swapsLast ? untranspose(node.inputs[0] as Value, !transposed) : [value, transposed];
}

/** Matrix product over the last two axes; transpositions are done by the product itself. */
export function matMul(g: Graph, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const [x, tx] = untranspose(g.full(a), transposeA);
  const [y, ty] = untranspose(g.full(b), transposeB);
  const rows = x.shape[x.shape.length - (tx ? 1 : 2)] as number;
  const columns = y.shape[y.shape.length - (ty ? 2 : 1)] as number;
  const shape = [...broadcastShape(x.shape.slice(0, -2), y.shape.slice(0, -2)), rows, columns];
  if (!tx && !ty) return g.op('MatMul', [x, y], {}, shape, 'float32');
  return g.op('FusedMatMul', [x, y], { transA: tx ? 1 : 0, transB: ty ? 1 : 0 }, shape, 'float32');
}
