// Training craft on tasks made for it: a metric that cross-entropy does not serve, mistakes that feed on themselves, guided attention.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluate, train } from '../../src/index.js';
import { Random } from '../../src/random.js';
import { linesOf, report, useFolder, writeLines } from './support.js';

const FIXTURES = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'fixtures');

const config = (name: string): string => `task: translation
data:
  train: { source: ${name}-train.source, target: ${name}-train.target }
  valid: { source: ${name}-valid.source, target: ${name}-valid.target }
  test: { source: ${name}-test.source, target: ${name}-test.target }
tokenizer: { kind: word, vocabularySize: 200 }
batching: { maxTokens: 1200 }
model: { preset: tiny, modelDim: 64, feedForwardDim: 128, encoderLayers: 1, decoderLayers: 1, dropout: 0 }
training: { steps: 300, learningRate: 0.003, warmupSteps: 50, labelSmoothing: 0, validateEvery: 100, logEvery: 20 }
decoding: { beam: 1, maxLength: 24 }
evaluation: { metrics: [f1, wer], tokenize: none }
`;

type Row = readonly [source: string, target: string];

/** Writes the three splits of a task and its configuration. @returns the configuration's file */
async function writeTask(folder: string, name: string, sizes: readonly number[], row: (random: Random) => Row) {
  for (const [i, split] of ['train', 'valid', 'test'].entries()) {
    const random = new Random(1, `${name}/${split}`);
    const rows = Array.from({ length: sizes[i]! }, () => row(random));
    await writeLines(
      join(folder, `${name}-${split}.source`),
      rows.map(([source]) => source),
    );
    await writeLines(
      join(folder, `${name}-${split}.target`),
      rows.map(([, target]) => target),
    );
  }
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, config(name));
  return file;
}

const quiet = { quiet: true, log: () => undefined } as const;

/** A run's records of one event. */
async function records(run: string, event: string): Promise<Record<string, number>[]> {
  const lines = await linesOf(join(run, 'metrics.jsonl'));
  return lines.map((line) => JSON.parse(line)).filter((record) => record.event === event);
}

describe('a metric that cross-entropy does not serve', () => {
  const folder = useFolder();

  // 4 in 10 targets are one and the same sentence, the others share five words of six: the most probable output is the one
  // sentence, while the best by the metric is any of the others.
  it('is optimised by REINFORCE', async () => {
    const file = await writeTask(folder(), 'metric', [3000, 200, 1000], (random) => {
      const k = random.integer(8);
      const target =
        random.uniform() < 0.4 ? `z${k} z${k} z${k} z${k}` : `a${random.integer(6)} b${k} c${k} d${k} e${k} f${k}`;
      return [`x${k}`, target];
    });
    const [start, tuned] = [join(folder(), 'metric-start'), join(folder(), 'metric-tuned')];
    await train({ ...quiet, config: file, out: start });
    const before = (await evaluate({ ...quiet, run: start })).metrics;
    const set = ['startFrom=metric-start', 'objective=reinforce', 'reinforce.reward=f1', 'learningRate=0.001'];
    const more = ['steps=200', 'warmupSteps=10'];
    await train({ ...quiet, config: file, out: tuned, set: [...set, ...more].map((change) => `training.${change}`) });
    const after = (await evaluate({ ...quiet, run: tuned })).metrics;
    const log = await records(tuned, 'train');
    const [first, last] = [log[0]!, log.at(-1)!];
    report('a metric that cross-entropy does not serve', {
      before: before.f1!.score,
      after: after.f1!.score,
      firstReward: first.reward!,
      lastReward: last.reward!,
    });
    // The one sentence scores 40, the best of the others 53.3.
    expect(before.f1!.score).toBeLessThan(43);
    expect(after.f1!.score).toBeGreaterThan(50);
    expect(last.reward! - first.reward!).toBeGreaterThan(0.05);
  });
});

describe('mistakes that feed on themselves', () => {
  const folder = useFolder();

  // Targets count up most of the time, and 4 in 10 source symbols are noise: a model that has only ever seen true targets trusts the
  // last output more than the source, and does not come back after a mistake.
  it('are fewer with scheduled sampling', async () => {
    const file = await writeTask(folder(), 'chain', [6000, 200, 500], (random) => {
      const target = [random.integer(10)];
      for (let t = 1; t < 20; t++) {
        target.push(random.uniform() < 0.85 ? (target[t - 1]! + 1) % 10 : random.integer(10));
      }
      const source = target.map((symbol) => (random.uniform() < 0.4 ? random.integer(10) : symbol));
      return [source.join(' '), target.join(' ')];
    });
    const wordErrors = async (name: string, more: readonly string[]): Promise<number> => {
      const out = join(folder(), name);
      const set = ['steps=800', 'validateEvery=400', ...more].map((change) => `training.${change}`);
      await train({ ...quiet, config: file, out, set });
      return (await evaluate({ ...quiet, run: out, checkpoint: 'latest' })).metrics.wer!.score;
    };
    const scheduled = ['decay=linear', 'steps=400', 'minimum=0'].map((it) => `scheduledSampling.${it}`);
    const teacherForced = await wordErrors('chain-true', []);
    const argmax = await wordErrors('chain-argmax', scheduled);
    const sampled = await wordErrors('chain-sampled', [...scheduled, 'scheduledSampling.prediction=sample']);
    report('word error rate of free-running outputs', { teacherForced, argmax, sampled });
    expect(argmax).toBeLessThan(0.8 * teacherForced);
    expect(sampled).toBeLessThan(0.8 * teacherForced);
  });
});

describe('guided attention', () => {
  const folder = useFolder();

  it('makes the attention of speech recognition diagonal sooner', async () => {
    const file = join(FIXTURES, 'speech-recognition', 'config.yaml');
    const diagonality = async (name: string, weight: number): Promise<number[]> => {
      const out = join(folder(), name);
      const set = [`guidedAttention.weight=${weight}`, 'guidedAttention.measure=true', 'validateEvery=50', 'steps=200'];
      await train({ ...quiet, config: file, out, set: set.map((change) => `training.${change}`) });
      return (await records(out, 'validation')).map((record) => record.diagonality!);
    };
    const plain = await diagonality('plain', 0);
    const guided = await diagonality('guided', 1);
    report('diagonality without guidance', Object.fromEntries(plain.map((x, i) => [`step ${50 * (i + 1)}`, x])));
    report('diagonality with guidance', Object.fromEntries(guided.map((x, i) => [`step ${50 * (i + 1)}`, x])));
    expect(guided).toHaveLength(4);
    // By the first validation nothing has been learned yet: the learning rate still rises.
    for (const i of [1, 2, 3]) expect(guided[i]!).toBeGreaterThan(plain[i]! + 0.15);
    expect(guided[3]).toBeGreaterThan(0.6);
  });
});
