// The onnxruntime engine's own parts: the models it writes, and what happens when its worker fails.
import type { Worker } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/create.js';
import { lower } from '../../../src/engine/onnx/lower.js';
import { OnnxWriter } from '../../../src/engine/onnx/protobuf.js';
import { appendTo, gatherRows, growAxis } from '../../../src/engine/onnx/store.js';
import { gather, matMul, mul, type Tensor } from '../../../src/engine/ops.js';
import { EngineError, UsageError } from '../../../src/errors.js';
import { trainingStep } from '../../../src/train/programs.js';
import { floats, ints, modelConfig, programOf, tinySetup } from './support.js';

const quiet = { logSeverityLevel: 4 } as const;

describe('the ONNX writer', () => {
  it('writes every kind of attribute, constant and size so that onnxruntime reads it', async () => {
    const writer = new OnnxWriter();
    writer.initializer('weights', 'float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    writer.initializer('axes', 'int64', [1], BigInt64Array.of(-1n));
    writer.initializer('pick', 'int32', [], Int32Array.of(1));
    writer.initializer('flag', 'bool', [1], Uint8Array.of(1));
    writer.node('FusedMatMul', ['x', 'weights'], ['product'], { alpha: { float: 0.5 }, transB: 1 }, 'com.microsoft');
    writer.node('ReduceSum', ['product', 'axes'], ['sums'], { keepdims: 0 });
    writer.node('Transpose', ['product'], ['turned'], { perm: [1, 0] });
    writer.node('Gather', ['turned', 'pick'], ['row'], { axis: 0 });
    writer.node('Pad', ['row', 'pads'], ['padded'], { mode: 'constant' });
    writer.initializer('pads', 'int64', [2], BigInt64Array.of(0n, 1n));
    writer.node('Identity', ['flag'], ['kept']);
    writer.input('x', 'float32', ['rows', 3]);
    writer.output('sums', 'float32', ['rows']);
    writer.output('padded', 'float32', ['2*rows']);
    writer.output('kept', 'bool', [1]);
    const session = await ort.InferenceSession.create(writer.finish('written by hand'), quiet);
    expect(session.inputNames).toEqual(['x']);
    expect(session.inputMetadata[0]).toMatchObject({ name: 'x', type: 'float32', shape: ['rows', 3] });
    const x = new ort.Tensor('float32', Float32Array.of(1, 0, 0, 0, 1, 1), [2, 3]);
    const { sums, padded, kept } = await session.run({ x });
    expect([...(sums!.data as Float32Array)]).toEqual([2.5, 8]);
    expect([...(padded!.data as Float32Array)]).toEqual([2, 5.5, 0]);
    expect([...(kept!.data as Uint8Array)]).toEqual([1]);
    expect(writer.nodes).toBe(6);
    await session.release();
  });

  it('writes a training step that onnxruntime loads, with its variables by name', async () => {
    const { setup } = tinySetup(modelConfig({ dropout: 0.1 }));
    const lowered = lower(trainingStep(setup));
    const session = await ort.InferenceSession.create(lowered.model, quiet);
    expect(session.inputNames).toContain('variable:encoder.layers.0.selfAttention.query.weight');
    expect(session.inputNames).toContain('dropoutOffsets');
    expect(session.outputNames).toContain('update:optimizer.second.target.embedding');
    const source = session.inputMetadata.find(({ name }) => name === 'source');
    expect(source).toMatchObject({ type: 'int32', shape: ['B', 'S'] });
    await session.release();
  });
});

describe('stored variables', () => {
  it('take slices only where they fit', () => {
    const target = floats(new Array(12).fill(0), [2, 3, 2]);
    appendTo(target, floats([1, 2, 3, 4], [2, 1, 2]), 1, 2);
    expect([...target.data]).toEqual([0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 4]);
    const refuse = (shape: number[], offset: number) => () =>
      appendTo(target, floats(new Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape), 1, offset);
    expect(refuse([2, 1, 2], 3)).toThrow('cannot write [2,1,2] at 3 along axis 1 of [2,3,2]');
    expect(refuse([1, 1, 2], 0)).toThrow('cannot write');
    expect(refuse([2, 1, 3], 0)).toThrow('cannot write');
  });

  it('keep their type when rows are gathered or axes grow', () => {
    expect(gatherRows(ints([1, 2, 3], [3, 1]), [2, 2])).toEqual(ints([3, 3], [2, 1]));
    expect(gatherRows(floats([1, 2, 3]), [])).toEqual(floats([], [0]));
    expect(growAxis(ints([1, 2], [1, 2]), 1, 3)).toEqual(ints([1, 2, 0], [1, 3]));
  });
});

describe('the worker', () => {
  const doubling = programOf({ x: { shape: ['N'], dtype: 'float32' } }, ({ x }) => ({
    outputs: { y: mul(x as Tensor, 2) },
  }));

  it('turns what onnxruntime refuses into an EngineError and goes on', async () => {
    const engine = await createEngine('onnxruntime', 1);
    const looking = programOf(
      { ids: { shape: ['N'], dtype: 'int32' } },
      ({ ids }, { table }) => ({ outputs: { y: gather(table as Tensor, ids as Tensor) } }),
      { table: { shape: [3, 1], dtype: 'float32' } },
    );
    const { run } = await engine.compile(looking);
    await expect(run({ ids: ints([0]) })).rejects.toThrow('onnxruntime: variable table does not exist');
    await engine.write({ table: floats([1, 2, 3], [3, 1]) });
    await expect(run({ ids: ints([7]) })).rejects.toThrow(EngineError);
    await expect(run({ ids: ints([7]) })).rejects.toThrow(/^onnxruntime: .*out of/);
    expect((await run({ ids: ints([2]) })).y!.data[0]).toBe(3);
    await engine.dispose();
  });

  it('refuses a model at compilation when onnxruntime does', async () => {
    const engine = await createEngine('onnxruntime', 1);
    // The traced shapes fit; the constant given does not.
    const product = programOf(
      { x: { shape: ['N', 2], dtype: 'float32' } },
      ({ x }, { w }) => ({ outputs: { y: matMul(x as Tensor, w as Tensor) } }),
      { w: { shape: [2, 2], dtype: 'float32' } },
    );
    const constants = { w: floats([1, 2, 3], [3, 1]) };
    await expect(engine.compile(product, { constants })).rejects.toThrow(EngineError);
    await engine.dispose();
  });

  it('fails every open and later request with an EngineError when it stops', async () => {
    const engine = await createEngine('onnxruntime', 1);
    const { run } = await engine.compile(doubling);
    const x = floats(new Array(1000).fill(1));
    const open = Array.from({ length: 5 }, () => run({ x }));
    const settled = Promise.allSettled(open);
    await (engine as unknown as { worker: Worker }).worker.terminate();
    for (const result of await settled) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(EngineError);
    }
    await expect(run({ x })).rejects.toThrow('onnxruntime stopped');
    await expect(engine.write({ x })).rejects.toThrow(EngineError);
    await engine.dispose();
  });

  it('says so when it is used after its end', async () => {
    const engine = await createEngine('onnxruntime', 1);
    const { run } = await engine.compile(doubling);
    const open = run({ x: floats([1]) });
    const settled = Promise.allSettled([open]);
    await engine.dispose();
    const [result] = await settled;
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(EngineError);
    await expect(run({ x: floats([1]) })).rejects.toThrow('the engine has been disposed');
    await expect(engine.read([])).rejects.toThrow(EngineError);
    await engine.dispose();
  });

  it('never waits for an answer that cannot come', async () => {
    const engine = await createEngine('onnxruntime', 1);
    const taken = floats([1, 2]);
    await engine.write({ taken });
    expect(taken.data.length).toBe(0);
    // The array's memory belongs to the engine now, and cannot be handed over again.
    await expect(engine.write({ taken })).rejects.toThrow('internal: variable taken [2] needs 2 numbers, got 0');
    expect((await engine.read(['taken'])).taken!.data).toEqual(Float32Array.of(1, 2));
    const { run } = await engine.compile(doubling);
    const patches = [{ variable: 'taken', offset: 0, data: taken.data as Float32Array }];
    await expect(run({ x: floats([1]) }, { patches })).rejects.toThrow(EngineError);
    await engine.dispose();
  });
});

describe('the choice of an engine', () => {
  it('is checked', async () => {
    await expect(createEngine('webgpu' as never)).rejects.toThrow(UsageError);
    await expect(createEngine('webgpu' as never)).rejects.toThrow('expected one of auto, onnxruntime, tensorflow, cpu');
  });

  it('falls on onnxruntime where that is installed', async () => {
    const engine = await createEngine();
    expect(engine.name).toBe('onnxruntime');
    await engine.dispose();
  });
});
