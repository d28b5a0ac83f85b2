// What the tracer and the lowering accept, refuse and simplify.
import { describe, expect, it } from 'vitest';
import { lower } from '../../../src/engine/onnx/lower.js';
import {
  add,
  concat,
  gather,
  matMul,
  mean,
  mul,
  onesLike,
  relu,
  reshape,
  sigmoid,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  vector,
  zerosLike,
} from '../../../src/engine/ops.js';
import type { Program, TensorSpec } from '../../../src/engine/types.js';
import { EngineError } from '../../../src/errors.js';
import { accumulationStep, applicationStep, trainingStep } from '../../../src/train/programs.js';
import { modelConfig, programOf, tinySetup, VARIANTS } from './support.js';

const matrix: Record<string, TensorSpec> = { x: { shape: ['B', 'T'], dtype: 'float32' } };
const xOf = (body: (x: Tensor) => Tensor): Program =>
  programOf(matrix, ({ x }) => ({ outputs: { y: body(x as Tensor) } }), {}, 'example');

/** Nodes of the model that have to do with numbers; sizes are computed by the others. */
const nodesOf = (body: (x: Tensor) => Tensor): number => lower(xOf(body)).nodes - lower(xOf((x) => relu(x))).nodes + 1;

describe('lowering', () => {
  it.each([
    [
      'a loop over a size',
      (x: Tensor) => Array.from({ length: x.shape[0]! }).reduce<Tensor>((y) => add(relu(y), x), x),
    ],
    ['a branch on a size', (x: Tensor) => (x.shape[0]! > 120 ? relu(x) : sigmoid(x))],
  ])('refuses %s', (_what, body) => {
    expect(() => lower(xOf(body))).toThrow(EngineError);
    expect(() => lower(xOf(body))).toThrow(/^internal: program example: (its structure depends on a size|node \d+ is)/);
  });

  it('refuses constants whose data depend on a size', () => {
    const positions = (x: Tensor) => add(x, vector(Array.from({ length: x.shape[1]! }, (_, i) => i)));
    expect(() => lower(xOf(positions))).toThrow(
      'internal: program example: a constant of Add has data that depends on a size',
    );
    expect(() => lower(xOf((x) => mul(x, Math.sin(x.shape[0]!))))).toThrow(
      /^internal: program example: cannot express the constant \[.*\] of Mul/,
    );
  });

  it('refuses sizes that are no product of dimensions', () => {
    expect(() => lower(xOf((x) => slice(x, [0, 0], [x.shape[0]!, x.shape[1]! - 1])))).toThrow(EngineError);
    expect(() => lower(xOf((x) => concat([x, slice(x, [0, 0], [x.shape[0]!, 1])], 1)))).toThrow(
      /cannot express the size 104 \/ 152 of a result/,
    );
  });

  it('refuses to read the numbers of a traced tensor', () => {
    const reading = xOf((x) => mul(x, x.dataSync()[0]!));
    expect(() => lower(reading)).toThrow(EngineError);
    expect(() => lower(reading)).toThrow('a program read the numbers of a traced tensor; they exist only when it runs');
  });

  it('refuses more symbolic dimensions than it can tell apart', () => {
    const inputs = Object.fromEntries(
      Array.from({ length: 7 }, (_, i) => [`x${i}`, { shape: [`D${i}`], dtype: 'float32' as const }]),
    );
    const many = programOf(inputs, (given) => ({ outputs: { ...given } }));
    expect(() => lower(many)).toThrow('has 7 symbolic dimensions, at most 6 are supported');
  });

  it('refuses a gather that would have to be split by rows', () => {
    const rows = programOf(
      { x: { shape: ['B', 4], dtype: 'float32' }, i: { shape: ['B', 2], dtype: 'int32' } },
      ({ x, i }) => ({ outputs: { y: (gather as (...args: unknown[]) => Tensor)(x, i, 1, 1) } }),
    );
    expect(() => lower(rows)).toThrow('gather with batchDims cannot be traced');
  });

  it('leaves the tracer usable after a refusal', () => {
    expect(() => lower(xOf((x) => mul(x, x.dataSync()[0]!)))).toThrow();
    expect(lower(xOf(relu)).outputs).toEqual(['y']);
  });

  it('records equal expressions once', () => {
    expect(nodesOf((x) => add(square(relu(x)), square(relu(x))))).toBe(3);
    expect(nodesOf((x) => add(sigmoid(relu(x)), relu(x)))).toBe(3);
  });

  it('leaves out what has no effect', () => {
    expect(nodesOf((x) => mul(relu(x), 1))).toBe(1);
    expect(nodesOf((x) => add(relu(x), 0))).toBe(1);
    expect(nodesOf((x) => sub(relu(x), zerosLike(x)))).toBe(1);
    expect(nodesOf((x) => mul(onesLike(x), relu(x)))).toBe(1);
    expect(nodesOf((x) => transpose(transpose(relu(x))))).toBe(1);
    expect(nodesOf((x) => reshape(reshape(relu(x), [-1]), x.shape))).toBe(1);
  });

  it('folds transpositions into products', () => {
    const product = lower(xOf((x) => matMul(relu(x), relu(x), true, false)));
    expect(lower(xOf((x) => matMul(transpose(relu(x)), relu(x)))).nodes).toBe(product.nodes);
  });

  it('reads only the variables that matter', () => {
    const program = programOf(matrix, ({ x }, { a }) => ({ outputs: { y: add(x as Tensor, a as Tensor) } }), {
      a: { shape: [], dtype: 'float32' },
      b: { shape: [], dtype: 'float32' },
    });
    expect(Object.keys(lower(program).variables)).toEqual(['a']);
    const constants = { a: { shape: [], data: Float32Array.of(1) } };
    expect(Object.keys(lower(program, constants).variables)).toEqual([]);
  });

  it('names every size of a result', () => {
    const { outputs } = lower(xOf((x) => mean(x, 0)));
    expect(outputs).toEqual(['y']);
    expect(nodesOf((x) => sum(relu(x)))).toBe(2);
  });
});

