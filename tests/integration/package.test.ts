// The two packages as users get them: what they ship, and that they work and type-check on their own.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const exec = promisify(execFile);

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 's2s-package-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs npm: the one that runs these tests, where that is known. */
function npm(args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  const cli = process.env.npm_execpath;
  if (cli) return exec(process.execPath, [cli, ...args], { cwd });
  return exec('npm', args, { cwd, shell: process.platform === 'win32' });
}

/** Packs a package as it would be published and unpacks it into `node_modules` of an empty project; returns its files. */
async function install(source: string, project: string, name: string): Promise<string[]> {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  // The build that the tests run on is what is packed: no scripts.
  await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', project], source);
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz')) as string;
  await exec('tar', ['-xzf', tarball], { cwd: project });
  const folder = join(project, 'node_modules', name);
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(join(project, 'package'), folder);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

/** Type-checks a file of the project as a user of strict TypeScript would, declarations of packages included. */
async function typeCheck(project: string, text: string, lib: readonly string[] = ['es2023']): Promise<string> {
  writeFileSync(join(project, 'user.ts'), text);
  const compilerOptions = {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ target: 'es2023', lib, module: 'nodenext', types: [] },
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
  return exec(process.execPath, [tsc, '-p', project]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

describe('s2s-toolkit', () => {
  let project: string;
  let files: string[];
  beforeAll(async () => {
    project = join(work, 'toolkit');
    files = await install(root, project, 's2s-toolkit');
    // Its dependencies are those of this checkout, except what it bundles.
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies).filter((dependency) => dependency !== 'sacrebleu-ts')) {
      const link = join(project, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link, 'junction');
    }
  });

  test('ships what users need, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        ...['CHANGELOG.md', 'LICENSE', 'README.md', 'TRAINING.md', 'THIRD_PARTY_NOTICES.md', 'package.json'],
        ...['dist/bin/s2s.js', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/tasks/index.js'],
        ...['dist/vendor/tfjs-gradients.cjs', 'dist/vendor/tfjs-gradients.cjs.LEGAL.txt'],
        ...['fixtures/translation/config.yaml', 'fixtures/translation/train.en', 'fixtures/translation/sample.en'],
        ...['tasks/translation/README.md', 'tasks/translation/recipes/multi30k.yaml'],
        ...['dist/src/audio/store/worker.js', 'tasks/speech-recognition/recipes/an4.mjs'],
        ...['fixtures/speech-recognition/config.yaml', 'fixtures/speech-recognition/train.tsv'],
        ...['node_modules/sacrebleu-ts/package.json', 'node_modules/sacrebleu-ts/dist/index.js'],
        ...['node_modules/sacrebleu-ts/LICENSE', 'node_modules/sacrebleu-ts/NOTICE'],
      ]),
    );
    const known =
      /^((dist|node_modules\/sacrebleu-ts\/dist)\/.*\.(js|cjs|d\.ts|txt)|fixtures\/.*|tasks\/.*\.(md|yaml|mjs)|(node_modules\/sacrebleu-ts\/)?([A-Z_]+(\.md)?|package\.json))$/;
    expect(files.filter((file) => !known.test(file) || /(^|\/)tests?\//.test(file))).toEqual([]);
  });

  test('runs from an empty project', async () => {
    const cli = join(project, 'node_modules', 's2s-toolkit', 'dist', 'bin', 's2s.js');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await exec(process.execPath, [cli, '--version'], { cwd: project })).stdout).toBe(`${version}\n`);
    const config = 'node_modules/s2s-toolkit/fixtures/translation/config.yaml';
    const train = [cli, 'train', config, '--out', 'run', '--max-steps', '2', '--json'];
    const trained = await exec(process.execPath, train, { cwd: project });
    expect(JSON.parse(trained.stdout)).toMatchObject({ task: 'translation', step: 2, stopped: 'max-steps' });
    expect(existsSync(join(project, 'run', 'checkpoints', 'step-2.safetensors'))).toBe(true);
  });

  test('is a typed library', async () => {
    const text = `
      import { ConfigError, decode, evaluate, train, type EvaluateResult, type TrainResult } from 's2s-toolkit';
      const trained: TrainResult = await train({ config: 'config.yaml', out: 'run', maxSteps: 10, engine: 'onnxruntime' });
      const scored: EvaluateResult = await evaluate({ run: trained.out, metrics: ['bleu'] });
      export const bleu: number | undefined = scored.metrics.bleu?.score;
      export const examples: number = (await decode({ run: trained.out, input: 'a.txt', output: 'b.txt' })).examples;
      export const code: number = new ConfigError('wrong').exitCode;`;
    // The global AbortSignal comes from `dom` as well as from @types/node.
    const lib = ['es2023', 'dom'];
    expect(await typeCheck(project, text, lib)).toBe('');
    expect(await typeCheck(project, text.replace('maxSteps: 10', "maxSteps: '10'"), lib)).toContain('TS2322');
  });
});

