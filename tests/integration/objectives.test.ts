// Objectives through the command line: from a trained run to another objective, what is logged, resuming, and what is refused.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointOf, metricsOf, project, remove, s2s, succeed, temporaryFolder } from './support.js';

/** Results must not depend on which thread was faster. */
const THREADS = ['--threads', '1'];
const STEPS = 6;
const TRAINING = { steps: STEPS, validateEvery: 3, logEvery: 2, saveEvery: 1, keepCheckpoints: 100, warmupSteps: 2 };

let folder: string;
/** A run of cross-entropy that the others begin with. */
let begun: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const config = await project(join(folder, 'begun'), { training: { ...TRAINING, steps: 30, learningRate: 0.01 } });
  begun = join(folder, 'begun', 'run');
  await succeed(['train', config, '--out', begun, ...THREADS]);
});
afterAll(() => remove(folder));

/** A project that begins with that run. */
const continuing = (name: string, training: Record<string, unknown>, sections: Parameters<typeof project>[1] = {}) =>
  project(join(folder, name), { ...sections, training: { ...TRAINING, startFrom: begun, ...training } });

type Log = Record<string, number | string>;
const eventsOf = async (run: string, event: string): Promise<Log[]> =>
  ((await metricsOf(run)) as Log[]).filter((record) => record.event === event);

