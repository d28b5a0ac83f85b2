import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { makeFolder, removeTemporaries, replaceFile, storageError, writeAtomic } from '../../../src/storage/atomic.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 's2s-atomic-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const systemError = (code: string) => Object.assign(new Error(code), { code, syscall: 'write' });

describe('writeAtomic', () => {
  it('replaces a file and leaves nothing else behind', async () => {
    const file = path.join(folder, 'a.json');
    await replaceFile(file, 'old');
    await replaceFile(file, 'new é');
    expect(readFileSync(file, 'utf8')).toBe('new é');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('keeps the old content until the new one is whole, and when writing fails', async () => {
    const file = path.join(folder, 'a.json');
    await replaceFile(file, 'old');
    const failing = writeAtomic(file, async (handle) => {
      await handle.write('half of the n');
      expect(readFileSync(file, 'utf8')).toBe('old');
      throw new Error('stopped');
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it.skipIf(!existsSync('/dev/full'))('says how much to free on a full disk, and cleans up', async () => {
    const file = path.join(folder, 'a.safetensors');
    const onFullDisk = async () => {
      const full = await open('/dev/full', 'w');
      await full.write('x').finally(() => full.close());
    };
    await expect(writeAtomic(file, onFullDisk, 250_400_000)).rejects.toThrow(
      new DataError(`disk full while writing ${file}; free 251 MB or choose another --out`),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('explains paths that cannot be written', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    mkdirSync(path.join(folder, 'sub'));
    await expect(replaceFile(path.join(folder, 'file', 'x'), '')).rejects.toThrow('is a file, not a folder');
    await expect(replaceFile(path.join(folder, 'absent', 'x'), '')).rejects.toThrow('its folder does not exist');
    await expect(replaceFile(path.join(folder, 'sub'), 'x')).rejects.toThrow(DataError);
    await expect(makeFolder(path.join(folder, 'file', 'x'))).rejects.toThrow(DataError);
    expect(readdirSync(folder).sort()).toEqual(['file', 'sub']);
  });
});

describe('storageError', () => {
  it.each([
    ['EACCES', 'no permission while writing out/x; change the permissions'],
    ['EROFS', 'read-only'],
    ['EDQUOT', 'quota exceeded while writing out/x; free some space'],
    ['EIO', 'failed while writing out/x: EIO'],
  ])('%s', (code, message) => {
    const error = storageError(systemError(code), 'writing', 'out/x');
    expect(error).toMatchObject({ name: 'DataError', exitCode: 65 });
    expect((error as DataError).message).toContain(message);
  });

  it('gives back what is no system error', () => {
    const error = new DataError('bad');
    expect(storageError(error, 'reading', 'x')).toBe(error);
    expect(storageError('text', 'reading', 'x')).toBe('text');
  });
});

describe('removeTemporaries', () => {
  it('removes the remains of killed writes and nothing else', async () => {
    for (const name of ['.a.json.123.s2s-tmp', 'a.json', '.hidden', 'b.s2s-tmp']) {
      writeFileSync(path.join(folder, name), '');
    }
    await removeTemporaries(folder);
    expect(readdirSync(folder).sort()).toEqual(['.hidden', 'a.json', 'b.s2s-tmp']);
    await removeTemporaries(path.join(folder, 'absent'));
  });
});
