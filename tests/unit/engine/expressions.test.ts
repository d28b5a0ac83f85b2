// Random expressions and their gradients: the traced, simplified and lowered program computes what eager ops compute.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  cast,
  concat,
  cos,
  div,
  erf,
  exp,
  gather,
  greater,
  less,
  logSoftmax,
  matMul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  onesLike,
  range,
  relu,
  reshape,
  rsqrt,
  sigmoid,
  sin,
  slice,
  softmax,
  split,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  valueAndGrads,
  vector,
  where,
  zerosLike,
} from '../../../src/engine/ops.js';
import type { Dim, HostTensor, Program } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { floats, programOf, useEngine } from './support.js';

/** A tensor with the names of its symbolic sizes, which decide what may be done with it. */
interface Term {
  readonly tensor: Tensor;
  readonly dims: readonly Dim[];
}

/** One random step: an operation, what it is applied to, and a number it may use. */
interface Choice {
  readonly op: number;
  readonly left: number;
  readonly right: number;
  readonly detail: number;
}

const unary =
  (f: (x: Tensor) => Tensor) =>
  (x: Term): Term => ({ tensor: f(x.tensor), dims: x.dims });

/** The sizes of a result, or undefined where the shapes do not broadcast at all sizes. */
function broadcastDims(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const at = (dims: readonly Dim[], i: number): Dim => dims[i - rank + dims.length] ?? 1;
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const [x, y] = [at(a, i), at(b, i)];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    result.push(x === 1 ? y : x);
  }
  return result;
}

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor) =>
  (a: Term, b: Term): Term | undefined => {
    const dims = broadcastDims(a.dims, b.dims);
    return dims && { tensor: f(a.tensor, b.tensor), dims };
  };

/** Which axes the bits of a number choose, at least one. */
const axesOf = (rank: number, detail: number): number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => (detail >> i) & 1);
  return axes.length > 0 ? axes : [detail % rank];
};

const reduction =
  (f: (x: Tensor, axes: number[], keepDims: boolean) => Tensor) => (x: Term, _y: Term, detail: number) => {
    const rank = x.dims.length;
    if (rank === 0) return undefined;
    const axes = axesOf(rank, detail);
    const keepDims = detail % 2 === 0;
    const dims = x.dims.flatMap((dim, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [dim]));
    return { tensor: f(x.tensor, axes, keepDims), dims };
  };

const OPS: readonly ((x: Term, y: Term, detail: number) => Term | undefined)[] = [
  ...[neg, relu, sigmoid, tanh, square, abs, erf, sin, cos].map(unary),
  unary((x) => exp(tanh(x))),
  unary((x) => sqrt(add(square(x), 1))),
  unary((x) => rsqrt(add(square(x), 0.5))),
  unary((x) => mul(x, 1)),
  unary((x) => mul(x, 0)),
  unary((x) => add(x, 0)),
  unary((x) => div(x, 4)),
  unary((x) => add(onesLike(x), zerosLike(x))),
  unary((x) => mul(onesLike(x), x)),
  unary((x) => sub(zerosLike(x), x)),
  ...[add, sub, mul].map((f) => binary(f)),
  binary((a, b) => div(a, add(square(b), 1))),
  ...[sum, mean, max].map((f) => reduction((x, axes, keepDims) => f(x, axes, keepDims))),
  // Reshapes: flattening, an axis of size 1 in front, behind, and the last axis taken apart.
  ({ tensor, dims }) => {
    if (dims.length < 2) return undefined;
    const [a, b, ...rest] = dims;
    if (typeof a === 'string' || typeof b === 'string') {
      if (a !== 1 && b !== 1) return undefined;
    }
    const [m, n, ...sizes] = tensor.shape as number[];
    const merged = typeof a === 'number' && typeof b === 'number' ? a * b : a === 1 ? b : a;
    return { tensor: reshape(tensor, [m! * n!, ...sizes]), dims: [merged!, ...rest] };
  },
  ({ tensor, dims }) => ({ tensor: reshape(tensor, [1, ...tensor.shape]), dims: [1, ...dims] }),
  ({ tensor, dims }) => ({ tensor: reshape(tensor, [...tensor.shape, 1]), dims: [...dims, 1] }),
  ({ tensor, dims }) =>
    dims.at(-1) === 4
      ? { tensor: reshape(tensor, [...tensor.shape.slice(0, -1), 2, 2]), dims: [...dims.slice(0, -1), 2, 2] }
      : undefined,
  ({ tensor, dims }, _y, detail) => {
    const order = dims.map((_dim, i) => i);
    new Random(detail, 'permutation').shuffle(order);
    return { tensor: transpose(tensor, order), dims: order.map((axis) => dims[axis]!) };
  },
  ({ tensor, dims }) =>
    dims.at(-1) === 4
      ? {
          tensor: slice(tensor, [...dims.map(() => 0).slice(1), 1], [...tensor.shape.slice(0, -1), 2]),
          dims: [...dims.slice(0, -1), 2],
        }
      : undefined,
  ({ tensor, dims }) =>
    dims.at(-1) === 4 ? { tensor: split(tensor, 2, -1)[1] as Tensor, dims: [...dims.slice(0, -1), 2] } : undefined,
  ({ tensor, dims }) =>
    typeof dims.at(-1) === 'number' && (dims.at(-1) as number) <= 4
      ? {
          tensor: concat([tensor, mul(tensor, 2)], dims.length - 1),
          dims: [...dims.slice(0, -1), 2 * (dims.at(-1) as number)],
        }
      : undefined,
  ({ tensor, dims }) =>
    typeof dims[0] === 'number' && dims[0] > 1
      ? { tensor: gather(tensor, cast(vector([1, 0, 1]), 'int32')), dims: [3, ...dims.slice(1)] }
      : undefined,
  ({ tensor, dims }) => (dims.length > 0 ? { tensor: softmax(tensor), dims } : undefined),
  ({ tensor, dims }) => (dims.length > 0 ? { tensor: logSoftmax(tensor), dims } : undefined),
  ({ tensor, dims }) =>
    dims.length > 0 ? { tensor: add(tensor, cast(range(tensor.shape.at(-1)!), 'float32')), dims } : undefined,
  ({ tensor, dims }) =>
    dims.length >= 2
      ? { tensor: mul(matMul(tensor, tensor, false, true), 0.1), dims: [...dims.slice(0, -1), dims.at(-2)!] }
      : undefined,
  ({ tensor, dims }) =>
    dims.length >= 2
      ? {
          tensor: mul(matMul(tensor, tensor, true, false), 0.1),
          dims: [...dims.slice(0, -2), dims.at(-1)!, dims.at(-1)!],
        }
      : undefined,
];

