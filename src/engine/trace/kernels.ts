// How each tfjs kernel is recorded: tfjs kernel name → graph nodes.
import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.js';
import { sizeOf } from '../types.js';
import { recordCtcScan } from './ctc.js';
import type { Attribute, Graph, GraphType, Value } from './graph.js';
import { binary, broadcast, cast, matMul, reduce, reshape, transpose, unary } from './simplify.js';

/** Inputs of a kernel, by name, or by position for list inputs. */
type Inputs = Readonly<Record<string, Value>>;
// biome-ignore lint/suspicious/noExplicitAny: each tfjs kernel has its own attribute record, which tfjs itself types as any.
type Attributes = any;
/** Records one kernel call. */
export type Recorder = (g: Graph, inputs: Inputs, attributes: Attributes) => Value | readonly Value[];

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const axesOf = (axis: number | number[], value: Value): number[] => util.parseAxisParam(axis, [...value.shape]);
const get = (inputs: Inputs, name: string): Value => {
  const value = inputs[name];
  if (!value) throw new EngineError(`internal: a traced kernel lacks its input "${name}"`);
  return value;
};

/** A slice bound beyond every axis. */
const TO_THE_END = 2 ** 40;

/** The shape with `size` at `axis`. */
const withDim = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((dim, i) => (i === axis ? size : dim));

const binaryKernel =
  (type: string, dtype?: GraphType): Recorder =>
  (g, inputs) =>
    binary(g, type, get(inputs, 'a'), get(inputs, 'b'), dtype);

const unaryKernel =
  (type: string): Recorder =>
  (g, inputs) =>
    unary(g, type, get(inputs, 'x'));

const BINARY: Readonly<Record<string, Recorder>> = {
  Add: binaryKernel('Add'),
  Sub: binaryKernel('Sub'),
  Multiply: binaryKernel('Mul'),
  RealDiv: binaryKernel('Div'),
  Pow: binaryKernel('Pow'),
  Maximum: binaryKernel('Max'),
  Minimum: binaryKernel('Min'),
  Equal: binaryKernel('Equal', 'bool'),
  Greater: binaryKernel('Greater', 'bool'),
  GreaterEqual: binaryKernel('GreaterOrEqual', 'bool'),
  Less: binaryKernel('Less', 'bool'),
  LessEqual: binaryKernel('LessOrEqual', 'bool'),
  LogicalAnd: binaryKernel('And', 'bool'),
  NotEqual: (g, x) => unary(g, 'Not', binary(g, 'Equal', get(x, 'a'), get(x, 'b'), 'bool')),
  SquaredDifference: (g, x) => {
    const difference = binary(g, 'Sub', get(x, 'a'), get(x, 'b'));
    return binary(g, 'Mul', difference, difference);
  },
};

const UNARY: Readonly<Record<string, Recorder>> = {
  ...Object.fromEntries(
    ['Exp', 'Log', 'Sqrt', 'Neg', 'Relu', 'Abs', 'Tanh', 'Sigmoid', 'Erf', 'Sin', 'Cos', 'Reciprocal', 'Floor'].map(
      (name) => [name, unaryKernel(name)],
    ),
  ),
  LogicalNot: unaryKernel('Not'),
  Square: (g, x) => binary(g, 'Mul', get(x, 'x'), get(x, 'x')),
  Rsqrt: (g, x) => unary(g, 'Reciprocal', unary(g, 'Sqrt', get(x, 'x'))),
  // 1 above 0, elsewhere alpha: 0 in the gradient of Relu, -1 in that of Abs.
  Step: (g, x, { alpha = 0 }) => {
    const isAbove = cast(g, binary(g, 'Greater', get(x, 'x'), g.splat(0, [], 'float32'), 'bool'), 'float32');
    const scaled = binary(g, 'Mul', isAbove, g.splat(1 - alpha, [], 'float32'));
    return binary(g, 'Add', scaled, g.splat(alpha, [], 'float32'));
  },
  IsNan: (g, x) => unary(g, 'IsNaN', get(x, 'x'), {}, 'bool'),
  Identity: (_g, x) => get(x, 'x'),
  ZerosLike: (g, x) => g.splat(0, get(x, 'x').shape, get(x, 'x').dtype),
  OnesLike: (g, x) => g.splat(1, get(x, 'x').shape, get(x, 'x').dtype),
  Cast: (g, x, { dtype }) => cast(g, get(x, 'x'), dtype),
};

