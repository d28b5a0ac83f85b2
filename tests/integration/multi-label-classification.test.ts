// Multi-label classification at the command line: the fixture in free and in fixed order, and labels that cannot be learned.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricsOf, remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'multi-label-classification');

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => remove(folder));

type Scores = { examples: number; metrics: Record<string, { score: number }> };

describe.each(['free', 'frequent-first'])('labels in %s order', (order) => {
  it('are learned: which ones, and how many', async () => {
    const run = join(folder, order);
    await succeed(['train', join(fixture, 'config.yaml'), '--out', run, '--set', `labels.order=${order}`]);
    const { examples, metrics } = JSON.parse(await succeed(['eval', run, '--json', '--quiet'])) as Scores;
    expect(examples).toBe(60);
    expect(metrics.microF1?.score).toBeGreaterThan(0.9);
    expect(metrics.subsetAccuracy?.score).toBeGreaterThan(0.8);
    const input = await readFile(join(fixture, 'sample.txt'), 'utf8');
    const lines = (await succeed(['decode', run], { input })).split('\n');
    // Whatever their order in the output.
    expect(lines.slice(0, 3).map((line) => line.split(', ').sort().join(', '))).toEqual([
      'food, service',
      '',
      'price, view',
    ]);
    const drawn = await succeed(['decode', run, '--sample', '--n-best', '3', '--temperature', '3', '--json'], {
      input,
    });
    for (const text of drawn.match(/(?<="text": ?")[^"]*/g) ?? []) {
      const names = text === '' ? [] : text.split(', ');
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe('labels decided each by itself', () => {
  it('are above thresholds that validation chooses, and kept with the parameters', async () => {
    const text = await readFile(join(fixture, 'config.yaml'), 'utf8');
    // Nothing is searched for, so there is nothing to say of decoding.
    const config = join(folder, 'relevance.yaml');
    await writeFile(config, text.slice(0, text.indexOf('decoding:')).replaceAll('file: ', `file: ${fixture}/`));
    const run = join(folder, 'relevance');
    await succeed(['train', config, '--out', run, '--set', 'labels.decision=binary-relevance']);
    const { metrics } = JSON.parse(await succeed(['eval', run, '--json', '--quiet'])) as Scores;
    expect(metrics.microF1?.score).toBeGreaterThan(0.9);
    const [valid] = [...(await metricsOf(run))].filter(({ event, best }) => event === 'validation' && best).slice(-1);
    const again = JSON.parse(await succeed(['eval', run, '--split', 'valid', '--json', '--quiet'])) as Scores;
    expect(again.metrics.microF1?.score).toBeCloseTo(valid?.microF1 as number, 9);
    const input = await readFile(join(fixture, 'sample.txt'), 'utf8');
    const lines = (await succeed(['decode', run], { input })).split('\n');
    expect(lines.slice(0, 3).map((line) => line.split(', ').sort().join(', '))).toEqual([
      'food, service',
      '',
      'price, view',
    ]);
    const beams = await s2s([
      'train',
      join(fixture, 'config.yaml'),
      '--out',
      join(folder, 'beams'),
      '--set',
      'labels.decision=binary-relevance',
    ]);
    expect([beams.code, beams.stderr]).toEqual([2, expect.stringContaining('decoding: nothing is searched for')]);
  });
});

describe('labels that cannot be learned', () => {
  it('are named before training', async () => {
    await writeFile(join(folder, 'valid.tsv'), 'text\tlabels\nthe soup was cold\tfood,parking\n');
    const set = ['--set', `data.valid.file=${join(folder, 'valid.tsv')}`];
    const config = join(fixture, 'config.yaml');
    const { code, stderr } = await s2s(['train', config, '--out', join(folder, 'never'), ...set]);
    expect([code, stderr]).toEqual([65, expect.stringContaining('valid.tsv:2: the label "parking" is in no example')]);
    const dropped = await s2s([
      'train',
      config,
      '--out',
      join(folder, 'dropped'),
      ...set,
      '--set',
      'labels.onUnseen=drop',
      '--max-steps',
      '2',
    ]);
    expect([dropped.code, dropped.stderr]).toEqual([0, expect.stringContaining('("parking")')]);
  });
});
