// Going on with a run: weights, state and logs are those of an uninterrupted run, wherever it was stopped.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointOf, copyRun, metricsOf, project, remove, s2s, succeed, temporaryFolder } from './support.js';

const STEPS = 18;
/** Results must not depend on which thread was faster. */
const THREADS = ['--threads', '2'];
const TRAINING = { steps: STEPS, validateEvery: 6, logEvery: 4, saveEvery: 1, keepCheckpoints: 100 };
/** Everything that has state or draws random numbers. */
const RICH = {
  tokenizer: { kind: 'bpe', vocabularySize: 330, bpeDropout: 0.1 },
  model: { dropout: 0.1, attentionDropout: 0.1, activationDropout: 0.1 },
  training: {
    ...TRAINING,
    accumulate: 2,
    emaDecay: 0.9,
    validationMetric: 'bleu',
    optimizer: 'adamw',
    weightDecay: 0.01,
  },
};

let folder: string;
let rich: { config: string; run: string };
let plain: { config: string; run: string };
beforeAll(async () => {
  folder = await temporaryFolder();
  const make = async (name: string, sections: Parameters<typeof project>[1]) => {
    const config = await project(join(folder, name), sections);
    const run = join(folder, name, 'run');
    await succeed(['train', config, '--out', run, ...THREADS]);
    return { config, run };
  };
  [rich, plain] = await Promise.all([make('rich', RICH), make('plain', { training: TRAINING })]);
});
afterAll(() => remove(folder));

/** Steps after which a batch of a new epoch comes next. */
async function epochEnds(run: string): Promise<number[]> {
  const ends: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const { state } = await checkpointOf(run, step);
    const { cursor } = (state as { state: { cursor: { batchInEpoch: number } } }).state;
    if (cursor.batchInEpoch === 0) ends.push(step);
  }
  return ends;
}

/** Trains in several goes, each up to one of `stops`, and then to the end. */
async function inGoes({ config, run }: { config: string; run: string }, stops: readonly number[]): Promise<string> {
  const out = `${run}-${stops.join('-')}`;
  for (const [i, stop] of stops.entries()) {
    const begin = i === 0 ? [config] : ['--resume'];
    expect(await succeed(['train', ...begin, '--out', out, '--max-steps', String(stop), ...THREADS])).toContain(
      `steps       ${stop} (max-steps)\n`,
    );
  }
  await succeed(['train', '--out', out, '--resume', ...THREADS]);
  return out;
}

/** Expects two runs to be the same at every step, but for times. */
async function expectSame(actual: string, expected: string, steps: readonly number[]): Promise<void> {
  for (const step of steps) {
    expect(await checkpointOf(actual, step), `checkpoint ${step}`).toEqual(await checkpointOf(expected, step));
  }
  expect(await metricsOf(actual)).toEqual(await metricsOf(expected));
  for (const file of ['best', 'config.yaml', 'run.json']) {
    expect(await readFile(join(actual, file), 'utf8'), file).toBe(await readFile(join(expected, file), 'utf8'));
  }
}

const ALL = Array.from({ length: STEPS }, (_, i) => i + 1);

describe('a run that is stopped and goes on', () => {
  it.concurrent('in the middle of an epoch equals an uninterrupted one, with all that has state', async () => {
    const ends = await epochEnds(rich.run);
    const stops = [5, 7].filter((step) => !ends.includes(step));
    expect(stops.length).toBeGreaterThan(0);
    await expectSame(await inGoes(rich, stops), rich.run, ALL);
  });

  it.concurrent('right after the last batch of an epoch, and at a validation, equals one too', async () => {
    const end = (await epochEnds(plain.run)).find((step) => step > 1 && step < STEPS - 1);
    if (end === undefined) throw new Error('no epoch ends within the steps of this test');
    const stops = [...new Set([end, 12])].sort((a, b) => a - b);
    await expectSame(await inGoes(plain, stops), plain.run, ALL);
  });

  it.concurrent('has nothing to do when it is finished', async () => {
    const run = await copyRun(plain.run, `${plain.run}-finished`);
    const before = await checkpointOf(run, STEPS);
    expect(await succeed(['train', '--out', run, '--resume'])).toContain(`steps       ${STEPS} (finished)\n`);
    await expectSame(run, plain.run, ALL);
    expect(await checkpointOf(run, STEPS)).toEqual(before);
  });

  it.concurrent('can be given more steps and other ways to watch', async () => {
    const run = await copyRun(plain.run, `${plain.run}-longer`);
    const more = ['--set', 'training.steps=20', '--set', 'training.validateEvery=5', '--set', 'decoding.beam=3'];
    expect(await succeed(['train', plain.config, '--out', run, '--resume', ...more])).toContain(
      'steps       20 (finished)\n',
    );
    expect(await readFile(join(run, 'config.yaml'), 'utf8')).toContain('beam: 3');
  });

  it.concurrent('is refused with other settings: key, old and new value are listed', async () => {
    const run = await copyRun(plain.run, `${plain.run}-changed`);
    const changes = ['--set', 'batching.maxTokens=512', '--set', 'model.modelDim=32', '--seed', '4'];
    const { code, stderr, stdout } = await s2s(['train', '--out', run, '--resume', ...changes]);
    expect(stderr).toBe(
      'error: the run cannot be resumed with a changed configuration:\n' +
        '  seed: was 3, is 4\n' +
        '  batching.maxTokens: was 256, is 512\n' +
        '  model.modelDim: was 16, is 32\n' +
        'set these back, or start a new run with another --out\n',
    );
    expect([code, stdout]).toEqual([2, '']);
    await expectSame(run, plain.run, [STEPS]);
  });

  it.concurrent('is refused other numbers of steps where the learning rate depends on them', async () => {
    const run = `${plain.run}-cosine`;
    await succeed(['train', plain.config, '--out', run, '--set', 'training.schedule=cosine', '--max-steps', '2']);
    const { code, stderr } = await s2s(['train', '--out', run, '--resume', '--set', 'training.steps=30']);
    expect(stderr).toContain(`  training.steps: was ${STEPS}, is 30\n`);
    expect(code).toBe(2);
  });

  it.concurrent('is refused where there is none', async () => {
    const none = join(folder, 'none');
    const { code, stderr } = await s2s(['train', '--out', none, '--resume']);
    expect(stderr).toBe(`error: ${none} is not a run folder: no such folder; give the --out folder of s2s train\n`);
    expect(code).toBe(66);
    expect((await s2s(['train', '--resume'])).stderr).toBe(
      'error: --resume needs --out DIR, the run folder to go on with\n',
    );
  });
});

describe('the seed', () => {
  it.concurrent('decides everything: two runs are equal, but for times', async () => {
    const again = `${rich.run}-again`;
    await succeed(['train', rich.config, '--out', again, ...THREADS]);
    await expectSame(again, rich.run, ALL);
    const names = (await readdir(again)).filter((name) => !name.startsWith('events.'));
    expect(names).toEqual((await readdir(rich.run)).filter((name) => !name.startsWith('events.')));
  });

  it.concurrent('makes another run of it when it is another', async () => {
    const other = `${plain.run}-other`;
    await succeed(['train', plain.config, '--out', other, '--seed', '4']);
    expect((await checkpointOf(other, 1)).tensors).not.toBe((await checkpointOf(plain.run, 1)).tensors);
    expect(await metricsOf(other)).not.toEqual(await metricsOf(plain.run));
  });
});
