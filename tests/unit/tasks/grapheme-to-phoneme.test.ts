// Grapheme-to-phoneme: dictionaries, corpora with several pronunciations of a word, the codec, scores and recipe scripts.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Corpus, RawRow } from '../../../src/data/corpus.js';
import { DataError } from '../../../src/errors.js';
import type { Scorer } from '../../../src/metrics/metric.js';
import { EOS, UNK } from '../../../src/text/special-tokens.js';
import { graphemeToPhoneme } from '../../../tasks/grapheme-to-phoneme/adapter.js';
import { parseDictionaryLine } from '../../../tasks/grapheme-to-phoneme/dictionary.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'g2p-'));
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Sections = Record<string, unknown>;

/** A configuration that learns from one file and is tested with another. */
function configOf(train: Sections, test: Sections = train, sections: Sections = {}) {
  return graphemeToPhoneme.configSchema.parse({
    task: 'grapheme-to-phoneme',
    data: { train, valid: { ...test }, test: { ...test } },
    ...sections,
  });
}

async function rowsOf(corpus: Corpus): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  for await (const row of corpus.rows()) rows.push(row);
  await corpus.close();
  return rows;
}

/** The rows of a split as `word: target | references`, and what the log was told. */
async function opened(config: ReturnType<typeof configOf>, split: 'train' | 'test') {
  const log: string[] = [];
  const context = { cacheDir: join(folder, 'cache'), log: (line: string) => log.push(line) };
  const corpus = await graphemeToPhoneme.openCorpus(config, config.data[split] as object, context);
  const rows = await rowsOf(corpus);
  return { rows, log, lines: rows.map(({ source, target, references }) => [source, target, ...(references ?? [])]) };
}

const CMUDICT = `;;; the CMU dictionary
# a comment
a AH0
a(2) EY1
aalborg AO1 L B AO0 R G # place, danish

#hash-mark HH AE1 SH M AA2 R K
READ  R EH1 D
READ(2)  R IY1 D
`;

describe('lines of a dictionary', () => {
  it('are words, variants of words and comments', () => {
    const parse = (line: string) => {
      const found = parseDictionaryLine(line, 'd:1');
      return found && [found.word, found.phonemes];
    };
    expect(CMUDICT.split('\n').map(parse)).toEqual([
      undefined,
      undefined,
      ['a', 'AH0'],
      ['a', 'EY1'],
      ['aalborg', 'AO1 L B AO0 R G'],
      undefined,
      ['#hash-mark', 'HH AE1 SH M AA2 R K'],
      ['READ', 'R EH1 D'],
      ['READ', 'R IY1 D'],
      undefined,
    ]);
    expect(parse('word\tw ɜː d\r')).toEqual(['word', 'w ɜː d']);
    expect(parse('f(x) EH1 F')).toEqual(['f(x)', 'EH1 F']);
  });

  it('need phonemes and a word', () => {
    for (const line of ['word', 'word  ', 'word(2)', 'word # no phonemes']) {
      expect(() => parseDictionaryLine(line, 'my.dict:7'), line).toThrow(
        new DataError('my.dict:7: expected the phonemes of "word" after it, found none; add them or remove the line'),
      );
    }
    for (const line of [' AH0 B', '(2) AH0 B']) {
      expect(() => parseDictionaryLine(line, 'my.dict:7'), line).toThrow(
        `my.dict:7: expected a word and its phonemes, found ${JSON.stringify(line)}; begin with the word`,
      );
    }
  });
});