describe('sacrebleu-ts', () => {
  let project: string;
  let files: string[];
  beforeAll(async () => {
    project = join(work, 'sacrebleu');
    files = await install(join(root, 'packages', 'sacrebleu-ts'), project, 'sacrebleu-ts');
  });
  const use = `
    import { BLEU, CHRF, pairedBootstrap, TER } from 'sacrebleu-ts';
    const [hypotheses, references] = [['The dog bit the man.'], [['The dog bit the man.']]];
    const systems = ['a', 'b'].map((name) => ({ name, hypotheses }));
    export const score: number = new BLEU().corpusScore(hypotheses, references).score;
    export const others: (number | undefined)[] = [
      new CHRF().corpusScore(hypotheses, references).score,
      new TER().corpusScore(hypotheses, references).score,
      pairedBootstrap(systems, references, [new BLEU()]).metrics[0]?.scores[1]?.pValue,
    ];`;
  const untyped = use.replace(': number =', ' =').replace(': (number | undefined)[]', '');

  test('ships what users need, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'NOTICE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json']),
    );
    expect(files.filter((file) => !/^(dist\/.*\.(js|d\.ts)|[A-Z]+(\.md)?|package\.json)$/.test(file))).toEqual([]);
  });

  test('stands alone, typed', async () => {
    expect(await typeCheck(project, use)).toBe('');
    writeFileSync(join(project, 'use.mjs'), untyped);
    const print =
      "import('./use.mjs').then(({ score, others }) => console.log([score, ...others].map((x) => x.toFixed(6)).join()))";
    expect((await exec(process.execPath, ['-e', print], { cwd: project })).stdout).toBe(
      // The p-value of no difference is what sacreBLEU's is: 1 in all drawn corpora and this one.
      '100.000000,100.000000,0.000000,0.000999\n',
    );
  });

  test('brings its command', async () => {
    writeFileSync(join(project, 'lines.txt'), 'The dog bit the man.\n');
    const command = join(project, 'node_modules', 'sacrebleu-ts', 'dist', 'cli', 'main.js');
    const { stdout } = await exec(process.execPath, [command, 'lines.txt', '-i', 'lines.txt', '-b', '-w', '2'], {
      cwd: project,
    });
    expect(stdout).toBe('100.00\n');
  });

  test('runs in a browser: no Node built-ins', async () => {
    writeFileSync(join(project, 'browser.mjs'), untyped);
    const { outputFiles } = await build({
      ...{ absWorkingDir: project, entryPoints: ['browser.mjs'], bundle: true, write: false, logLevel: 'silent' },
      ...{ platform: 'browser', format: 'iife', globalName: 'result' },
    });
    // A context that has the language and nothing more.
    const score = vm.runInNewContext(`${outputFiles[0]?.text ?? ''}; result.score`);
    expect(score).toBeCloseTo(100, 9);
  });
});
