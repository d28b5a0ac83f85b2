// Evaluation: scores equal those of sacrebleu-ts on the same text, and everything that could make them wrong is said.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BLEU } from 'sacrebleu-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { project, remove, s2s, succeed, temporaryFolder } from './support.js';

interface Result {
  task?: string;
  split?: string;
  examples: number;
  metrics: Record<string, { score: number; signature?: string }>;
  decode?: Record<string, unknown>;
  thresholds?: unknown[];
  emptyReferences?: number;
  truncated?: number;
  version: string;
}

let folder: string;
let run: string;
const at = (name: string): string => join(folder, name);
const text = (items: readonly string[]): string => items.map((item) => `${item}\n`).join('');
const lines = async (name: string): Promise<string[]> => (await readFile(at(name), 'utf8')).trimEnd().split('\n');

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = await project(
    folder,
    {
      batching: { maxTokens: 600 },
      model: { modelDim: 32, feedForwardDim: 64 },
      training: { steps: 200, validateEvery: 200, warmupSteps: 50, learningRate: 0.01 },
      evaluation: { metrics: ['bleu', 'exactMatch'] },
    },
    1000,
  );
  run = join(folder, 'run');
  await succeed(['train', config, '--out', run]);
  await succeed(['decode', run, '--input', at('test.src'), '--output', at('test.out')]);
  await writeFile(at('three.out'), 'the cat sat on the mat\na b c d e\nfive words are in here\n');
  await writeFile(at('three.ref'), 'the cat sat on a mat\na b c d e\nfive words are in there\n');
});
afterAll(() => remove(folder));

const evaluate = async (...argv: string[]): Promise<Result> =>
  JSON.parse(await succeed(['eval', ...argv, '--json'])) as Result;

describe('a model', () => {
  it.concurrent('scores what sacrebleu-ts gives for its decoded text', async () => {
    const result = await evaluate(run);
    const bleu = new BLEU().corpusScore(await lines('test.out'), [await lines('test.tgt')]);
    expect(bleu.score).toBeGreaterThan(0);
    expect(result).toMatchObject({
      task: 'translation',
      split: 'test',
      examples: 30,
      metrics: {
        bleu: { score: bleu.score, signature: String(bleu.signature) },
        exactMatch: { score: expect.any(Number) },
      },
      decode: { checkpoint: 'step 200', beam: 2, lengthPenalty: 1, maxLength: 30 },
    });
    const files = await evaluate('--hypotheses', at('test.out'), '--references', at('test.tgt'));
    expect(files.metrics.bleu).toEqual(result.metrics.bleu);
    expect(result.metrics.bleu?.signature).toMatch(/^nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:/);
    const table = await succeed(['eval', run]);
    expect(table).toContain(` ${bleu.score.toFixed(2)}  ${bleu.signature}\n`);
  });

  it.concurrent('is scored on other splits and files, against the references as they are written', async () => {
    const references = (await lines('test.tgt')).map((line) => `${line} 漢字 @ ß“`);
    await writeFile(at('unknown.tgt'), text(references));
    const options = ['--source', at('test.src'), '--reference', at('unknown.tgt')];
    const result = await evaluate(run, ...options, '--batch-size', '3');
    const bleu = new BLEU().corpusScore(await lines('test.out'), [references]);
    expect(result.metrics.bleu?.score).toBe(bleu.score);
    expect(result.split).toBe('files');
    const several = await evaluate(run, ...options, at('test.tgt'), '--metrics', 'bleu');
    expect(several.metrics.bleu?.signature).toContain('nrefs:2|');
    expect((await evaluate(run, '--split', 'valid')).examples).toBe(20);
  });

  it.concurrent('can be compared in other ways', async () => {
    const options = ['--tokenize', 'char', '--lowercase', '--metrics', 'bleu'];
    const result = await evaluate(run, ...options);
    const bleu = new BLEU({ tokenize: 'char', lowercase: true }).corpusScore(await lines('test.out'), [
      await lines('test.tgt'),
    ]);
    expect(result.metrics).toMatchObject({ bleu: { score: bleu.score, signature: String(bleu.signature) } });
    expect(Object.keys(result.metrics)).toEqual(['bleu']);
  });

  it.concurrent('that is given sources too long for it says which', async () => {
    const sources = await lines('test.src');
    sources[7] = 'x'.repeat(700);
    await writeFile(at('long.src'), text(sources));
    const { code, stdout, stderr } = await s2s([
      'eval',
      run,
      '--source',
      at('long.src'),
      '--reference',
      at('test.tgt'),
      '--json',
      '--quiet',
    ]);
    expect(stderr).toBe(
      `warning: ${at('long.src')}:8: the source has 701 tokens, but the model was trained on at most 600; it is cut\n`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ examples: 30, truncated: 1 });
  });

  it.concurrent('has no split of that name', async () => {
    const { code, stderr } = await s2s(['eval', run, '--split', 'dev']);
    expect(stderr).toContain('has no split "dev"; it has train, valid, test, or give --source and --reference');
    expect(code).toBe(2);
  });
});

