// Every kind of cross-attention through the command line: learned, decoded with beams, resumed, and refused where it cannot work.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { checkpointOf, remove, s2s, succeed, temporaryFolder, writeConfig, writeSplit } from './support.js';

const KINDS = ['softmax', 'monotonic', 'location-aware'] as const;
const LETTERS = 'abcdefghijklmnopqrst';
const STEPS = 400;

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const random = new Random(1, 'letters');
  // Upper case of lower case. No letter stands twice in a row: a walk learns last how to go on from a letter to its like.
  const line = (): string => {
    let text = '';
    for (let length = 3 + random.integer(6); text.length < length; ) {
      const letter = LETTERS[random.integer(LETTERS.length)] as string;
      if (!text.endsWith(letter)) text += letter;
    }
    return text;
  };
  for (const [name, count] of [
    ['train', 2000],
    ['valid', 50],
    ['test', 100],
  ] as const) {
    const lines = Array.from({ length: count }, line);
    await writeSplit(
      folder,
      name,
      lines,
      lines.map((text) => text.toUpperCase()),
    );
  }
  config = await writeConfig(folder, {
    batching: { maxTokens: 1200 },
    model: { modelDim: 32, feedForwardDim: 64 },
    training: { steps: STEPS, learningRate: 0.01, warmupSteps: 40, validateEvery: STEPS, labelSmoothing: 0 },
    decoding: { beam: 1, maxLength: 20 },
    evaluation: { metrics: ['exactMatch'] },
  });
});
afterAll(() => remove(folder));

const kindOf = (kind: string): string[] => ['--set', `model.crossAttention=${kind}`];

describe.each(KINDS)('a model with %s cross-attention', (kind) => {
  it('learns to write in upper case, and decodes with one beam and with several', async () => {
    const run = join(folder, kind);
    await succeed(['train', config, '--out', run, ...kindOf(kind)]);
    expect(await readFile(join(run, 'config.yaml'), 'utf8')).toContain(`crossAttention: ${kind}\n`);
    for (const beam of ['1', '4']) {
      const { metrics } = JSON.parse(await succeed(['eval', run, '--beam', beam, '--json']));
      expect(metrics.exactMatch.score, `beam ${beam}`).toBeGreaterThanOrEqual(90);
    }
    const words = ['abc', 'hgfedc', 'tatata'];
    const decode = ['decode', run, '--beam', '3'];
    const together = (await succeed(decode, { input: `${words.join('\n')}\n` })).split('\n');
    expect(together.slice(0, 3).map((line) => line.toLowerCase())).toEqual(words);
  });

  it('goes on after a stop as if there had been none', async () => {
    const steps = { steps: 4, warmupSteps: 2, validateEvery: 4 };
    const few = [
      ...Object.entries(steps).flatMap(([key, value]) => ['--set', `training.${key}=${value}`]),
      ...kindOf(kind),
    ];
    const [whole, parts] = [join(folder, `${kind}-whole`), join(folder, `${kind}-parts`)];
    await succeed(['train', config, '--out', whole, ...few]);
    await succeed(['train', config, '--out', parts, ...few, '--max-steps', '2']);
    await succeed(['train', '--out', parts, '--resume']);
    expect(await checkpointOf(parts, 4)).toEqual(await checkpointOf(whole, 4));
  });
});

describe('a configuration of cross-attention', () => {
  it.concurrent('that cannot be meant is refused with its place', async () => {
    const refuse = async (...settings: string[]) => {
      const sets = settings.flatMap((setting) => ['--set', setting]);
      const { code, stderr } = await s2s(['train', config, '--out', join(folder, 'none'), ...sets]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refuse('model.locationKernel=5')).toContain(
      '--set model.locationKernel=5: locationKernel is for crossAttention location-aware, but crossAttention is softmax; leave it out',
    );
    expect(await refuse('model.crossAttention=location-aware', 'model.locationKernel=6')).toContain(
      'locationKernel must be odd, but is 6',
    );
    expect(await refuse('model.crossAttention=location')).toContain('location-aware');
    for (const objective of ['reinforce', 'minimum-risk']) {
      expect(await refuse('model.crossAttention=monotonic', `training.objective=${objective}`)).toContain(
        `training.objective: ${objective} learns from samples, which monotonic attention draws with hard decisions`,
      );
    }
  });
});