describe('the corpus', () => {
  it('has every pronunciation to learn from, and every word once to be scored by', async () => {
    const dictionary = put('cmu.dict', CMUDICT);
    const config = configOf({ file: dictionary });
    const train = await opened(config, 'train');
    expect(train.lines).toEqual([
      ['a', 'AH0', 'AH0', 'EY1'],
      ['a', 'EY1', 'AH0', 'EY1'],
      ['aalborg', 'AO1 L B AO0 R G', 'AO1 L B AO0 R G'],
      ['#hash-mark', 'HH AE1 SH M AA2 R K', 'HH AE1 SH M AA2 R K'],
      ['read', 'R EH1 D', 'R EH1 D', 'R IY1 D'],
      ['read', 'R IY1 D', 'R EH1 D', 'R IY1 D'],
    ]);
    expect(train.rows.map(({ origin }) => origin.split(':').at(-1))).toEqual(['3', '4', '5', '7', '8', '9']);
    const test = await opened(config, 'test');
    expect(test.lines).toEqual([train.lines[0], train.lines[2], train.lines[3], train.lines[4]]);
    expect([train.log, test.log]).toEqual([[], []]);
  });

  it('is the same from gzip, TSV, JSONL and parallel files', async () => {
    const pairs = [
      ['read', 'r ɛ d'],
      ['a', 'ə'],
      ['read', 'r iː d'],
    ] as const;
    const expected = [
      ['read', 'r ɛ d', 'r ɛ d', 'r iː d'],
      ['a', 'ə', 'ə'],
    ];
    const text = (line: (word: string, phonemes: string) => string) =>
      pairs.map(([word, phonemes]) => `${line(word, phonemes)}\n`).join('');
    const splits = [
      { file: put('x.dict.gz', gzipSync(text((word, phonemes) => `${word} ${phonemes}`))) },
      {
        file: put(
          'x.txt',
          text((word, phonemes) => `${word} ${phonemes}`),
        ),
        format: 'cmudict',
      },
      {
        file: put(
          'x.tsv',
          text((word, phonemes) => `${word}\t${phonemes}`),
        ),
      },
      {
        file: put('y.tsv', `phonemes\tword\n${text((word, phonemes) => `${phonemes}\t${word}`)}`),
        sourceColumn: 'word',
        targetColumn: 'phonemes',
      },
      {
        file: put(
          'x.jsonl',
          text((source, target) => JSON.stringify({ source, target })),
        ),
      },
      {
        source: put(
          'x.src',
          text((word) => word),
        ),
        target: put(
          'x.tgt',
          text((_, phonemes) => phonemes),
        ),
      },
    ];
    for (const split of splits) {
      expect((await opened(configOf(split), 'test')).lines, JSON.stringify(split)).toEqual(expected);
      expect((await opened(configOf(split), 'train')).rows, JSON.stringify(split)).toHaveLength(3);
    }
  });

  it('leaves out marks of stress where it is told to, and what differs by them only', async () => {
    const sections = { phonemes: { stress: 'remove' } };
    const arpabet = put('stress.dict', 'a AH0\na(2) AH1\na(3) EY1\nmisuse M IH0 S Y UW1 Z\n');
    const { lines, log } = await opened(configOf({ file: arpabet }, undefined, sections), 'train');
    expect(lines).toEqual([
      ['a', 'AH', 'AH', 'EY'],
      ['a', 'EY', 'AH', 'EY'],
      ['misuse', 'M IH S Y UW Z', 'M IH S Y UW Z'],
    ]);
    expect(log).toEqual([]);
    const ipa = put('stress.tsv', 'record\tˈr ɛ ˌk ɔː d\nrecord\tˈ r ɛ k ɔː d\n');
    expect((await opened(configOf({ file: ipa }, undefined, sections), 'train')).lines).toEqual([
      ['record', 'r ɛ k ɔː d', 'r ɛ k ɔː d'],
    ]);
  });

  it('counts and names lines that are there twice', async () => {
    const file = put('twice.dict', 'a AH0\nb B IY1\na AH0\na(2)   AH0\nb B IY1\n');
    const { lines, log } = await opened(configOf({ file }), 'train');
    expect(lines).toHaveLength(2);
    expect(log).toEqual([
      `warning: 3 rows repeat a word with the same phonemes; left out: ${file}:3, ${file}:4, ${file}:5`,
    ]);
  });

  it('names the line that cannot be used, and a file with nothing in it', async () => {
    const broken = put('broken.dict', 'a AH0\nb\n');
    await expect(opened(configOf({ file: broken }), 'train')).rejects.toThrow(
      `${broken}:2: expected the phonemes of "b"`,
    );
    const empty = put('empty.dict', ';;; nothing\n');
    await expect(opened(configOf({ file: empty }), 'train')).rejects.toThrow(
      `${empty}: expected at least one pronunciation, found none`,
    );
    const missing = join(folder, 'missing.dict');
    await expect(opened(configOf({ file: missing }), 'train')).rejects.toMatchObject({ exitCode: 66 });
  });

  it('reads words in one case and form of Unicode', async () => {
    const file = put('forms.tsv', 'Cafe\u0301\tk a f e\ncaf\u00e9\tk a f ə\n가\tk a\n');
    const words = async (spelling: Sections) =>
      (await opened(configOf({ file }, undefined, { spelling }), 'test')).lines.map(([word]) => word);
    expect(await words({})).toEqual(['café', '가']);
    expect(await words({ normalization: 'nfd' })).toEqual(['cafe\u0301', '\u1100\u1161']);
    expect(await words({ lowercase: false, normalization: 'none' })).toEqual(['Cafe\u0301', 'caf\u00e9', '가']);
  });
});

