// Audio tagging at the command line: the fixture with both decisions, and what is wrong with manifests.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'audio-tagging');

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => remove(folder));

type Scores = { examples: number; metrics: Record<string, { score: number }> };

/** The labels of each row of a split of the fixture. */
async function labelsOf(split: string): Promise<string[][]> {
  const [, ...rows] = (await readFile(join(fixture, `${split}.tsv`), 'utf8')).trimEnd().split('\n');
  return rows.map((row) => (row.split('\t')[3] as string).split(',').filter((name) => name !== ''));
}

/** The micro F1 of always answering with the most frequent labels of the training split, as many as are best. */
async function constantF1(): Promise<number> {
  const counts = new Map<string, number>();
  for (const name of (await labelsOf('train')).flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const frequent = [...counts.keys()].sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number));
  const truth = await labelsOf('test');
  const scores = frequent.map((_name, i) => {
    const answer = frequent.slice(0, i + 1);
    const right = truth.flat().filter((name) => answer.includes(name)).length;
    return (2 * right) / (answer.length * truth.length + truth.flat().length);
  });
  return Math.max(...scores);
}

/** The configuration without its last section; nothing is searched for where labels are decided each by itself. */
async function withoutDecoding(): Promise<string> {
  const text = await readFile(join(fixture, 'config.yaml'), 'utf8');
  const path = join(folder, 'relevance.yaml');
  await writeFile(path, text.slice(0, text.indexOf('decoding:')).replaceAll('manifest: ', `manifest: ${fixture}/`));
  return path;
}

describe.each([
  ['sequence', async () => join(fixture, 'config.yaml')],
  ['binary-relevance', withoutDecoding],
])('labels by %s', (decision, configOf) => {
  it('are heard: which ones, and how many', async () => {
    const run = join(folder, decision);
    await succeed(['train', await configOf(), '--out', run, '--set', `labels.decision=${decision}`]);
    const { examples, metrics } = JSON.parse(await succeed(['eval', run, '--json', '--quiet'])) as Scores;
    expect(examples).toBe(25);
    const blind = await constantF1();
    expect(blind).toBeLessThan(0.5);
    expect(metrics.microF1?.score).toBeGreaterThan(0.8);

    const decoded = (await succeed(['decode', run, '--input', join(fixture, 'sample.txt')])).trimEnd();
    const whole = (await succeed(['decode', run, '--input', join(fixture, 'test.tsv')])).trimEnd();
    const outputs = whole.split('\n');
    expect(outputs).toHaveLength(25);
    expect(outputs.slice(0, 4).join('\n')).toBe(decoded);
    // Scores are of what is decoded.
    const truth = await labelsOf('test');
    const names = outputs.map((line) => (line === '' ? [] : line.split(', ')));
    const right = names.flatMap((own, i) => own.filter((name) => truth[i]?.includes(name))).length;
    const f1 = (2 * right) / (names.flat().length + truth.flat().length);
    expect(f1).toBeCloseTo(metrics.microF1?.score as number, 9);
    // A recording far longer than any of the training is still tagged whole.
    const long = await s2s(['decode', run], { input: `${join(fixture, 'test.wav')}\t0\t5\n` });
    expect([long.code, long.stdout.split('\n').length]).toEqual([0, 2]);
    expect(long.stderr).not.toContain('pieces');
  });
});

describe('a manifest', () => {
  it('with labels that cannot be learned is named before training', async () => {
    const valid = join(folder, 'valid.tsv');
    await writeFile(valid, `audio\tstart\tend\ttext\n${join(fixture, 'valid.wav')}\t0\t0.5\thum,bark\n`);
    const set = ['--set', `data.valid.manifest=${valid}`];
    const config = join(fixture, 'config.yaml');
    const { code, stderr } = await s2s(['train', config, '--out', join(folder, 'never'), ...set]);
    expect([code, stderr]).toEqual([65, expect.stringContaining('valid.tsv:2: the label "bark" is in no example')]);
    const more = ['--set', 'labels.onUnseen=drop', '--set', 'labels.order=frequent-first', '--max-steps', '2'];
    const dropped = await s2s(['train', config, '--out', join(folder, 'dropped'), ...set, ...more]);
    expect([dropped.code, dropped.stderr]).toEqual([0, expect.stringContaining('("bark")')]);
    // Of what could be learned, though scores count "bark" as missed.
    const options = ['--split', 'valid', '--metrics', 'perplexity', '--json', '--quiet'];
    const { metrics } = JSON.parse(await succeed(['eval', join(folder, 'dropped'), ...options])) as Scores;
    expect(metrics.perplexity?.score).toBeGreaterThan(1);
  });

  it('is decoded from any folder, by a path that starts there', async () => {
    const place = join(folder, 'elsewhere');
    await mkdir(join(place, 'lists'), { recursive: true });
    await writeFile(join(place, 'lists', 'new.tsv'), 'audio\nsound.wav\n');
    await writeFile(join(place, 'lists', 'sound.wav'), await readFile(join(fixture, 'valid.wav')));
    const run = join(folder, 'dropped');
    const output = await succeed(['decode', run, '--input', 'lists/new.tsv', '--on-long', 'truncate'], { cwd: place });
    expect(output.split('\n')).toHaveLength(2);
  });
});

it('a project begins with a configuration of what tagging has', async () => {
  await succeed(['init', 'audio-tagging', join(folder, 'start')]);
  const text = await readFile(join(folder, 'start', 'config.yaml'), 'utf8');
  for (const key of ['task: audio-tagging', 'labels:', 'features:', 'augmentation:', '  cmvn: global'])
    expect(text).toContain(key);
  expect(text).not.toMatch(/^(tokenizer|segmentation|ctc):/m);
  expect(await succeed(['tasks'])).toMatch(/audio-tagging +audio → labels +microF1/);
});