describe('objectives over sampled outputs', () => {
  const CASES: Readonly<Record<string, Record<string, unknown>>> = {
    'REINFORCE with all that has state': {
      objective: 'reinforce',
      accumulate: 2,
      reinforce: {
        reward: 'chrf',
        baseline: 'moving-average',
        samples: 3,
        klWeight: 0.01,
        entropyBonus: 0.001,
        crossEntropyWeight: 0.3,
        standardize: true,
        temperature: 0.8,
      },
    },
    'REINFORCE against greedy outputs': { objective: 'reinforce', reinforce: { baseline: 'greedy', samples: 2 } },
    'minimum risk': { objective: 'minimum-risk', minimumRisk: { reward: 'cer', alpha: 0.1, crossEntropyWeight: 0.5 } },
    'a constant reward': { objective: 'reinforce', reinforce: { reward: 'constant', baseline: 'none', samples: 2 } },
  };

  it.concurrent.each(Object.entries(CASES))('resume bit for bit: %s', async (name, training) => {
    const config = await continuing(name.replaceAll(' ', '-'), training);
    const [whole, parts] = [`${config}-whole`, `${config}-parts`];
    await succeed(['train', config, '--out', whole, ...THREADS]);
    await succeed(['train', config, '--out', parts, '--max-steps', '3', ...THREADS]);
    await succeed(['train', '--out', parts, '--resume', ...THREADS]);
    expect(await checkpointOf(parts, STEPS)).toEqual(await checkpointOf(whole, STEPS));
    expect(await metricsOf(parts)).toEqual(await metricsOf(whole));
    const log = await eventsOf(whole, 'train');
    expect(log).toHaveLength(STEPS / 2);
    for (const record of log) {
      expect(record.reward).toEqual(expect.any(Number));
      expect(record.sampleLength).toBeGreaterThan(0);
    }
    if (name === 'a constant reward') expect(log.map(({ reward }) => reward)).toEqual([1, 1, 1]);
    if (name === 'minimum risk') {
      expect(log.every(({ reward }) => (reward as number) < 0)).toBe(true);
      expect(log.every(({ candidates }) => (candidates as number) > 1)).toBe(true);
    }
    if (name === 'REINFORCE with all that has state') expect(log[0]).toHaveProperty('divergence');
  });

  it.concurrent('take a reward from a module, and begin with what the other run learned', async () => {
    const config = await continuing('module', {
      objective: 'reinforce',
      reinforce: { reward: './reward.mjs', samples: 4, baseline: 'leave-one-out' },
      steps: 60,
      logEvery: 10,
      learningRate: 0.01,
    });
    // Short outputs, whatever they say.
    await writeFile(
      join(folder, 'module', 'reward.mjs'),
      'export const reward = (output, reference) => -Math.abs(output.length - reference.length / 4);\n',
    );
    const { code, stderr } = await s2s(['train', config, '--out', `${config}-run`, ...THREADS]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`the model begins with that of ${begun} (step`);
    expect(stderr).not.toContain('has learned nothing');
    const log = await eventsOf(`${config}-run`, 'train');
    expect(log.at(-1)!.reward).toBeGreaterThan(log[0]!.reward as number);
    expect(log.at(-1)!.sampleLength).toBeLessThan(log[0]!.sampleLength as number);
  });

  it.concurrent('warn when they begin with nothing', async () => {
    const config = await project(join(folder, 'cold'), {
      training: { ...TRAINING, steps: 1, warmupSteps: 0, objective: 'reinforce' },
    });
    const { code, stderr } = await s2s(['train', config, '--out', `${config}-run`, ...THREADS]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('warning: objective reinforce begins with a model that has learned nothing');
    expect(stderr).toContain('name that run in training.startFrom');
  });

  it.concurrent.each([
    ['an unknown metric', { reward: 'blue' }, 2, /reward "blue": expected bleu, .*did you mean `bleu/],
    ['a module that is not there', { reward: './nowhere.mjs' }, 66, /nowhere\.mjs: cannot be loaded as a module/],
    ['a module without a reward', { reward: './empty.mjs' }, 65, /expected an exported function `reward/],
    [
      'a reward that is no number',
      { reward: './nan.mjs' },
      65,
      /expected a finite number as the reward of ".*", found NaN/,
    ],
  ])('refuse %s', async (name, reinforce, expected, message) => {
    const project = `bad-${name.replaceAll(' ', '-')}`;
    await mkdir(join(folder, project), { recursive: true });
    await writeFile(join(folder, project, 'empty.mjs'), 'export const prize = 1;\n');
    await writeFile(join(folder, project, 'nan.mjs'), 'export const reward = () => Number.NaN;\n');
    const config = await continuing(project, { objective: 'reinforce', reinforce });
    const { code, stderr } = await s2s(['train', config, '--out', `${config}-run`, ...THREADS]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(expected);
  });
});

describe('what a run may begin with', () => {
  it.concurrent('is refused where its sizes differ', async () => {
    const config = await continuing('sizes', {}, { model: { modelDim: 32 } });
    const { code, stderr } = await s2s(['train', config, '--out', `${config}-run`, ...THREADS]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/training\.startFrom: .* has .* of shape \[.*16\], but this model needs \[.*32\]/);
  });

  it.concurrent('goes on with its vocabularies and its loss', async () => {
    const config = await continuing('go-on', { steps: 3, learningRate: 1e-9, warmupSteps: 0 });
    await succeed(['train', config, '--out', `${config}-run`, ...THREADS]);
    const [before, now] = [await eventsOf(begun, 'validation'), await eventsOf(`${config}-run`, 'validation')];
    const best = Math.min(...before.map(({ loss }) => loss as number));
    expect(now[0]!.loss).toBeCloseTo(best, 4);
  });
});

describe('craft beside cross-entropy', () => {
  it.concurrent('resumes bit for bit', async () => {
    const config = await continuing(
      'craft',
      {
        scheduledSampling: { decay: 'exponential', steps: 4, minimum: 0.2, prediction: 'sample', unit: 'sentence' },
        guidedAttention: { weight: 0.5 },
        rDrop: 0.5,
        wordDropout: { source: 0.1, target: 0.1 },
      },
      { model: { dropout: 0.1 } },
    );
    const [whole, parts] = [`${config}-whole`, `${config}-parts`];
    await succeed(['train', config, '--out', whole, ...THREADS]);
    await succeed(['train', config, '--out', parts, '--max-steps', '3', ...THREADS]);
    await succeed(['train', '--out', parts, '--resume', ...THREADS]);
    expect(await checkpointOf(parts, STEPS)).toEqual(await checkpointOf(whole, STEPS));
    const shares = (await eventsOf(parts, 'train')).map(({ trueInputs }) => trueInputs as number);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares[0]).toBeLessThan(1);
    const [validation] = await eventsOf(whole, 'validation');
    expect(validation!.diagonality).toBeGreaterThan(0);
    expect(validation!.diagonality).toBeLessThan(1);
  });

  it.concurrent('shows where the decoder looked', async () => {
    const output = await succeed(['decode', begun, '--json', '--attention', ...THREADS], { input: 'Mon, Mar 3\n\n' });
    const [line, blank] = output
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(blank.outputs).toEqual([]);
    const { attention } = line.outputs[0];
    const { source, target, layers, heads, weights } = attention;
    expect(source.at(-1)).toBe('</s>');
    expect([layers, heads]).toEqual([1, 2]);
    expect(weights).toHaveLength(layers);
    expect(weights[0]).toHaveLength(heads);
    expect(weights[0][0]).toHaveLength(target.length);
    for (const row of weights.flat(2)) {
      expect(row).toHaveLength(source.length);
      expect(row.reduce((sum: number, weight: number) => sum + weight, 0)).toBeCloseTo(1, 2);
    }
    const { code, stderr } = await s2s(['decode', begun, '--attention', ...THREADS], { input: 'Mon\n' });
    expect(code).toBe(2);
    expect(stderr).toContain('--attention needs --json');
  });
});
