// Folders that do not depend on a run: that of the installed package and that of decompressed inputs.
import { readFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../errors.js';

/** The folder of the installed package: where `fixtures/` lies. */
export async function packageRoot(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    if ((JSON.parse(text) as { name?: string }).name === 's2s-toolkit') return folder;
    if (dirname(folder) === folder)
      throw new DataError('the package folder of s2s-toolkit cannot be found', { missing: true });
    folder = dirname(folder);
  }
}

/** Where what can be made again is kept, once for all runs of a user: decompressed inputs, features of sound. */
export function cacheFolder(): string {
  return join(tmpdir(), `s2s-cache-${userInfo().username}`);
}
