// What every engine promises about variables, inputs and runs, checked on the default one and on the oracle.
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/create.js';
import { add, concat, matMul, mul, range, reshape, softmax, sum, type Tensor } from '../../../src/engine/ops.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { EngineError } from '../../../src/errors.js';
import { ENGINES, floats, ints, programOf, useEngine } from './support.js';

const vector = { x: { shape: ['N'], dtype: 'float32' } } as const;
const float3 = { shape: [3], dtype: 'float32' } as const;

describe.each(ENGINES)('variables of %s', (engineName) => {
  const engine = useEngine(engineName);
  const read = async (name: string): Promise<HostTensor> => (await engine().read([name]))[name]!;

  it('are written, replaced, read as copies and removed', async () => {
    await engine().write({ a: floats([1, 2, 3, 4], [2, 2]), b: ints([7]) });
    const copy = await read('a');
    expect(copy).toEqual(floats([1, 2, 3, 4], [2, 2]));
    copy.data[0] = 9;
    expect((await read('a')).data[0]).toBe(1);
    await engine().write({ a: floats([5], []) });
    expect(await engine().read(['b', 'a'])).toEqual({ a: floats([5], []), b: ints([7]) });
    await engine().remove(['a', 'never there']);
    await expect(engine().read(['a'])).rejects.toThrow(EngineError);
    await expect(engine().read(['a'])).rejects.toThrow('variable a does not exist');
  });

  it('keep some of their rows, in any order', async () => {
    await engine().write({ f: floats([1, 2, 3, 4, 5, 6], [3, 2]), i: ints([10, 20, 30]) });
    await engine().gather(['f', 'i'], [2, 0, 0]);
    expect(await read('f')).toEqual(floats([5, 6, 1, 2, 1, 2], [3, 2]));
    expect(await read('i')).toEqual(ints([30, 10, 10]));
    await engine().gather(['f'], [1]);
    expect(await read('f')).toEqual(floats([1, 2], [1, 2]));
  });

  it('grow along an axis by zeros', async () => {
    await engine().write({ a: floats([1, 2, 3, 4], [2, 2]), b: floats([1, 2, 3, 4], [2, 1, 2]) });
    await engine().grow(['a'], 1, 3);
    expect(await read('a')).toEqual(floats([1, 2, 0, 3, 4, 0], [2, 3]));
    await engine().grow(['a'], 0, 3);
    expect(await read('a')).toEqual(floats([1, 2, 0, 3, 4, 0, 0, 0, 0], [3, 3]));
    await engine().grow(['b'], 1, 2);
    expect(await read('b')).toEqual(floats([1, 2, 0, 0, 3, 4, 0, 0], [2, 2, 2]));
  });

  it('take the values that a run computes', async () => {
    const program = programOf(
      vector,
      ({ x }, { total }) => ({
        outputs: { before: add(total as Tensor, 0) },
        updates: { total: add(total as Tensor, sum(x as Tensor)) },
      }),
      { total: { shape: [], dtype: 'float32' } },
    );
    const executable = await engine().compile(program, { bind: (name) => `mine.${name}` });
    await engine().write({ 'mine.total': floats([100], []) });
    const before = [];
    for (const data of [[1], [2, 3], [4, 5, 6]])
      before.push((await executable.run({ x: floats(data) })).before!.data[0]);
    expect(before).toEqual([100, 101, 106]);
    expect((await read('mine.total')).data[0]).toBe(121);
  });

  it('need not exist before a run that only writes them', async () => {
    const program = programOf(vector, ({ x }) => ({ outputs: {}, updates: { fresh: mul(x as Tensor, 2) } }));
    const executable = await engine().compile(program);
    for (const data of [[1, 2], [3], [4, 5, 6]]) {
      await executable.run({ x: floats(data) });
      expect(await read('fresh')).toEqual(floats(data.map((x) => 2 * x)));
    }
  });

  it('get slices written into them along any axis', async () => {
    for (const [axis, shape, value, expected] of [
      [0, [3, 2], [1, 2], [0, 0, 1, 1, 0, 0]],
      [1, [2, 3], [2, 1], [0, 1, 0, 0, 1, 0]],
    ] as const) {
      const program = programOf(
        { x: { shape: value, dtype: 'float32' } },
        ({ x }) => ({ outputs: {}, appends: { cache: { value: x as Tensor, axis } } }),
        { cache: { shape, dtype: 'float32' } },
      );
      await engine().write({ cache: floats(new Array(6).fill(0), shape) });
      const executable = await engine().compile(program);
      await executable.run({ x: floats([1, 1], value) }, { offset: 1 });
      expect(await read('cache')).toEqual(floats(expected, shape));
      await expect(executable.run({ x: floats([1, 1], value) }, { offset: 3 })).rejects.toThrow(EngineError);
    }
  });

  it('are patched before a run', async () => {
    const program = programOf({}, (_inputs, { pool }) => ({ outputs: { y: mul(pool as Tensor, 10) } }), {
      pool: { shape: [2, 2], dtype: 'float32' },
    });
    await engine().write({ pool: floats([1, 2, 3, 4], [2, 2]) });
    const executable = await engine().compile(program);
    const patches = [
      { variable: 'pool', offset: 1, data: Float32Array.of(8, 9) },
      { variable: 'pool', offset: 3, data: Float32Array.of(7) },
    ];
    expect((await executable.run({}, { patches })).y!.data).toEqual(Float32Array.of(10, 80, 90, 70));
    expect((await executable.run({})).y!.data).toEqual(Float32Array.of(10, 80, 90, 70));
  });

  it('exchange their values in one run', async () => {
    const specs = { a: float3, b: float3 };
    const program = programOf(
      {},
      (_inputs, { a, b }) => ({ outputs: {}, updates: { a: b as Tensor, b: a as Tensor } }),
      specs,
    );
    await engine().write({ a: floats([1, 2, 3]), b: floats([4, 5, 6]) });
    await (await engine().compile(program)).run({});
    expect(await engine().read(['a', 'b'])).toEqual({ a: floats([4, 5, 6]), b: floats([1, 2, 3]) });
  });

  it('are read at their old values wherever a run updates them', async () => {
    const square = { shape: [8, 8], dtype: 'float32' } as const;
    const program = programOf(
      {},
      (_inputs, { a, b }) => ({
        outputs: { trace: sum(matMul(a as Tensor, b as Tensor)) },
        updates: { a: mul(a as Tensor, 0), b: matMul(a as Tensor, b as Tensor), c: reshape(a as Tensor, [64]) },
      }),
      { a: square, b: square, c: { shape: [64], dtype: 'float32' } },
    );
    const numbers = Array.from({ length: 64 }, (_, i) => (i % 7) - 3);
    await engine().write({ a: floats(numbers, [8, 8]), b: floats(numbers, [8, 8]), c: floats(numbers) });
    await (await engine().compile(program)).run({});
    const product = Array.from({ length: 64 }, (_, i) =>
      numbers.slice(0, 8).reduce((total, _x, k) => total + numbers[(i & ~7) + k]! * numbers[k * 8 + (i & 7)]!, 0),
    );
    const { a, b, c } = await engine().read(['a', 'b', 'c']);
    expect(b!.data).toEqual(Float32Array.from(product));
    expect(c!.data).toEqual(Float32Array.from(numbers));
    expect(a!.data.every((x) => x === 0)).toBe(true);
  });
});

