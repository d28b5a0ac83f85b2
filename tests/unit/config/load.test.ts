// Messages and positions of config mistakes, overrides, and reading files.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import { ConfigError, DataError } from '../../../src/errors.js';

const positions = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sinusoidal').describe('Fixed waves.') }),
  z.strictObject({ kind: z.literal('learned'), maxLength: z.int().min(1) }),
]);

const schema = z
  .strictObject({
    task: z.enum(['translation', 'asr']),
    data: z.strictObject({
      train: z.array(z.string().min(1)).min(1),
      weights: z.record(z.string(), z.number()).optional(),
    }),
    model: z
      .strictObject({
        dim: z.int().min(1).default(256),
        heads: z.int().min(1).default(4),
        dropout: z.number().min(0).lt(1).default(0.1),
        positions: positions.default({ kind: 'sinusoidal' }),
        tied: z.boolean().default(true),
      })
      .prefault({})
      .superRefine((model, context) => {
        if (model.dim % model.heads === 0) return;
        const message = `\`dim\` must be a multiple of \`heads\` (${model.heads}), but is ${model.dim}`;
        context.addIssue({ code: 'custom', path: ['dim'], message });
      }),
    training: z
      .strictObject({
        steps: z.int().min(1).default(1000),
        warmupSteps: z.int().min(0).default(100),
        learningRate: z.number().positive().default(1e-3),
        batchSize: z.union([z.int().min(1), z.literal('auto')]).default('auto'),
        name: z
          .string()
          .regex(/^[a-z]+$/, 'expected small letters')
          .optional(),
      })
      .prefault({}),
  })
  .describe('A toy config.');

const GOOD = 'task: translation\ndata:\n  train: [a.tsv]\n';

function messages(text: string, overrides: string[] = []): string[] {
  try {
    parseConfig(text, 'config.yaml', schema, overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).exitCode).toBe(2);
    return (error as ConfigError).message.split('\n');
  }
  return [];
}

