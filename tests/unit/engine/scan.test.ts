// Loops with gradients: unrolled loops, finite differences, and one compiled program at many sizes.
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/create.js';
import { scan } from '../../../src/engine/fused/scan.js';
import { lower } from '../../../src/engine/onnx/lower.js';
import {
  add,
  cast,
  matMul,
  mul,
  onesLike,
  pad,
  reshape,
  sigmoid,
  slice,
  softmax,
  stack,
  sum,
  type Tensor,
  tanh,
  valueAndGrads,
  vector,
  where,
  zerosLike,
} from '../../../src/engine/ops.js';
import type { HostTensor, Program } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { distance } from './reference.js';
import { ENGINES, evaluate, floats, ints, programOf, useEngine } from './support.js';

type Loop = Parameters<typeof scan>[0];

/** The same loop in plain operations, whose gradients are tfjs's own. */
function unrolled({ initial, sequences, constants = [], reverse, step }: Loop): ReturnType<typeof scan> {
  const order = Array.from({ length: sequences[0]!.shape[0]! }, (_, t) => t);
  const slices = sequences.map((sequence) => order.map((t) => reshape(slice(sequence, t, 1), sequence.shape.slice(1))));
  if (reverse) order.reverse();
  const outputs: Tensor[][] = [];
  let states = initial;
  for (const t of order) {
    const result = step(
      states,
      slices.map((list) => list[t]!),
      constants,
    );
    states = result.states;
    result.outputs.forEach((output, i) => {
      outputs[i] ??= [];
      outputs[i]![t] = output;
    });
  }
  return { states, outputs: outputs.map((list) => stack(list)) };
}

const names = ['start', 'memory', 'inputs', 'gates', 'weights', 'bias'] as const;

/**
 * A loop that uses all there is: two states, of which one is unchanged where a whole number says so, float and int32
 * sequences, constants, products, softmax, slices, padding and sizes that are products of dimensions.
 */
function program(how: (loop: Loop) => ReturnType<typeof scan>, reverse = false): Program {
  return programOf(
    {
      start: { shape: ['B', 'S'], dtype: 'float32' },
      memory: { shape: ['B', 'S', 3], dtype: 'float32' },
      inputs: { shape: ['T', 'B', 3], dtype: 'float32' },
      gates: { shape: ['T', 'B', 'S'], dtype: 'float32' },
      weights: { shape: [3, 3], dtype: 'float32' },
      bias: { shape: ['B', 'S'], dtype: 'float32' },
      isPresent: { shape: ['T', 'B', 1], dtype: 'int32' },
    },
    ({ isPresent, ...floatInputs }) => {
      const results = (...given: Tensor[]): Record<string, Tensor> => {
        const [start, memory, inputs, gates, weights, bias] = given as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
        const [batch, length] = start.shape as [number, number];
        const { states, outputs } = how({
          initial: [start, memory],
          sequences: [inputs, gates, isPresent as Tensor],
          constants: [weights, bias],
          reverse,
          step: ([state, held], [input, gate, present], [w, b]) => {
            const moved = pad(slice(state!, [0, 1], [batch, length - 1]), [
              [0, 0],
              [1, 0],
            ]);
            // [B, S]
            const energies = add(mul(reshape(moved, [batch, length]), sigmoid(gate!)), b!);
            const weights = softmax(energies);
            // [B, 1, 3]
            const context = matMul(reshape(weights, [batch, 1, length]), held!);
            const mixed = tanh(add(matMul(reshape(context, [batch, 3]), w!), input!));
            const flat = reshape(mul(reshape(held!, [batch * length, 3]), 0.9), [batch, length, 3]);
            const next = where(cast(present!, 'bool'), energies, state!);
            return { states: [next, add(flat, reshape(mixed, [batch, 1, 3]))], outputs: [mixed, weights] };
          },
        });
        return { last: states[0]!, held: states[1]!, mixed: outputs[0]!, weights: outputs[1]! };
      };
      const loss = (...given: Tensor[]) => {
        const { last, held, mixed, weights } = results(...given);
        const parts = [
          sum(mul(last!, last!)),
          sum(tanh(held!)),
          sum(mul(mixed!, mixed!)),
          sum(mul(weights!, weights!)),
        ];
        return parts.reduce((total, part) => add(total, part));
      };
      const xs = names.map((name) => floatInputs[name]!);
      const { value, grads } = valueAndGrads(loss as never)(xs);
      const gradients = Object.fromEntries(names.map((name, i) => [`d ${name}`, grads[i]!]));
      return { outputs: { ...results(...xs), loss: value, ...gradients } };
    },
  );
}