describe.each(ENGINES)('programs of %s', (engineName) => {
  const engine = useEngine(engineName);

  it('say which input is missing or wrong', async () => {
    const program = programOf(
      {
        x: { shape: ['B', 4], dtype: 'float32' },
        ids: { shape: ['B'], dtype: 'int32' },
      },
      ({ x }) => ({ outputs: { y: mul(x as Tensor, 2) } }),
      {},
      'doubling',
    );
    const { run } = await engine().compile(program);
    const x = floats(new Array(8).fill(1), [2, 4]);
    const ids = ints([1, 2]);
    expect((await run({ x, ids })).y!.data[7]).toBe(2);
    const wrong: [Record<string, HostTensor>, string][] = [
      [{ x }, 'doubling: input ids [B] is missing'],
      [{ ids }, 'doubling: input x [B, 4] is missing'],
      [{ x: floats(new Array(6).fill(1), [2, 3]), ids }, 'input x must be float32 [B, 4], got [2, 3]'],
      [{ x: floats(new Array(8).fill(1), [8]), ids }, 'input x must be float32 [B, 4], got [8]'],
      [{ x, ids: ints([1, 2, 3]) }, 'input ids must be int32 [B], got [3]'],
      [{ x, ids: floats([1, 2]) }, 'input ids must be int32 [B], got [2]'],
      [{ x: { shape: [2, 4], data: new Float32Array(7) }, ids }, 'input x must be float32 [B, 4], got [2, 4]'],
    ];
    for (const [inputs, message] of wrong) {
      await expect(run(inputs)).rejects.toThrow(EngineError);
      await expect(run(inputs)).rejects.toThrow(message);
    }
  });

  it('leave the caller’s inputs usable', async () => {
    const { run } = await engine().compile(programOf(vector, ({ x }) => ({ outputs: { y: add(x as Tensor, 1) } })));
    const x = floats([1, 2]);
    const { y } = await run({ x });
    x.data[0] = 50;
    expect([...y!.data]).toEqual([2, 3]);
    expect([...(await run({ x })).y!.data]).toEqual([51, 3]);
  });

  it('run one after another when asked for at once', async () => {
    const program = programOf(
      vector,
      ({ x }, { count }) => ({ outputs: { y: add(x as Tensor, 0) }, updates: { count: add(count as Tensor, 1) } }),
      { count: { shape: [], dtype: 'float32' } },
    );
    await engine().write({ count: floats([0], []) });
    const { run } = await engine().compile(program);
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => run({ x: floats([i]) })));
    expect(results.map(({ y }) => y!.data[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect((await engine().read(['count'])).count!.data[0]).toBe(20);
  });

  it('give the same results with constants as with stored variables', async () => {
    const weights = floats(
      Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      [3, 4],
    );
    const program = programOf(
      { x: { shape: ['B', 3], dtype: 'float32' } },
      ({ x }, { w }) => ({ outputs: { y: softmax(matMul(x as Tensor, w as Tensor)) } }),
      { w: { shape: [3, 4], dtype: 'float32' } },
    );
    const fixed = await engine().compile(program, { constants: { w: weights } });
    const bound = await engine().compile(program, { bind: () => 'elsewhere' });
    await engine().write({ elsewhere: { ...weights, data: weights.data.slice() } });
    const x = floats([1, 2, 3, -1, 0, 1], [2, 3]);
    const [a, b] = [(await fixed.run({ x })).y!, (await bound.run({ x })).y!];
    a.data.forEach((value, i) => {
      expect(value).toBeCloseTo(b.data[i]!, 6);
    });
    // A constant stays what it was; a variable may change.
    await engine().write({
      elsewhere: floats(new Array(12).fill(0), [3, 4]),
      w: floats(new Array(12).fill(0), [3, 4]),
    });
    expect((await fixed.run({ x })).y!.data).toEqual(a.data);
    expect((await bound.run({ x })).y!.data[0]).toBeCloseTo(0.25, 6);
  });

  it('serve all sizes once compiled', async () => {
    const program = programOf(
      { x: { shape: ['B', 'T'], dtype: 'float32' }, y: { shape: ['T', 2], dtype: 'float32' } },
      ({ x, y }) => {
        const [batch, time] = (x as Tensor).shape as [number, number];
        const positions = reshape(range(time), [1, time]);
        return {
          outputs: {
            z: matMul(add(x as Tensor, positions), y as Tensor),
            w: concat([x as Tensor, x as Tensor], 1),
            n: reshape(x as Tensor, [batch * time]),
          },
        };
      },
    );
    const { run } = await engine().compile(program);
    for (const [batch, time] of [
      [1, 1],
      [1, 7],
      [5, 1],
      [3, 4],
      [64, 33],
    ] as const) {
      const x = floats(
        Array.from({ length: batch * time }, (_, i) => i % 5),
        [batch, time],
      );
      const y = floats(
        Array.from({ length: time * 2 }, (_, i) => i % 3),
        [time, 2],
      );
      const { z, w, n } = await run({ x, y });
      expect(z!.shape).toEqual([batch, 2]);
      expect(w!.shape).toEqual([batch, 2 * time]);
      expect(n).toEqual({ ...x, shape: [batch * time] });
      const last = Array.from({ length: time }, (_, t) => (x.data[(batch - 1) * time + t]! + t) * y.data[t * 2 + 1]!);
      expect(z!.data[batch * 2 - 1]).toBe(last.reduce((a, b) => a + b, 0));
    }
  });

  it('can be given up', async () => {
    const executable = await engine().compile(programOf(vector, ({ x }) => ({ outputs: { y: add(x as Tensor, 1) } })));
    await executable.dispose();
    const other = await createEngine(engineName, 1);
    await other.dispose();
    await other.dispose();
  });
});
