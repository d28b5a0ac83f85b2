// What training does besides learning: when it stops, what it keeps, what it chooses as best, and steps that go wrong.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointSteps,
  leftovers,
  metricsOf,
  project,
  remove,
  s2s,
  succeed,
  temporaryFolder,
  writeConfig,
  writeSplit,
} from './support.js';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(folder);
});
afterAll(() => remove(folder));

/** Options that change settings of the training. */
const set = (values: Record<string, unknown>): string[] =>
  Object.entries(values).flatMap(([key, value]) => ['--set', `training.${key}=${value}`]);

describe('steps without a finite loss', () => {
  it('are skipped and logged with their rows; training stops after some, and the last good checkpoint stays', async () => {
    const run = join(folder, 'diverged');
    await succeed([
      'train',
      config,
      '--out',
      run,
      ...set({ steps: 40, saveEvery: 5, validateEvery: 40, keepCheckpoints: 2 }),
      '--max-steps',
      '10',
    ]);
    // A learning rate that destroys the parameters at the next step.
    const file = join(run, 'config.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('learningRate: 0.005', 'learningRate: 1.0e+30'));
    const { code, stdout, stderr } = await s2s([
      'train',
      '--out',
      run,
      '--resume',
      ...set({ maxSkippedSteps: 6 }),
      '--quiet',
    ]);
    const source = join(folder, 'train.src');
    expect(stderr).toMatch(
      new RegExp(`^warning: step 12 skipped: loss NaN, gradient norm NaN; its \\d+ rows \\(${source}:\\d+, `),
    );
    expect(stderr).toContain(
      'error: training has diverged: 6 steps in a row up to step 17 had no finite loss and gradient; lower',
    );
    expect([code, stdout]).toEqual([65, '']);
    // Step 15 was among the skipped ones: a checkpoint of it would have pushed a good one out.
    expect(await checkpointSteps(run)).toEqual([5, 10]);
    expect(await leftovers(run)).toEqual([]);
    const skipped = (await metricsOf(run)).filter(({ event }) => event === 'skipped');
    expect(skipped.map(({ step }) => step)).toEqual([12, 13, 14, 15, 16, 17]);
    expect(skipped[0]).toMatchObject({
      loss: 'NaN',
      gradientNorm: 'NaN',
      rows: expect.arrayContaining([expect.any(Number)]),
    });
    expect((await s2s(['decode', run, '--checkpoint', 'latest'], { input: 'Mai 1986\n' })).code).toBe(0);
  });

  it.concurrent('never make the best checkpoint', async () => {
    const run = join(folder, 'never-best');
    const { code } = await s2s([
      'train',
      config,
      '--out',
      run,
      ...set({ learningRate: 1e30, maxSkippedSteps: 9, validateEvery: 3, schedule: 'constant', warmupSteps: 0 }),
    ]);
    expect(code).toBe(65);
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    expect(validations.map(({ loss, best }) => [loss, best])).toEqual(validations.map(() => ['NaN', false]));
    expect(validations.length).toBeGreaterThan(0);
  });
});

describe('training stops', () => {
  it.concurrent('after a given time, and can go on', async () => {
    const run = join(folder, 'time');
    const long = set({ steps: 1_000_000, validateEvery: 1_000_000 });
    const result = JSON.parse(await succeed(['train', config, '--out', run, ...long, '--max-time', '1s', '--json']));
    expect(result).toMatchObject({
      task: 'translation',
      out: run,
      stopped: 'max-time',
      parameters: expect.any(Number),
    });
    expect(await checkpointSteps(run)).toEqual([result.step]);
    const more = JSON.parse(
      await succeed(['train', '--out', run, '--resume', '--max-steps', String(result.step + 2), '--json']),
    );
    expect(more).toMatchObject({ stopped: 'max-steps', step: result.step + 2 });
  });

  it.concurrent('when validation no longer improves, and stays stopped', async () => {
    const run = join(folder, 'patience');
    // Steps too small to change a parameter.
    const still = set({ learningRate: 1e-30, steps: 1000, validateEvery: 2, patience: 3 });
    expect(await succeed(['train', config, '--out', run, ...still])).toContain('steps       8 (patience)\n');
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    expect(validations.map(({ best }) => best)).toEqual([true, false, false, false]);
    expect(await succeed(['train', '--out', run, '--resume'])).toContain('steps       8 (patience)\n');
    expect(await readFile(join(run, 'best'), 'utf8')).toBe('step-2\n');
  });
});

describe('checkpoints', () => {
  it.concurrent('are kept: the last ones and the best', async () => {
    const run = join(folder, 'kept');
    const options = set({ steps: 20, validateEvery: 4, saveEvery: 2, keepCheckpoints: 2, learningRate: 1e-30 });
    await succeed(['train', config, '--out', run, ...options]);
    expect(await readFile(join(run, 'best'), 'utf8')).toBe('step-4\n');
    expect(await checkpointSteps(run)).toEqual([4, 18, 20]);
  });

  it.concurrent('can be averaged, and a moving average can be kept', async () => {
    const run = join(folder, 'averaged');
    await succeed(['train', config, '--out', run, ...set({ saveEvery: 3, emaDecay: 0.9 })]);
    const checkpoint = async (name: string) => {
      const { code, stdout, stderr } = await s2s(['eval', run, '--checkpoint', name, '--json', '--quiet']);
      return { code, stderr, label: code === 0 ? JSON.parse(stdout).decode.checkpoint : undefined };
    };
    expect(await checkpoint('average:3')).toEqual({ code: 0, stderr: '', label: 'average of steps 6, 9, 12' });
    expect(await checkpoint('step-6')).toEqual({ code: 0, stderr: '', label: 'step 6' });
    expect(await checkpoint('average:9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has only the checkpoints of steps 3, 6, 9, 12; ask for at most average:4'),
    });
  });
});

