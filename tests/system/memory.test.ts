// Memory of a long training: flat over 2,000 steps with dropout, validations and checkpoints.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { train } from '../../src/index.js';
import { digitLines, report, useFolder, writeLines } from './support.js';

const CONFIG = `task: translation
data:
  train: { source: train.source, target: train.target }
  valid: { source: valid.source, target: valid.target }
tokenizer: { kind: word }
batching: { maxTokens: 256 }
model: { modelDim: 32, feedForwardDim: 64, heads: 4, encoderLayers: 2, decoderLayers: 2, dropout: 0.1 }
training: { steps: 2000, warmupSteps: 100, validateEvery: 100, validationMetric: exactMatch, keepCheckpoints: 2 }
decoding: { maxLength: 20 }
evaluation: { metrics: [exactMatch] }
`;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

describe('memory', () => {
  const folder = useFolder();

  it('does not grow with the steps', async () => {
    for (const [split, lines] of [
      ['train', 5000],
      ['valid', 50],
    ] as const) {
      const { source, target } = digitLines(1, lines, 0, true);
      await writeLines(join(folder(), `${split}.source`), source);
      await writeLines(join(folder(), `${split}.target`), target);
    }
    await writeFile(join(folder(), 'config.yaml'), CONFIG);
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(process.memoryUsage.rss() / 2 ** 20), 200);
    const result = await train({ quiet: true, config: join(folder(), 'config.yaml'), out: join(folder(), 'run') });
    clearInterval(timer);
    expect(result.step).toBe(2000);
    // The first quarter warms up: code is compiled, arenas and caches grow to their size.
    const quarter = Math.floor(samples.length / 4);
    const parts = [1, 2, 3].map((i) => median(samples.slice(i * quarter, (i + 1) * quarter)));
    const [second, third, last] = parts as [number, number, number];
    report('resident megabytes', { second, third, last, samples: samples.length, seconds: result.seconds });
    expect(last - second).toBeLessThan(25);
  });
});
