// Summarisation at the command line: names that the vocabulary lacks are copied, and all summaries of a document count.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'summarisation');

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  const steps = ['--set', 'training.steps=220', '--set', 'training.validateEvery=110'];
  await succeed(['train', join(fixture, 'config.yaml'), '--out', run, ...steps]);
});
afterAll(() => remove(folder));

it('a model of the fixture says what matters, with names that it has never seen', async () => {
  const { examples, metrics } = JSON.parse(await succeed(['eval', run, '--json']));
  expect(examples).toBe(60);
  expect(Object.keys(metrics)).toEqual(['rouge1', 'rouge2', 'rougeL']);
  expect(metrics.rouge1.signature).toBe('nrefs:2|stem:no');
  expect(metrics.rougeL.score).toBeGreaterThan(0.8);
  const input = await readFile(join(fixture, 'sample.txt'), 'utf8');
  const outputs = (await succeed(['decode', run], { input })).trimEnd().split('\n');
  expect(outputs).toHaveLength(5);
  input.split('\n').forEach((document, i) => {
    const names = (outputs[i] ?? '').match(/[A-Z][a-z]+(burg|ton|by|ford|wick)\b/g) ?? [];
    expect(names.filter((name) => !document.includes(name))).toEqual([]);
  });
  expect(outputs.join(' ')).toMatch(/[A-Z][a-z]+(burg|ton|by|ford|wick)\b/);
});

it('a chat is for other tasks', async () => {
  const { code, stdout, stderr } = await s2s(['decode', run, '--chat'], { input: 'hello\n' });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain("--chat is for tasks that have turns (dialogue), but the run's task is summarisation");
});
