// The built-in example, as `s2s train` without a configuration runs it.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { train } from '../../src/index.js';
import { report, useFolder } from './support.js';

describe('the built-in example', () => {
  const folder = useFolder();

  it('learns to translate dates, times and numbers to a BLEU of 90', async () => {
    const result = await train({ quiet: true, out: join(folder(), 'run') });
    const bleu = result.test!.metrics.bleu!.score;
    report('example', { bleu, seconds: result.seconds, parameters: result.parameters });
    for (const { source, output } of result.samples!) console.log(`  ${source} → ${output}`);
    expect(result.stopped).toBe('finished');
    expect(result.samples).toHaveLength(10);
    expect(bleu).toBeGreaterThanOrEqual(90);
  });
});
