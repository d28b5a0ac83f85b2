// Rules of the library's functions: what a resumed run may change, and what a user is told about scored text.
import { describe, expect, it } from 'vitest';
import { ConfigError, UsageError } from '../../../src/errors.js';
import { checkResumable } from '../../../src/run/changes.js';
import { decodingSettings } from '../../../src/run/decoder.js';
import { Remarks } from '../../../src/run/remarks.js';
import type { RunConfig } from '../../../src/task.js';
import { translationConfigSchema } from '../../../tasks/translation/config.js';

const configure = (sections: Record<string, unknown> = {}): RunConfig =>
  translationConfigSchema.parse({
    task: 'translation',
    data: { train: { file: 'a.tsv' }, valid: { file: 'b.tsv' } },
    ...sections,
  }) as RunConfig;

describe('a resumed run', () => {
  it('may go on longer, be watched otherwise and decode otherwise', () => {
    const changed = configure({
      data: { train: { file: 'a.tsv' }, valid: { file: 'b.tsv' }, test: { file: 'c.tsv' } },
      training: { steps: 20_000, logEvery: 1, validateEvery: 7, patience: 3, keepCheckpoints: 9 },
      decoding: { beam: 9 },
      evaluation: { lowercase: true },
    });
    expect(() => checkResumable(configure(), changed)).not.toThrow();
    expect(() => checkResumable(configure(), configure())).not.toThrow();
  });

  it('may not learn otherwise; every change is named with both values', () => {
    const changed = configure({ seed: 2, model: { dropout: 0.3 }, training: { learningRate: 0.01 } });
    expect(() => checkResumable(configure(), changed)).toThrow(ConfigError);
    expect(() => checkResumable(configure(), changed)).toThrow(
      'the run cannot be resumed with a changed configuration:\n' +
        '  seed: was 1, is 2\n' +
        '  model.dropout: was 0.1, is 0.3\n' +
        '  training.learningRate: was 0.001, is 0.01\n',
    );
    expect(() => checkResumable(configure(), configure({ model: { heads: 8 } }))).toThrow(
      'model.heads: was not set, is 8',
    );
    expect(() => checkResumable(configure({ model: { heads: 8 } }), configure())).toThrow(
      'model.heads: was 8, is not set',
    );
  });

  it('may not be longer where the learning rate depends on the number of steps', () => {
    for (const schedule of ['cosine', 'linear', 'inverse-sqrt', 'constant']) {
      const [before, after] = [10_000, 20_000].map((steps) => configure({ training: { schedule, steps } }));
      const check = () => checkResumable(before!, after!);
      if (['cosine', 'linear'].includes(schedule)) expect(check).toThrow('training.steps: was 10000, is 20000');
      else expect(check).not.toThrow();
    }
  });
});

describe('settings of decoding', () => {
  it('are the configuration’s but for those given', () => {
    const config = configure({ decoding: { beam: 3, maxLength: 50 } });
    expect(decodingSettings(config, {})).toMatchObject({ beam: 3, nBest: 1, maxLength: 50 });
    expect(decodingSettings(config, { beam: 7, nBest: 4, lengthPenalty: 0.5 })).toMatchObject({
      beam: 7,
      nBest: 4,
      lengthPenalty: 0.5,
      maxLength: 50,
    });
  });

  it('are refused where they do not fit together', () => {
    const config = configure({ decoding: { beam: 3 } });
    expect(() => decodingSettings(config, { nBest: 4 })).toThrow(UsageError);
    expect(() => decodingSettings(config, { nBest: 4 })).toThrow('nBest');
    expect(() => decodingSettings(config, { beam: 0 })).toThrow(UsageError);
    expect(() => decodingSettings(config, { minLength: 9, maxLength: 5 })).toThrow('minLength');
  });
});

describe('remarks on scored text', () => {
  const at = (text: string, line: number) => ({ text, origin: `out.txt:${line}` });

  it('are none on clean text', () => {
    const remarks = new Remarks();
    remarks.add(at('a cat', 1), [at('a dog', 1)]);
    remarks.add(at('', 2), [at('', 2), at('a dog', 2)]);
    expect(remarks.warnings()).toEqual([]);
    expect(remarks.emptyReferences).toBe(0);
  });

  it('name the first line with subword marks on each side', () => {
    const remarks = new Remarks();
    remarks.add(at('fine', 1), [at('fine', 1)]);
    remarks.add(at('▁a ▁cat', 2), [at('un@@ marked', 2)]);
    remarks.add(at('▁again', 3), [at('fine', 3)]);
    const warnings = remarks.warnings();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('out.txt:2: subword marks (▁ or @@) in the outputs');
    expect(warnings[1]).toContain('out.txt:2: subword marks (▁ or @@) in the references');
  });

  it('count empty references and name the first', () => {
    const remarks = new Remarks();
    remarks.add(at('a', 1), [at('b', 1)]);
    remarks.add(at('a', 2), [at(' ', 2)]);
    expect(remarks.warnings().join()).toContain('1 reference is empty (first: out.txt:2)');
    remarks.add(at('', 3), [at('', 3)]);
    expect(remarks.emptyReferences).toBe(2);
    expect(remarks.warnings().join()).toContain('2 references are empty (first: out.txt:2)');
  });
});
