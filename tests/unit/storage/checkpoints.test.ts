import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DataError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import {
  averageCheckpoints,
  discardCheckpointsAfter,
  findCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  loadModelTensors,
  markBest,
  pruneCheckpoints,
  readBest,
  saveCheckpoint,
} from '../../../src/storage/checkpoints.js';
import { jsonNumber } from '../../../src/storage/json.js';
import { createRunFolder } from '../../../src/storage/run-folder.js';
import type { StoredTensor } from '../../../src/storage/safetensors.js';
import { prepareChild } from './children/start.js';

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 's2s-checkpoints-'));
});
beforeEach(async () => {
  folder = mkdtempSync(path.join(root, 'run-'));
  await (await createRunFolder(folder, '', 's2s 0.1.0')).lock.release();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const stateSchema = z.strictObject({ best: jsonNumber, random: z.unknown() });
const f32 = (...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const modelOf = (value: number) =>
  new Map<string, StoredTensor>([
    ['encoder.weight', f32(value, -value)],
    ['optimizer.m.encoder.weight', f32(value * 100, 0)],
  ]);
const save = (step: number, value = step, best = value) =>
  saveCheckpoint(folder, { step, tensors: modelOf(value), state: { best, random: new Random(7, 'shuffle').state() } });
const file = (name: string) => path.join(folder, 'checkpoints', name);

describe('saving and loading', () => {
  it('gives back tensors and state, non-finite numbers included', async () => {
    await save(10, 3, Number.POSITIVE_INFINITY);
    const { step, tensors, state } = await loadCheckpoint(folder, 'latest', stateSchema);
    expect(step).toBe(10);
    expect(tensors).toEqual(modelOf(3));
    expect(state).toEqual({ best: Number.POSITIVE_INFINITY, random: new Random(7, 'shuffle').state() });
  });

  it('writes equal bytes for equal content, but for the time', async () => {
    const content = () => {
      const { time, ...rest } = JSON.parse(readFileSync(file('step-1.json'), 'utf8'));
      expect(Object.keys(time)).toEqual(['saved']);
      return [JSON.stringify(rest), readFileSync(file('step-1.safetensors')).toString('hex')];
    };
    await save(1);
    const first = content();
    rmSync(file('step-1.json'));
    await save(1);
    expect(content()).toEqual(first);
  });

  it('loads the model without its optimizer', async () => {
    await save(4);
    const { step, tensors } = await loadModelTensors(folder, 'latest');
    expect([step, [...tensors.keys()]]).toEqual([4, ['encoder.weight']]);
  });

  it('counts complete pairs only, in numeric order', async () => {
    for (const step of [100, 20, 3]) await save(step);
    rmSync(file('step-20.json'));
    writeFileSync(file('step-7.json'), '{}');
    writeFileSync(file('step-03.json'), '{}');
    expect(await listCheckpoints(folder)).toEqual([3, 100]);
    await expect(findCheckpoint(folder, 20)).rejects.toThrow(
      'no checkpoint of step 20; choose one of the steps 3, 100',
    );
    await expect(findCheckpoint(folder, 'best')).rejects.toThrow('no best checkpoint');
    rmSync(path.join(folder, 'checkpoints'), { recursive: true });
    await expect(findCheckpoint(folder, 'latest')).rejects.toThrow('none is complete yet: train first');
  });

  it('replaces the state, or all, of a step that is saved again', async () => {
    await save(5, 1, 1);
    await save(5, 1, 2);
    expect((await loadCheckpoint(folder, 5, stateSchema)).state.best).toBe(2);
    await save(5, 9, 3);
    expect((await loadCheckpoint(folder, 5, stateSchema)).tensors).toEqual(modelOf(9));
  });

  it('refuses damage and says which checkpoint to fall back to', async () => {
    await save(1);
    await save(2);
    const load = () => loadCheckpoint(folder, 'latest', stateSchema);
    const advice = `delete ${file('step-2.json')} to fall back to step 1`;
    const tensors = readFileSync(file('step-2.safetensors'));
    const flipped = Buffer.from(tensors);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    for (const [content, what] of [
      [flipped, 'not the tensors that step-2.json was saved with'],
      [tensors.subarray(0, 100), 'not an intact safetensors file'],
    ] as const) {
      writeFileSync(file('step-2.safetensors'), content);
      const error = await load().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toContain(what);
      expect((error as Error).message).toContain(advice);
    }
    writeFileSync(file('step-2.safetensors'), tensors);
    const state = readFileSync(file('step-2.json'), 'utf8');
    for (const [content, what] of [
      [state.slice(0, 50), 'expected JSON'],
      [state.replace('"step": 2', '"step": 3'), 'it is about step 3'],
      [state.replace('"best": 2', '"best": "x"'), 'state.best'],
      [state.replace('"state"', '"stat"'), 'state'],
    ] as const) {
      writeFileSync(file('step-2.json'), content);
      await expect(load()).rejects.toThrow(what);
      await expect(load()).rejects.toThrow(advice);
    }
    writeFileSync(file('step-2.json'), '{"format": 5}');
    await expect(load()).rejects.toThrow('checkpoint format 5, but this s2s reads formats up to 1; use a newer s2s');
    rmSync(file('step-2.json'));
    expect((await load()).step).toBe(1);
  });
});

describe('keeping', () => {
  it('never deletes the best or the latest', async () => {
    for (const step of [1, 2, 3, 4]) await save(step);
    await markBest(folder, 1);
    expect(readFileSync(path.join(folder, 'best'), 'utf8')).toBe('step-1\n');
    expect(await pruneCheckpoints(folder, 2)).toEqual([2]);
    expect(await pruneCheckpoints(folder, 0)).toEqual([3]);
    expect(await listCheckpoints(folder)).toEqual([1, 4]);
    expect(await findCheckpoint(folder, 'best')).toBe(1);
    expect(readdirSync(file('')).length).toBe(4);
  });

  it('drops what comes after the step that training goes back to', async () => {
    for (const step of [1, 2, 3]) await save(step);
    await markBest(folder, 1);
    await discardCheckpointsAfter(folder, 2);
    expect([await listCheckpoints(folder), await readBest(folder)]).toEqual([[1, 2], 1]);
    await markBest(folder, 2);
    await discardCheckpointsAfter(folder, 1);
    expect([await listCheckpoints(folder), await readBest(folder)]).toEqual([[1], undefined]);
  });

  it('refuses a note of the best that says something else', async () => {
    writeFileSync(path.join(folder, 'best'), '../../x');
    await expect(readBest(folder)).rejects.toThrow('expected a line like step-1000, found "../../x"');
  });
});

describe('averageCheckpoints', () => {
  it('takes the mean of the model tensors, in double precision', async () => {
    const values = [1e8, 1, -1e8, 2];
    for (const [i, value] of values.entries()) await save(i + 1, value);
    const mean = await averageCheckpoints(folder, [1, 2, 3, 4]);
    expect(mean).toEqual(new Map([['encoder.weight', f32(0.75, -0.75)]]));
    expect(await averageCheckpoints(folder, [2])).toEqual(new Map([['encoder.weight', f32(1, -1)]]));
  });

  it('keeps equal integers and refuses checkpoints of different models', async () => {
    const ids = (...values: number[]): StoredTensor => ({
      dtype: 'I32',
      shape: [values.length],
      data: Int32Array.from(values),
    });
    const put = (step: number, name: string, tensor: StoredTensor) =>
      saveCheckpoint(folder, { step, tensors: new Map([[name, tensor]]), state: {} });
    await put(1, 'a', ids(1, 2));
    await put(2, 'a', ids(1, 2));
    await put(3, 'a', ids(1, 3));
    await put(4, 'a', f32(1, 2));
    await put(5, 'b', ids(1, 2));
    await put(6, 'a', ids(1, 2, 3));
    expect(await averageCheckpoints(folder, [1, 2])).toEqual(new Map([['a', ids(1, 2)]]));
    for (const step of [3, 4, 5, 6]) {
      await expect(averageCheckpoints(folder, [1, step])).rejects.toThrow(`steps 1 and ${step} cannot be averaged`);
    }
    await expect(averageCheckpoints(folder, [1, 9])).rejects.toThrow('no checkpoint of step 9');
  });
});

describe('kill -9', () => {
  it('at any moment leaves the last saved checkpoint loadable', async () => {
    const start = prepareChild('save-loop', root);
    const random = new Random(2024, 'kill');
    await saveCheckpoint(folder, { step: 0, tensors: new Map([['weight', f32(0)]]), state: { cursor: 0 } });
    const schema = z.strictObject({ cursor: z.number() });
    let last = 0;
    let interrupted = 0;
    for (let round = 0; round < 24; round++) {
      const child = start(folder);
      last = Number(await child.line());
      const printed: Promise<void> = (async () => {
        for (let line = await child.line(); line !== undefined; line = await child.line()) last = Number(line);
      })();
      await new Promise((resolve) => setTimeout(resolve, random.uniform() * 40));
      await child.kill();
      await printed;
      if (readdirSync(file('')).some((name) => name.endsWith('.s2s-tmp'))) interrupted += 1;
      const { step, tensors, state } = await loadCheckpoint(folder, 'latest', schema);
      expect([last, last + 1]).toContain(step);
      expect(state.cursor).toBe(step);
      expect(tensors.get('weight')?.data).toEqual(new Float32Array(50_000).fill(step));
      const best = await readBest(folder);
      if (best !== undefined) expect((await loadCheckpoint(folder, 'best', schema)).state.cursor).toBe(best);
    }
    expect(interrupted).toBeGreaterThan(0);
    expect(existsSync(file('step-0.json'))).toBe(false);
  });
});
