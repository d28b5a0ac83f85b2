// Decoding: the same output whatever the batch, as many lines out as in, and every way lines come and go.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { fixtureLines, project, remove, s2s, start, succeed, temporaryFolder } from './support.js';

let folder: string;
let run: string;
let lines: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const config = await project(
    folder,
    {
      batching: { maxTokens: 600 },
      model: { modelDim: 32, feedForwardDim: 64 },
      training: { steps: 250, validateEvery: 250, warmupSteps: 50, learningRate: 0.01 },
      decoding: { beam: 5, maxLength: 40 },
    },
    1500,
  );
  run = join(folder, 'run');
  await succeed(['train', config, '--out', run]);
  lines = await fixtureLines('test.en', 0, 70);
});
afterAll(() => remove(folder));

const text = (items: readonly string[]): string => items.map((item) => `${item}\n`).join('');
/** The lines of an output. */
const split = (output: string): string[] => output.split('\n').slice(0, -1);
const decode = async (input: string | Uint8Array, ...argv: string[]): Promise<string[]> =>
  split(await succeed(['decode', run, ...argv], { input }));

/** Expects equal texts and scores that differ by no more than rounding. */
function expectEqualScored(actual: readonly string[], expected: readonly string[]): void {
  const parts = (items: readonly string[]) => items.map((item) => item.split('\t') as [string, string]);
  expect(parts(actual).map(([, output]) => output)).toEqual(parts(expected).map(([, output]) => output));
  const other = parts(expected);
  parts(actual).forEach(([score], i) => {
    expect(Math.abs(Number(score) - Number(other[i]?.[0]))).toBeLessThanOrEqual(1e-5);
  });
}

