// Ctrl-C and kill -9: what is saved, what is left behind, and that going on leads to the same result.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { loadCheckpoint } from '../../src/storage/checkpoints.js';
import { trainerStateSchema } from '../../src/train/state.js';
import {
  checkpointOf,
  checkpointSteps,
  leftovers,
  metricsOf,
  project,
  type Running,
  remove,
  s2s,
  start,
  succeed,
  temporaryFolder,
} from './support.js';

/** Large enough for a step to take a while, and for the start to take longer still. */
const SLOW = {
  batching: { maxTokens: 4000 },
  model: { modelDim: 128, feedForwardDim: 512, encoderLayers: 2, decoderLayers: 2 },
};
const STEPS = 100;

let folder: string;
let config: string;
let slow: string;
let whole: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(join(folder, 'quick'), {
    model: { dropout: 0.1 },
    training: { steps: STEPS, validateEvery: 50, logEvery: 5, saveEvery: 5, keepCheckpoints: 3 },
  });
  slow = await project(join(folder, 'slow'), SLOW);
  whole = join(folder, 'whole');
  await succeed(['train', config, '--out', whole]);
});
afterAll(() => remove(folder));

/** Goes on to the end and expects the result of the run that nothing disturbed. */
async function expectSameEnd(run: string): Promise<void> {
  await succeed(['train', '--out', run, '--resume']);
  expect(await checkpointOf(run, STEPS)).toEqual(await checkpointOf(whole, STEPS));
  expect(await metricsOf(run)).toEqual(await metricsOf(whole));
  expect(await leftovers(run)).toEqual([]);
}

describe('Ctrl-C', () => {
  it.concurrent('saves a checkpoint, says how to go on and exits with 130; going on gives the same result', async () => {
    const run = join(folder, 'interrupted');
    const training = start(['train', config, '--out', run]);
    await training.printed(/^train 10\//m);
    const { code, stdout, stderr } = await training.kill('SIGINT');
    expect(code).toBe(130);
    const step = Number(/^steps {7}(\d+) \(interrupted\)$/m.exec(stdout)?.[1]);
    expect(step).toBeLessThan(STEPS);
    expect((await checkpointSteps(run)).at(-1)).toBe(step);
    expect(stderr).toContain('saving a checkpoint, press Ctrl-C again to stop at once\n');
    expect(stderr).toContain(`go on with: s2s train --out ${run} --resume\n`);
    expect(await leftovers(run)).toEqual([]);
    await expectSameEnd(run);
  });

  it.concurrent('in the middle of a validation leaves it to whoever goes on, with the same result', async () => {
    const validating = await project(join(folder, 'validating'), {
      training: { steps: 16, validateEvery: 2, logEvery: 1, validationMetric: 'bleu' },
    });
    const [expected, run] = [join(folder, 'validated'), join(folder, 'validating-run')];
    await succeed(['train', validating, '--out', expected]);
    for (const step of [2, 8]) {
      const training = start(['train', ...(step === 2 ? [validating] : ['--resume']), '--out', run]);
      // Printed at the end of the step, right before its validation begins.
      await training.printed(new RegExp(`^train ${step}/`, 'm'));
      expect((await training.kill('SIGINT')).code).toBe(130);
    }
    await succeed(['train', '--out', run, '--resume']);
    expect(await checkpointOf(run, 16)).toEqual(await checkpointOf(expected, 16));
    expect(await metricsOf(run)).toEqual(await metricsOf(expected));
  });

  it.concurrent('before the first step leaves no folder behind', async () => {
    const run = join(folder, 'new', 'early');
    const training = start(['train', slow, '--out', run]);
    await training.printed(/^translation: 120 training/m);
    expect(existsSync(run)).toBe(true);
    const { code, stdout, stderr } = await training.kill('SIGINT');
    expect(stderr).toMatch(/interrupted\n$/);
    expect([code, stdout]).toEqual([130, '']);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it.concurrent('twice stops at once', async () => {
    const run = join(folder, 'twice');
    const training = start(['train', slow, '--out', run, '--set', 'training.logEvery=1']);
    // In the middle of a step, which would have to end before a checkpoint could be saved.
    await training.printed(/^train 1\//m);
    training.child.kill('SIGINT');
    await training.printed(/press Ctrl-C again/);
    const { code, stdout, stderr } = await training.kill('SIGINT');
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).not.toContain('interrupted');
    // What is left, though it has no checkpoint, can be gone on with.
    expect(await checkpointSteps(run)).toEqual([]);
    const resumed = start(['train', '--out', run, '--resume']);
    await resumed.printed(/has no checkpoint yet: training starts at the beginning\n/);
    expect((await resumed.kill('SIGINT')).code).toBe(130);
    expect(existsSync(run)).toBe(true);
  });

  it.concurrent('stops decoding without leaving half an output', async () => {
    const output = join(folder, 'output.txt');
    const decoding = start(['decode', whole, '--output', output]);
    decoding.child.stdin?.write('Mai 1986\n');
    const files = async () => (await readdir(folder)).filter((name) => name.includes('output.txt'));
    while ((await files()).length === 0) await sleep(10);
    const { code, stdout, stderr } = await decoding.kill('SIGINT');
    expect(stderr).toContain('interrupted\n');
    expect([code, stdout]).toEqual([130, '']);
    expect(await files()).toEqual([]);
  });
});

describe('kill -9', () => {
  /** Kills a training some time after it has begun, as often as not in the middle of a save. */
  async function killAfter(training: Running, run: string, milliseconds: number): Promise<void> {
    await training.printed(/^(train|step) \d+/m);
    await sleep(milliseconds);
    await training.kill('SIGKILL');
    // Whatever the moment: the last checkpoint there is loads, with all sums of its bytes right.
    const steps = await checkpointSteps(run);
    if (steps.length > 0) {
      const { step } = await loadCheckpoint(run, 'latest', trainerStateSchema);
      expect(steps).toContain(step);
    }
  }

  it.concurrent('at any moment leaves a run that loads, and that goes on to the same result', async () => {
    const run = join(folder, 'killed');
    const seed = Date.now() % 100_000;
    const random = new Random(seed, 'kill');
    // A save after every step: most of the time is spent saving.
    const often = ['--set', 'training.saveEvery=1'];
    await killAfter(start(['train', config, '--out', run, ...often]), run, random.integer(150));
    for (let round = 0; round < 2; round++) {
      await killAfter(start(['train', '--out', run, '--resume', '--json']), run, random.integer(150));
    }
    const reset = await s2s(['train', '--out', run, '--resume', '--set', 'training.saveEvery=5', '--max-steps', '1']);
    expect(reset, `seed ${seed}`).toMatchObject({ code: 0 });
    await expectSameEnd(run);
  });

  it.concurrent('before the first checkpoint leaves a run that starts again at the beginning', async () => {
    const run = join(folder, 'killed-early');
    const training = start(['train', config, '--out', run]);
    await training.printed(/^translation: 120 training/m);
    await training.kill('SIGKILL');
    expect(await checkpointSteps(run)).toEqual([]);
    const { code, stderr } = await s2s(['train', config, '--out', run]);
    expect(stderr).toBe(`error: ${run} already holds a run; continue it with --resume or choose another --out\n`);
    expect(code).toBe(2);
    await expectSameEnd(run);
  });
});
