// Builds everything `s2s` needs to run: the sacrebleu-ts package, the tfjs gradient bundle and the TypeScript sources.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

/** Type-checks and emits one TypeScript project. */
const compile = (project) =>
  execFileSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit', cwd: root });

// tfjs-core registers its gradients in a module whose extension-less imports Node cannot load, so it is bundled once.
// The copy of tfjs-core inside the bundle is harmless: its kernel and gradient registries are global.
mkdirSync(join(root, 'dist', 'vendor'), { recursive: true });
await build({
  entryPoints: [
    join(dirname(require.resolve('@tensorflow/tfjs-core/package.json')), 'dist', 'register_all_gradients.js'),
  ],
  outfile: join(root, 'dist', 'vendor', 'tfjs-gradients.cjs'),
  bundle: true,
  minify: true,
  format: 'cjs',
  platform: 'node',
  legalComments: 'linked',
  logLevel: 'warning',
});
compile('packages/sacrebleu-ts/tsconfig.json');
compile('packages/sacrebleu-ts/tsconfig.cli.json');
compile('tsconfig.json');
for (const file of ['dist/bin/s2s.js', 'packages/sacrebleu-ts/dist/cli/main.js']) chmodSync(join(root, file), 0o755);
