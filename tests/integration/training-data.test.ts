// Unusable and unusual training data: messages with file and line, exit codes, and that nothing is left behind.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointOf,
  type Ended,
  fixtureLines,
  metricsOf,
  project,
  remove,
  s2s,
  succeed,
  temporaryFolder,
  writeConfig,
  writeSplit,
} from './support.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await project(join(folder, 'good'));
});
afterAll(() => remove(folder));

const FILES = ['train', 'valid', 'test'].flatMap((name) => [`${name}.src`, `${name}.tgt`]);

/** A project of its own whose files can be damaged. */
async function damaged(name: string): Promise<{ at: string; config: string; file: (base: string) => string }> {
  const at = join(folder, name);
  await mkdir(at);
  for (const file of [...FILES, 'config.yaml']) await copyFile(join(folder, 'good', file), join(at, file));
  return { at, config: join(at, 'config.yaml'), file: (base) => join(at, base) };
}

/** Trains and expects a failure that leaves no run folder. */
async function refused(config: string, ...argv: string[]): Promise<Ended> {
  const out = `${config}-new/run`;
  const result = await s2s(['train', config, '--out', out, ...argv]);
  expect(result.stdout).toBe('');
  expect(existsSync(`${config}-new`)).toBe(false);
  return result;
}

/** Trains with these lines in place of some, and returns what it printed. */
async function trained(config: string, ...argv: string[]): Promise<Ended & { run: string }> {
  const run = `${config}-run`;
  const result = await s2s(['train', config, '--out', run, ...argv]);
  expect(result).toMatchObject({ code: 0 });
  return { ...result, run };
}

describe('training data that cannot be used', () => {
  it.concurrent('is missing', async () => {
    const { config, file } = await damaged('missing');
    const { code, stderr } = await refused(config, '--set', 'data.test.target=none.tgt');
    expect(stderr).toBe(
      `error: ${file('none.tgt')}: no such file; check the path (relative paths start from the configuration file’s folder)\n`,
    );
    expect(code).toBe(66);
  });

  it.concurrent('is a folder', async () => {
    const { config, at } = await damaged('folder');
    const { code, stderr } = await refused(config, '--set', 'data.valid.source=.');
    expect(stderr).toMatch(`error: ${at}`);
    expect(stderr).toContain('expected a file, found a folder');
    expect(code).toBe(66);
  });

  it.concurrent('has sides of different lengths', async () => {
    const { config, file } = await damaged('lengths');
    await writeFile(file('train.tgt'), 'eins\nzwei\n');
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(
      `expected as many lines in ${file('train.src')} as in ${file('train.tgt')}, one each an example; found 120 and 2`,
    );
    expect(code).toBe(65);
  });

  it.concurrent('is empty', async () => {
    const { config, file } = await damaged('empty');
    for (const side of ['train.src', 'train.tgt']) await writeFile(file(side), '');
    const { code, stderr } = await refused(config);
    expect(stderr).toBe(`error: ${file('train.src')}: expected at least one line, found an empty file\n`);
    expect(code).toBe(65);
  });

  it.concurrent('has nothing but blank lines', async () => {
    const { config, file } = await damaged('blank-only');
    for (const side of ['train.src', 'train.tgt']) await writeFile(file(side), '\n \n\t\n');
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(
      `${file('train.src')}: expected rows to use, found that all 3 are left out as blank or too long`,
    );
    expect(code).toBe(65);
  });

  it.concurrent('is not UTF-8: file, line and byte are named', async () => {
    const { config, file } = await damaged('utf8');
    const lines = (await readFile(file('train.tgt'), 'utf8')).split('\n');
    const before = Buffer.from(`${lines.slice(0, 6).join('\n')}\nMai`);
    await writeFile(
      file('train.tgt'),
      Buffer.concat([before, Buffer.from([0xe4]), Buffer.from(`\n${lines.slice(7).join('\n')}`)]),
    );
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(
      `error: ${file('train.tgt')}:7: expected UTF-8 text, found the byte 0xe4 at byte offset 3 of the line (${before.length} of the text)`,
    );
    expect(code).toBe(65);
  });

  it.concurrent('has one line that is too long: it is found before the first step', async () => {
    const { config, file } = await damaged('long');
    const sources = (await readFile(file('train.src'), 'utf8')).trimEnd().split('\n');
    sources[99] = 'x'.repeat(300);
    await writeFile(file('train.src'), `${sources.join('\n')}\n`);
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(
      `error: ${file('train.src')}:100: the source has 301 tokens, more than \`maxTokens\` (256); raise \`maxTokens\`, shorten the row, or set \`onLong\` to \`skip\` or \`truncate\`\n`,
    );
    expect(stderr).not.toContain('train 4/');
    expect(code).toBe(65);
  });

  it.concurrent('cannot be validated with', async () => {
    const { config, file } = await damaged('long-valid');
    await writeSplit(join(folder, 'long-valid'), 'valid', ['y'.repeat(400)], ['z']);
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(`${file('valid.src')}: expected rows to use, found that all 1 are left out`);
    expect(code).toBe(65);
  });

  it.concurrent('gives a vocabulary that does not fit', async () => {
    const { config } = await damaged('vocabulary');
    const { code, stderr } = await refused(
      config,
      '--set',
      'tokenizer.kind=byte-bpe',
      '--set',
      'tokenizer.vocabularySize=100',
    );
    expect(stderr).toMatch(/^error: .*100/m);
    expect([2, 65]).toContain(code);
  });
});

