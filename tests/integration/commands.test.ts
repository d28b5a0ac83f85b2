// The commands around training: tasks, init and doctor; and what all commands have in common.
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { project, remove, root, s2s, succeed, temporaryFolder } from './support.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => remove(folder));

it.concurrent('tasks lists every task as JSON, with what the contract says', async () => {
  const tasks = JSON.parse(await succeed(['tasks', '--json'])) as Record<string, unknown>[];
  expect(tasks.map(({ name }) => name)).toContain('translation');
  for (const task of tasks) {
    expect(Object.keys(task)).toEqual(['name', 'source', 'target', 'metrics', 'recipes']);
    for (const recipe of task.recipes as string[]) {
      expect(await readFile(join(root, recipe), 'utf8')).toContain(`task: ${task.name}`);
    }
  }
});

it.concurrent('init writes a project that trains once its data files are filled in', async () => {
  const at = join(folder, 'project');
  const files = (await succeed(['init', 'translation', at])).trimEnd().split('\n');
  expect(files).toEqual([join(at, 'config.yaml'), join(at, 'README.md')]);
  const config = files[0] as string;
  // As it is written the files it names are not there yet.
  const early = await s2s(['train', config, '--out', join(at, 'run')]);
  expect(early.stderr).toContain(`error: ${join(at, 'train.src')}: no such file`);
  expect(early.code).toBe(66);
  expect((await readdir(at)).sort()).toEqual(['README.md', 'config.yaml']);

  const data = join(folder, 'data');
  await project(data);
  for (const name of (await readdir(data)).filter((file) => /\.(src|tgt)$/.test(file))) {
    await copyFile(join(data, name), join(at, `my-${name}`));
  }
  const text = await readFile(config, 'utf8');
  await writeFile(config, text.replace(/(source|target): (train|valid|test)\./g, '$1: my-$2.'));
  const small = ['modelDim=16', 'feedForwardDim=32', 'heads=2', 'encoderLayers=1', 'decoderLayers=1'];
  const changes = [
    ...small.map((change) => `model.${change}`),
    'tokenizer.kind=char',
    'training.warmupSteps=2',
    'training.steps=3',
  ];
  const out = join(at, 'run');
  await succeed(['train', config, '--out', out, ...changes.flatMap((change) => ['--set', change])]);
  expect(JSON.parse(await succeed(['eval', out, '--json', '--beam', '1']))).toMatchObject({
    split: 'test',
    examples: 30,
  });
  const again = await s2s(['init', 'translation', at]);
  expect(again.stderr).toContain('config.yaml exists already and is left as it is');
  expect(again.code).toBe(2);
});

it.concurrent('doctor reports machine, versions and engines as JSON', async () => {
  const report = JSON.parse(
    await succeed(['doctor', '--json', '--quiet', '--engine', 'onnxruntime', '--threads', '1']),
  );
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(report.versions).toMatchObject({ s2s: version, node: process.versions.node });
  expect(report.cpu).toMatchObject({ usedThreads: 1, features: expect.any(Array) });
  expect(report.memory.total).toBeGreaterThan(0);
  const [engine] = report.engines;
  expect(engine).toMatchObject({
    name: 'onnxruntime',
    package: 'onnxruntime-node',
    version: expect.any(String),
    problem: null,
  });
  expect(engine.gflops).toBeGreaterThan(0);
});

it.concurrent('every command has help with examples and the common options', async () => {
  for (const command of ['train', 'eval', 'decode', 'report', 'init', 'tasks', 'doctor']) {
    const help = await succeed([command, '--help']);
    for (const part of ['Examples:', '--json', '--quiet', '--engine', '--threads', '--seed'])
      expect(help).toContain(part);
  }
});