const SHAPE: Readonly<Record<string, Recorder>> = {
  Reshape: (g, x, { shape }) => reshape(g, get(x, 'x'), util.inferFromImplicitShape(shape, sizeOf(get(x, 'x').shape))),
  ExpandDims: (g, x, { dim }) => {
    const input = get(x, 'input');
    const shape = [...input.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return reshape(g, input, shape);
  },
  Transpose: (g, x, { perm }) => transpose(g, get(x, 'x'), perm),
  BroadcastTo: (g, x, { shape }) => broadcast(g, get(x, 'x'), shape),
  Fill: (g, _x, { shape, value, dtype }) => g.splat(value, shape, dtype ?? 'float32'),
  Concat: (g, x, { axis }) => {
    const parts = Object.values(x).filter((part) => sizeOf(part.shape) > 0);
    const first = parts[0] as Value;
    const along = axisOf(axis, first.shape.length);
    const total = parts.reduce((sum, part) => sum + (part.shape[along] as number), 0);
    return g.op(
      'Concat',
      parts.map((part) => g.full(part)),
      { axis: along },
      withDim(first.shape, along, total),
      first.dtype,
    );
  },
  Pack: (g, x, { axis }) => {
    const parts = Object.values(x);
    const first = parts[0] as Value;
    const along = axisOf(axis, first.shape.length + 1);
    const single = [...first.shape.slice(0, along), 1, ...first.shape.slice(along)];
    const whole = withDim(single, along, parts.length);
    return g.op(
      'Concat',
      parts.map((part) => reshape(g, g.full(part), single)),
      { axis: along },
      whole,
      first.dtype,
    );
  },
  Slice: (g, x, { begin, size }) => {
    const input = get(x, 'x');
    const dims = [...input.shape];
    // parseSliceParams reads only the shape of its tensor argument.
    const bounds = slice_util.parseSliceParams({ shape: dims, rank: dims.length } as never, begin, size);
    const [starts, sizes] = bounds as [number[], number[]];
    // Untouched axes are left out, so that a symbolic size never appears as a slice bound.
    const axes = dims.flatMap((dim, i) => (starts[i] === 0 && sizes[i] === dim ? [] : [i]));
    if (axes.length === 0) return input;
    const from = axes.map((axis) => starts[axis] as number);
    // "To the end" is written as such, because the end may be a symbolic size plus something; so is an end near the end,
    // counted from there.
    const to = axes.map((axis) => {
      const [dim, size] = [dims[axis] as number, sizes[axis] as number];
      const end = (starts[axis] as number) + size;
      if (end === dim) return TO_THE_END;
      return size > dim / 2 ? end - dim : end;
    });
    return g.op('Slice', [g.full(input), g.int64(from), g.int64(to), g.int64(axes)], {}, sizes, input.dtype);
  },
  SplitV: (g, x, { numOrSizeSplits, axis }) => {
    const input = get(x, 'x');
    const along = axisOf(axis, input.shape.length);
    const sizes = backend_util.prepareSplitSize({ shape: [...input.shape] } as never, numOrSizeSplits, along);
    return g.node(
      'Split',
      [g.full(input), g.int64(sizes)],
      { axis: along },
      sizes.map((size) => [withDim(input.shape, along, size), input.dtype] as const),
    );
  },
  PadV2: (g, x, { paddings, constantValue }) => {
    const input = get(x, 'x');
    const before = paddings.map((pair: [number, number]) => pair[0]);
    const after = paddings.map((pair: [number, number]) => pair[1]);
    const shape = input.shape.map((dim, i) => dim + before[i] + after[i]);
    const pads = g.int64([...before, ...after]);
    return g.op(
      'Pad',
      [g.full(input), pads, g.scalar(constantValue, input.dtype)],
      { mode: 'constant' },
      shape,
      input.dtype,
    );
  },
  Tile: (g, x, { reps }) => {
    const input = get(x, 'x');
    const shape = input.shape.map((dim, i) => dim * reps[i]);
    if (input.shape.every((dim, i) => dim === 1 || reps[i] === 1)) return broadcast(g, input, shape);
    return g.op('Tile', [g.full(input), g.int64(reps)], {}, shape, input.dtype);
  },
};

const REDUCE: Readonly<Record<string, Recorder>> = {
  Sum: (g, x, { axis, keepDims }) => {
    const input = get(x, 'x').dtype === 'bool' ? cast(g, get(x, 'x'), 'int32') : get(x, 'x');
    return reduce(g, 'ReduceSum', input, axesOf(axis, input), keepDims);
  },
  Mean: (g, x, { axis, keepDims }) => reduce(g, 'ReduceMean', get(x, 'x'), axesOf(axis, get(x, 'x')), keepDims),
  Max: (g, x, { reductionIndices, keepDims }) =>
    reduce(g, 'ReduceMax', get(x, 'x'), axesOf(reductionIndices, get(x, 'x')), keepDims),
  Softmax: (g, x, { dim }) => {
    const logits = get(x, 'logits');
    return unary(g, 'Softmax', g.full(logits), { axis: axisOf(dim, logits.shape.length) });
  },
  LogSoftmax: (g, x, { axis }) => {
    const logits = get(x, 'logits');
    return unary(g, 'LogSoftmax', g.full(logits), { axis: axisOf(axis, logits.shape.length) });
  },
  TopK: (g, x, { k }) => {
    const input = get(x, 'x');
    const shape = withDim(input.shape, input.shape.length - 1, k);
    const attributes = { axis: -1, largest: 1, sorted: 1 };
    const outputs = [
      [shape, 'float32'],
      [shape, 'int64'],
    ] as const;
    const [values, indices] = g.node('TopK', [g.full(input), g.int64([k])], attributes, outputs);
    return [values as Value, cast(g, indices as Value, 'int32')];
  },
};

const INDEX: Readonly<Record<string, Recorder>> = {
  BatchMatMul: (g, x, { transposeA, transposeB }) =>
    matMul(g, get(x, 'a'), get(x, 'b'), Boolean(transposeA), Boolean(transposeB)),
  GatherV2: (g, x, { axis, batchDims }) => {
    if (batchDims) throw new EngineError('internal: gather with batchDims cannot be traced; use masks or products');
    const table = get(x, 'x');
    const indices = get(x, 'indices');
    const along = axisOf(axis, table.shape.length);
    const shape = [...table.shape.slice(0, along), ...indices.shape, ...table.shape.slice(along + 1)];
    return g.op('Gather', [g.full(table), g.full(indices)], { axis: along }, shape, table.dtype);
  },
  // ScatterElements adds in order on one thread. ScatterND would be faster, but onnxruntime's runs rows in parallel
  // without locks and loses additions where an index repeats, as token ids always do.
  UnsortedSegmentSum: (g, x, { numSegments }) => {
    const rows = g.full(get(x, 'x'));
    const ids = get(x, 'segmentIds');
    const count = ids.shape[0] as number;
    const width = sizeOf(rows.shape) / count;
    const flat = reshape(g, rows, [count, width]);
    const column = reshape(g, cast(g, ids, 'int64'), [count, 1]);
    const indices = g.full(g.lazyBroadcast(column, [count, width]));
    const zeros = g.full(g.splat(0, [numSegments, width], 'float32'));
    const summed = g.op(
      'ScatterElements',
      [zeros, indices, flat],
      { axis: 0, reduction: 'add' },
      zeros.shape,
      'float32',
    );
    return reshape(g, summed, [numSegments, ...rows.shape.slice(1)]);
  },
  OneHot: (g, x, { depth, onValue, offValue }) => {
    const indices = get(x, 'indices');
    const values = g.constant(Float32Array.of(offValue, onValue), [2], 'float32');
    const inputs = [g.full(cast(g, indices, 'int64')), g.scalar(depth, 'int64'), g.full(values)];
    return g.op('OneHot', inputs, { axis: -1 }, [...indices.shape, depth], 'float32');
  },
  Select: (g, x) => {
    const condition = g.compact(get(x, 'condition'));
    const yes = g.compact(get(x, 't'));
    const no = g.compact(get(x, 'e'));
    const shape = backend_util.assertAndGetBroadcastShape(
      backend_util.assertAndGetBroadcastShape([...condition.shape], [...yes.shape]),
      [...no.shape],
    );
    const small = g.op('Where', [condition, yes, no], {}, shape, yes.dtype);
    const whole = backend_util.assertAndGetBroadcastShape([...get(x, 'condition').shape], [...get(x, 't').shape]);
    return broadcast(g, small, backend_util.assertAndGetBroadcastShape(whole, [...get(x, 'e').shape]));
  },
  AddN: (g, x) => Object.values(x).reduce((sum, term) => binary(g, 'Add', sum, term)),
};

/** Our own kernels; `ops.ts` and `fused/` compute them from plain ops on eager engines. */
const OWN: Readonly<Record<string, Recorder>> = {
  // 0 … n-1, where n may be symbolic.
  S2sRange: (g, _x, { size }) => {
    const range = g.op(
      'Range',
      [g.scalar(0, 'int64'), g.scalar(size, 'int64'), g.scalar(1, 'int64')],
      {},
      [size],
      'int64',
    );
    return cast(g, range, 'int32');
  },
  // pool[offsets[site] : offsets[site] + size]
  S2sPoolSlice: (g, x, { site, size }) => {
    const offsets = cast(g, get(x, 'offsets'), 'int64');
    const axis = g.int64([0]);
    const start = g.op('Slice', [offsets, g.int64([site]), g.int64([site + 1]), axis], {}, [1], 'int64');
    const end = binary(g, 'Add', start, g.scalar(size, 'int64'));
    return g.op('Slice', [get(x, 'pool'), start, end, axis], {}, [size], 'float32');
  },
  // [normalised, mean, 1 / standard deviation]
  S2sLayerNorm: (g, x, { epsilon }) => {
    const input = g.full(get(x, 'x'));
    const rows = [...input.shape.slice(0, -1), 1];
    const inputs = [input, g.full(get(x, 'scale')), g.full(get(x, 'bias'))];
    const attributes: Record<string, Attribute> = { axis: -1, epsilon: { float: epsilon } };
    return g.node('LayerNormalization', inputs, attributes, [
      [input.shape, 'float32'],
      [rows, 'float32'],
      [rows, 'float32'],
    ]);
  },
  // [N, groups·C, L] and kernel [groups·M, C, k] → [N, groups·M, L + 2·margin − k + 1]
  S2sGroupedConv: (g, x, { groups, margin }) => {
    const input = g.full(get(x, 'x'));
    const kernel = g.full(get(x, 'kernel'));
    const [count, , length] = input.shape as [number, number, number];
    const [channels, , size] = kernel.shape as [number, number, number];
    const shape = [count, channels, length + 2 * margin - size + 1];
    return g.op('Conv', [input, kernel], { group: groups, pads: [margin, margin] }, shape, 'float32');
  },
};

/** Our own kernels that are loops. */
const LOOPS: Readonly<Record<string, Recorder>> = {
  S2sCtcScan: (g, x, { direction }) => recordCtcScan(g, x, direction),
};

/** Every kernel that can be traced. */
export const RECORDERS: Readonly<Record<string, Recorder>> = {
  ...BINARY,
  ...UNARY,
  ...SHAPE,
  ...REDUCE,
  ...INDEX,
  ...OWN,
  ...LOOPS,
};
