// Run folders that are in use, cannot be written, are damaged, hostile, too new or belong to another model.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointSteps,
  copyRun,
  leftovers,
  project,
  remove,
  s2s,
  start,
  succeed,
  temporaryFolder,
} from './support.js';

let folder: string;
let config: string;
let run: string;
const input = 'Mai 1986\n';
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(folder);
  run = join(folder, 'run');
  await succeed(['train', config, '--out', run]);
});
afterAll(() => remove(folder));

describe('a run folder in use', () => {
  it('is refused to a second trainer, and free again when the first one ends', async () => {
    const busy = join(folder, 'busy');
    const long = ['--set', 'training.steps=100000', '--set', 'training.validateEvery=100000'];
    const first = start(['train', config, '--out', busy, ...long, '--set', 'training.logEvery=1']);
    await first.printed(/^train 1\//m);
    const second = await s2s(['train', '--out', busy, '--resume']);
    expect(second.stderr).toContain(`error: run folder ${busy} is in use by process ${first.child.pid} since `);
    expect([second.code, second.stdout]).toEqual([2, '']);
    const third = await s2s(['train', config, '--out', busy]);
    expect(third.stderr).toBe(
      `error: ${busy} already holds a run; continue it with --resume or choose another --out\n`,
    );
    expect(third.code).toBe(2);
    // Reading does no harm.
    const reader = await s2s(['decode', busy], { input });
    expect(reader.stderr).toContain(`${busy} has no latest checkpoint; none is complete yet: train first`);
    expect(reader.code).toBe(66);
    await first.kill('SIGINT');
    expect(await leftovers(busy)).toEqual([]);
    await succeed(['train', '--out', busy, '--resume', '--max-steps', '1']);
  });

  it.concurrent('by something else is left as it is', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'thesis.tex'), 'text');
    const { code, stderr } = await s2s(['train', config, '--out', other]);
    expect(stderr).toBe(
      `error: ${other} is not empty and not a run folder (it has thesis.tex); choose another --out\n`,
    );
    expect(code).toBe(2);
    expect(await readdir(other)).toEqual(['thesis.tex']);
  });

  it.concurrent('that is empty is used, and stays when training cannot begin', async () => {
    const vacant = join(folder, 'vacant');
    await mkdir(vacant);
    const { code } = await s2s(['train', config, '--out', vacant, '--set', 'batching.maxSourceLength=3']);
    expect(code).toBe(65);
    expect(await readdir(vacant)).toEqual([]);
    await succeed(['train', config, '--out', vacant]);
  });
});

describe('a run folder that cannot be written', () => {
  it.concurrent('lies below a file', async () => {
    const out = join(config, 'below');
    const { code, stderr } = await s2s(['train', config, '--out', out]);
    expect(stderr).toMatch(/^error: cannot (make a run folder at|use) .*below.*file/m);
    expect([2, 65]).toContain(code);
  });

  it.skipIf(!existsSync('/proc/self'))('lies where no folder can be made', async () => {
    const { code, stderr } = await s2s(['train', config, '--out', '/proc/s2s-run']);
    expect(stderr).toMatch(/^error: .*\/proc\/s2s-run.*\n$/m);
    expect(stderr).not.toContain('internal error');
    expect(code).toBe(65);
  });

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.log('skipped: a folder without write permission, because root may write everywhere');
  it.skipIf(isRoot)('lacks the permission', async () => {
    const locked = join(folder, 'locked');
    await mkdir(locked, { mode: 0o555 });
    const { code, stderr } = await s2s(['train', config, '--out', join(locked, 'run')]);
    await chmod(locked, 0o755);
    expect(stderr).toContain('no permission while writing');
    expect(code).toBe(65);
    expect(await readdir(locked)).toEqual([]);
  });
});

