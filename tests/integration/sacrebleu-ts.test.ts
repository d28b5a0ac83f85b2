// The command `sacrebleu-ts`: prints what Python's sacreBLEU prints, and says what is wrong with its input.
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remove, temporaryFolder } from './support.js';

const command = fileURLToPath(new URL('../../packages/sacrebleu-ts/dist/cli/main.js', import.meta.url));
const recorded = JSON.parse(
  await readFile(new URL('../../packages/sacrebleu-ts/tests/command.json', import.meta.url), 'utf8'),
) as { files: Record<string, string>; runs: { options: string[]; stdin?: string; stdout: string }[] };

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const [name, text] of Object.entries(recorded.files)) await writeFile(join(folder, name), text);
});
afterAll(() => remove(folder));

function run(options: readonly string[], input = '', env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...options], {
    cwd: folder,
    input,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

/** What sacreBLEU printed, with our version in it. */
const ours = (text: string): string =>
  text
    .replaceAll(/\b(version|v):2\.6\.0/g, '$1:ts-0.1.0')
    .replaceAll('"version": "2.6.0"', '"version": "ts-0.1.0"')
    // sacreBLEU leaves out the name of a baseline from standard input.
    .replace('pairwise compared to .', 'pairwise compared to Baseline.');

/** Numbers written in full, which differ in the last places as the logarithms of the two languages do, in 12 digits. */
const rounded = (text: string): string => text.replaceAll(/\d+\.\d{10,}/g, (digits) => Number(digits).toPrecision(12));

describe('sacreBLEU’s output', () => {
  it.each(recorded.runs)('$options', ({ options, stdin, stdout }) => {
    const result = run([...options, '-q'], stdin);
    expect({ ...result, stdout: rounded(result.stdout) }).toEqual({
      status: 0,
      stdout: rounded(ours(stdout)),
      stderr: '',
    });
  });
});

describe('its own ways', () => {
  it('reads gzip, takes options with =, and the format from the environment', async () => {
    await writeFile(join(folder, 'base.gz'), gzipSync(recorded.files.base as string));
    const plain = run(['ref0', '-i', 'base', '--format=text', '--width=3']);
    expect(plain.stdout).toMatch(/^BLEU\|nrefs:1\|.* = \d+\.\d{3} /);
    expect(run(['ref0', '-i', 'base.gz', '-w', '3'], '', { SACREBLEU_FORMAT: 'text' })).toEqual(plain);
  });

  it('draws with another seed where one is given', () => {
    const drawn = (...options: string[]): string =>
      run(['ref0', '-i', 'base', 'new', '--paired-bs', '-f', 'text', ...options]).stdout;
    expect(drawn('--seed', '7')).toContain('|seed:7|');
    expect(drawn('--seed', '7')).not.toBe(drawn());
  });

  it('has a help that names every option, and a version', () => {
    const { status, stdout } = run(['--help']);
    expect(status).toBe(0);
    for (const option of ['-tok', '--chrf-word-order', '--ter-normalized', '--paired-bs', '--spm-model', 'Examples:']) {
      expect(stdout).toContain(option);
    }
    expect(run(['--version']).stdout).toMatch(/^sacrebleu-ts ts-\d/);
  });

  it('warns of text that looks tokenized', async () => {
    await writeFile(join(folder, 'dots'), 'a b c .\n'.repeat(100));
    expect(run(['dots', '-i', 'dots']).stderr).toContain('100 hypotheses end in a detached full stop');
    expect(run(['dots', '-i', 'dots', '--force']).stderr).toBe('');
  });
});

describe('what cannot be scored', () => {
  beforeAll(async () => {
    await writeFile(join(folder, 'short'), 'one\ntwo\n');
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, 'latin1'), Buffer.from([0x61, 0x0a, 0xe9, 0x0a]));
    await mkdir(join(folder, 'folder'));
  });

  it.each([
    [
      'files of different lengths',
      ['ref0', '-i', 'short'],
      65,
      'short has 2 lines, but ref0 has 40; they must correspond',
    ],
    ['an empty file', ['empty', '-i', 'empty'], 65, 'empty: expected lines to score, found an empty file'],
    ['a file that is not there', ['none', '-i', 'base'], 66, 'none: no such file'],
    ['a folder', ['ref0', '-i', 'folder'], 66, 'folder: expected a file, found a folder'],
    ['a file that is not UTF-8', ['latin1', '-i', 'latin1'], 65, 'latin1:2: expected text in UTF-8'],
    [
      'too few references in a line',
      ['ref0', '-nr', '2', '-i', 'base'],
      65,
      'ref0:1: expected 2 references separated by tabs, found 1',
    ],
    ['no references', ['-i', 'base'], 2, 'expected at least one reference file'],
    ['an unknown option', ['ref0', '--foo'], 2, 'unknown option --foo'],
    ['a test set', ['-t', 'wmt14'], 2, '-t: not here: this package has no test sets'],
    ['an unknown metric', ['ref0', '-m', 'rouge'], 2, '--metrics: expected one of bleu, chrf, ter, found rouge'],
    [
      'a tokenizer that is not here',
      ['ref0', '-i', 'base', '-tok', 'ja-mecab'],
      2,
      'tokenize: expected one of 13a, intl, char, zh, none',
    ],
    [
      'a tokenizer without its model',
      ['ref0', '-i', 'base', '-tok', 'flores200'],
      2,
      '--tokenize flores200: needs a SentencePiece model',
    ],
    ['a model that is none', ['ref0', '-i', 'base', '--spm-model', 'ref0'], 65, 'ref0: '],
    ['a file twice', ['ref0', '-i', 'base', 'base'], 2, '--input: expected each file once, found base twice'],
    ['one system for a paired test', ['ref0', '-i', 'base', '--paired-bs'], 2, '--paired-bs: expected several systems'],
    [
      'several metrics a sentence',
      ['ref0', '-i', 'base', '-sl', '-m', 'bleu', 'ter'],
      2,
      '--sentence-level: expected one metric',
    ],
    [
      'an interval of several systems',
      ['ref0', '-i', 'base', 'new', '-ci'],
      2,
      '--confidence: expected one system, found 2',
    ],
    [
      'a width that is no number',
      ['ref0', '-i', 'base', '-w', 'x'],
      2,
      '--width: expected a whole number of at least 0, found x',
    ],
  ])('%s', (_what, options, status, message) => {
    const result = run(options);
    expect(result.stderr).toContain(`sacrebleu-ts: ${message}`);
    expect(result).toMatchObject({ status, stdout: '' });
  });
});