function randomInputs(batch: number, length: number, steps: number, seed = 1): Record<string, HostTensor> {
  const random = new Random(seed, 'scan');
  const normal = (...shape: number[]) =>
    floats(
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
      shape,
    );
  return {
    start: normal(batch, length),
    memory: normal(batch, length, 3),
    inputs: normal(steps, batch, 3),
    gates: normal(steps, batch, length),
    weights: normal(3, 3),
    bias: normal(batch, length),
    isPresent: ints(
      Array.from({ length: steps * batch }, () => random.integer(3)),
      [steps, batch, 1],
    ),
  };
}

/** Zeros of a fixed shape. */
const zeros = (shape: number[]): Tensor => reshape(vector(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);

/** The largest difference of two sets of results, relative to the largest number of a tensor where that is above 1. */
const worst = (a: Record<string, HostTensor>, b: Record<string, HostTensor>): number =>
  Math.max(...Object.entries(a).map(([name, x]) => distance(x, { shape: b[name]!.shape, data: [...b[name]!.data] })));

describe('scan', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([false, true])('is the unrolled loop, with its gradients; reverse: %s', async (reverse) => {
    const [ours, theirs] = await Promise.all([
      cpu().compile(program(scan, reverse)),
      cpu().compile(program(unrolled, reverse)),
    ]);
    for (const sizes of [
      [3, 5, 4],
      [1, 2, 1],
      [2, 3, 9],
    ] as [number, number, number][]) {
      const inputs = randomInputs(...sizes);
      const [a, b] = [await ours!.run(inputs), await theirs!.run(inputs)];
      expect(Object.keys(a)).toHaveLength(11);
      expect(worst(a, b), sizes.join()).toBeLessThan(1e-6);
    }
  });

  it.each([false, true])('is the same in onnxruntime, at every size from one program; reverse: %s', async (reverse) => {
    const [ours, theirs] = await Promise.all([onnx(), cpu()].map((engine) => engine.compile(program(scan, reverse))));
    for (const sizes of [
      [3, 5, 4],
      [1, 2, 1],
      [2, 11, 17],
      [5, 3, 2],
    ] as [number, number, number][]) {
      const inputs = randomInputs(...sizes, 2);
      const [a, b] = await Promise.all([ours!.run(inputs), theirs!.run(inputs)]);
      expect(Object.keys(a)).toHaveLength(11);
      expect(worst(a, b), sizes.join()).toBeLessThan(5e-6);
    }
    await ours!.dispose();
  });

  it('has the gradients of finite differences', async () => {
    const { run } = await cpu().compile(program(scan));
    const inputs = randomInputs(2, 3, 4, 3);
    const results = await run(inputs);
    for (const name of names) {
      const { shape, data } = inputs[name]!;
      for (let i = 0; i < data.length; i++) {
        const lossAt = async (by: number) => {
          const moved = floats(data, shape);
          moved.data[i]! += by;
          return (await run({ ...inputs, [name]: moved })).loss!.data[0]!;
        };
        const slope = ((await lossAt(0.003)) - (await lossAt(-0.003))) / 0.006;
        expect(Math.abs(results[`d ${name}`]!.data[i]! - slope), `${name} ${i}`).toBeLessThan(2e-3);
      }
    }
  });
});