/** Operations whose gradient is not there, not traced, or (in tfjs) wrong where shapes differ. */
const VALUES_ONLY: typeof OPS = [
  ({ tensor, dims }) => ({ tensor: stack([tensor, neg(tensor)], 0), dims: [2, ...dims] }),
  ...[maximum, minimum].map((f) => binary(f)),
  unary((x) => where(greater(x, 0), x, zerosLike(x))),
  unary((x) => cast(greater(x, 0.5), 'float32')),
  binary((a, b) => where(greater(a, b), a, mul(b, 2))),
  binary((a, b) => where(less(a, 0.1), onesLike(a), add(a, b))),
];

const INPUTS: Readonly<Record<string, readonly Dim[]>> = {
  a: ['B', 'T', 4],
  b: ['T', 1],
  c: [4],
  d: ['B', 1, 1],
};

/** The terms that the choices lead to; choices that do not fit are passed over. Values are kept within ±3. */
function build(ops: typeof OPS, inputs: readonly Term[], choices: readonly Choice[]): Term {
  const terms = [...inputs];
  for (const { op, left, right, detail } of choices) {
    const [x, y] = [terms[left % terms.length]!, terms[right % terms.length]!];
    const made = ops[op % ops.length]!(x, y, detail);
    if (made && made.dims.length <= 4) terms.push({ ...made, tensor: mul(tanh(div(made.tensor, 3)), 3) });
  }
  return terms.at(-1)!;
}

const NAMES = Object.keys(INPUTS);
const SPECS = Object.fromEntries(NAMES.map((name) => [name, { shape: INPUTS[name]!, dtype: 'float32' as const }]));
const termsOf = (tensors: readonly Tensor[]): Term[] =>
  tensors.map((tensor, i) => ({ tensor, dims: INPUTS[NAMES[i]!]! }));

const valueProgram = (choices: readonly Choice[]): Program =>
  programOf(SPECS, (given) => {
    const terms = termsOf(NAMES.map((name) => given[name] as Tensor));
    return { outputs: { value: build([...OPS, ...VALUES_ONLY], terms, choices).tensor } };
  });

const gradientProgram = (choices: readonly Choice[]): Program =>
  programOf(SPECS, (given) => {
    // Every input takes part, because tfjs refuses a gradient that is 0 for want of a connection.
    const total = (...tensors: Tensor[]) =>
      tensors.reduce((all, x) => add(all, sum(square(x))), sum(build(OPS, termsOf(tensors), choices).tensor)) as never;
    const { value, grads } = valueAndGrads(total)(NAMES.map((name) => given[name] as Tensor));
    return { outputs: { value, ...Object.fromEntries(NAMES.map((name, i) => [`d${name}`, grads[i] as Tensor])) } };
  });

function numbers(sizes: Readonly<Record<string, number>>): Record<string, HostTensor> {
  const random = new Random(1, 'numbers');
  return Object.fromEntries(
    Object.entries(INPUTS).map(([name, dims]) => {
      const shape = dims.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));
      const length = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        floats(
          Array.from({ length }, () => 2 * random.normal()),
          shape,
        ),
      ];
    }),
  );
}

/** Largest difference, relative where numbers are above 1. */
function farthest(ours: HostTensor, theirs: HostTensor): number {
  expect(ours.shape).toEqual(theirs.shape);
  let largest = 0;
  theirs.data.forEach((x, i) => {
    largest = Math.max(largest, Math.abs(x - ours.data[i]!) / Math.max(1, Math.abs(x)));
  });
  return largest;
}

describe('random expressions on onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');
  const choice = fc.record({ op: fc.nat(999), left: fc.nat(99), right: fc.nat(99), detail: fc.nat(30) });

  it.each([
    ['values', valueProgram, 60],
    ['gradients', gradientProgram, 40],
  ] as const)('have the same %s at every size', async (_what, program, numRuns) => {
    const property = fc.asyncProperty(fc.array(choice, { minLength: 3, maxLength: 14 }), async (choices) => {
      const executables = await Promise.all([onnx(), cpu()].map((engine) => engine.compile(program(choices))));
      for (const [B, T] of [
        [1, 1],
        [2, 3],
        [4, 1],
        [1, 5],
      ] as const) {
        const inputs = numbers({ B, T });
        const [ours, theirs] = await Promise.all(executables.map(({ run }) => run(inputs)));
        for (const name of Object.keys(theirs!)) {
          expect(farthest(ours![name]!, theirs![name]!), `${name} at ${B}, ${T}`).toBeLessThan(1e-4);
        }
      }
      for (const executable of executables) await executable.dispose();
    });
    await fc.assert(property, { numRuns, seed: 20 });
  });
});
