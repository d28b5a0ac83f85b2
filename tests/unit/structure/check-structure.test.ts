// The check of the sources' structure, on miniature trees and on this repository.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/check-structure.mjs', import.meta.url));

interface Outcome {
  status: number;
  problems: string[];
  output: string;
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, output, errors) => {
      const problems = errors.split('\n').filter((line) => line !== '');
      resolve({ status: error ? Number(error.code) : 0, problems, output });
    });
  });
}

/** Runs the check on a tree of `path → text`; every text gets a header line. */
async function check(files: Readonly<Record<string, string>>): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), 's2s-structure-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text.startsWith('no header') ? text : `// A file.\n${text}\n`);
    }
    return await run(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const GOOD = {
  'src/errors.ts': 'export class DataError extends Error {}',
  'src/engine/ops.ts': "import * as tf from '@tensorflow/tfjs-core';\nexport const { add } = tf;",
  'src/model/config.ts': "import { z } from 'zod';\nexport const schema = z.number();",
  'src/model/layer.ts': "import { add } from '../engine/ops.js';\nimport { DataError } from '../errors.js';",
  'src/task.ts': "import type { schema } from './model/config.js';\nexport interface Task {}",
  'tasks/toy/adapter.ts':
    "import { schema } from '../../src/model/config.js';\nimport type { Task } from '../../src/task.js';",
  'src/run/train.ts': "import '../model/layer.js';\nimport '../../tasks/toy/adapter.js';\nexport function train() {}",
  'src/cli/types.ts': "import type { train } from '../run/train.js';\nexport interface Library {}",
  'src/cli/library.ts':
    "import type { Library } from './types.js';\nexport const run = () => import('../run/train.js');",
  'bin/s2s.ts': "import { run } from '../src/cli/library.js';",
  'packages/metric/src/index.ts': "export { score } from './score.js';",
  'packages/metric/src/score.ts': 'export const score = 1;',
};

describe.concurrent('the structure check', () => {
  test('accepts this repository', async () => {
    expect(await run()).toEqual({ status: 0, problems: [], output: 'structure: no problems\n' });
  });

  test('accepts a tree whose imports all point down', async () => {
    expect(await check(GOOD)).toEqual({ status: 0, problems: [], output: 'structure: no problems\n' });
  });

  test('names every import that points up, or around the lazy door of the command line', async () => {
    const { status, problems } = await check({
      ...GOOD,
      'src/engine/ops.ts': "import { schema } from '../model/config.js';",
      'src/cli/train.ts': "import { train } from '../run/train.js';",
      'src/cli/library.ts': "import { train } from '../run/train.js';",
      'tasks/toy/adapter.ts': "import { add } from '../../src/engine/ops.js';",
      'src/metrics/wer.ts': "export { missing } from './edits.js';",
      'src/newcomer/a.ts': 'export const a = 1;',
      'src/model/layer.ts': "import { score } from '../../packages/metric/src/index.js';",
    });
    expect(status).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /^src\/cli\/library\.ts:2: cli\/library may not import run: src\/run\/train\.ts; .*lazy:run/,
      ),
      expect.stringMatching(/^src\/cli\/train\.ts:2: cli may not import run: src\/run\/train\.ts;/),
      expect.stringMatching(/^src\/engine\/ops\.ts:2: engine may not import sections: src\/model\/config\.ts;/),
      'src/metrics/wer.ts:2: imports ./edits.js, which does not exist',
      expect.stringMatching(/^src\/model\/layer\.ts:2: model may not import packages\/metric:/),
      'src/newcomer/a.ts: newcomer is no part that the table of this check names',
      expect.stringMatching(/^tasks\/toy\/adapter\.ts:2: tasks may not import engine: src\/engine\/ops\.ts;/),
    ]);
  });

  test('finds cycles between files', async () => {
    const { status, problems } = await check({
      'src/text/a.ts': "import { b } from './b.js';",
      'src/text/b.ts': "import type { c } from './c.js';",
      'src/text/c.ts': "export const c = () => import('./a.js');",
    });
    expect(status).toBe(1);
    expect(problems).toEqual(['cycle: src/text/a.ts → src/text/b.ts → src/text/c.ts → src/text/a.ts']);
  });

  test('keeps tensor libraries in the engine and dependencies out of the packages', async () => {
    const { problems } = await check({
      'src/model/layer.ts': "import type { Tensor } from '@tensorflow/tfjs-core';",
      'tasks/toy/adapter.ts': "const ort = await import('onnxruntime-node');",
      'src/run/train.ts': "import { Command } from '@commander-js/extra-typings';",
      'packages/metric/src/index.ts': "import { readFileSync } from 'node:fs';",
    });
    expect(problems).toEqual([
      'src/model/layer.ts:2: imports @tensorflow/tfjs-core, which only engine may',
      'src/run/train.ts:2: imports @commander-js/extra-typings, which only cli may',
      'tasks/toy/adapter.ts:2: imports onnxruntime-node, which only engine may',
      'packages/metric/src/index.ts:2: imports node:fs, but packages/metric must run anywhere, without dependencies',
    ]);
  });

  test('finds unseeded randomness in code, not in text', async () => {
    const { problems } = await check({
      'src/data/shuffle.ts': "// Not Math.random.\nconst text = 'Math.random()';\nconst draw = () => Math.random();",
      'src/engine/ops.ts': 'export const { randomUniform } = tf;',
      'tests/unit/a.test.ts': 'const seed = Math.random();',
      'tests/reference/peer/make.mjs': 'const seed = Math.random();',
    });
    expect(problems).toEqual([
      'src/data/shuffle.ts:4: uses Math.random; take a seeded Random of src/random.ts',
      'src/engine/ops.ts:2: uses randomUniform; take a seeded Random of src/random.ts',
      'tests/unit/a.test.ts:2: uses Math.random; take a seeded Random of src/random.ts',
    ]);
  });

  test('wants files short and with a header', async () => {
    const { problems } = await check({
      'src/text/long.ts': 'export {};\n'.repeat(400).trimEnd(),
      'scripts/bare.mjs': 'no header',
      'tests/unit/bare.test.ts': 'no header',
    });
    expect(problems).toEqual([
      'src/text/long.ts: has 401 lines; at most 400, so split it',
      'scripts/bare.mjs:1: must start with a one-line comment saying what the file is for',
    ]);
  });
});