describe('a full disk', () => {
  const place = join(tmpdir(), `s2s-full-disk-${process.pid}`);
  const mount = (options: string): boolean =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place], { stdio: 'ignore' }).status === 0;
  let isMounted = false;
  beforeAll(async () => {
    await mkdir(place);
    isMounted = mount('size=500k');
    if (!isMounted) console.log('skipped: a full disk, because mounting a small file system is not permitted here');
  });
  afterAll(async () => {
    if (isMounted) spawnSync('umount', [place]);
    await rm(place, { recursive: true });
  });

  it('stops training with the checkpoints before it whole; going on works once there is space', async ({ skip }) => {
    if (!isMounted) skip();
    const out = join(place, 'run');
    const often = ['--set', 'training.saveEvery=1', '--set', 'training.keepCheckpoints=100'];
    const { code, stderr } = await s2s(['train', config, '--out', out, ...often]);
    expect(stderr).toMatch(/^error: disk full while writing .*; free \d+ MB or choose another --out$/m);
    expect(code).toBe(65);
    expect(await leftovers(out)).toEqual([]);
    const steps = await checkpointSteps(out);
    expect(steps.length).toBeGreaterThan(0);
    expect((await s2s(['decode', out, '--checkpoint', 'latest'], { input })).code).toBe(0);
    expect(spawnSync('mount', ['-o', 'remount,size=20m', place]).status).toBe(0);
    await succeed(['train', '--out', out, '--resume']);
    await rm(out, { recursive: true });
  });

  it('at the start leaves nothing behind', async ({ skip }) => {
    if (!isMounted) skip();
    expect(spawnSync('mount', ['-o', 'remount,size=4k', place]).status).toBe(0);
    const { code, stderr } = await s2s(['train', config, '--out', join(place, 'a', 'run')]);
    expect(stderr).toMatch(/^error: disk full while writing /m);
    expect(code).toBe(65);
    expect(await readdir(place)).toEqual([]);
  });

  it('leaves no half output of decode', async ({ skip }) => {
    if (!isMounted) skip();
    expect(spawnSync('mount', ['-o', 'remount,size=4k', place]).status).toBe(0);
    const output = join(place, 'out.txt');
    const { code, stderr } = await s2s(['decode', run, '--output', output, '--json'], { input: input.repeat(300) });
    expect(stderr).toContain(`error: ${output}: cannot be written: the disk is full; free some space\n`);
    expect(code).toBe(65);
    expect(await readdir(place)).toEqual([]);
  });
});

