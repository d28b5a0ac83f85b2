// Parsing at the command line: learning the fixture, trees over exactly the words of the input, dependencies, bad trees.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remove, root, s2s, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'parsing');

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  const fewer = ['training.steps=150', 'training.warmupSteps=50', 'training.validateEvery=150', 'model.modelDim=48'];
  const settings = fewer.flatMap((setting) => ['--set', setting]);
  await succeed(['train', join(fixture, 'config.yaml'), '--out', run, ...settings]);
});
afterAll(() => remove(folder));

/** The words of a tree. */
const wordsOf = (tree: string): string => [...tree.matchAll(/ ([^() ]+)\)/g)].map(([, word]) => word).join(' ');

describe('a model of constituents, hardly trained', () => {
  it('gives every sentence a tree over exactly its words', async () => {
    const sample = await readFile(join(fixture, 'sample.txt'), 'utf8');
    const odd = 'the Zyzzyva sleeps ( quietly ) .\nwhy\n';
    for (const options of [[], ['--beam', '1'], ['--sample', '--max-length', '1']]) {
      const { code, stdout, stderr } = await s2s(['decode', run, ...options], { input: sample + odd });
      expect(code).toBe(0);
      const trees = stdout.trimEnd().split('\n');
      expect(`${trees.map(wordsOf).join('\n')}\n`).toBe(sample + odd.replace('(', '-LRB-').replace(')', '-RRB-'));
      for (const tree of trees) expect(tree.split('(').length).toBe(tree.split(')').length);
      expect(stderr).toContain('11: the vocabulary lacks "Zyzzyva", "-LRB-", "quietly", "-RRB-"; read as unknown');
    }
  });

  it('is scored by brackets', async () => {
    const { examples, metrics } = JSON.parse(await succeed(['eval', run, '--json', '--beam', '1'])) as {
      examples: number;
      metrics: Record<string, { score: number; details: Record<string, number> }>;
    };
    expect([examples, Object.keys(metrics)]).toEqual([100, ['evalbF1']]);
    expect(metrics.evalbF1?.score).toBeGreaterThan(20);
    expect(metrics.evalbF1?.details.unreadableSentences).toBe(0);
  });
});

it('dependencies are learned from CoNLL-U and come out as trees', async () => {
  const sentence = ['the\t2\tdet', 'dog\t3\tnsubj', 'sleeps\t0\troot'];
  const lines = sentence.map((line, i) => {
    const [form, head, relation] = line.split('\t');
    return `${i + 1}\t${form}\t_\t_\t_\t_\t${head}\t${relation}\t_\t_`;
  });
  const file = join(folder, 'dogs.conllu');
  await writeFile(file, `${lines.join('\n')}\n\n`.repeat(8));
  const config = join(folder, 'dogs.yaml');
  await writeFile(
    config,
    `task: parsing
formalism: dependency
data: { train: { file: dogs.conllu }, valid: { file: dogs.conllu }, test: { file: dogs.conllu } }
model: { modelDim: 16, feedForwardDim: 16, heads: 2, encoderLayers: 1, decoderLayers: 1, dropout: 0 }
training: { steps: 60, learningRate: 0.02, warmupSteps: 5, validateEvery: 60, validationMetric: las }
`,
  );
  const out = join(folder, 'dogs');
  await succeed(['train', config, '--out', out]);
  const scores = JSON.parse(await succeed(['eval', out, '--json'])) as { metrics: Record<string, { score: number }> };
  expect(scores.metrics).toMatchObject({ las: { score: 100 }, uas: { score: 100 } });
  const parsed = await succeed(['decode', out], { input: 'the dog sleeps\nsix words instead of only three\n' });
  expect(parsed).toMatch(/^2:det 3:nsubj 0:root\n\d:\S+( \d:\S+){5}\n$/);

  await writeFile(file, `${lines.join('\n').replace('\t2\tdet', '\t1\tdet')}\n\n${lines.join('\n')}\n`);
  const { code, stderr } = await s2s(['train', config, '--out', join(folder, 'bad')]);
  expect(code).toBe(65);
  expect(stderr).toContain(`${file}:1: expected a tree, found a word that depends on itself`);
  const skipping = ['--set', 'data.onBadTree=skip', '--set', 'training.steps=6'];
  const skipped = await s2s(['train', config, '--out', join(folder, 'skipped'), ...skipping]);
  expect(skipped.stderr).toContain(`warning: ${file}: 1 bad tree left out`);
  expect(skipped.code).toBe(0);
});