describe('the output', () => {
  let alone: string[];
  beforeAll(async () => {
    alone = await decode(text(lines), '--scores', '--batch-size', '1');
  });

  it('is something that was learned', () => {
    expect(new Set(alone).size).toBeGreaterThan(30);
  });

  it.concurrent.each([['7'], ['64']])('does not depend on the batch size: %s', async (size) => {
    expectEqualScored(await decode(text(lines), '--scores', '--batch-size', size), alone);
  });

  it.concurrent('does not depend on the order of the input', async () => {
    const order = lines.map((_line, i) => i);
    new Random(1, 'order').shuffle(order);
    const shuffled = await decode(text(order.map((i) => lines[i] as string)), '--scores', '--batch-size', '7');
    const sorted: string[] = [];
    order.forEach((from, to) => {
      sorted[from] = shuffled[to] as string;
    });
    expectEqualScored(sorted, alone);
  });

  it.concurrent('has the same best for any n-best', async () => {
    const five = await decode(text(lines), '--scores', '--n-best', '5');
    expect(five).toHaveLength(5 * lines.length);
    expectEqualScored(
      five.filter((_line, i) => i % 5 === 0),
      alone,
    );
    for (let i = 0; i < lines.length; i++) {
      const scores = five.slice(5 * i, 5 * i + 5).map((line) => Number(line.split('\t')[0]));
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it.concurrent('is the same on the engine that is the oracle', async () => {
    const few = text(lines.slice(0, 4));
    expectEqualScored(
      await decode(few, '--scores', '--engine', 'cpu', '--beam', '2'),
      await decode(few, '--scores', '--beam', '2'),
    );
  });

  it.concurrent('of a wider beam is no worse by the score than that of greedy search, on the whole', async () => {
    const sum = (items: readonly string[]) => items.reduce((total, item) => total + Number(item.split('\t')[0]), 0);
    const greedy = await decode(text(lines), '--scores', '--greedy');
    expect(sum(alone)).toBeGreaterThan(sum(greedy));
    expectEqualScored(await decode(text(lines), '--scores', '--beam', '1'), greedy);
  });
});

describe('outputs that are drawn', () => {
  const drawn = (...argv: string[]) => decode(text(lines.slice(0, 40)), '--sample', '--temperature', '1.5', ...argv);

  it.concurrent('are the same for the same seed, and others for another', async () => {
    const one = await drawn('--seed', '5', '--n-best', '2');
    expect(one).toHaveLength(80);
    expect(new Set(one).size).toBeGreaterThan(40);
    expect(await drawn('--seed', '5', '--n-best', '2')).toEqual(one);
    expect(await drawn('--seed', '6', '--n-best', '2')).not.toEqual(one);
  });

  it.concurrent('do not depend on how they are batched and grouped', async () => {
    const options = ['--seed', '5', '--top-p', '0.95', '--n-best', '2'];
    const whole = await drawn(...options, '--batch-size', '64');
    // A group is eight batches.
    for (const size of ['1', '7']) expect(await drawn(...options, '--batch-size', size)).toEqual(whole);
  });

  it.concurrent('are the greedy ones from the single best token', async () => {
    const few = text(lines.slice(0, 20));
    expect(await decode(few, '--sample', '--top-k', '1', '--scores')).toEqual(
      await decode(few, '--greedy', '--scores'),
    );
  });

  it.concurrent('differ without replacement, and come best first', async () => {
    const found = await drawn('--without-replacement', '--n-best', '4', '--seed', '1', '--scores');
    for (let i = 0; i < found.length; i += 4) {
      const outputs = found.slice(i, i + 4).map((line) => line.split('\t') as [string, string]);
      expect(new Set(outputs.map(([, output]) => output)).size).toBe(4);
      const scores = outputs.map(([score]) => Number(score));
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it.concurrent('are scored by eval with the settings of the configuration, which it reports', async () => {
    const other = join(folder, 'sampling');
    await cp(run, other, { recursive: true });
    const config = await readFile(join(other, 'config.yaml'), 'utf8');
    await writeFile(
      join(other, 'config.yaml'),
      config.replace(/^( *)method: beam$/m, '$1method: sample\n$1topK: 3\n$1temperature: 0.9'),
    );
    const scored = async (...argv: string[]) =>
      JSON.parse(await succeed(['eval', other, '--split', 'valid', '--json', '--quiet', ...argv]));
    const { decode: how, metrics } = await scored('--seed', '3');
    expect(how).toMatchObject({ method: 'sample', seed: 3, nBest: 1, topK: 3, temperature: 0.9 });
    expect((await scored('--seed', '3', '--batch-size', '5')).metrics).toEqual(metrics);
    expect((await scored('--beam', '2')).decode).toMatchObject({ beam: 2 });
  });
});

describe('a beam of groups', () => {
  it.concurrent('returns outputs that differ', async () => {
    const found = await decode(text(lines.slice(0, 20)), '--beam', '6', '--beam-groups', '3', '--n-best', '3');
    expect(found).toHaveLength(60);
    expect(found).not.toEqual(await decode(text(lines.slice(0, 20)), '--beam', '6', '--n-best', '3'));
  });
});

describe('lines', () => {
  it.concurrent('come out one for one and in order: blank ones, CRLF, U+2028, no final line end', async () => {
    const odd = ['Mai 1986', '', '8:35 PM', '   ', 'a\u2028b\u0085c', '\u00a0', 'Mon, Nov 25', 'x\ty', '1,234.5'];
    const outputs = await decode(odd.join('\r\n'));
    expect(outputs).toHaveLength(odd.length);
    for (const i of [1, 3, 5]) expect(outputs[i]).toBe('');
    expect(await decode(odd.join('\n'))).toEqual(outputs);
    expect(await decode(`${odd.join('\n')}\n`)).toEqual(outputs);
    expect((await decode('8:35 PM'))[0]).toBe(outputs[2]);
    expect((await decode('\ufeffMai 1986\n'))[0]).toBe(outputs[0]);
  });

  it.concurrent('that are blank give as many blank outputs as asked for', async () => {
    const outputs = await decode('\nMai 1986\n', '--n-best', '3', '--scores');
    expect(outputs).toHaveLength(6);
    expect(outputs.slice(0, 3)).toEqual(['\t', '\t', '\t']);
    expect(outputs[3]).toMatch(/^-\d+\.\d{6}\t/);
  });

  it.concurrent('that do not exist give none', async () => {
    expect(await decode('')).toEqual([]);
    expect(await decode('\n')).toEqual(['']);
  });

  it.concurrent('come as JSON where that is wanted, with what is in the help', async () => {
    const documents = (await decode('8:35 PM\n\n', '--json', '--n-best', '2')).map((line) => JSON.parse(line));
    expect(documents).toEqual([
      {
        index: 0,
        source: '8:35 PM',
        outputs: [
          { text: expect.any(String), score: expect.any(Number), finished: expect.any(Boolean) },
          { text: expect.any(String), score: expect.any(Number), finished: expect.any(Boolean) },
        ],
      },
      { index: 1, source: '', outputs: [] },
    ]);
    const help = await succeed(['decode', '--help']);
    for (const word of ['--n-best N', '--scores', '--json', '"outputs"', '"finished"']) expect(help).toContain(word);
  });
});

describe('a source that is too long', () => {
  const input = text(['Mai 1986', 'x'.repeat(1_000_000), '8:35 PM']);
  const what = 'standard input:2: the source has 1000001 tokens, but the model was trained on at most 600';

  it.concurrent('is an error by default', async () => {
    const { code, stdout, stderr } = await s2s(['decode', run], { input });
    expect(stderr).toContain(`error: ${what}; shorten it, or choose --on-long truncate or --on-long skip\n`);
    expect([code, stdout]).toEqual([65, '']);
  });

  it.concurrent('is cut where that is wanted, and counted', async () => {
    const { code, stdout, stderr } = await s2s(['decode', run, '--on-long', 'truncate', '--quiet'], { input });
    expect(stderr).toBe(`warning: ${what}; it is cut\n`);
    expect(code).toBe(0);
    expect(split(stdout)).toHaveLength(3);
  });

  it.concurrent('is skipped where that is wanted, and counted', async () => {
    const { code, stdout, stderr } = await s2s(['decode', run, '--on-long', 'skip'], { input });
    expect(stderr).toContain(`warning: ${what}; its output is blank\n`);
    expect(stderr).toMatch(/^3 examples in .*, 1 skipped as too long$/m);
    expect(code).toBe(0);
    const outputs = split(stdout);
    expect(outputs[1]).toBe('');
    expect([outputs[0], outputs[2]]).toEqual(await decode('Mai 1986\n8:35 PM\n'));
  });
});

describe('files and pipes', () => {
  it.concurrent('files in and out give what pipes give, gzip or not', async () => {
    const file = join(folder, 'in.txt.gz');
    await writeFile(file, gzipSync(text(lines.slice(0, 5))));
    const output = join(folder, 'out.txt');
    const linked = join(folder, 'link.txt');
    await writeFile(output, 'old');
    await symlink(output, linked);
    expect(await succeed(['decode', run, '--input', file, '--output', linked])).toBe('');
    const expected = await decode(text(lines.slice(0, 5)));
    expect(split(await readFile(output, 'utf8'))).toEqual(expected);
    expect(split(await readFile(linked, 'utf8'))).toEqual(expected);
  });

  it('named pipes are read, and a device that is written to stays a device', async ({ skip }) => {
    const pipe = join(folder, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status !== 0) {
      console.log('skipped: named pipes, because there is no mkfifo here');
      skip();
    }
    const [output] = await decode('Mai 1986\n');
    const reading = s2s(['decode', run, '--input', pipe, '--quiet']);
    await writeFile(pipe, 'Mai 1986\n');
    expect(await reading).toEqual({ code: 0, stdout: `${output}\n`, stderr: '' });
    expect(await succeed(['decode', run, '--output', '/dev/null'], { input: 'a\n' })).toBe('');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it.concurrent('answers a pipe before its end', async () => {
    const running = start(['decode', run, '--quiet']);
    const [first, second] = await decode('Mai 1986\n8:35 PM\n');
    running.child.stdin?.write('Mai 1986\n');
    await running.printed(/\n/, 'stdout');
    expect(running.stdout).toBe(`${first}\n`);
    running.child.stdin?.end('8:35 PM\n');
    expect(await running.end()).toEqual({ code: 0, stdout: `${first}\n${second}\n`, stderr: '' });
  });

  it.concurrent('a pipe does not keep Node from following links to packages, such as pnpm makes', async () => {
    const packages = join(folder, 'linked', 'node_modules');
    await mkdir(join(folder, 'stored'), { recursive: true });
    await writeFile(join(folder, 'stored', 'index.js'), '');
    await mkdir(packages, { recursive: true });
    await symlink(join(folder, 'stored'), join(packages, 'stored'), 'junction');
    const library = new URL('../../dist/src/run/lines.js', import.meta.url).href;
    const program = `
      import { createRequire } from 'node:module';
      import { openLines } from ${JSON.stringify(library)};
      await (await openLines('-')).close();
      console.log(createRequire(${JSON.stringify(join(folder, 'linked', 'any.js'))}).resolve('stored'));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      input: 'a\n',
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: `${join(folder, 'stored', 'index.js')}\n`, stderr: '' });
  });

  it.concurrent('ends in order when nobody reads on', async () => {
    const running = start(['decode', run, '--greedy', '--quiet']);
    running.child.stdin?.write('Mai 1986\n');
    await running.printed(/\n/, 'stdout');
    running.child.stdout?.destroy();
    running.child.stdin?.end(text(lines).repeat(2));
    expect(await running.end()).toMatchObject({ code: 0, stderr: '' });
  });

  it.concurrent('an input that is not UTF-8 is told by line and byte, and an output file stays as it was', async () => {
    const output = join(folder, 'kept.txt');
    await writeFile(output, 'kept');
    const input = Buffer.concat([Buffer.from('Mai 1986\nab'), Buffer.from([0xff, 0x0a])]);
    const { code, stderr } = await s2s(['decode', run, '--output', output], { input });
    expect(stderr).toContain(
      'error: standard input:2: expected UTF-8 text, found the byte 0xff at byte offset 2 of the line',
    );
    expect(code).toBe(65);
    expect(await readFile(output, 'utf8')).toBe('kept');
    expect((await readdir(folder)).filter((name) => name.includes('kept'))).toEqual(['kept.txt']);
  });

  it.concurrent.each([
    ['an input that is not there', ['--input', 'none.txt'], 66, 'none.txt: no such file'],
    ['an input that is a folder', ['--input', '.'], 66, '.: expected a file, found a folder'],
    [
      'an output in no folder',
      ['--output', 'none/out.txt'],
      65,
      'none/out.txt: cannot be written: its folder does not',
    ],
    ['an output that is a folder', ['--output', '.'], 65, '.: expected a file to write to, found a folder'],
    [
      'a checkpoint that is not there',
      ['--checkpoint', '7'],
      66,
      'has no checkpoint of step 7; choose one of the steps 250',
    ],
    [
      'a checkpoint of no meaning',
      ['--checkpoint', 'last'],
      2,
      '--checkpoint last: expected best, latest, a step such',
    ],
    [
      'sampling with a beam',
      ['--sample', '--beam', '3'],
      2,
      "option '--sample' cannot be used with option '--beam <n>'",
    ],
    ['greedy sampling', ['--sample', '--greedy'], 2, "option '--sample' cannot be used with option '--greedy'"],
    ['sampling in groups', ['--sample', '--beam-groups', '2'], 2, "cannot be used with option '--beam-groups <n>'"],
    ['a temperature without sampling', ['--temperature', '2'], 2, '`temperature` (2) is for sampling'],
    ['top-k in greedy search', ['--greedy', '--top-k', '2'], 2, '`topK` (2) is for sampling'],
    ['a penalty in beam search', ['--beam', '3', '--repetition-penalty', '2'], 2, 'set `noRepeatNgram`'],
    ['no replacement without sampling', ['--without-replacement'], 2, '--without-replacement needs --sample'],
    ['a temperature of 0', ['--sample', '--temperature', '0'], 2, 'temperature: '],
    ['a probability above 1', ['--sample', '--top-p', '1.5'], 2, 'topP: '],
    ['groups of unequal size', ['--beam', '5', '--beam-groups', '2'], 2, 'multiple of `beamGroups` (2), but is 5'],
    ['diversity of one group', ['--diversity', '1'], 2, 'needs `beamGroups` of at least 2'],
    ['more outputs than the beam holds', ['--n-best', '6'], 2, 'nBest: `nBest` must be at most `beam` (5)'],
  ])('refuses %s', async (_what, argv, expected, message) => {
    const { code, stdout, stderr } = await s2s(['decode', run, ...argv], { input: 'a\n', cwd: folder });
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([expected, '']);
  });
});
