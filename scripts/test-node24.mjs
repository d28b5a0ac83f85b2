// Runs the unit and integration tests under Node 24, whose binary comes from npm: `npm run test:node24 [-- vitest arguments]`.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** npm's own package of this platform's binary, as the package `node` on npm would choose it. */
const platform = process.platform === 'win32' ? 'win' : process.platform;
const packageName = `node-${platform}-${process.arch}`;

/** Installs the binary into a folder that later runs use again, and returns its path. */
function install() {
  const folder = join(tmpdir(), `s2s-node${MAJOR}`);
  const binary = join(folder, 'node_modules', packageName, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    const npm = process.env.npm_execpath;
    if (!npm) throw new Error('start this with `npm run test:node24`');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--no-save', '--ignore-scripts', `${packageName}@${MAJOR}`];
    execFileSync(process.execPath, [npm, ...args], { cwd: folder, stdio: 'inherit' });
  }
  return binary;
}

const binary = install();
const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
console.log(`tests under Node ${version}`);
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
const given = process.argv.slice(2);
const args = ['run', ...(given.length > 0 ? given : ['--project', 'unit', '--project', 'integration'])];
process.exitCode = spawnSync(binary, [vitest, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
