// Multi-label classification: labels as they stand in files, what is wrong with them, and label tokens.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Corpus, RawRow } from '../../../src/data/corpus.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { multiLabelClassification } from '../../../tasks/multi-label-classification/adapter.js';

const folder = mkdtempSync(join(tmpdir(), 'labels-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function put(content: string | Uint8Array, end = 'tsv'): string {
  const path = join(folder, `${files++}.${end}`);
  writeFileSync(path, content);
  return path;
}

const TRAIN = 'good\tjoy, hope\nbad\tanger\nboth\tjoy,anger\nnothing\t\nnice\tjoy\n';

function configOf(labels: object = {}, files: { train?: string; test?: string } = {}) {
  const { train = put(TRAIN) } = files;
  const { test = train } = files;
  const data = { train: { file: train }, valid: { file: test }, test: { file: test } };
  return multiLabelClassification.configSchema.parse({
    task: 'multi-label-classification',
    data,
    labels,
    tokenizer: { kind: 'word' },
  });
}

async function opened(config: ReturnType<typeof configOf>, split: 'train' | 'test' = 'train') {
  const log: string[] = [];
  const context = { cacheDir: join(folder, 'cache'), log: (line: string) => log.push(line) };
  const corpus: Corpus = await multiLabelClassification.openCorpus(config, config.data[split] as object, context);
  const rows: RawRow[] = [];
  for await (const row of corpus.rows()) rows.push(row);
  return { rows, log, targets: rows.map(({ target }) => target), corpus };
}

async function codecOf(config: ReturnType<typeof configOf>) {
  const { rows } = await opened(config);
  async function* all() {
    yield* rows;
  }
  return { codec: await multiLabelClassification.createCodec(config, all, folder, { cacheDir: folder }), rows };
}

describe('the labels of a split', () => {
  it('are separated as told, and may be none', async () => {
    expect((await opened(configOf())).targets).toEqual(['joy, hope', 'anger', 'joy, anger', '', 'joy']);
    const bars = configOf({ separator: '|' }, { train: put(gzipSync('a\tx | y\nb\tz\n'), 'tsv.gz') });
    expect((await opened(bars)).targets).toEqual(['x, y', 'z']);
  });

  it('may be numbers of the labels of a file', async () => {
    const file = put('anger\njoy\nhope\n', 'txt');
    const { targets } = await opened(configOf({ file }, { train: put('a\t1,0\nb\thope\n') }));
    expect(targets).toEqual(['joy, anger', 'hope']);
    await expect(opened(configOf({ file }, { train: put('a\t1\nb\t3\n') }))).rejects.toThrow(
      /tsv:2: the label "3" is not in/,
    );
    const twice = put('joy\nanger\njoy\n', 'txt');
    await expect(opened(configOf({ file: twice }))).rejects.toThrow(/txt:3: the label "joy" is in line 1 already/);
    await expect(opened(configOf({ file: join(folder, 'none') }))).rejects.toThrow(
      /cannot be read; expected one label a line/,
    );
  });

  it('that no training example has stop or are dropped from what is learned, not from what is scored', async () => {
    const test = put('well\tjoy,grief\nhm\tgrief\n');
    await expect(opened(configOf({}, { test }), 'test')).rejects.toThrow(
      /tsv:1: the label "grief" is in no example of the training split/,
    );
    const { targets, rows, log } = await opened(configOf({ onUnseen: 'drop' }, { test }), 'test');
    expect(targets).toEqual(['joy', '']);
    expect(rows.map(({ references }) => references)).toEqual([['joy, grief'], ['grief']]);
    expect(log.join()).toMatch(/2 rows have labels that cannot be learned \("grief"\): .*:1, .*:2/);
  });

  it('that are there twice stop, or count once', async () => {
    const train = put('a\tx,y,x\n');
    await expect(opened(configOf({}, { train }))).rejects.toThrow(/tsv:1: the label "x" is there twice/);
    const { targets, log } = await opened(configOf({ onDuplicate: 'merge' }, { train }));
    expect(targets).toEqual(['x, y']);
    expect(log.join()).toContain('1 row has a label twice');
  });

  it('may be required', async () => {
    await expect(opened(configOf({ onNone: 'error' }))).rejects.toThrow(
      /tsv:4: expected at least one label, found none/,
    );
    const { targets, log } = await opened(configOf({ onNone: 'skip' }));
    expect(targets).toHaveLength(4);
    expect(log.join()).toContain('1 row has no label and is left out');
  });

  it.each([
    ['a\tx,,y\n', /expected labels separated by ",", found "x,,y" with an empty one/],
    ['a\t,\n', /with an empty one/],
    ['  \tx\n', /expected at least one example, found none/],
  ])('that are no list are refused: %j', async (train, message) => {
    await expect(opened(configOf({}, { train: put(train) }))).rejects.toThrow(message);
  });

  it('cannot contain what stands between labels in outputs', async () => {
    const train = put('a\tx, y|z\n');
    await expect(opened(configOf({ separator: '|' }, { train }))).rejects.toThrow(/the label "x, y" contains ", "/);
  });
});

describe('the codec', () => {
  it('has a token a label, the most frequent first, and ends with the stop token', async () => {
    const { codec, rows } = await codecOf(configOf());
    const targets = await Promise.all(
      rows.map(async (row) => [...((await codec.encodeRow(row)).target as Int32Array)]),
    );
    // joy 3, anger 2, hope 1
    expect(targets).toEqual([[4, 6, EOS], [5, EOS], [4, 5, EOS], [EOS], [4, EOS]]);
    expect(codec.vocabulary.target).toBe(7);
    expect(codec.decodeOutput(Int32Array.of(6, 4))).toBe('hope, joy');
    expect(codec.decodeOutput(new Int32Array(0))).toBe('');
    expect(codec.tokenNames('target', Int32Array.of(EOS, 5))).toEqual(['</s>', 'anger']);
  });

  it('lets each label follow once, and fewer than any example has never end', async () => {
    const { codec } = await codecOf(configOf());
    const grammar = codec.grammar?.('good');
    expect([...(grammar?.following(Int32Array.of(), 9) ?? [])].sort()).toEqual([EOS, 4, 5, 6]);
    expect([...(grammar?.following(Int32Array.of(5, 4), 7) ?? [])].sort()).toEqual([EOS, 6]);
    expect([...(grammar?.following(Int32Array.of(5), 0) ?? [])]).toEqual([EOS]);
    const always = (await codecOf(configOf({ onNone: 'skip' }))).codec.grammar?.('good');
    expect(always?.shortest).toBe(1);
    expect([...(always?.following(Int32Array.of(), 9) ?? [])]).toEqual([4, 5, 6]);
  });

  it('weighs labels by their frequency, in training only, by 1 on average', async () => {
    for (const [classWeights, power] of [
      ['balanced', 1],
      ['root', 0.5],
    ] as const) {
      const { codec, rows } = await codecOf(configOf({ classWeights }));
      const random = new Random(1, 'test');
      const examples = await Promise.all(rows.map((row) => codec.encodeRow(row, random)));
      const pairs = examples.flatMap(({ target, targetWeights }) =>
        [...(target as Int32Array)].map((id, i) => [id, targetWeights?.[i] as number] as const),
      );
      expect(pairs.filter(([id]) => id === EOS).map(([, weight]) => weight)).toEqual([1, 1, 1, 1, 1]);
      const labels = pairs.filter(([id]) => id !== EOS);
      expect(labels.reduce((sum, [, weight]) => sum + weight, 0) / labels.length).toBeCloseTo(1, 6);
      const weightOf = new Map(labels);
      expect((weightOf.get(6) as number) / (weightOf.get(4) as number)).toBeCloseTo(3 ** power, 5);
      expect((await codec.encodeRow(rows[0] as RawRow)).targetWeights).toBeUndefined();
    }
  });

  it('comes back as it was', async () => {
    const config = configOf({ order: 'frequent-first' });
    const { codec, rows } = await codecOf(config);
    const read = async (name: string) => codec.files()[name] ?? '';
    const again = await multiLabelClassification.restoreCodec(config, read, { cacheDir: folder });
    expect(again.files()['labels.json']).toBe(codec.files()['labels.json']);
    expect([codec.hasFreeOrder, again.hasFreeOrder]).toEqual([false, false]);
    expect(await again.encodeRow(rows[2] as RawRow)).toEqual(await codec.encodeRow(rows[2] as RawRow));
    await expect(
      multiLabelClassification.restoreCodec(config, async (name) => (name === 'labels.json' ? '{}' : read(name)), {
        cacheDir: folder,
      }),
    ).rejects.toThrow('labels.json: expected labels with their counts');
  });
});
