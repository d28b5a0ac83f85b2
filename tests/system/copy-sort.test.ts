// Learning to copy and to sort digits, with the data, sizes and thresholds of Sockeye's system tests
// (awslabs/sockeye @ 871d986, Apache-2.0: test/system/test_seq_copy_sys.py): they must hold for any seed.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode, evaluate, train } from '../../src/index.js';
import { digitLines, linesOf, report, useFolder, writeLines } from './support.js';

interface Task {
  readonly name: string;
  readonly sorted: boolean;
  readonly config: string;
  readonly steps: number;
  readonly mostPerplexity: number;
  /** BLEU from 0 to 1. */
  readonly leastBleu: number;
}

const common = `task: translation
data:
  train: { source: train.source, target: train.target }
  valid: { source: valid.source, target: valid.target }
  test: { source: test.source, target: test.target }
tokenizer: { kind: word }
decoding: { beam: 1, maxLength: 30 }
evaluation: { metrics: [bleu, exactMatch], tokenize: none }
`;

const TASKS: readonly Task[] = [
  {
    name: 'copy',
    sorted: false,
    config: `${common}
batching: { maxSentences: 16, maxTokens: 1024 }
model: { modelDim: 32, feedForwardDim: 64, heads: 4, encoderLayers: 2, decoderLayers: 2, dropout: 0.1 }
training: { learningRate: 0.003, warmupSteps: 400, labelSmoothing: 0, validateEvery: 500 }
`,
    steps: 4000,
    mostPerplexity: 1.02,
    leastBleu: 0.98,
  },
  {
    name: 'sort',
    sorted: true,
    config: `${common}
batching: { maxTokens: 90 }
model: { modelDim: 32, feedForwardDim: 64, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 }
training: { learningRate: 0.003, warmupSteps: 400, labelSmoothing: 0, validateEvery: 500 }
`,
    steps: 6000,
    mostPerplexity: 1.03,
    leastBleu: 0.97,
  },
  {
    // Sockeye's has source and target factors too, and twice the updates.
    name: 'sort with accumulated gradients',
    sorted: true,
    config: `${common}
batching: { maxTokens: 70 }
model: { modelDim: 32, feedForwardDim: 64, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 }
training: { learningRate: 0.003, warmupSteps: 400, labelSmoothing: 0, validateEvery: 500, accumulate: 2 }
`,
    steps: 3000,
    mostPerplexity: 1.03,
    leastBleu: 0.96,
  },
];

describe.each(TASKS)('a small model learns to $name', ({ name, sorted, config, steps, mostPerplexity, leastBleu }) => {
  const folder = useFolder();
  const at = (file: string): string => join(folder(), file);
  const quiet = { quiet: true } as const;

  it(`digits, to a perplexity of ${mostPerplexity} and a BLEU of ${leastBleu}`, async () => {
    for (const [seed, split, lines, empty] of [
      [1, 'train', 10_000, 100],
      [2, 'valid', 100, 0],
      [3, 'test', 110, 10],
    ] as const) {
      const { source, target } = digitLines(seed, lines, empty, sorted);
      await writeLines(at(`${split}.source`), source);
      await writeLines(at(`${split}.target`), target);
    }
    await writeFile(at('config.yaml'), config);
    const trained = await train({
      ...quiet,
      config: at('config.yaml'),
      out: at('run'),
      set: [`training.steps=${steps}`],
    });
    const perplexity = Math.exp(trained.best!.score);
    const { metrics, examples } = await evaluate({ ...quiet, run: at('run') });
    const [bleu, exact] = [metrics.bleu!.score / 100, metrics.exactMatch!.score / 100];
    report(name, { perplexity, bleu, exact, seconds: trained.seconds, parameters: trained.parameters });
    expect(trained.stopped).toBe('finished');
    expect(examples).toBe(110);
    expect(perplexity).toBeLessThanOrEqual(mostPerplexity);
    expect(bleu).toBeGreaterThanOrEqual(leastBleu);
  });

  it('and gives a blank line for a blank line, and the same outputs in batches of any size', async () => {
    const sources = await linesOf(at('test.source'));
    const targets = await linesOf(at('test.target'));
    const outputs: string[][] = [];
    for (const [i, options] of [
      { batchSize: 1 },
      { batchSize: 2 },
      { batchSize: 64 },
      { batchSize: 64, beam: 5 },
    ].entries()) {
      const output = at(`output-${i}`);
      const summary = await decode({
        ...quiet,
        ...options,
        run: at('run'),
        input: at('test.source'),
        output,
        scores: true,
      });
      expect(summary.examples).toBe(110);
      outputs.push(await linesOf(output));
    }
    const rows = outputs.map((lines) => lines.map((line) => line.split('\t') as [string, string]));
    const [one, two, many, beam] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
    for (const [i, source] of sources.entries()) {
      expect(one[i]![1] === '').toBe(source === '');
      for (const other of [two, many]) {
        expect(other[i]![1]).toBe(one[i]![1]);
        expect(Math.abs(Number(other[i]![0]) - Number(one[i]![0]))).toBeLessThanOrEqual(1e-5);
      }
    }
    const right = beam.filter(([, text], i) => text === targets[i]).length;
    report(`${name}, beam 5`, { exact: right / targets.length });
    expect(right / targets.length).toBeGreaterThanOrEqual(leastBleu - 0.03);
  });
});
