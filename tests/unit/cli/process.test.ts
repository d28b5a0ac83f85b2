// The executable as a process: what it loads for --help, its exit codes, and a reader that goes away.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const HOOKS = `import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(process.env.LOADED_MODULES, url + '\\n');
  return next(url, context);
}`;
// Modules that CommonJS modules require do not pass through the hook; they are in the cache of require.
const REGISTER = `import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
register('./hooks.mjs', import.meta.url);
process.on('exit', () => {
  const paths = Object.keys(createRequire(import.meta.url).cache).map((path) => path + '\\n');
  appendFileSync(process.env.LOADED_MODULES, paths.join(''));
});`;

let folder: string;

/** Transpiles the sources file by file, so that this test needs no build. */
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 's2s-process-')));
  await build({
    absWorkingDir: root,
    entryPoints: ['bin/s2s.ts', 'src/**/*.ts'],
    outdir: folder,
    outbase: root,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  await writeFile(join(folder, 'package.json'), await readFile(join(root, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'hooks.mjs'), HOOKS);
  await writeFile(join(folder, 'register.mjs'), REGISTER);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
});
afterAll(() => rm(folder, { recursive: true }));

function start(argv: readonly string[], nodeOptions: readonly string[] = [], environment = {}): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, join(folder, 'bin', 's2s.js'), ...argv], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (part: Buffer) => {
    stdout += part;
  });
  child.stderr?.on('data', (part: Buffer) => {
    stderr += part;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

describe('the executable', () => {
  it.each([[['--help']], [['train', '--help']], [['--version']]])(
    'loads nothing but commander for %j',
    async (argv) => {
      const list = join(folder, 'loaded.txt');
      await writeFile(list, '');
      const options = ['--import', './register.mjs'];
      expect(await finish(start(argv, options, { LOADED_MODULES: list }))).toMatchObject({ code: 0, stderr: '' });
      const loaded = (await readFile(list, 'utf8')).split('\n').map((line) => line.replaceAll('\\', '/'));
      const packages = loaded.flatMap((line) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(line)?.[1] ?? []);
      expect([...new Set(packages)].sort()).toEqual(['@commander-js/extra-typings', 'commander']);
      const own = loaded.flatMap((line) => /\/src\/(.*)\.js$/.exec(line)?.[1] ?? []);
      const light = /^(cli\/\w+|config\/suggest|engine\/names|errors|version)$/;
      expect(own).toContain('cli/program');
      expect(own.filter((name) => !light.test(name) || /cli\/(scaffold|system)/.test(name))).toEqual([]);
    },
  );

  it('ends with the exit codes of the contract', async () => {
    expect(await finish(start(['train', '--sett', 'a=1']))).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "error: unknown option '--sett'\n(Did you mean --set?)\n(add --help to see what is possible)\n",
    });
    expect(await finish(start(['eval']))).toMatchObject({ code: 2, stdout: '' });
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(await finish(start(['--version']))).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('ends quietly when nobody reads its output any more', async () => {
    // A process that is slow to start, so that the reader is gone before anything is written.
    const child = start(
      ['--help'],
      ['--import', 'data:text/javascript,await new Promise((go) => setTimeout(go, 200))'],
    );
    child.stdout?.destroy();
    expect(await finish(child)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('says so when its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [join(folder, 'bin', 's2s.js'), '--help'], {
      stdio: ['ignore', full, 'pipe'],
    });
    const { code, stderr } = await finish(child);
    closeSync(full);
    expect(code).toBe(65);
    expect(stderr).toContain('error: cannot write to standard output: ENOSPC');
  });
});