describe('other metrics of files', () => {
  const score = async (hypotheses: string[], references: string[], ...options: string[]): Promise<Result> => {
    const name = options.join('').replaceAll(/[^a-zA-Z0-9]/g, '');
    await writeFile(at(`${name}.other.out`), text(hypotheses));
    await writeFile(at(`${name}.other.ref`), text(references));
    return evaluate('--hypotheses', at(`${name}.other.out`), '--reference', at(`${name}.other.ref`), ...options);
  };

  it.concurrent('are those of their definitions', async () => {
    const { metrics } = await score(
      ['the cat sat', 'a dog'],
      ['the cat sat down', 'a dog'],
      ...['--metrics', 'wer,cer,mer,ter,chrf,rouge1,rougeL', '--max', 'cer=0.3'],
    );
    expect(metrics.wer).toMatchObject({ score: 1 / 6, details: { deletions: 1, hits: 5, referenceLength: 6 } });
    expect(metrics.cer?.score).toBe(5 / 21);
    expect(metrics.mer?.score).toBe(1 / 6);
    expect(metrics.ter?.score).toBeCloseTo(100 / 6, 12);
    expect(metrics.ter?.signature).toMatch(/^nrefs:1\|case:lc\|tok:tercom\|/);
    // The number is Python's sacreBLEU's.
    expect(metrics.chrf?.score).toBeCloseTo(69.6189127168048, 9);
    expect(metrics.rouge1?.score).toBeCloseTo((6 / 7 + 1) / 2, 12);
    expect(metrics.rougeL?.score).toBeCloseTo((6 / 7 + 1) / 2, 12);
  });

  it.concurrent('heed how text is to be compared', async () => {
    const pair = [['The colour isn’t grey, Mr. Smith: 👨‍👩‍👧!'], ['the color is not gray mister smith 👩']] as const;
    const wer = async (...options: string[]) =>
      (await score([...pair[0]], [...pair[1]], '--metrics', 'wer', ...options)).metrics.wer?.score ?? Number.NaN;
    expect(await wer('--normalize', 'english')).toBeLessThan(await wer('--lowercase'));
    const cer = async (...options: string[]) =>
      (await score(['a👨‍👩‍👧b'], ['acb'], '--metrics', 'cer', ...options)).metrics.cer?.score;
    expect(await cer()).toBe(5 / 3);
    expect(await cer('--characters', 'grapheme')).toBe(1 / 3);
    const per = async (...options: string[]) =>
      (await score(['K AE1 T'], ['K AE0 T'], '--metrics', 'per', ...options)).metrics.per?.score;
    expect([await per(), await per('--ignore-stress')]).toEqual([1 / 3, 0]);
    const rouge = async (...options: string[]) =>
      (await score(['running dogs'], ['run dog'], '--metrics', 'rouge1', ...options)).metrics.rouge1?.score;
    expect([await rouge(), await rouge('--stem')]).toEqual([0, 1]);
    const entities = async (...options: string[]) =>
      (await score(['I-NP I-NP O'], ['B-NP I-NP O'], '--metrics', 'entityF1', ...options)).metrics.entityF1?.score;
    expect([await entities(), await entities('--tag-scheme', 'IOB2')]).toEqual([1, 0]);
  });

  it.concurrent.each([
    ['--normalize', 'german', '--normalize german: expected one of none, basic, english'],
    ['--characters', 'byte', '--characters byte: expected one of codePoint, grapheme'],
    ['--tag-scheme', 'IOB', '--tag-scheme IOB: expected one of conlleval, IOB2, IOE2, IOBES, BILOU'],
    ['--metrics', 'bleu,wur', 'unknown metric "wur"; the metrics here are bleu, chrf, '],
  ])('refuse %s %s', async (option, value, message) => {
    await writeFile(at('one.txt'), 'a\n');
    const { code, stderr } = await s2s([
      'eval',
      '--hypotheses',
      at('one.txt'),
      '--reference',
      at('one.txt'),
      option,
      value,
    ]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('thresholds', () => {
  const files = (name: string) => ['--hypotheses', at(`${name}.out`), '--reference', at(`${name}.ref`)];

  it.concurrent('that are kept', async () => {
    const result = await evaluate(...files('three'), '--min', 'bleu=50', '--max', 'bleu=99');
    const score = result.metrics.bleu?.score;
    expect(result.thresholds).toEqual([
      { metric: 'bleu', kind: 'min', limit: 50, score, passed: true },
      { metric: 'bleu', kind: 'max', limit: 99, score, passed: true },
    ]);
  });

  it.concurrent('that are missed give exit code 1, with the JSON all the same', async () => {
    const { code, stdout, stderr } = await s2s(['eval', ...files('three'), '--min', 'bleu=99', '--json', '--quiet']);
    const { metrics, thresholds } = JSON.parse(stdout) as Result;
    expect(thresholds).toEqual([{ metric: 'bleu', kind: 'min', limit: 99, score: metrics.bleu?.score, passed: false }]);
    expect(stderr).toBe(`error: --min bleu=99 missed: bleu is ${metrics.bleu?.score.toFixed(2)}\n`);
    expect(code).toBe(1);
  });

  it.concurrent('for a metric that is not there are refused', async () => {
    const { code, stderr } = await s2s(['eval', ...files('three'), '--min', 'belu=99']);
    expect(stderr).toBe('error: --min belu=99: unknown metric `belu`; did you mean `bleu`?\n');
    expect(code).toBe(2);
  });
});

describe('files of outputs', () => {
  it.concurrent('with empty references are scored, and the empty ones are counted', async () => {
    await writeFile(at('empty.out'), 'a b c d\nsomething\n\n');
    await writeFile(at('empty.ref'), 'a b c d\n\n\n');
    const { code, stdout, stderr } = await s2s([
      'eval',
      '--hypotheses',
      at('empty.out'),
      '--reference',
      at('empty.ref'),
      '--json',
    ]);
    expect(stderr).toContain(`warning: 2 references are empty (first: ${at('empty.ref')}:2)`);
    expect(code).toBe(0);
    const bleu = new BLEU().corpusScore(['a b c d', 'something', ''], [['a b c d', '', '']]);
    expect(JSON.parse(stdout)).toMatchObject({
      examples: 3,
      emptyReferences: 2,
      metrics: { bleu: { score: bleu.score } },
    });
  });

  it.concurrent('with subword marks are warned of', async () => {
    await writeFile(at('marked.out'), 'a cat\nthe c@@ at\n');
    await writeFile(at('marked.ref'), 'a cat\nthe cat\n');
    const bpe = await s2s(['eval', '--hypotheses', at('marked.out'), '--reference', at('marked.ref'), '--quiet']);
    expect(bpe.stderr).toBe(
      `warning: ${at('marked.out')}:2: subword marks (▁ or @@) in the outputs; score text whose words are joined again\n`,
    );
    expect(bpe.code).toBe(0);
    await writeFile(at('pieces.ref'), '▁a ▁cat\nthe cat\n');
    const pieces = await s2s(['eval', '--hypotheses', at('marked.ref'), '--reference', at('pieces.ref'), '--quiet']);
    expect(pieces.stderr).toContain(`warning: ${at('pieces.ref')}:1: subword marks (▁ or @@) in the references`);
  });

  it.concurrent('with U+2028, CRLF and no last line end count as sed counts', async () => {
    await writeFile(at('odd.out'), 'a b c\u2028d\r\ne f g h');
    await writeFile(at('odd.ref'), 'a b c\u2028d\ne f g h\n');
    expect(await evaluate('--hypotheses', at('odd.out'), '--reference', at('odd.ref'))).toMatchObject({
      examples: 2,
      metrics: { bleu: { score: expect.closeTo(100, 9) } },
    });
  });

  it.concurrent('load no engine', async () => {
    const register = at('register.mjs');
    const hooks = at('hooks.mjs');
    const list = at('loaded.txt');
    await writeFile(list, '');
    await writeFile(register, `import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);\n`);
    await writeFile(
      hooks,
      `import { appendFileSync } from 'node:fs';
export const load = (url, context, next) => (appendFileSync(${JSON.stringify(list)}, url + '\\n'), next(url, context));\n`,
    );
    await succeed(['eval', '--hypotheses', at('three.out'), '--reference', at('three.ref')], {
      nodeOptions: ['--import', register],
    });
    const loaded = (await readFile(list, 'utf8')).split('\n');
    expect(loaded.some((url) => url.includes('sacrebleu-ts'))).toBe(true);
    expect(
      loaded.filter((url) => /node_modules\/(@tensorflow|onnxruntime)|\/src\/model\/(?!config)/.test(url)),
    ).toEqual([]);
  });

  it.concurrent.each([
    ['that are missing', ['none.out', 'three.ref'], 66, 'none.out: no such file'],
    ['that are a folder', ['.', 'three.ref'], 66, 'expected a file, found a folder'],
    ['without as many references', ['three.out', 'two.ref'], 65, 'two.ref has 2 lines, but '],
    ['that are empty', ['no.out', 'no.out'], 65, 'no.out: expected lines to score, found an empty file'],
    ['that are not UTF-8', ['latin.out', 'two.ref'], 65, 'latin.out:2: expected UTF-8 text, found the byte 0xe4'],
  ])('%s are refused', async (_what, [hypotheses, reference], expected, message) => {
    await writeFile(at('two.ref'), 'a\nb\n');
    await writeFile(at('no.out'), '');
    await writeFile(at('latin.out'), Buffer.from([0x61, 0x0a, 0xe4, 0x0a]));
    const { code, stdout, stderr } = await s2s([
      'eval',
      '--hypotheses',
      at(hypotheses as string),
      '--reference',
      at(reference as string),
    ]);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([expected, '']);
  });

  it.concurrent('are compared with known tokenizers and metrics only', async () => {
    const files = ['--hypotheses', at('three.out'), '--reference', at('three.ref')];
    const tokenizer = await s2s(['eval', ...files, '--tokenize', 'moses']);
    expect(tokenizer.stderr).toBe('error: --tokenize moses: expected one of 13a, intl, char, zh, none\n');
    expect(tokenizer.code).toBe(2);
    const metric = await s2s(['eval', ...files, '--metrics', 'blue']);
    expect(metric.stderr).toContain('unknown metric "blue"');
    expect(metric.code).toBe(2);
  });
});
