// The state of a run on the engine and in a checkpoint, and the length limits that a run keeps to.
import { describe, expect, it } from 'vitest';
import { decodingConfigSchema, searchSettings } from '../../../src/decode/config.js';
import { DataError } from '../../../src/errors.js';
import type { StoredTensor } from '../../../src/storage/safetensors.js';
import type { RunConfig } from '../../../src/task.js';
import { batchingWithin, decodingWithin, longestSource } from '../../../src/train/limits.js';
import { averageName } from '../../../src/train/programs.js';
import { hostTensors, initialVariables, snapshot, stateNames, trainerStateSchema } from '../../../src/train/state.js';
import { translationConfigSchema } from '../../../tasks/translation/config.js';
import { modelConfig, tinySetup, useEngine } from '../engine/support.js';

describe('the variables of a run', () => {
  const engine = useEngine('onnxruntime');
  const { setup, specs } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }), { emaDecay: 0.5 });

  it('begin with moments of 0 and an average equal to the parameters', () => {
    const variables = initialVariables(setup, specs, 1);
    expect(Object.keys(variables).toSorted()).toEqual(stateNames(setup).toSorted());
    for (const name of specs.keys()) {
      expect(variables[averageName(name)]!.data).toEqual(variables[name]!.data);
      expect(variables[averageName(name)]!.data).not.toBe(variables[name]!.data);
      for (const kind of ['first', 'second']) {
        expect(variables[`optimizer.${kind}.${name}`]!.data.every((x) => x === 0)).toBe(true);
      }
    }
    expect(stateNames({ ...setup, emaDecay: 0 }).some((name) => name.startsWith('average.'))).toBe(false);
  });

  it('come back from a checkpoint as they went', async () => {
    const variables = initialVariables(setup, specs, 1);
    const expected = structuredClone(variables);
    await engine().write(variables);
    const saved = await snapshot(engine(), setup);
    expect([...saved.keys()]).toEqual(stateNames(setup));
    const shapeOf = (name: string) => expected[name]!.shape;
    expect(hostTensors('step-1', saved, stateNames(setup), shapeOf)).toEqual(expected);
  });

  it('are refused where the checkpoint is of another model', () => {
    const tensor: StoredTensor = { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) };
    const load = (shape: number[], stored: StoredTensor = tensor) =>
      hostTensors('step-7.safetensors', new Map([['a', stored]]), ['a'], () => shape);
    expect(load([2, 3]).a).toEqual({ shape: [2, 3], data: tensor.data });
    expect(() => load([3, 2])).toThrow(DataError);
    expect(() => load([3, 2])).toThrow(
      'step-7.safetensors: expected tensor "a" of shape [3, 2], found F32 [2, 3]; the checkpoint belongs to another model',
    );
    expect(() => hostTensors('file', new Map(), ['b'], () => [1])).toThrow(
      'file: expected tensor "b" of shape [1], found none; the checkpoint belongs to another model or vocabulary',
    );
    const whole = { dtype: 'I32', shape: [2, 3], data: new Int32Array(6) } as unknown as StoredTensor;
    expect(() => load([2, 3], whole)).toThrow('found I32 [2, 3]');
  });

  it('come with a record that is checked', () => {
    const cursor = { epoch: 0, pool: 0, batchInPool: 0, batchInEpoch: 0, batches: 0, settings: {} };
    const state = {
      step: 3,
      targetTokens: 9,
      skippedSteps: 0,
      cursor,
      best: null,
      intervalLoss: 1.5,
      intervalTokens: 9,
      sinceBest: 0,
    };
    expect(trainerStateSchema.parse(state)).toMatchObject(state);
    expect(trainerStateSchema.safeParse({ ...state, step: -1 }).success).toBe(false);
    expect(trainerStateSchema.safeParse({ ...state, loss: 1 }).success).toBe(false);
  });
});

describe('length limits', () => {
  const configure = (model: Record<string, unknown>, batching: Record<string, unknown> = {}): RunConfig =>
    translationConfigSchema.parse({
      task: 'translation',
      data: { train: { file: 'a.tsv' }, valid: { file: 'b.tsv' } },
      model,
      batching,
    }) as RunConfig;

  it('are those of the batches', () => {
    const config = configure({}, { maxTokens: 500, maxSourceLength: 80 });
    expect(batchingWithin(config)).toEqual(config.batching);
    expect(longestSource(config)).toBe(80);
    expect(longestSource(configure({}, { maxTokens: 500 }))).toBe(500);
    expect(decodingWithin(config, searchSettings(config.decoding))).toBe(config.decoding);
  });

  it('never go beyond the learned positions', () => {
    const learned = { positions: 'learned', maxPositions: 100 };
    const config = configure(learned, { maxTokens: 500, maxSourceLength: 80 });
    expect(batchingWithin(config)).toMatchObject({ maxSourceLength: 80, maxTargetLength: 100 });
    expect(longestSource(configure(learned))).toBe(100);
    // The stop token needs a position too.
    expect(decodingWithin(config, decodingConfigSchema.parse({}))).toMatchObject({ maxLength: 99 });
    expect(decodingWithin(config, decodingConfigSchema.parse({ maxLength: 20 }))).toMatchObject({ maxLength: 20 });
  });
});
