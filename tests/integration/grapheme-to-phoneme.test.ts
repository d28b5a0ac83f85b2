// Grapheme-to-phoneme at the command line: learning the fixture, words with several pronunciations, characters never seen.
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricsOf, remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'grapheme-to-phoneme');

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  const steps = ['--set', 'training.steps=400', '--set', 'training.validateEvery=200', '--set', 'model.modelDim=48'];
  await succeed(['train', join(fixture, 'config.yaml'), '--out', run, ...steps]);
});
afterAll(() => remove(folder));

type Scores = { examples: number; metrics: Record<string, { score: number; signature: string; details: object }> };
const evaluated = async (...options: string[]): Promise<Scores> =>
  JSON.parse(await succeed(['eval', run, '--json', ...options])) as Scores;

describe('a model of the fixture', () => {
  it('gets most phonemes of words that it has never seen right, each word counted once', async () => {
    const { examples, metrics } = await evaluated();
    expect(examples).toBe(150);
    expect(Object.keys(metrics)).toEqual(['per', 'pronunciationErrorRate']);
    expect(metrics.per?.signature).toBe('nrefs:var|case:mixed|norm:none|unit:phoneme|stress:ignored');
    expect(metrics.per?.score).toBeLessThan(0.35);
    expect(metrics.pronunciationErrorRate?.score).toBeLessThan(80);
    expect(metrics.pronunciationErrorRate?.details).toMatchObject({ words: 150 });
  });

  it('was validated as it is scored: against all pronunciations of a word', async () => {
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    const best = Math.min(...validations.map(({ per }) => per as number));
    const { examples, metrics } = await evaluated('--split', 'valid', '--beam', '1');
    expect(examples).toBe(150);
    expect(metrics.per?.signature).toContain('nrefs:var');
    expect(metrics.per?.score).toBeCloseTo(best, 6);
  });

  it('says phonemes separated by spaces, whatever case a word is in', async () => {
    const input = 'pub\nPUB\n\n pub \n';
    const lines = (await succeed(['decode', run], { input })).split('\n');
    expect(lines[0]).toMatch(/^[A-Z]+( [A-Z]+)*$/);
    expect(lines).toEqual([lines[0], lines[0], '', lines[0], '']);
  });

  it('names the characters that it has never seen', async () => {
    const { code, stdout, stderr } = await s2s(['decode', run], { input: 'pub\npüb é\n' });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toContain('warning: standard input:2: the vocabulary lacks "ü", " ", "é"; read as unknown');
    expect(stderr).not.toContain('input:1:');
  });

  it('takes references with stress from other files', async () => {
    const { metrics } = await evaluated('--split', 'valid');
    const [words, spoken] = [join(folder, 'words.txt'), join(folder, 'spoken.txt')];
    const first = new Map<string, string>();
    for (const line of (await readFile(join(fixture, 'valid.dict'), 'utf8')).trimEnd().split('\n')) {
      const [entry = '', ...phonemes] = line.split(' ');
      const word = entry.replace(/\(\d\)$/, '');
      if (!first.has(word)) first.set(word, phonemes.join(' '));
    }
    await writeFile(words, `${[...first.keys()].join('\n')}\n`);
    await writeFile(spoken, `${[...first.values()].join('\n')}\n`);
    const other = await evaluated('--source', words, '--reference', spoken);
    // One pronunciation a word instead of all: no word can be right that was wrong.
    const [all, one] = [metrics.pronunciationErrorRate?.score ?? 0, other.metrics.pronunciationErrorRate?.score ?? 0];
    expect(one).toBeGreaterThanOrEqual(all);
    expect(one).toBeLessThan(all + 10);
  });
});

it('a line without phonemes stops training before it begins', async () => {
  const at = join(folder, 'broken');
  const broken = `${at}.dict`;
  await writeFile(broken, 'pub P AH1 B\npubs\n');
  await copyFile(join(fixture, 'config.yaml'), `${at}.yaml`);
  const options = ['train', 'valid', 'test'].flatMap((split) => ['--set', `data.${split}.file=${broken}`]);
  const { code, stderr } = await s2s(['train', `${at}.yaml`, '--out', at, ...options]);
  expect(code).toBe(65);
  expect(stderr).toContain(`error: ${broken}:2: expected the phonemes of "pubs" after it, found none`);
});