describe('a run folder that is not as it was', () => {
  /** Damages a copy of the run and decodes with it. */
  async function decodeDamaged(name: string, damage: (at: string) => Promise<void>) {
    const at = await copyRun(run, join(folder, `damaged-${name}`));
    await damage(at);
    const result = await s2s(['decode', at], { input });
    expect(result.stdout).toBe('');
    expect(result.stderr).not.toContain('internal error');
    return { at, ...result };
  }
  const weights = (at: string) => join(at, 'checkpoints', 'step-12.safetensors');

  it.concurrent('from a newer version is refused', async () => {
    const marker = '{"format": 99, "writtenBy": "s2s 99.0.0"}';
    const { at, code, stderr } = await decodeDamaged('newer', (at) => writeFile(join(at, 'run.json'), marker));
    const message = `error: ${at} has run format 99 (written by s2s 99.0.0), but this s2s reads formats up to 1; use a newer s2s\n`;
    expect(stderr).toBe(message);
    expect(code).toBe(65);
    expect((await s2s(['train', '--out', at, '--resume'])).stderr).toBe(message);
    expect((await s2s(['eval', at])).stderr).toBe(message);
  });

  it.concurrent('with a truncated checkpoint is refused, with what to fall back to', async () => {
    const { at, code, stderr } = await decodeDamaged('truncated', (at) => truncate(weights(at), 5000));
    expect(stderr).toMatch(/^error: .*step-12\.safetensors.*\(delete .*step-12\.json to fall back to step 6\)\n$/);
    expect(code).toBe(65);
    const resumed = await s2s(['train', '--out', at, '--resume', '--set', 'training.steps=20']);
    expect(resumed.stderr).toContain('to fall back to step 6');
    expect(resumed.code).toBe(65);
    await rm(join(at, 'checkpoints', 'step-12.json'));
    await succeed(['train', '--out', at, '--resume']);
    expect(await checkpointSteps(at)).toEqual([6, 12]);
  });

  const header = (text: string, length = Buffer.byteLength(text)): Buffer => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(length));
    return Buffer.concat([prefix, Buffer.from(text), Buffer.alloc(64)]);
  };
  const tensor = (shape: string, offsets: string) => `{"w":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`;
  it.concurrent.each([
    ['a header of 2^53 bytes', header('{}', 2 ** 53)],
    ['a header beyond the file', header('{}', 5000)],
    ['a header that is not JSON', header('{"w": [')],
    ['a tensor beyond the file', header(tensor('[1000000]', '[0,4000000]'))],
    ['a tensor of another size than its shape says', header(tensor('[3]', '[0,64]'))],
    ['a negative shape', header(tensor('[-4,-4]', '[0,64]'))],
    ['nothing in it', Buffer.alloc(0)],
  ])('with a checkpoint that has %s is refused', async (name, bytes) => {
    const { code, stderr } = await decodeDamaged(name.replaceAll(' ', '-'), (at) => writeFile(weights(at), bytes));
    expect(stderr).toMatch(/^error: .*step-12\.safetensors: /);
    expect(code).toBe(65);
  });

  it.concurrent('with the checkpoint of another vocabulary is refused', async () => {
    const other = join(folder, 'other-vocabulary');
    await succeed(['train', config, '--out', other, '--set', 'tokenizer.kind=word', '--max-steps', '1']);
    const vocabulary = (at: string) => join(at, 'vocab', 'tokenizer.json');
    const { code, stderr } = await decodeDamaged('vocabulary', (at) => copyFile(vocabulary(other), vocabulary(at)));
    expect(stderr).toMatch(
      /expected tensor ".*" of shape \[\d+, 16\], found F32 \[\d+, 16\]; the checkpoint belongs to another model or vocabulary/,
    );
    expect(code).toBe(65);
  });

  it.concurrent.each([
    ['config.yaml', 65, /config\.yaml is missing/],
    ['vocab', 66, /vocab.tokenizer\.json: cannot be read; restore it or train anew/],
    ['checkpoints', 66, /has no latest checkpoint|has no checkpoint of step 12/],
    ['run.json', 65, /is not a run folder: it has no run\.json/],
  ])('without %s is refused', async (name, expected, message) => {
    const { code, stderr } = await decodeDamaged(`no-${name}`, (at) => rm(join(at, name), { recursive: true }));
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });

  it.concurrent('because it was moved still works, also without the data it was trained on', async () => {
    const data = join(folder, 'data-to-lose');
    const lost = await project(data);
    const made = join(folder, 'made');
    await succeed(['train', lost, '--out', made, '--max-steps', '2']);
    const moved = join(folder, 'moved');
    await rename(made, moved);
    await rm(data, { recursive: true });
    expect((await succeed(['decode', moved], { input })).split('\n')).toHaveLength(2);
    const { code, stderr } = await s2s(['eval', moved]);
    expect(stderr).toContain(`${join(data, 'test.src')}: no such file`);
    expect(code).toBe(66);
  });

  it.concurrent('is never one that was not trained', async () => {
    const { code, stderr } = await s2s(['decode', join(folder, 'nowhere')], { input });
    expect(stderr).toBe(
      `error: ${join(folder, 'nowhere')} is not a run folder: no such folder; give the --out folder of s2s train\n`,
    );
    expect(code).toBe(66);
    expect(await readFile(config, 'utf8')).toContain('task: translation');
  });
});
