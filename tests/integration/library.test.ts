// The library from the outside: train, evaluate and decode as functions of the package.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  alignSegments,
  ConfigError,
  DataError,
  decode,
  evaluate,
  renderAlignment,
  type TrainResult,
  train,
  UsageError,
  words,
} from '../../src/index.js';
import { project, remove, root, temporaryFolder } from './support.js';

let folder: string;
let config: string;
let result: TrainResult;
const notes: string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(folder);
  result = await train({ config, out: join(folder, 'run'), quiet: true, log: (line) => notes.push(line), threads: 1 });
});
afterAll(() => remove(folder));

describe('the library', () => {
  it('trains', () => {
    expect(result).toMatchObject({
      task: 'translation',
      out: join(folder, 'run'),
      step: 12,
      stopped: 'finished',
      parameters: expect.any(Number),
      seconds: expect.any(Number),
      best: { step: 12, metric: 'loss', score: expect.any(Number) },
    });
    expect(notes).toEqual([]);
  });

  it('evaluates and decodes', async () => {
    const run = result.out;
    const input = join(folder, 'test.src');
    const output = join(folder, 'test.out');
    expect(await decode({ run, input, output, quiet: true })).toEqual({ examples: 30, seconds: expect.any(Number) });
    expect((await readFile(output, 'utf8')).split('\n')).toHaveLength(31);
    const scored = await evaluate({ run, quiet: true });
    const files = await evaluate({ hypotheses: output, reference: [join(folder, 'test.tgt')] });
    expect(files.metrics.bleu).toEqual(scored.metrics.bleu);
    expect(scored).toMatchObject({ task: 'translation', split: 'test', examples: 30 });
  });

  it('aligns', () => {
    const alignment = alignSegments(['the cat sat down'], ['the cat sits'], words);
    expect(alignment.counts).toMatchObject({ hits: 2, substitutions: 1, insertions: 0, deletions: 1 });
    expect(renderAlignment(alignment, { unit: 'word', showMeasures: false })).toBe(
      // As jiwer prints it.
      '=== SENTENCE 1 ===\n\nREF: the cat  sat down\nHYP: the cat sits ****\n                S    D\n',
    );
  });

  it('throws errors of its own for wrong usage, configurations and data', async () => {
    await expect(evaluate({})).rejects.toThrow(UsageError);
    await expect(evaluate({ hypotheses: config })).rejects.toThrow('needs at least one reference file');
    await expect(evaluate({ run: result.out, source: config })).rejects.toThrow('needs at least one reference file');
    await expect(evaluate({ run: result.out, tokenize: 'moses' })).rejects.toThrow(UsageError);
    await expect(train({ config, out: join(folder, 'x'), set: ['model.heads=0'] })).rejects.toThrow(ConfigError);
    await expect(train({ out: join(folder, 'x'), resume: true })).rejects.toThrow(DataError);
    await expect(decode({ run: result.out, input: join(folder, 'none'), output: '-' })).rejects.toThrow(DataError);
    await expect(decode({ run: result.out, input: config, output: '-', beam: 0 })).rejects.toThrow(UsageError);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it('stops at an AbortSignal and leaves nothing half done', async () => {
    const controller = new AbortController();
    // The first note comes when the vocabulary is there and the first step has yet to be compiled.
    const log = (): void => controller.abort();
    await expect(train({ config, out: join(folder, 'aborted'), log, signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    expect(existsSync(join(folder, 'aborted'))).toBe(false);
    const aborted = AbortSignal.abort();
    const run = result.out;
    await expect(evaluate({ run, signal: aborted, quiet: true })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    const output = join(folder, 'never.txt');
    const input = join(folder, 'test.src');
    await expect(decode({ run, input, output, signal: aborted, quiet: true })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    expect(existsSync(output)).toBe(false);
  });

  it('is what the package exports', async () => {
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      exports: { '.': { default: string; types: string } };
    };
    const built = (await import(join(root, exports['.'].default))) as Record<string, unknown>;
    expect(Object.keys(built).sort()).toEqual([
      'ConfigError',
      'DataError',
      'EngineError',
      'UsageError',
      'alignSegments',
      'codePoints',
      'decode',
      'evaluate',
      'frequentErrors',
      'graphemes',
      'phonemes',
      'renderAlignment',
      'renderFrequentErrors',
      'report',
      'train',
      'words',
    ]);
    expect(existsSync(join(root, exports['.'].types))).toBe(true);
  });
});
