// Unusable configurations and command lines: the message, the exit code, and that nothing is left behind.
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointOf, type Ended, project, remove, s2s, succeed, temporaryFolder } from './support.js';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(folder);
});
afterAll(() => remove(folder));

let tries = 0;
/** Tries to train and expects that no run folder is made. */
async function refused(argv: readonly string[]): Promise<Ended> {
  const parent = join(folder, `new-${tries++}`);
  const result = await s2s(['train', ...argv, '--out', join(parent, 'run')], { cwd: folder });
  expect(result.stdout).toBe('');
  expect(existsSync(parent)).toBe(false);
  return result;
}

describe('a configuration', () => {
  it.concurrent('that is not there', async () => {
    const { code, stderr } = await refused(['absent.yaml']);
    expect(stderr).toBe(
      'error: absent.yaml: no such file; `s2s init TASK` writes a config, `s2s tasks` lists the tasks\n',
    );
    expect(code).toBe(66);
  });

  it.concurrent('that is a folder', async () => {
    const { code, stderr } = await refused([folder]);
    expect(stderr).toBe(`error: ${folder}: expected a YAML config file, found a folder\n`);
    expect(code).toBe(65);
  });

  it.concurrent('with an unknown key, a wrong type and a value out of range: all are told, with line and column', async () => {
    const file = join(folder, 'wrong.yaml');
    const text = await readFile(config, 'utf8');
    const wrong = text
      .replace('learningRate: 0.005', 'learnigRate: 0.005')
      .replace('steps: 12', 'steps: twelve')
      .replace('dropout: 0', 'dropout: 1.5');
    await writeFile(file, wrong);
    const lines = wrong.split('\n');
    const at = (key: string, end = 0) => {
      const row = lines.findIndex((line) => line.includes(`${key}:`));
      return `${file}:${row + 1}:${(lines[row] as string).indexOf(key) + 1 + end}`;
    };
    const { code, stderr } = await refused([file]);
    expect(stderr.split('\n')).toEqual([
      `error: ${at('dropout', 'dropout: '.length)}: model.dropout: expected a number of at least 0 and below 1, found 1.5`,
      `error: ${at('steps', 'steps: '.length)}: training.steps: expected a whole number of at least 1, found "twelve"`,
      `error: ${at('learnigRate')}: unknown key \`training.learnigRate\`; did you mean \`learningRate\`?`,
      '',
    ]);
    expect(code).toBe(2);
  });

  it.concurrent('that is not YAML', async () => {
    const file = join(folder, 'torn.yaml');
    await writeFile(file, 'task: translation\ndata: [1,\nseed: 2\n');
    const { code, stderr } = await refused([file]);
    expect(stderr).toMatch(/^error: .*torn\.yaml:\d+:\d+: /);
    expect(code).toBe(2);
  });

  it.concurrent('of an unknown task', async () => {
    const { code, stderr } = await refused([config, '--set', 'task=translate']);
    expect(stderr).toBe(
      'error: --set task=translate: expected `translation`, found "translate"; did you mean `translation`?\n',
    );
    expect(code).toBe(2);
    const file = join(folder, 'task.yaml');
    await writeFile(file, 'task: translatoin\n');
    const other = await refused([file]);
    expect(other.stderr).toBe(`error: ${file}: task: unknown task "translatoin"; did you mean \`translation\`?\n`);
    expect(other.code).toBe(2);
  });

  it.concurrent.each([
    ['model.heads=3', 'modelDim must be a multiple of heads, but modelDim is 16 and heads is 3'],
    ['decoding.nBest=5', '`nBest` must be at most `beam` (2), because a search keeps no more hypotheses, but is 5.'],
    ['batching.maxSourceLength=300', '`maxSourceLength` must not be larger than `maxTokens` (256), but is 300.'],
    ['training.warmupSteps=50', 'warmupSteps must be at most steps, but warmupSteps is 50 and steps is 12'],
    ['training.weightDecay=0.1', 'weightDecay needs optimizer adamw, but weightDecay is 0.1 and optimizer is adam'],
    ['tokenizer.joint=false', 'embeddings shared needs one vocabulary, but tokenizer.joint is false'],
    ['training.validationMetric=rouge', 'but is rouge'],
    ['decoding.minLength=31', '`minLength` must be at most `maxLength` (30), but is 31.'],
  ])('with contradictory values names both: %s', async (change, message) => {
    const { code, stderr } = await refused([config, '--set', change]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it.concurrent('of a model beyond all memory is refused before anything is made', async () => {
    const { code, stderr } = await refused([config, '--set', 'model.modelDim=1000000', '--quiet']);
    expect(stderr).toMatch(
      /^error: a model of \d+ M parameters needs at least .* GiB to be trained, but this machine has /,
    );
    expect(code).toBe(2);
  });

  it.concurrent('may name a tokenizer beside it', async () => {
    const missing = await refused([config, '--set', 'tokenizer.sourceTokenizer=none.json']);
    expect(missing.stderr).toContain(
      `error: ${join(folder, 'none.json')}: cannot be read; expected a Hugging Face tokenizer.json`,
    );
    expect(missing.code).toBe(66);
    const at = join(folder, 'given');
    const own = await project(at);
    await succeed(['train', own, '--out', join(at, 'first'), '--max-steps', '1']);
    await copyFile(join(at, 'first', 'vocab', 'tokenizer.json'), join(at, 'mine.json'));
    const given = ['--set', 'tokenizer.sourceTokenizer=mine.json', '--max-steps', '1'];
    await succeed(['train', own, '--out', join(at, 'second'), ...given]);
    // The configuration in the run folder leads to the same files.
    await succeed(['train', join(at, 'second', 'config.yaml'), '--out', join(at, 'third'), '--max-steps', '1']);
    expect(await checkpointOf(join(at, 'third'), 1)).toEqual(await checkpointOf(join(at, 'first'), 1));
  });

  it.concurrent('changed with a --set that cannot be', async () => {
    const { code, stderr } = await refused([config, '--set', 'training.step=5', '--set', 'seed']);
    expect(stderr).toContain('--set training.step=5: unknown key `training.step`; did you mean `steps`?');
    expect(stderr).toContain('--set seed: expected key.path=value, such as training.steps=500');
    expect(code).toBe(2);
  });
});

describe('an engine', () => {
  const require = createRequire(import.meta.url);
  const isInstalled = (() => {
    try {
      require.resolve('@tensorflow/tfjs-node');
      return true;
    } catch {
      return false;
    }
  })();
  if (isInstalled)
    console.log('skipped: the message for a missing @tensorflow/tfjs-node, because it is installed here');

  it.skipIf(isInstalled)('that is not installed is told with the command that installs it', async () => {
    const { code, stderr } = await refused([config, '--engine', 'tensorflow']);
    expect(stderr).toBe(
      'error: engine "tensorflow" is not installed here; install it with: npm install @tensorflow/tfjs-node\n',
    );
    expect(code).toBe(69);
  });

  it.concurrent('that is unknown is a wrong usage', async () => {
    const { code, stderr } = await refused([config, '--engine', 'cuda']);
    expect(stderr).toContain('Allowed choices are auto, onnxruntime, tensorflow, cpu.');
    expect(code).toBe(2);
  });
});
