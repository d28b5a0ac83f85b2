import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/errors.js';
import { createRunFolder, openRunFolder, resumeRunFolder } from '../../../src/storage/run-folder.js';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 's2s-run-'));
  folder = path.join(root, 'runs', 'a');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function create(): Promise<void> {
  const run = await createRunFolder(folder, 'task: copy\n', 's2s 0.1.0');
  await run.lock.release();
}

describe('createRunFolder', () => {
  it('makes the folder with its configuration and a readable format marker', async () => {
    const run = await createRunFolder(folder, 'task: copy\n', 's2s 0.1.0');
    expect(readdirSync(folder).sort()).toEqual([
      '.lock',
      '.lock-owner.json',
      'checkpoints',
      'config.yaml',
      'run.json',
      'vocab',
    ]);
    expect(readFileSync(run.paths.config, 'utf8')).toBe('task: copy\n');
    expect(readFileSync(path.join(folder, 'run.json'), 'utf8')).toBe(
      '{\n  "format": 1,\n  "writtenBy": "s2s 0.1.0"\n}\n',
    );
    await expect(resumeRunFolder(folder)).rejects.toThrow('in use by process');
    await run.lock.release();
  });

  it('accepts an empty folder, and one where an earlier start was killed at once', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, '.run.json.7.s2s-tmp'), '{');
    await create();
    expect(readdirSync(folder).sort()).toEqual(['checkpoints', 'config.yaml', 'run.json', 'vocab']);
  });

  it('refuses what is not free', async () => {
    await create();
    await expect(create()).rejects.toThrow(
      new UsageError(`${folder} already holds a run; continue it with --resume or choose another --out`),
    );
    folder = path.join(root, 'runs');
    await expect(create()).rejects.toThrow('is not empty and not a run folder (it has a)');
    expect(readdirSync(folder)).toEqual(['a']);
    folder = path.join(root, 'file');
    writeFileSync(folder, '');
    await expect(create()).rejects.toThrow('a file is in the way');
    folder = path.join(root, 'file', 'x');
    await expect(create()).rejects.toThrow('a file is in the way');
  });
});

describe('openRunFolder', () => {
  it('opens a run, locked or not, and writes nothing', async () => {
    const run = await createRunFolder(folder, 'task: copy\n', 's2s 0.1.0');
    const before = readdirSync(folder);
    expect(await openRunFolder(folder)).toMatchObject({ folder, writtenBy: 's2s 0.1.0', paths: run.paths });
    expect(readdirSync(folder)).toEqual(before);
    await run.lock.release();
  });

  it('says what a folder lacks', async () => {
    const absent = await openRunFolder(folder).catch((error: unknown) => error);
    expect(absent).toMatchObject({ name: 'DataError', exitCode: 66 });
    expect((absent as Error).message).toContain('no such folder; give the --out folder of s2s train');
    await expect(openRunFolder(root)).rejects.toThrow('is not a run folder: it has no run.json');
    await create();
    rmSync(path.join(folder, 'config.yaml'));
    await expect(openRunFolder(folder)).rejects.toThrow('config.yaml is missing: the run was interrupted as it began');
  });

  it('refuses a newer format, naming both versions', async () => {
    await create();
    const marker = path.join(folder, 'run.json');
    writeFileSync(marker, '{"format": 2, "writtenBy": "s2s 3.0.0", "more": 1}');
    await expect(openRunFolder(folder)).rejects.toThrow(
      new DataError(
        `${folder} has run format 2 (written by s2s 3.0.0), but this s2s reads formats up to 1; use a newer s2s`,
      ),
    );
    writeFileSync(marker, '{"format": "x"}');
    await expect(openRunFolder(folder)).rejects.toThrow('run.json: expected {"format": 1');
  });
});

describe('resumeRunFolder', () => {
  it('removes what a killed process left half-written', async () => {
    await create();
    const leave = (...names: string[]) => {
      for (const name of names) writeFileSync(path.join(folder, name), '{}');
    };
    leave('.best.12.s2s-tmp', 'vocab/.source.json.12.s2s-tmp', 'checkpoints/.step-2.json.12.s2s-tmp');
    leave('checkpoints/step-1.safetensors', 'checkpoints/step-1.json', 'checkpoints/step-2.safetensors');
    const run = await resumeRunFolder(folder);
    expect(readdirSync(run.paths.checkpoints).sort()).toEqual(['step-1.json', 'step-1.safetensors']);
    expect(readdirSync(run.paths.vocab)).toEqual([]);
    expect(existsSync(path.join(folder, '.best.12.s2s-tmp'))).toBe(false);
    await run.lock.release();
  });
});
