// Trains and evaluates the tasks of bAbI one after another: node babi.mjs BABI_DIR OUT_DIR [TASK…] [--OPTION…]
//
// BABI_DIR has the files `qa1_single-supporting-fact_train.txt` and so on. Each task is trained as babi.yaml says, into OUT_DIR/qa1
// and so on; runs that are there are gone on with. Tasks are numbers, all twenty unless told; options are those of `s2s train`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SOLVED = 5;

const fail = (message, code) => {
  console.error(`babi.mjs: ${message}`);
  process.exit(code);
};

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('--'));
const [babi, out, ...numbers] = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);
const isTask = (text) => /^([1-9]|1\d|20)$/.test(text);
if (out === undefined || !numbers.every(isTask))
  fail('expected node babi.mjs BABI_DIR OUT_DIR [TASK…] [--OPTION…], tasks being numbers from 1 to 20', 2);
if (!existsSync(babi)) fail(`${babi}: there is no such folder; unpack babi-tasks-v1.1-en.tar.gz`, 66);

const recipe = join(import.meta.dirname, 'babi.yaml');
const executable = join(import.meta.dirname, '../../../dist/bin/s2s.js');

/** Runs `s2s` and gives back what it prints. */
function s2s(...line) {
  const { status, stdout } = spawnSync(process.execPath, [executable, ...line], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) fail(`s2s ${line.join(' ')} ended with ${status}`, status ?? 1);
  return stdout;
}

const files = readdirSync(babi);
const tasks = (numbers.length > 0 ? numbers : Array.from({ length: 20 }, (_, i) => i + 1)).map((number) => {
  const [train, test] = ['train', 'test'].map((split) => {
    const name = files.find((file) => file.startsWith(`qa${number}_`) && file.endsWith(`_${split}.txt`));
    if (name === undefined) fail(`${babi}: expected a file qa${number}_*_${split}.txt, found none`, 66);
    return resolve(babi, name);
  });
  return { name: `qa${number}`, train, test };
});

mkdirSync(out, { recursive: true });
const errors = tasks.map(({ name, train, test }) => {
  const run = join(out, name);
  const data = [`data.train.file=${train}`, `data.valid.file=${train}`, `data.test.file=${test}`];
  if (existsSync(run)) s2s('train', '--resume', '--out', run, '--quiet', ...options);
  else s2s('train', recipe, '--out', run, '--quiet', ...data.flatMap((value) => ['--set', value]), ...options);
  const { metrics } = JSON.parse(s2s('eval', run, '--json', '--quiet'));
  const error = 100 - metrics.exactMatch.score;
  console.log(`${name.padEnd(5)} ${error.toFixed(1).padStart(5)} %`);
  return error;
});
const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
const failed = errors.filter((error) => error > SOLVED).length;
console.log(`mean  ${mean.toFixed(1).padStart(5)} %, ${failed} of ${errors.length} tasks above ${SOLVED} %`);
