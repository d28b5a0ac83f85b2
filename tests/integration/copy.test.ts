// The copy mechanism through the command line: names that were never seen are repeated, which a model without it cannot do.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { remove, s2s, succeed, temporaryFolder, writeConfig, writeSplit } from './support.js';

const random = new Random(3, 'names');
const letter = (letters: string): string => letters[random.integer(letters.length)] as string;
const name = (): string => {
  const syllables = Array.from({ length: 3 }, () => letter('bdfgklmnprstvz') + letter('aeiou')).join('');
  return syllables[0]?.toUpperCase() + syllables.slice(1);
};

/** Sentences with names that hardly ever come twice, and what is to be said of them. */
function sentences(count: number): { source: string[]; target: string[] } {
  const rows = Array.from({ length: count }, () => {
    const [a, b] = [name(), name()];
    return random.integer(2) === 0
      ? [`name ${a}`, `hello ${a} !`]
      : [`name ${a} and also ${b}`, `hello ${b} with ${a} !`];
  });
  return { source: rows.map(([s]) => s as string), target: rows.map(([, t]) => t as string) };
}

let folder: string;
let test: ReturnType<typeof sentences>;
const sections = (copy: boolean, tokenizer: Record<string, unknown> = {}) => ({
  tokenizer: { kind: 'word', minFrequency: 20, ...tokenizer },
  batching: { maxTokens: 400 },
  model: { modelDim: 32, feedForwardDim: 64, copy, embeddings: tokenizer.joint === false ? 'tied' : 'shared' },
  training: {
    steps: 250,
    learningRate: 0.005,
    warmupSteps: 30,
    validateEvery: 125,
    validationMetric: 'exactMatch',
    ...(copy ? { coverage: 0.2 } : {}),
  },
  decoding: { beam: 3, maxLength: 12 },
  evaluation: { metrics: ['exactMatch'] },
});

beforeAll(async () => {
  folder = await temporaryFolder();
  const train = sentences(2000);
  const valid = sentences(60);
  test = sentences(100);
  await writeSplit(folder, 'train', train.source, train.target);
  await writeSplit(folder, 'valid', valid.source, valid.target);
  await writeSplit(folder, 'test', test.source, test.target);
});
afterAll(() => remove(folder));

const exactMatch = async (run: string): Promise<number> => {
  const { metrics } = JSON.parse(await succeed(['eval', run, '--json'])) as {
    metrics: { exactMatch: { score: number } };
  };
  return metrics.exactMatch.score;
};

describe('unknown words', () => {
  it.concurrent('are left out without copying', async () => {
    const run = join(folder, 'plain');
    const { stderr } = await s2s(['train', await writeConfig(folder, sections(false), 'plain.yaml'), '--out', run]);
    expect(stderr).toContain(
      'warning: 60 validation rows have characters or words in the target that the vocabulary lacks',
    );
    expect(await exactMatch(run)).toBeLessThanOrEqual(5);
  });

  it.concurrent.each([true, false])('are copied, joint vocabulary %s', async (joint) => {
    const run = join(folder, `copy-${joint}`);
    const config = await writeConfig(folder, sections(true, { joint }), `copy-${joint}.yaml`);
    const { code, stderr } = await s2s(['train', config, '--out', run]);
    expect([code, stderr.includes('that the vocabulary lacks')]).toEqual([0, false]);
    expect(await exactMatch(run)).toBeGreaterThanOrEqual(95);

    const input = 'name Zzyzx\nname Qwerty and also Uiop\n\nname Zzyzx and also Zzyzx\n';
    expect(await succeed(['decode', run], { input })).toBe(
      'hello Zzyzx !\nhello Uiop with Qwerty !\n\nhello Zzyzx with Zzyzx !\n',
    );
    // The same alone, sampled from its most probable tokens, and as one of several outputs.
    expect(await succeed(['decode', run, '--batch-size', '1', '--greedy'], { input })).toBe(
      await succeed(['decode', run], { input }),
    );
    expect(await succeed(['decode', run, '--sample', '--top-k', '1'], { input: 'name Zzyzx\n' })).toBe(
      'hello Zzyzx !\n',
    );
    const list = (await succeed(['decode', run, '--n-best', '3'], { input: 'name Zzyzx\n' })).split('\n');
    expect(list[0]).toBe('hello Zzyzx !');
    expect(new Set(list.slice(0, 3)).size).toBe(3);
    expect(list.slice(1, 3).some((line) => line.includes('Zzyzx'))).toBe(true);

    const lines = (await succeed(['decode', run, '--json', '--n-best', '2'], { input })).trimEnd().split('\n');
    const outputs = lines.map((line) => JSON.parse(line).outputs);
    expect(outputs[1][0].copied).toEqual([
      { token: 'Uiop', position: 1, share: 1 },
      { token: 'Qwerty', position: 3, share: 1 },
    ]);
    expect(outputs[0]).toHaveLength(2);
    expect(outputs[2]).toEqual([]);
  });
});

describe('configurations', () => {
  const problem = async (file: string, extra: Record<string, Record<string, unknown>>) => {
    const { code, stderr } = await s2s(['train', await writeConfig(folder, extra, file), '--out', join(folder, file)]);
    return { code, stderr };
  };

  it.concurrent('that contradict themselves are refused with the place and the reason', async () => {
    const { code, stderr } = await problem('coverage.yaml', { training: { coverage: 1 } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/coverage\.yaml:\d+:\d+: .*coverage needs model\.copy, but coverage is 1 and copy is false/);
    const sampled = await problem('sampled.yaml', { model: { copy: true }, training: { objective: 'reinforce' } });
    expect(sampled.code).toBe(2);
    expect(sampled.stderr).toContain('reinforce draws its samples inside the decoding step, which cannot copy');
  });

  it.concurrent('with sources that are cut, subwords and dropout train and decode', async () => {
    const own = join(folder, 'cut');
    const long = Array.from({ length: 8 }, (_, i) => `one two three four five six Name${i} Other${i}`);
    await writeSplit(own, 'train', long, long);
    for (const split of ['valid', 'test']) await writeSplit(own, split, long, long);
    for (const kind of ['word', 'char', 'bpe']) {
      const config = await writeConfig(
        own,
        {
          tokenizer: { kind, minFrequency: 2, vocabularySize: 400, ...(kind === 'bpe' ? { bpeDropout: 0.1 } : {}) },
          batching: { maxTokens: 300, maxSourceLength: 7, onLong: 'truncate' },
          model: { copy: true, dropout: 0.1 },
          training: { steps: 4, warmupSteps: 1, validateEvery: 4, accumulate: 2 },
        },
        `${kind}.yaml`,
      );
      const run = join(own, kind);
      await succeed(['train', config, '--out', run]);
      const input = join(own, 'input.txt');
      await writeFile(input, `${long[0]}\n☃ new ☃\n`);
      const outputs = await succeed(['decode', run, '--input', input, '--on-long', 'truncate', '--json']);
      expect(outputs.trimEnd().split('\n')).toHaveLength(2);
    }
  });
});