describe('validation', () => {
  it.concurrent('can choose the best checkpoint by a metric', async () => {
    const run = join(folder, 'bleu');
    const result = JSON.parse(
      await succeed([
        'train',
        config,
        '--out',
        run,
        ...set({ validationMetric: 'exactMatch', validateEvery: 4 }),
        '--json',
      ]),
    );
    expect(result.best).toEqual({ step: 4, metric: 'exactMatch', score: expect.any(Number) });
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    for (const record of validations) {
      expect(record).toMatchObject({
        loss: expect.any(Number),
        perplexity: expect.any(Number),
        exactMatch: expect.any(Number),
      });
    }
  });

  it.concurrent('gives the score that eval gives', async () => {
    const run = join(folder, 'same-score');
    const options = ['--set', 'data.valid.source=train.src', '--set', 'data.valid.target=train.tgt'];
    const stronger = [
      '--set',
      'model.modelDim=32',
      ...set({ steps: 120, validateEvery: 120, validationMetric: 'bleu' }),
    ];
    await succeed(['train', config, '--out', run, ...options, ...stronger]);
    const [validation] = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    const evaluated = JSON.parse(await succeed(['eval', run, '--split', 'valid', '--beam', '1', '--json']));
    expect(validation?.bleu).toBe(evaluated.metrics.bleu.score);
    expect(validation?.bleu).toBeGreaterThan(0);
  });
});

describe('gradient accumulation', () => {
  it.concurrent('of two batches gives the losses of one twice as large', async () => {
    const at = join(folder, 'accumulation');
    await project(at);
    const lines = async (name: string) => (await readFile(join(at, name), 'utf8')).trimEnd().split('\n').slice(0, 16);
    await writeSplit(at, 'train', await lines('train.src'), await lines('train.tgt'));
    // An epoch is one step: the batches of a step hold the same rows either way.
    const losses = async (name: string, maxSentences: number, accumulate: number) => {
      const file = await writeConfig(
        at,
        { batching: { maxTokens: 2000, maxSentences }, training: { accumulate, logEvery: 1, steps: 8 } },
        `${name}.yaml`,
      );
      const run = join(at, name);
      await succeed(['train', file, '--out', run]);
      return (await metricsOf(run)).filter(({ event }) => event === 'train').map(({ loss }) => Number(loss));
    };
    const [one, two] = await Promise.all([losses('one', 16, 1), losses('two', 8, 2)]);
    expect(one).toHaveLength(8);
    one.forEach((loss, i) => {
      expect(Math.abs(loss - (two[i] ?? Number.NaN))).toBeLessThan(1e-5);
    });
    expect(one[7]).toBeLessThan((one[0] as number) - 0.1);
  });
});

describe('a configuration far from the defaults', () => {
  it.concurrent('trains, goes on and decodes', async () => {
    const at = join(folder, 'variant');
    const file = await project(at, {
      tokenizer: { kind: 'word', joint: false, vocabularySize: 80 },
      batching: { maxSentences: 40 },
      model: {
        embeddings: 'separate',
        positions: 'learned',
        maxPositions: 12,
        activation: 'swiglu',
        norm: 'rms',
        normPosition: 'post',
      },
      training: {
        optimizer: 'adamw',
        weightDecay: 0.1,
        schedule: 'cosine',
        clipNorm: 0,
        validationMetric: 'bleu',
        accumulate: 2,
      },
      decoding: { beam: 3, maxLength: 40, lengthPenaltyKind: 'gnmt', noRepeatNgram: 2 },
    });
    const run = join(at, 'run');
    await succeed(['train', file, '--out', run, '--max-steps', '3']);
    await succeed(['train', '--out', run, '--resume']);
    expect((await readdir(join(run, 'vocab'))).sort()).toEqual(['source-tokenizer.json', 'target-tokenizer.json']);
    const input = 'May 5, 1986 at noon\n\nx\n';
    const outputs = (await succeed(['decode', run, '--max-length', '60'], { input })).split('\n');
    expect(outputs).toHaveLength(4);
    expect(outputs[1]).toBe('');
  });
});

describe('the built-in example', () => {
  const small = [
    'model.modelDim=16',
    'model.feedForwardDim=32',
    'model.heads=2',
    'training.steps=12',
    'training.warmupSteps=2',
    'decoding.maxLength=20',
    'decoding.beam=1',
  ];

  it.concurrent('is trained without a configuration, and ends with held-out lines and its BLEU', async () => {
    const { code, stdout, stderr } = await s2s(['train', ...small.flatMap((change) => ['--set', change])], {
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('no CONFIG given: training the built-in example from end to end\n');
    expect(stdout).toContain(`run         ${join('runs', 'example-1')}\n`);
    expect(stdout).toMatch(/^METRIC +SCORE +SIGNATURE\nbleu +\d+\.\d+ +nrefs:1\|/m);
    expect(stdout).toContain('\n\nLines it has not seen:\n\nThursday, February 10, 2033\n→ ');
    expect(stdout.match(/^→ /gm)).toHaveLength(10);
    // A second one goes into a folder of its own.
    const second = ['train', '--max-steps', '1', '--quiet', '--json', ...small.flatMap((change) => ['--set', change])];
    expect(JSON.parse(await succeed(second, { cwd: folder }))).toMatchObject({
      out: join('runs', 'example-2'),
      stopped: 'max-steps',
      test: { examples: 300, metrics: { bleu: { score: expect.any(Number) } } },
      samples: expect.arrayContaining([{ source: 'Jan 15, 2033', output: expect.any(String) }]),
    });
  });
});