describe('updates in place', () => {
  it.each(Object.entries(VARIANTS))('are all of those of training: %s', (_name, section) => {
    const { setup } = tinySetup(modelConfig({ dropout: 0.1, encoderLayers: 1, decoderLayers: 1, ...section }), {
      emaDecay: 0.9,
    });
    for (const program of [trainingStep(setup), accumulationStep(setup), applicationStep(setup)]) {
      const { updates, inPlace } = lower(program);
      expect(updates.length).toBeGreaterThan(0);
      expect(inPlace, program.name).toEqual(updates);
    }
  });

  it('are none where something may read the variable later', () => {
    const spec = { shape: [4, 4], dtype: 'float32' } as const;
    const inPlace = (
      body: (a: Tensor, b: Tensor) => Record<string, Tensor>,
      outputs: (a: Tensor) => Record<string, Tensor> = () => ({}),
    ) =>
      lower(
        programOf(
          {},
          (_inputs, { a, b }) => ({ outputs: outputs(a as Tensor), updates: body(a as Tensor, b as Tensor) }),
          { a: spec, b: spec },
        ),
      ).inPlace;
    expect(inPlace((a, b) => ({ a: add(a, b) }))).toEqual(['a']);
    expect(inPlace((a, b) => ({ a: add(mul(a, 2), b) }))).toEqual(['a']);
    expect(inPlace((a, b) => ({ a: mul(a, sum(matMul(a, b))) }))).toEqual(['a']);
    // b's new value reads a, and nothing makes that happen before a is overwritten.
    expect(inPlace((a, b) => ({ a: add(a, b), b: mul(a, 2) }))).toEqual([]);
    expect(inPlace((a, b) => ({ a: add(a, b), b: mul(b, 2) }))).toEqual(['a']);
    expect(inPlace((a, b) => ({ a: matMul(a, b) }))).toEqual([]);
    expect(inPlace((a, b) => ({ a: add(matMul(a, b), 1) }))).toEqual([]);
    expect(inPlace((a) => ({ a: zerosLike(a) }))).toEqual([]);
    expect(
      inPlace(
        (a, b) => ({ a: add(a, b) }),
        (a) => ({ old: a }),
      ),
    ).toEqual([]);
    expect(
      inPlace(
        (a, b) => ({ a: add(a, b) }),
        (a) => ({ old: reshape(a, [16]) }),
      ),
    ).toEqual([]);
    expect(
      inPlace(
        (a, b) => ({ a: add(a, b) }),
        (a) => ({ old: relu(reshape(a, [16])) }),
      ),
    ).toEqual([]);
  });
});
