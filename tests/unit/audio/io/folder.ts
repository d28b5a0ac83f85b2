// A folder for the files of a test file, and the error that a file is refused with.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { DataError } from '../../../../src/errors.js';

/** Makes a folder that is removed when the tests are over. */
export function temporaryFolder(): { path: (name: string) => string; write: (name: string, bytes: Buffer) => string } {
  const folder = mkdtempSync(join(tmpdir(), 's2s-audio-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(name, bytes) {
      writeFileSync(path(name), bytes);
      return path(name);
    },
  };
}

/** The {@link DataError} that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<DataError> {
  const error: unknown = await promise.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof DataError) return error;
  throw error;
}
