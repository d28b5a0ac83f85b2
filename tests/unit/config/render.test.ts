// Configs written as YAML: commented ones from a schema, resolved ones of a run.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../../src/config/load.js';
import { describeSchema, stringifyConfig } from '../../../src/config/render.js';

const schema = z
  .strictObject({
    task: z.literal('copy').describe('The task.'),
    data: z
      .strictObject({
        train: z.string().describe('Training file, one example a line.'),
        test: z.string().describe('Test file.').optional(),
      })
      .describe('Where the examples are.'),
    model: z
      .strictObject({
        dim: z.int().min(1).describe('Width.').default(64),
        betas: z.tuple([z.number(), z.number()]).describe('Decay rates of the moments.').default([0.9, 0.98]),
        positions: z
          .discriminatedUnion('kind', [
            z.strictObject({ kind: z.literal('sinusoidal').describe('Fixed waves.') }),
            z.strictObject({
              kind: z.literal('learned').describe('Trained.'),
              maxLength: z.int().describe('Longest input.'),
            }),
          ])
          .describe('Position embeddings.')
          .default({ kind: 'sinusoidal' }),
      })
      .describe('The model.')
      .prefault({}),
    earlyStopping: z
      .strictObject({ patience: z.int().min(1).describe('Validations without a better score.').default(5) })
      .describe('Stop when validation no longer improves.')
      .optional(),
  })
  .describe('Copies its input.');

describe('describeSchema', () => {
  it('comments every field', () => {
    expect(describeSchema(schema, { task: 'copy', data: { train: 'train.tsv' }, model: { dim: 32 } })).toBe(
      `# Copies its input.

# The task. (\`copy\`; required)
task: copy

# Where the examples are.
data:
  # Training file, one example a line. (text; required)
  train: train.tsv
  # Test file. (text; optional)
  # test:

# The model.
model:
  # Width. (a whole number of at least 1; default 64)
  dim: 32
  # Decay rates of the moments. (a list of 2 items; default [0.9,0.98])
  betas: [0.9, 0.98]

  # Position embeddings.
  positions:
    # Fixed waves. (\`sinusoidal\`; required)
    kind: sinusoidal

# Stop when validation no longer improves.
# earlyStopping:
#   # Validations without a better score. (a whole number of at least 1; default 5)
#   patience: 5
`,
    );
  });

  it('shows the option of a union that the values choose', () => {
    const text = describeSchema(schema, { model: { positions: { kind: 'learned', maxLength: 9 } } });
    expect(text).toContain('    kind: learned\n    # Longest input. (a whole number; required)\n    maxLength: 9\n');
    expect(text).toContain('  # Training file, one example a line. (text; required)\n  train:\n');
  });

  it('reads back as the values with the defaults filled in', () => {
    const values = fc.record(
      {
        task: fc.constant('copy' as const),
        data: fc.record({ train: fc.string(), test: fc.string() }, { requiredKeys: ['train'] }),
        model: fc.record(
          {
            dim: fc.integer({ min: 1, max: 1e6 }),
            betas: fc.tuple(
              fc.double({ noNaN: true, noDefaultInfinity: true }),
              fc.double({ min: 0, max: 1, noNaN: true }),
            ),
          },
          { requiredKeys: [] },
        ),
        earlyStopping: fc.record({ patience: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] }),
      },
      { requiredKeys: ['task', 'data'] },
    );
    fc.assert(
      fc.property(values, (value) => {
        expect(parseConfig(describeSchema(schema, value), 'c.yaml', schema)).toEqual(schema.parse(value));
      }),
    );
  });

  it('wraps long comments', () => {
    const long = z.strictObject({ a: z.number().describe('word '.repeat(60)).default(1) });
    expect(
      Math.max(
        ...describeSchema(long)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  it('never leaves a section that would be read as null', () => {
    const options = z.strictObject({ a: z.number().optional() });
    const other = z.strictObject({ needed: options, filled: options.prefault({}), absent: options.optional() });
    expect(parseConfig(describeSchema(other), 'c.yaml', other)).toEqual({ needed: {}, filled: {} });
  });

  it('writes records and lists of mappings', () => {
    const other = z.strictObject({
      files: z.array(z.strictObject({ path: z.string(), weight: z.number() })).describe('Files.'),
      weights: z.record(z.string(), z.number()).describe('Weights.'),
    });
    const value = { files: [{ path: 'a', weight: 1 }], weights: { x: 1, y: 2 } };
    expect(parse(describeSchema(other, value))).toEqual(value);
  });
});

describe('stringifyConfig', () => {
  it('keeps the order of keys and puts short lists on one line', () => {
    expect(stringifyConfig({ b: 1, a: { list: [1, 2], none: undefined, rows: [{ x: 1 }] } }, 'Resolved config.')).toBe(
      '# Resolved config.\n\nb: 1\na:\n  list: [1, 2]\n  rows:\n    - x: 1\n',
    );
  });

  it('means the same to readers of YAML 1.1', () => {
    const config = { a: 'yes', b: 'no', c: '1e3', d: 1e-9, e: -2e30, f: 1.5e-7, g: '12:30', h: '0o7' };
    const text = stringifyConfig(config);
    expect(text).toContain('d: 1.0e-9\ne: -2.0e+30\nf: 1.5e-7\n');
    expect(parse(text)).toEqual(config);
    expect(parse(text, { version: '1.1' })).toEqual(config);
  });

  it('reads back as the same value', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    const value = fc.dictionary(fc.string(), fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf)));
    fc.assert(
      fc.property(value, (config) => {
        expect(parse(stringifyConfig(config))).toEqual(config);
      }),
    );
  });
});
