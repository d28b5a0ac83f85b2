// The Multi30k recipe to its published quality; takes over an hour, and data that cannot be part of this repository.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluate, train } from '../../src/index.js';
import { report, useFolder } from './support.js';

const ARCHIVE = fileURLToPath(new URL('../../../shared/data/multi30k/tok-lc-norm.tar.gz', import.meta.url));
const RECIPE = fileURLToPath(new URL('../../tasks/translation/recipes/multi30k.yaml', import.meta.url));
const isAsked = process.env.S2S_LONG === '1';
const isHere = existsSync(ARCHIVE);

describe('the Multi30k recipe', () => {
  if (!isAsked || !isHere) {
    const missing = isHere ? 'S2S_LONG=1 is not set' : 'the data are not in ../shared/data';
    console.log(`skipped: the Multi30k recipe, because ${missing}`);
  }
  const folder = useFolder();

  it.skipIf(!isAsked || !isHere)('reaches a BLEU of 38 on test 2016', async () => {
    const data = join(folder(), 'multi30k', 'tok');
    await mkdir(data, { recursive: true });
    execFileSync('tar', ['-xzf', ARCHIVE, '-C', data, '--strip-components=1']);
    const config = join(folder(), 'multi30k.yaml');
    await copyFile(RECIPE, config);
    const run = join(folder(), 'run');
    const { seconds } = await train({ quiet: true, config, out: run, log: (line) => console.log(line) });
    const { metrics } = await evaluate({ quiet: true, run, checkpoint: 'average:10' });
    report('multi30k', { bleu: metrics.bleu!.score, seconds });
    expect(metrics.bleu!.score).toBeGreaterThanOrEqual(38);
  });
});
