// The speech fixtures: both tasks learn two minutes of real speech by heart.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluate, train } from '../../src/index.js';
import { report, useFolder } from './support.js';

const fixture = (task: string): string => fileURLToPath(new URL(`../../fixtures/${task}/config.yaml`, import.meta.url));

describe('the speech fixtures', () => {
  const folder = useFolder();

  /** Trains on a fixture and scores the last checkpoint on what it was trained on. */
  async function learned(task: string) {
    const out = join(folder(), task);
    const { seconds, parameters } = await train({ config: fixture(task), quiet: true, out });
    const { metrics } = await evaluate({ run: out, split: 'train', checkpoint: 'latest', quiet: true });
    const scores = Object.fromEntries(Object.entries(metrics).map(([name, { score }]) => [name, score]));
    report(task, { ...scores, seconds, parameters });
    return scores;
  }

  it('let recognition learn its training split to a CER below 5 %', async () => {
    expect((await learned('speech-recognition')).cer).toBeLessThan(0.05);
  });

  it('let translation learn its training split to a BLEU above 60', async () => {
    expect((await learned('speech-translation')).bleu).toBeGreaterThan(60);
  });
});