describe('the codec', () => {
  const file = put('codec.dict', 'ab AE1 B\nba B AH0\n');
  const context = { cacheDir: folder };
  const codecOf = async (sections: Sections = {}) => {
    const config = configOf({ file }, undefined, sections);
    const corpus = await graphemeToPhoneme.openCorpus(config, config.data.train, context);
    return { config, codec: await graphemeToPhoneme.createCodec(config, () => corpus.rows(), '.', context) };
  };

  it('has two vocabularies: characters, and whole phonemes', async () => {
    const { codec } = await codecOf();
    expect(codec.vocabulary).toEqual({ source: 4 + 2, target: 4 + 3 });
    const { source, target } = await codec.encodeRow({ index: 0, source: 'ab', target: 'AE1 B', origin: 'x:1' });
    const [letters, sounds] = [source as Int32Array, target as Int32Array];
    expect([letters.length, letters.at(-1), sounds.length, sounds.at(-1)]).toEqual([3, EOS, 3, EOS]);
    expect(codec.tokenNames('source', letters.subarray(0, 2))).toEqual(['a', 'b']);
    expect(codec.tokenNames('target', sounds.subarray(0, 2))).toEqual(['AE1', 'B']);
    expect(codec.decodeOutput(sounds.subarray(0, 2))).toBe('AE1 B');
    // As a user types it.
    expect(await codec.encodeSource(' AB ')).toEqual(letters);
  });

  it('names the characters that it lacks and reads them as unknown', async () => {
    const { codec } = await codecOf();
    expect([codec.unknown?.('abba'), codec.unknown?.('xaßx b')]).toEqual([[], ['x', 'ß', ' ']]);
    expect((await codec.encodeSource('xa')) as Int32Array).toEqual(
      Int32Array.of(UNK, ((await codec.encodeSource('a')) as Int32Array)[0] as number, EOS),
    );
  });

  it('is restored from its files', async () => {
    const { config, codec } = await codecOf();
    const files = codec.files();
    const restored = await graphemeToPhoneme.restoreCodec(config, async (name) => files[name] as string, context);
    expect(Object.keys(files)).toEqual(['letters.json', 'phonemes.json']);
    const parsed = (texts: Record<string, string>) => Object.values(texts).map((text) => JSON.parse(text) as unknown);
    expect(parsed(restored.files())).toEqual(parsed(files));
    expect(await restored.encodeSource('abc')).toEqual(await codec.encodeSource('abc'));
  });
});

describe('scores', () => {
  const score = (sections: Sections, metrics?: string[]) => {
    const scorer = graphemeToPhoneme.createScorer?.(
      configOf({ file: 'x.dict' }, undefined, sections),
      metrics,
    ) as Scorer;
    scorer.add('R IY1 D', ['R EH1 D', 'R IY1 D']);
    scorer.add('R IY D', ['R EH1 D', 'R IY1 D']);
    scorer.add('K AE1 T S', ['K AE1 T']);
    return Object.fromEntries(Object.entries(scorer.results()).map(([name, result]) => [name, result.score]));
  };

  it('take any of a word’s pronunciations', () => {
    expect(score({})).toEqual({ per: 2 / 9, pronunciationErrorRate: 200 / 3 });
    expect(score({ evaluation: { ignoreStress: true } })).toEqual({ per: 1 / 9, pronunciationErrorRate: 100 / 3 });
  });

  it('leave stress out of a model without it, whatever the references have', () => {
    expect(score({ phonemes: { stress: 'remove' } }, ['per'])).toEqual({ per: 1 / 9 });
  });
});