describe.each(ENGINES)('scan on %s', (name) => {
  const engine = useEngine(name);
  const sequence = { xs: { shape: ['T', 'B'], dtype: 'float32' } } as const;

  it('takes results that no step computes: states, slices, constants, and one of them twice', async () => {
    const { run, dispose } = await engine().compile(
      programOf({ ...sequence, c: { shape: ['B'], dtype: 'float32' } }, ({ xs, c }) => {
        const { states, outputs } = scan({
          initial: [c!, c!, c!],
          sequences: [xs!],
          constants: [c!],
          step: ([a, b], [x], [given]) => ({
            states: [b!, x!, a!],
            outputs: [x!, given!, a!, a!, onesLike(x!), mul(given!, 2)],
          }),
        });
        return { outputs: Object.fromEntries([...states, ...outputs].entries()) };
      }),
    );
    const results = await run({ xs: floats([1, 2, 3, 4, 5, 6], [3, 2]), c: floats([8, 9]) });
    const expected = [
      ...[
        [3, 4],
        [5, 6],
        [1, 2],
      ],
      ...[
        [1, 2, 3, 4, 5, 6],
        [8, 9, 8, 9, 8, 9],
      ],
      ...[
        [8, 9, 8, 9, 1, 2],
        [8, 9, 8, 9, 1, 2],
      ],
      ...[
        [1, 1, 1, 1, 1, 1],
        [16, 18, 16, 18, 16, 18],
      ],
    ];
    expect(expected.map((_row, i) => [...results[i]!.data])).toEqual(expected);
    await dispose();
  });

  it('may stand in the step of another, with its gradients', async () => {
    const inputs = { xs: floats([0.3, -0.2, 0.5, 0.1, 0.4, -0.6], [3, 2]), w: floats([0.7, -0.4]) };
    const specs = { ...sequence, w: { shape: ['B'], dtype: 'float32' as const } };
    const nested = (how: typeof scan) =>
      programOf(specs, ({ xs, w }) => {
        const loss = (x: Tensor, weight: Tensor): Tensor => {
          const { states, outputs } = how({
            initial: [zerosLike(weight)],
            sequences: [x],
            constants: [x, weight],
            step: ([state], [slice], [all, c]) => {
              const inner = how({
                initial: [state!],
                sequences: [all!],
                constants: [slice!, c!],
                reverse: true,
                step: ([h], [y], [a, b]) => {
                  const next = tanh(add(mul(h!, b!), mul(y!, a!)));
                  return { states: [next], outputs: [mul(next, next)] };
                },
              });
              return { states: [add(inner.states[0]!, c!)], outputs: [sum(inner.outputs[0]!, 0)] };
            },
          });
          return add(sum(states[0]!), sum(outputs[0]!));
        };
        const { value, grads } = valueAndGrads(loss as never)([xs!, w!]);
        return { outputs: { value, dx: grads[0]!, dw: grads[1]! } };
      });
    const { run, dispose } = await engine().compile(nested(scan));
    const cpu = await createEngine('cpu', 1);
    const theirs = await (await cpu.compile(nested(unrolled))).run(inputs);
    expect(worst(await run(inputs), theirs)).toBeLessThan(1e-6);
    await Promise.all([dispose(), cpu.dispose()]);
  });

  it('reads variables before they change', async () => {
    await engine().write({ a: floats([1, 2]) });
    const program = programOf(
      { xs: { shape: ['T', 2], dtype: 'float32' } },
      ({ xs }, { a }) => {
        const step = ([state]: readonly Tensor[], [x]: readonly Tensor[]) => {
          const next = add(mul(state!, a!), x!);
          return { states: [next], outputs: [] };
        };
        const { states } = scan({ initial: [zerosLike(a!)], sequences: [xs!], constants: [a!], step });
        return { outputs: { y: states[0]! }, updates: { a: add(a!, 10) } };
      },
      { a: { shape: [2], dtype: 'float32' } },
    );
    expect(lower(program).inPlace).toEqual([]);
    const { run, dispose } = await engine().compile(program);
    const xs = floats([1, 1, 1, 1], [2, 2]);
    expect([...(await run({ xs })).y!.data]).toEqual([2, 3]);
    expect([...(await run({ xs })).y!.data]).toEqual([12, 13]);
    await dispose();
  });

  it.each([
    [
      'sequences of several lengths',
      () => ({ sequences: [zeros([2, 3]), zeros([3, 3])] }),
      'sequences of one length, but they have [2,3]',
    ],
    ['no sequence', () => ({ sequences: [] }), 'sequences of one length, but they have []'],
    [
      'states of whole numbers',
      () => ({ initial: [cast(zeros([3]), 'int32')] }),
      'states of scan are float32, but one is int32',
    ],
    [
      'a state that changes its shape',
      () => ({ initial: [zeros([3, 1])] }),
      'a step of scan turned states float32 [3,1] into float32 [3,3]',
    ],
  ])('refuses %s', async (_what, part, message) => {
    const step: Loop['step'] = ([state], [x]) => ({ states: [add(state!, x!)], outputs: [] });
    const body = () => ({ y: scan({ initial: [zeros([3])], sequences: [zeros([2, 3])], step, ...part() }).states[0]! });
    await expect(evaluate(engine(), {}, body)).rejects.toThrow(message);
  });
});

describe('the recorded step', () => {
  const lowered = (step: Loop['step']) =>
    lower(
      programOf(
        { xs: { shape: ['T', 'B', 'S'], dtype: 'float32' }, c: { shape: ['B', 'S'], dtype: 'float32' } },
        (given) => {
          const { states } = scan({
            initial: [zerosLike(given.c!)],
            sequences: [given.xs!],
            constants: [given.c!],
            step,
          });
          return { outputs: { y: states[0]! } };
        },
      ),
    );

  it('leaves to the graph around it what is the same at every step', () => {
    const inside = lowered(([state], [x], [c]) => ({ states: [add(tanh(sigmoid(x!)), add(c!, state!))], outputs: [] }));
    const outside = lowered(([state], [x], [c]) => ({
      states: [add(x!, add(tanh(sigmoid(c!)), state!))],
      outputs: [],
    }));
    expect(outside.nodes).toBe(inside.nodes + 2);
  });

  it('must not depend on a size', () => {
    expect(() =>
      lowered(([state], [x]) => ({
        states: [state!.shape[0]! > 120 ? add(state!, x!) : mul(state!, x!)],
        outputs: [],
      })),
    ).toThrow(/^internal: program test: node \d+ is Mul at one size and Add at another/);
    expect(lowered(([state], [x]) => ({ states: [add(state!, x!)], outputs: [] })).outputs).toEqual(['y']);
  });
});