describe('parseConfig', () => {
  it('reads a config and fills in defaults', () => {
    expect(parseConfig(GOOD, 'config.yaml', schema)).toEqual({
      task: 'translation',
      data: { train: ['a.tsv'] },
      model: { dim: 256, heads: 4, dropout: 0.1, positions: { kind: 'sinusoidal' }, tied: true },
      training: { steps: 1000, warmupSteps: 100, learningRate: 1e-3, batchSize: 'auto' },
    });
  });

  it.each([
    ['training:\n  warmpSteps: 3', '5:3: unknown key `training.warmpSteps`; did you mean `warmupSteps`?'],
    ['training:\n  warmup_steps: 3', '5:3: unknown key `training.warmup_steps`; did you mean `warmupSteps`?'],
    ['trainig: {steps: 3}', '4:1: unknown key `trainig`; did you mean `training`?'],
    ['learningRate: 3', '4:1: unknown key `learningRate`; did you mean `training.learningRate`?'],
    ['zebra: 3', '4:1: unknown key `zebra`; the keys here are `task`, `data`, `model`, `training`'],
    ['model:\n  tied: yes', '5:9: model.tied: expected `true` or `false`, found "yes"'],
    ['training:\n  steps: many', '5:10: training.steps: expected a whole number of at least 1, found "many"'],
    ['training:\n  steps: "12"', '5:10: training.steps: expected a whole number of at least 1, found "12"'],
    ['training:\n  steps: 1.5', '5:10: training.steps: expected a whole number of at least 1, found 1.5'],
    ['training:\n  steps:', '5:3: training.steps: expected a whole number of at least 1, found nothing'],
    ['training:\n  steps: 0', '5:10: training.steps: expected a whole number of at least 1, found 0'],
    ['model:\n  dropout: 1', '5:12: model.dropout: expected a number of at least 0 and below 1, found 1'],
    ['training: {learningRate: .nan}', '4:26: training.learningRate: expected a number above 0, found NaN'],
    [
      'model: [1, 2]',
      '4:8: model: expected a mapping with keys such as `dim`, `heads`, `dropout` or `positions`, found a list of 2 items',
    ],
    ['training:\n  batchSize: 0', '5:14: training.batchSize: expected `auto` or a whole number of at least 1, found 0'],
    [
      'training:\n  batchSize: atuo',
      '5:14: training.batchSize: expected `auto` or a whole number of at least 1, found "atuo"; did you mean `auto`?',
    ],
    ['training:\n  name: A', '5:9: training.name: expected small letters'],
    [
      'model:\n  positions: {kind: learnt}',
      '5:21: model.positions.kind: expected `sinusoidal` or `learned`, found "learnt"; did you mean `learned`?',
    ],
    ['model:\n  positions: {}', '5:3: model.positions.kind: missing; expected `sinusoidal` or `learned`'],
    [
      'model:\n  positions: {kind: learned}',
      '5:3: model.positions.maxLength: missing; expected a whole number of at least 1',
    ],
    [
      'model:\n  positions: {kind: sinusoidal, maxLength: 4}',
      '5:33: unknown key `model.positions.maxLength`; the keys here are `kind`',
    ],
    ['model:\n  dim: 10\n  heads: 4', '5:8: model.dim: `dim` must be a multiple of `heads` (4), but is 10'],
  ])('explains %j', (extra, message) => {
    expect(messages(`${GOOD}${extra}\n`)).toEqual([`config.yaml:${message}`]);
  });

  it('tells all mistakes of a file at once, in the order of the file', () => {
    expect(
      messages('tsak: translation\ndata:\n  train: []\nmodel:\n  dim: 9\n  heads: 4\n  tide: true\n', [
        'training.steps=x',
      ]),
    ).toEqual([
      'config.yaml:1:1: task: missing; expected `translation` or `asr`',
      'config.yaml:1:1: unknown key `tsak`; did you mean `task`?',
      'config.yaml:3:10: data.train: expected a list of at least 1 item, each text that is not empty, found an empty list',
      'config.yaml:5:8: model.dim: `dim` must be a multiple of `heads` (4), but is 9',
      'config.yaml:7:3: unknown key `model.tide`; did you mean `tied`?',
      '--set training.steps=x: expected a whole number of at least 1, found "x"',
    ]);
  });

  it('positions items of lists and values of records', () => {
    expect(messages('task: asr\ndata:\n  train:\n    - a\n    - 7\n  weights:\n    a: b\n')).toEqual([
      'config.yaml:5:7: data.train.1: expected text that is not empty, found 7',
      'config.yaml:7:8: data.weights.a: expected a number, found "b"',
    ]);
  });

  it('names what an empty file, a list or a bare word lacks', () => {
    expect(messages('')).toEqual([
      'config.yaml:1:1: task: missing; expected `translation` or `asr`',
      'config.yaml:1:1: data: missing; expected a mapping with keys such as `train` or `weights`',
    ]);
    const expected = 'expected a mapping with keys such as `task`, `data`, `model` or `training`';
    expect(messages('- a\n')).toEqual([`config.yaml:1:1: ${expected}, found a list of 1 item`]);
    expect(messages('word\n')).toEqual([`config.yaml:1:1: ${expected}, found "word"`]);
  });

  it.each([
    [
      'a: [1,\n',
      '2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['f:\n\tg: 1\n', '2:1: not valid YAML: expected spaces as indentation, found a tab'],
    [
      'a: b: c\n',
      '1:4: not valid YAML: expected one `key: value` on a line, found a second `:`; put the value in quotes if it is text',
    ],
    ['a: 1\n---\nb: 2\n', '2:1: not valid YAML: expected one YAML document, found a second one after `---`'],
    ['a: *q\n', '1:4: `*q` has no anchor `&q` before it'],
  ])('explains the syntax of %j', (text, message) => {
    expect(messages(text)).toEqual([`config.yaml:${message}`]);
  });

  it('refuses duplicate keys and unknown tags, beside other mistakes', () => {
    expect(messages(`${GOOD}training:\n  steps: 5\n  steps: 6\n  x: !odd y\n`)).toEqual([
      'config.yaml:6:3: duplicate key `steps`, already set on line 5',
      'config.yaml:7:3: unknown key `training.x`; the keys here are `steps`, `warmupSteps`, `learningRate`, `batchSize`, `name`',
      'config.yaml:7:6: Unresolved tag: !odd',
    ]);
  });

  it('explains unions of mappings by the option that was meant', () => {
    const either = z.strictObject({
      vocabulary: z.union([z.strictObject({ file: z.string() }), z.strictObject({ size: z.int(), kind: z.string() })]),
      limit: z
        .number()
        .refine((x) => x !== 3)
        .optional(),
      sizes: z.record(z.string().min(2), z.number()).optional(),
    });
    const explain = (text: string): string[] => {
      try {
        parseConfig(text, 'c', either);
      } catch (error) {
        return (error as Error).message.split('\n');
      }
      return [];
    };
    expect(explain('vocabulary: {size: 3, knid: bpe}\n')).toEqual([
      'c:1:1: vocabulary.kind: missing; expected text',
      'c:1:23: unknown key `vocabulary.knid`; did you mean `kind`?',
    ]);
    expect(explain('vocabulary: 3\n')).toEqual([
      'c:1:13: vocabulary: expected a mapping with keys such as `file` or a mapping with keys such as `size` or `kind`, found 3',
    ]);
    expect(explain('vocabulary: {file: a, size: 3}\nlimit: 3\nsizes: {a: 1}\n')).toEqual([
      'c:1:23: unknown key `vocabulary.size`; the keys here are `file`, `kind`',
      'c:2:8: limit: 3 is not allowed here',
      'c:3:9: sizes.a: expected as key text of at least 2 characters, found "a"',
    ]);
  });

  it('follows anchors and survives a bomb of them', () => {
    const config = parseConfig(
      'task: asr\ndata: &d {train: [x]}\nmodel: {heads: &h 8, dim: 16}\ntraining: {steps: *h}\n',
      'c',
      schema,
    );
    expect(config.training.steps).toBe(8);
    const bomb = Array.from(
      { length: 12 },
      (_, i) =>
        `x${i}: &x${i} [${
          i === 0
            ? 'a'
            : Array(9)
                .fill(`*x${i - 1}`)
                .join(', ')
        }]`,
    );
    expect(messages(bomb.join('\n'))[0]).toMatch(/^config\.yaml:1:1: not usable YAML: Excessive alias count/);
  });

  it('keeps a key called __proto__ out of harm', () => {
    expect(messages(`${GOOD}__proto__: {polluted: 1}\n`, ['__proto__.polluted=1'])).not.toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('overrides', () => {
  const read = (...overrides: string[]) => parseConfig(GOOD, 'config.yaml', schema, overrides);

  it('reads values as YAML and makes sections that are missing', () => {
    const config = read(
      'training.steps=7',
      'model.tied=false',
      'data.train=[b, c]',
      'model.positions={kind: learned, maxLength: 9}',
    );
    expect(config.training.steps).toBe(7);
    expect(config.model.tied).toBe(false);
    expect(config.data.train).toEqual(['b', 'c']);
    expect(config.model.positions).toEqual({ kind: 'learned', maxLength: 9 });
  });

  it('sets and appends items of lists; later ones win', () => {
    expect(read('data.train.0=b', 'data.train.1=c').data.train).toEqual(['b', 'c']);
    expect(read('training.steps=7', 'training.steps=8').training.steps).toBe(8);
    expect(read('data.train.0=a=b').data.train).toEqual(['a=b']);
  });

  it.each([
    ['training.steps', 'expected key.path=value, such as training.steps=500'],
    ['.steps=3', 'expected key.path=value, such as training.steps=500'],
    ['training.steps=[1', 'the value is not valid YAML: Flow sequence must end with a ]'],
    ['training.steps=many', 'expected a whole number of at least 1, found "many"'],
    ['training.steps=', 'expected a whole number of at least 1, found nothing'],
    ['training.stps=3', 'unknown key `training.stps`; did you mean `steps`?'],
    ['trainig.steps=3', 'unknown key `trainig`; did you mean `training`?'],
    ['training={steps: x}', 'training.steps: expected a whole number of at least 1, found "x"'],
    ['task.x=3', '`task` is "translation", which has no key `x`'],
    ['data.train.5=x', '`data.train` is a list: expected an index from 0 to 1, found `5`'],
    ['model.dim=10', '`dim` must be a multiple of `heads` (4), but is 10'],
  ])('explains --set %s', (override, message) => {
    expect(messages(GOOD, [override])).toEqual([`--set ${override}: ${message}`]);
  });

  it('leaves the file the blame for its own mistakes', () => {
    expect(messages(`${GOOD}training:\n  stps: 3\n`, ['training.steps=3'])).toEqual([
      'config.yaml:5:3: unknown key `training.stps`; did you mean `steps`?',
    ]);
  });
});

describe('loadConfig', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 's2s-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives the config and the folder relative paths start from', async () => {
    const file = join(folder, 'config.yaml');
    await writeFile(file, `\uFEFF${GOOD.replaceAll('\n', '\r\n')}`);
    const loaded = await loadConfig(file, schema, ['training.steps=3']);
    expect(loaded.config.training.steps).toBe(3);
    expect(loaded.file).toBe(file);
    expect(loaded.baseDir).toBe(resolve(folder));
  });

  it('tells absent files, folders and other bytes apart', async () => {
    const missing = join(folder, 'absent.yaml');
    const absent = await loadConfig(missing, schema).catch((error: unknown) => error);
    expect(absent).toBeInstanceOf(DataError);
    expect(absent).toMatchObject({
      exitCode: 66,
      message: `${missing}: no such file; \`s2s init TASK\` writes a config, \`s2s tasks\` lists the tasks`,
    });
    await expect(loadConfig(folder, schema)).rejects.toMatchObject({
      exitCode: 65,
      message: `${folder}: expected a YAML config file, found a folder`,
    });
    const latin = join(folder, 'latin.yaml');
    await writeFile(latin, Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    await expect(loadConfig(latin, schema)).rejects.toMatchObject({ exitCode: 65 });
  });
});