describe('blank lines in training data', () => {
  const prepare = async (name: string) => {
    const project = await damaged(name);
    const sources = (await readFile(project.file('train.src'), 'utf8')).trimEnd().split('\n');
    sources[1] = '';
    sources[4] = '  ';
    await writeFile(project.file('train.src'), `${sources.join('\n')}\n`);
    return project;
  };

  it.concurrent('are left out, counted and named by default', async () => {
    const { config, file } = await prepare('blank-skip');
    const { stderr } = await trained(config, '--quiet');
    const lines = `${file('train.src')}:2, ${file('train.src')}:5`;
    expect(stderr).toBe(
      `warning: 2 rows with a blank source: ${lines}\nwarning: 2 rows left out because a side is blank (onBlank: skip): ${lines}\n`,
    );
  });

  it.concurrent('are kept where that is wanted', async () => {
    const { config } = await prepare('blank-keep');
    const { stderr } = await trained(config, '--quiet', '--set', 'batching.onBlank=keep');
    expect(stderr).not.toContain('left out');
  });

  it.concurrent('stop the training where that is wanted', async () => {
    const { config, file } = await prepare('blank-error');
    const { code, stderr } = await refused(config, '--set', 'batching.onBlank=error');
    expect(stderr).toContain(
      `error: 2 rows with a blank source: ${file('train.src')}:2, ${file('train.src')}:5; fill or remove`,
    );
    expect(code).toBe(65);
  });
});

describe('a line of 1 MB in training data', () => {
  const prepare = async (name: string) => {
    const project = await damaged(name);
    const sources = (await readFile(project.file('train.src'), 'utf8')).trimEnd().split('\n');
    sources[10] = 'ab '.repeat(350_000);
    await writeFile(project.file('train.src'), `${sources.join('\n')}\n`);
    return project;
  };

  it.concurrent('is left out with onLong: skip', async () => {
    const { config, file } = await prepare('huge-skip');
    const { stderr } = await trained(config, '--quiet', '--set', 'batching.onLong=skip');
    expect(stderr).toBe(`warning: 1 row left out because a side is too long (onLong: skip): ${file('train.src')}:11\n`);
  });

  it.concurrent('is cut with onLong: truncate', async () => {
    const { config, file } = await prepare('huge-cut');
    const { stderr } = await trained(config, '--quiet', '--set', 'batching.onLong=truncate');
    expect(stderr).toBe(`warning: 1 row cut to the length limit (onLong: truncate): ${file('train.src')}:11\n`);
  });

  it.concurrent('is refused by default', async () => {
    const { config, file } = await prepare('huge-error');
    const { code, stderr } = await refused(config);
    expect(stderr).toContain(
      `error: ${file('train.src')}:11: the source has 1050001 tokens, more than \`maxTokens\` (256)`,
    );
    expect(code).toBe(65);
  });
});