describe('the configuration', () => {
  const problems = (sections: Sections, split: Sections = { file: 'x.dict' }): string[] => {
    const result = graphemeToPhoneme.configSchema.safeParse({
      task: 'grapheme-to-phoneme',
      data: { train: split, valid: { file: 'valid.dict' } },
      ...sections,
    });
    return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('refuses what letters and phonemes cannot do', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ model: { copy: true } })[0]).toContain('letters are no phonemes');
    expect(problems({ model: { embeddings: 'shared' } })[0]).toMatch(/^model\.embeddings: /);
    expect(problems({ training: { validationMetric: 'wre' } })[0]).toMatch(
      /^training\.validationMetric: .*pronunciationErrorRate/,
    );
  });

  it('explains what is wrong with a split', () => {
    expect(problems({}, { file: 'words.txt' })).toEqual([
      'data.train.format: `words.txt` ends in none of .dict, .tsv and .jsonl: set `format`.',
    ]);
    expect(problems({}, { format: 'cmudict' })).toEqual([
      'data.train.file: `format` is `cmudict`, so `file` must name the dictionary.',
    ]);
    expect(problems({}, { file: 'x.dict', targetColumn: 1 })).toEqual([
      'data.train.targetColumn: `targetColumn` is not for dictionaries, which have both sides in `file`.',
    ]);
    expect(problems({}, { source: 'a' })).toEqual([
      'data.train.target: `source` is set, so `target` must be set as well.',
    ]);
    expect(problems({}, {})[0]).toMatch(/^data\.train\./);
    expect(problems({}, { file: 'x.jsonl', sourceColumn: 1 })[0]).toContain('a column of a JSONL file is a key');
  });
});

describe('the scripts', () => {
  const run = (script: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  it('cmudict.mjs splits by the hash of the word, variants together', () => {
    const words = Array.from({ length: 300 }, (_, i) => `word${i}`);
    const lines = words.flatMap((word) => [`${word} W ER1 D`, `${word}(2) W AO1 R D # dialect`]);
    const dictionary = put('whole.dict.gz', gzipSync(`;;; words\n${lines.join('\n')}\n`));
    const script = 'tasks/grapheme-to-phoneme/recipes/cmudict.mjs';
    const { status, output } = run(script, dictionary, 'out');
    expect(status).toBe(0);
    const wordsOf = (split: string) => {
      const entries = readFileSync(join(folder, 'out', `${split}.dict`), 'utf8')
        .trimEnd()
        .split('\n');
      const found = [...new Set(entries.map((line) => line.split(/[ (]/)[0] as string))];
      expect(entries).toEqual(found.flatMap((word) => lines.filter((line) => /^[^ (]+/.exec(line)?.[0] === word)));
      expect(output).toContain(`${split}.dict: ${found.length} words, ${entries.length} pronunciations\n`);
      return found;
    };
    const splits = { train: wordsOf('train'), valid: wordsOf('valid'), test: wordsOf('test') };
    expect(Object.values(splits).flat().sort()).toEqual([...words].sort());
    for (const word of splits.test) {
      const percentile = BigInt(`0x${createHash('sha256').update(word).digest('hex').slice(0, 16)}`) % 100n;
      expect(percentile).toBeLessThan(5n);
    }
    expect(splits.test.length).toBeGreaterThan(0);
    expect(splits.valid.length).toBeGreaterThan(0);
    expect(run(script, dictionary)).toMatchObject({ status: 2 });
    expect(run(script, 'nowhere.dict', 'out')).toMatchObject({ status: 66 });
    const broken = put('broken-whole.dict', 'a AH0\nb\n');
    expect(run(script, broken, 'out')).toEqual({
      status: 65,
      output: `cmudict.mjs: ${broken}:2: expected a word and its phonemes, found b\n`,
    });
  });
});

describe('the fixture', () => {
  const path = (name: string) => join(root, 'fixtures', 'grapheme-to-phoneme', name);
  const splits = ['train', 'valid', 'test'] as const;
  const entries = Object.fromEntries(
    splits.map((split) => [
      split,
      readFileSync(path(`${split}.dict`), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line, i) => parseDictionaryLine(line, `${split}:${i + 1}`)),
    ]),
  );
  const wordsOf = (split: string) => [...new Set(entries[split]?.map((entry) => entry?.word ?? ''))];

  it('has as many words as its README says, none in two splits or in the sample', () => {
    expect(splits.map((split) => [wordsOf(split).length, entries[split]?.length])).toEqual([
      [1500, 1576],
      [150, 158],
      [150, 161],
    ]);
    const sample = readFileSync(path('sample.txt'), 'utf8').trimEnd().split('\n');
    expect(new Set([...splits.flatMap(wordsOf), ...sample]).size).toBe(1800 + 10);
  });

  it('asks for no character or phoneme that the training split lacks', () => {
    const known = new Set(
      entries.train?.flatMap((entry) => [...(entry?.word ?? ''), ...(entry?.phonemes.split(' ') ?? [])]),
    );
    const other = [...(entries.valid ?? []), ...(entries.test ?? [])];
    const asked = other.flatMap((entry) => [...(entry?.word ?? ''), ...(entry?.phonemes.split(' ') ?? [])]);
    expect(asked.filter((symbol) => !known.has(symbol))).toEqual([]);
  });
});
