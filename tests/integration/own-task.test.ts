// The page on writing a task of one's own, taken at its word: its code, in a copy of the program, trains, evaluates and decodes.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { remove, root, temporaryFolder } from './support.js';

const LINES = 60;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of ['dist', 'package.json', 'fixtures']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => remove(folder));

function s2s(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'dist', 'bin', 's2s.js'), ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('a folder and a line in the registry make a task', async () => {
  const page = await readFile(join(root, 'tasks', 'README.md'), 'utf8');
  const code = /```ts\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(code.trimEnd().split('\n').length).toBeLessThan(LINES);
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  await mkdir(join(folder, 'dist', 'tasks', 'roman-numerals'));
  await writeFile(join(folder, 'dist', 'tasks', 'roman-numerals', 'adapter.js'), outputText);
  const registry = join(folder, 'dist', 'tasks', 'index.js');
  const listed = (await readFile(registry, 'utf8')).replace('export const tasks = [', '$& romanNumerals,');
  await writeFile(registry, `import { romanNumerals } from './roman-numerals/adapter.js';\n${listed}`);

  const [task] = JSON.parse(s2s(['tasks', '--json']).stdout) as { name: string; source: string }[];
  expect(task).toMatchObject({ name: 'roman-numerals', source: 'number', target: 'numeral' });
  expect(s2s(['init', 'roman-numerals', 'numerals']).status).toBe(0);
  const commented = await readFile(join(folder, 'numerals', 'config.yaml'), 'utf8');
  expect(commented).toContain('of a division by 7');
  const wrong = s2s(['train', 'numerals/config.yaml', '--out', 'never', '--set', 'data.valid.remainders=[9]']);
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('data.valid.remainders')]);

  const set = [
    '--set',
    'training.steps=200',
    '--set',
    'training.validateEvery=200',
    '--set',
    'batching.maxTokens=1024',
  ];
  const trained = s2s(['train', 'numerals/config.yaml', '--out', 'run', '--threads', '1', ...set]);
  expect([trained.status, trained.stderr]).toEqual([0, expect.stringContaining('exactMatch')]);
  const scores = JSON.parse(s2s(['eval', 'run', '--json', '--quiet']).stdout) as {
    task: string;
    examples: number;
    metrics: Record<string, { score: number }>;
  };
  expect(scores).toMatchObject({ task: 'roman-numerals', examples: 571 });
  expect(scores.metrics.exactMatch?.score).toBeGreaterThan(50);
  const spoken = s2s(['decode', 'run'], '2024\n\n7\n').stdout.split('\n');
  expect(spoken).toEqual([expect.stringMatching(/^[MDCLXVI]+$/), '', expect.stringMatching(/^[MDCLXVI]+$/), '']);
});