describe('training data in one file', () => {
  it.concurrent('of TSV or JSONL gives what two files give', async () => {
    const { at, config, file } = await damaged('formats');
    const lines = async (name: string) => (await readFile(file(name), 'utf8')).trimEnd().split('\n');
    const [sources, targets] = [await lines('train.src'), await lines('train.tgt')];
    await writeFile(
      file('train.tsv'),
      `id\tde\ten\n${sources.map((line, i) => `${i}\t${targets[i]}\t${line}`).join('\n')}\n`,
    );
    const rows = sources.map((source, i) => JSON.stringify({ source, target: targets[i], more: i }));
    await writeFile(file('train.jsonl'), rows.join('\n'));
    const train = async (name: string, data: string) => {
      const out = join(at, name);
      await succeed([
        'train',
        config,
        '--out',
        out,
        '--max-steps',
        '3',
        ...(data ? ['--set', `data.train=${data}`] : []),
      ]);
      return (await checkpointOf(out, 3)).tensors;
    };
    const [parallel, tsv, jsonl] = await Promise.all([
      train('parallel', ''),
      train('tsv', '{file: train.tsv, sourceColumn: en, targetColumn: de}'),
      train('jsonl', '{file: train.jsonl}'),
    ]);
    expect([tsv, jsonl]).toEqual([parallel, parallel]);
  });
});

describe('unusual line ends in training data', () => {
  it.concurrent('do not change what is learned: CRLF and a missing last line end', async () => {
    const lf = await damaged('lf');
    const crlf = await damaged('crlf');
    for (const name of FILES) {
      const text = await readFile(crlf.file(name), 'utf8');
      await writeFile(crlf.file(name), text.trimEnd().replaceAll('\n', '\r\n'));
    }
    const [one, other] = await Promise.all([trained(lf.config), trained(crlf.config)]);
    expect(await checkpointOf(other.run, 12)).toEqual(await checkpointOf(one.run, 12));
    expect(await metricsOf(other.run)).toEqual(await metricsOf(one.run));
  });

  it.concurrent('U+2028 and U+0085 do not end a line', async () => {
    const { config, file } = await damaged('u2028');
    const sources = await fixtureLines('train.en', 0, 120);
    sources[3] = 'one\u2028two\u0085three';
    await writeFile(file('train.src'), `${sources.join('\n')}\n`);
    const { stderr } = await trained(config);
    expect(stderr).toContain('translation: 120 training and 20 validation examples');
  });
});

describe('validation', () => {
  it.concurrent('says which rows it leaves out, once', async () => {
    const at = join(folder, 'valid-long');
    await mkdir(at);
    for (const name of FILES) await copyFile(join(folder, 'good', name), join(at, name));
    await writeSplit(at, 'valid', ['a', 'b'.repeat(40), '', 'd'], ['A', 'B', 'C', 'D']);
    const config = await writeConfig(at, {
      batching: { maxSourceLength: 35 },
      training: { validationMetric: 'bleu', validateEvery: 4 },
    });
    await writeFile(
      join(at, 'train.src'),
      `${(await fixtureLines('train.en', 0, 120)).map((line) => line.slice(0, 30)).join('\n')}\n`,
    );
    const { stderr } = await trained(config, '--quiet');
    const source = join(at, 'valid.src');
    expect(stderr.split('\n')).toEqual([
      `warning: 1 row with a blank source: ${source}:3`,
      `warning: validation: 1 row left out of the loss because a side is too long: ${source}:2`,
      `warning: validation: 1 row left out of the loss because a side is blank: ${source}:3`,
      `warning: validation: 1 source cut to 35 tokens before decoding: ${source}:2`,
      '',
    ]);
  });

  it.concurrent('and training are quiet about what is right', async () => {
    const { config, at } = await damaged('quiet');
    const out = join(at, 'run');
    const { stderr } = await s2s(['train', config, '--out', out, '--quiet']);
    expect(stderr).toBe('');
    expect(await succeed(['train', config, '--out', join(at, 'again'), '--json', '--quiet'])).toMatch(/^\{.*\}\n$/);
  });
});
