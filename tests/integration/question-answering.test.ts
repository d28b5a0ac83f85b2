// Question answering at the command line: learning the fixture, lines of two kinds, files of one's own, bAbI one task after another.
import { spawnSync } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricsOf, remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'question-answering');
const recipes = join(root, 'tasks', 'question-answering', 'recipes');

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  await succeed(['train', join(fixture, 'config.yaml'), '--out', run]);
});
afterAll(() => remove(folder));

type Scores = { examples: number; metrics: Record<string, { score: number; signature: string }> };
const evaluated = async (...options: string[]): Promise<Scores> =>
  JSON.parse(await succeed(['eval', run, '--json', ...options])) as Scores;

describe('a model of the fixture', () => {
  it('answers nearly all questions, scored against all answers', async () => {
    const { examples, metrics } = await evaluated();
    expect(examples).toBe(100);
    expect(Object.keys(metrics)).toEqual(['squadExactMatch', 'squadF1']);
    expect(metrics.squadExactMatch?.score).toBeGreaterThan(80);
    expect(metrics.squadF1?.score).toBeGreaterThanOrEqual(metrics.squadExactMatch?.score ?? 100);
    expect(metrics.squadF1?.signature).toContain('nrefs:var');
  });

  it('was validated as it is scored', async () => {
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    const best = Math.max(...validations.map(({ squadExactMatch }) => squadExactMatch as number));
    const { metrics } = await evaluated('--split', 'valid', '--beam', '1');
    expect(metrics.squadExactMatch?.score).toBeCloseTo(best, 6);
  });

  it('reads JSON objects as it reads lines with a tab', async () => {
    const sample = await readFile(join(fixture, 'sample.tsv'), 'utf8');
    const objects = sample
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [question, context] = line.split('\t');
        return `${JSON.stringify({ id: 1, context, question })}\n`;
      });
    const answers = await succeed(['decode', run], { input: sample });
    expect(answers.trimEnd().split('\n')).toHaveLength(8);
    expect(await succeed(['decode', run], { input: objects.join('') })).toBe(answers);
  });

  it('names a line that is neither', async () => {
    const { code, stderr } = await s2s(['decode', run], { input: 'Who had the book?\n' });
    expect(code).toBe(65);
    expect(stderr).toContain(
      '"Who had the book?": expected {"question": …, "context": …} or a question, a tab and a context, found no context',
    );
  });

  it('is scored on other files', async () => {
    const rows = (await readFile(join(fixture, 'test.jsonl'), 'utf8')).trimEnd().split('\n');
    const parsed = rows.map((row) => JSON.parse(row) as { question: string; context: string; answers: string[] });
    const text = (line: (row: (typeof parsed)[number]) => string) => parsed.map((row) => `${line(row)}\n`).join('');
    const file = (name: string) => join(folder, name);
    await writeFile(
      file('asked.tsv'),
      text(({ question, context }) => `${question}\t${context}`),
    );
    for (const n of [0, 1, 2]) {
      await writeFile(
        file(`gold${n}.txt`),
        text(({ answers }) => answers[n] ?? (answers[0] as string)),
      );
    }
    const gold = [0, 1, 2].map((n) => file(`gold${n}.txt`));
    const other = await evaluated('--source', file('asked.tsv'), '--reference', ...gold);
    expect(other.metrics.squadF1?.score).toBeCloseTo((await evaluated()).metrics.squadF1?.score ?? 0, 9);
  });
});

it('babi.mjs trains tasks one after another, goes on with runs, and prints a table', async () => {
  const babi = join(folder, 'babi');
  await mkdir(babi);
  const story = (n: number) =>
    `1 Mary went to the hall.\n2 Where is Mary? \thall\t1\n3 John left.\n4 Is it ${n}?\tno\t3\n`;
  const stories = Array.from({ length: 20 }, (_, n) => story(n)).join('');
  for (const name of ['qa1_one_train', 'qa1_one_test', 'qa12_other_train', 'qa12_other_test'])
    await writeFile(join(babi, `${name}.txt`), stories);
  const settings = ['training.steps=6', 'training.validateEvery=6', 'training.warmupSteps=2', 'model.modelDim=16'];
  const options = [...settings.flatMap((setting) => ['--set', setting]), '--threads', '1'];
  const train = (...args: string[]) =>
    spawnSync(process.execPath, [join(recipes, 'babi.mjs'), babi, join(folder, 'runs'), '1', '12', ...args], {
      encoding: 'utf8',
    });
  const first = train(...options);
  expect([first.status, first.stderr]).toEqual([0, '']);
  expect(first.stdout).toMatch(/^qa1 +\d+\.\d %\nqa12 +\d+\.\d %\nmean +\d+\.\d %, [012] of 2 tasks above 5 %\n$/);
  const again = train('--threads', '1');
  expect([again.status, again.stdout]).toEqual([0, first.stdout]);
});

it('a question without an answer stops training before it begins', async () => {
  const at = join(folder, 'broken');
  await cp(fixture, at, { recursive: true });
  await copyFile(join(fixture, 'test.jsonl'), join(at, 'train.jsonl'));
  const row = { question: 'Who?', context: 'Nobody.', answers: [] };
  await writeFile(join(at, 'valid.jsonl'), `${JSON.stringify(row)}\n`);
  const { code, stderr } = await s2s(['train', join(at, 'config.yaml'), '--out', join(at, 'run')]);
  expect(code).toBe(65);
  expect(stderr).toContain(
    `error: ${join(at, 'valid.jsonl')}:1: expected an answer, found a question without an answer`,
  );
});
