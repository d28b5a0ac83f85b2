// Summarisation: documents in every format, several summaries, what is refused, and the fixture.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RawRow } from '../../../src/data/corpus.js';
import { loadRunConfig } from '../../../src/run/open.js';
import { summarisation } from '../../../tasks/summarisation/adapter.js';
import { folderWith } from '../data/folder.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

type Split = Record<string, unknown>;
const parse = (train: Split, sections: Split = {}) =>
  summarisation.configSchema.safeParse({
    task: 'summarisation',
    data: { train, valid: { file: 'valid.jsonl' } },
    ...sections,
  });
const problems = (train: Split, sections: Split = {}): string[] =>
  (parse(train, sections).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

/** The rows of a training split made of one file. */
async function rowsOf(name: string, content: string | Uint8Array, split: Split = {}): Promise<RawRow[]> {
  const folder = folderWith({ [name]: content });
  const config = parse({ file: join(folder, name), ...split }).data;
  if (config === undefined) throw new Error('the split is refused');
  const corpus = await summarisation.openCorpus(config, config.data.train, { cacheDir: join(folder, 'cache') });
  try {
    const rows: RawRow[] = [];
    for await (const row of corpus.rows()) rows.push({ ...row, origin: row.origin.slice(folder.length + 1) });
    return rows;
  } finally {
    await corpus.close();
  }
}

const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('documents in JSON Lines', () => {
  it('are texts or sentences, under either name, plain or gzip', async () => {
    const content = lines(
      { document: 'One. Two.', summary: 'S' },
      { source: ['One.', 'Two.'], target: ['S'], paper_id: 'x', source_labels: [0, 1] },
      { document: ['One.', 'Two.'], source: 'the name of a newspaper', summary: 'S' },
    );
    const expected = [1, 2, 3].map((line, index) => {
      return { index, source: 'One. Two.', target: 'S', origin: `d.jsonl:${line}` };
    });
    expect(await rowsOf('d.jsonl', content)).toEqual(expected);
    expect(await rowsOf('d.jsonl.gz', gzipSync(content))).toMatchObject(expected.map(({ source }) => ({ source })));
  });

  it('keep all summaries as references; the first is learned, or each', async () => {
    const content = lines({ document: 'D', summary: ['a', 'b'] }, { document: 'E', summary: 'c' });
    const [first, second] = await rowsOf('d.jsonl', content);
    expect([first?.target, first?.references]).toEqual(['a', ['a', 'b']]);
    expect([second?.target, second?.references]).toEqual(['c', undefined]);
    const each = await rowsOf('d.jsonl', content, { summaries: 'all' });
    expect(each.map(({ source, target, references, origin }) => [source, target, references, origin])).toEqual([
      ['D', 'a', ['a', 'b'], 'd.jsonl:1'],
      ['D', 'b', ['a', 'b'], 'd.jsonl:1'],
      ['E', 'c', ['c'], 'd.jsonl:2'],
    ]);
  });

  it('are found under other keys, where those are named', async () => {
    const content = lines({ article: 'D', document: 'not this', highlights: ['a', 'b'] });
    const [row] = await rowsOf('d.jsonl', content, { sourceColumn: 'article', targetColumn: 'highlights' });
    expect([row?.source, row?.target]).toEqual(['D', 'a']);
  });

  it.each([
    ['{"document": "D"}', 'expected a string or a list of strings under "summary" or "target", found nothing'],
    ['{"summary": "S"}', 'expected a string or a list of strings under "document" or "source", found nothing'],
    ['{"document": ["D", 3], "summary": "S"}', 'at place 2 of the list under "document" or "source", found a number'],
    ['{"document": "D", "summary": []}', 'under "summary" or "target", found an empty list; fill it'],
    ['{"document": "D", "summary": null}', 'under "summary" or "target", found null'],
    ['{"document": "D", "summary": "\\ud800"}', 'found a lone surrogate'],
    ['["D", "S"]', 'expected a JSON object, found an array'],
    ['{"document"', 'expected a JSON object, found invalid JSON'],
    ['', 'expected a JSON object, found a blank line'],
  ])('name the line that cannot be used: %s', async (line, message) => {
    await expect(rowsOf('d.jsonl', `${lines({ document: 'D', summary: 'S' })}${line}\n`)).rejects.toThrow(
      new RegExp(`d\\.jsonl:2: .*${message.replace(/[[\]]/g, '\\$&')}`),
    );
  });
});

it('documents in tables and parallel files are read as those of other tasks', async () => {
  const rows = await rowsOf('d.tsv', 'id\ttext\tshort\n1\tD\tS\n', { sourceColumn: 'text', targetColumn: 'short' });
  expect(rows).toEqual([{ index: 0, source: 'D', target: 'S', origin: 'd.tsv:2' }]);
  expect(problems({ source: 'a', target: 'b' })).toEqual([]);
});

describe('the configuration', () => {
  it('refuses a choice of summaries where there is none', () => {
    const message = 'data.train.summaries: only JSONL has several summaries a document, but the split is no JSONL';
    expect(problems({ file: 'x.tsv', summaries: 'all' })[0]).toContain(message);
    expect(problems({ source: 'a', target: 'b', summaries: 'all' })[0]).toContain(message);
    expect(problems({ file: 'x.txt', format: 'jsonl', summaries: 'all' })).toEqual([]);
    const config = { data: { train: { file: 'x.jsonl' }, valid: { file: 'x.jsonl', summaries: 'all' } } };
    expect(problems({}, config)[0]).toContain('summaries');
  });

  it('keeps the rules of splits, and of copying', () => {
    expect(problems({ file: 'x.txt' })[0]).toContain('data.train.format');
    expect(problems({ file: 'x.jsonl' }, { training: { coverage: 1 } })[0]).toContain('training.coverage');
    expect(problems({ file: 'x.jsonl' }, { training: { coverage: 1 }, model: { copy: true } })).toEqual([]);
  });
});

it('a summary is scored against the best of its references', () => {
  const config = parse({ file: 'x.jsonl' }).data;
  if (config === undefined) throw new Error('the split is refused');
  const scorer = summarisation.createScorer?.(config);
  scorer?.add('a fire in town', ['nothing alike', 'a fire in town']);
  const scores = Object.entries(scorer?.results() ?? {}).map(([name, { score }]) => [name, score]);
  expect(scores).toEqual(['rouge1', 'rouge2', 'rougeL'].map((name) => [name, 1]));
});

it('the recipe is a configuration', async () => {
  const { config } = await loadRunConfig(join(root, summarisation.recipes[0] ?? ''), []);
  expect(config.model.copy).toBe(true);
  const plain = ['model.copy=false', 'training.coverage=0'];
  expect((await loadRunConfig(join(root, summarisation.recipes[0] ?? ''), plain)).config.model.copy).toBe(false);
});

describe('the fixture', () => {
  const read = (name: string) =>
    readFileSync(join(root, 'fixtures', 'summarisation', name), 'utf8')
      .trimEnd()
      .split('\n');
  const items = (split: string) =>
    read(`${split}.jsonl`).map((line) => JSON.parse(line) as { document: string[]; summary: string | string[] });

  it('has as many documents as its README says, none of them twice', () => {
    const splits = ['train', 'valid', 'test'].map((split) => items(split));
    expect(splits.map(({ length }) => length)).toEqual([600, 60, 60]);
    const documents = [...splits.flat().map(({ document }) => document.join(' ')), ...read('sample.txt')];
    expect(new Set(documents).size).toBe(documents.length);
  });

  it('asks for names that only copying can write', () => {
    const words = new Map<string, number>();
    for (const { document, summary } of items('train')) {
      for (const word of [...document, summary].join(' ').split(' ')) words.set(word, (words.get(word) ?? 0) + 1);
    }
    for (const { document, summary } of items('test')) {
      const unknown = (summary[0] ?? '').split(' ').filter((word) => (words.get(word) ?? 0) < 5);
      expect(unknown.length).toBeGreaterThan(0);
      const source = document.join(' ').split(' ');
      expect(unknown.filter((word) => !source.includes(word))).toEqual([]);
    }
  });
});
