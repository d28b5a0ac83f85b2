import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { lockFolder } from '../../../src/storage/lock.js';
import { type Child, prepareChild } from './children/start.js';

let root: string;
let folder: string;
let holdLock: (...args: string[]) => Child;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 's2s-lock-'));
  holdLock = prepareChild('hold-lock', root);
});
beforeEach(() => {
  folder = mkdtempSync(path.join(root, 'run-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const owner = (fields: object) =>
  writeFileSync(
    path.join(folder, '.lock-owner.json'),
    JSON.stringify({ pid: 1, host: hostname(), started: 0, since: '2025-01-01T00:00:00.000Z', ...fields }),
  );

/** A lock directory last marked as fresh so many seconds ago. */
function lockDirectory(age: number): void {
  const lock = path.join(folder, '.lock');
  mkdirSync(lock);
  const time = Date.now() / 1000 - age;
  utimesSync(lock, time, time);
}

describe('lockFolder', () => {
  it('names the process that holds the folder, here and in another process', async () => {
    const lock = await lockFolder(folder);
    const error = await lockFolder(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    const pattern = new RegExp(`is in use by process ${process.pid} since \\d{4}-\\d\\d-\\d\\dT.*choose another --out`);
    expect((error as Error).message).toMatch(pattern);
    const child = holdLock(folder);
    expect(await child.line()).toMatch(pattern);
    lock.check();
    await lock.release();
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
    await (await lockFolder(folder)).release();
  });

  it('does not keep a process alive, and ends with it', async () => {
    const child = holdLock(folder);
    expect(await child.line()).toBe('locked');
    expect(await child.line()).toBeUndefined();
    expect(existsSync(path.join(folder, '.lock'))).toBe(false);
  });

  it('is taken over from a killed process, not from a running one', async () => {
    const child = holdLock(folder, 'wait');
    expect(await child.line()).toBe('locked');
    await expect(lockFolder(folder)).rejects.toThrow(`process ${child.process.pid} since`);
    await child.kill();
    expect(existsSync(path.join(folder, '.lock'))).toBe(true);
    await (await lockFolder(folder)).release();
  });

  it('is taken over from an earlier process with the same number', async () => {
    lockDirectory(5);
    owner({ pid: process.pid });
    await (await lockFolder(folder)).release();
  });

  it('is not taken over from another machine until it has not been marked for ten minutes', async () => {
    lockDirectory(500);
    owner({ pid: 2 ** 30, host: 'elsewhere' });
    await expect(lockFolder(folder)).rejects.toThrow(`process ${2 ** 30} on elsewhere since 2025`);
    rmSync(path.join(folder, '.lock'), { recursive: true });
    lockDirectory(700);
    await (await lockFolder(folder)).release();
  });

  it('holds without a readable name too', async () => {
    lockDirectory(5);
    writeFileSync(path.join(folder, '.lock-owner.json'), '{');
    await expect(lockFolder(folder)).rejects.toThrow('in use by another process');
  });

  it('survives an event loop that is busy for longer than a lock stays fresh', async () => {
    const lock = await lockFolder(folder, { update: 1000, stale: 2000 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2200);
    await sleep(100);
    lock.check();
    expect(existsSync(path.join(folder, '.lock'))).toBe(true);
    await lock.release();
  });

  it('notices that it was lost', async () => {
    const lock = await lockFolder(folder, { update: 1000, stale: 2000 });
    rmSync(path.join(folder, '.lock'), { recursive: true });
    await sleep(1200);
    expect(() => lock.check()).toThrow('was taken over by another process');
    await lock.release();
  });

  it('explains a folder that does not exist', async () => {
    await expect(lockFolder(path.join(folder, 'absent'))).rejects.toThrow('its folder does not exist');
  });
});
