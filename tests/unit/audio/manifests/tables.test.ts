// Manifests with a row an utterance: what is read from TSV, JSONL, Common Voice and LJSpeech, and what is refused.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaint, folderWith, read, readIn } from './support.js';

const m = { manifest: 'm.tsv' };
const j = { manifest: 'm.jsonl' };

describe('tsv', () => {
  test('reads all columns, in any order, and passes over others', async () => {
    const content =
      'text\tother\taudio\tend\tstart\tspeaker\tid\ttranslation\n' +
      'hello "you\t1\ta/b.wav\t2.5\t.5\tann\tu1\tbonjour\n' +
      '\t2\tc d.flac\t\t\t\t\t\n';
    const { rows, warnings } = await read({ 'm.tsv': content }, m);
    expect(rows).toEqual([
      {
        audio: { path: 'a/b.wav', start: 0.5, end: 2.5 },
        id: 'u1',
        text: 'hello "you',
        translation: 'bonjour',
        speaker: 'ann',
        origin: 'm.tsv:2',
      },
      { audio: { path: 'c d.flac' }, id: 'c d', text: '', translation: '', origin: 'm.tsv:3' },
    ]);
    expect(warnings).toEqual([]);
  });

  test('a row without more than audio has no more', async () => {
    const { rows } = await read({ 'm.tsv': 'audio\nx.y.wav\n' }, m);
    expect(rows).toEqual([{ audio: { path: 'x.y.wav' }, id: 'x.y', origin: 'm.tsv:2' }]);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(['audio', 'id', 'origin']);
  });

  test('ids of parts have their start', async () => {
    const { rows } = await read({ 'm.tsv': 'audio\tstart\tend\na.wav\t0\t1\na.wav\t1.25\t\na.wav\t\t3e0\n' }, m);
    expect(rows.map(({ id, audio }) => [id, audio])).toEqual([
      ['a-0', { path: 'a.wav', start: 0, end: 1 }],
      ['a-1.25', { path: 'a.wav', start: 1.25 }],
      ['a', { path: 'a.wav', end: 3 }],
    ]);
  });

  test('columns can have other names', async () => {
    const content = 'path\taudio\tsentence\ttext\nx.wav\tno\tyes\tno\n';
    const columns = { audio: 'path', text: 'sentence' };
    const { rows } = await read({ 'm.tsv': content }, { ...m, columns });
    expect(rows).toEqual([{ audio: { path: 'x.wav' }, id: 'x', text: 'yes', origin: 'm.tsv:2' }]);
  });

  test('paths start from the folder of the manifest, or from audioDir, unless they are absolute', async () => {
    const absolute = resolve('/elsewhere/x.wav');
    const files = { 'lists/m.tsv': `audio\n../a/x.wav\n${absolute}\n` };
    const paths = async (more: object) => {
      const { rows } = await read(files, { manifest: 'lists/m.tsv', ...more });
      return rows.map(({ audio }) => audio.path);
    };
    const kept = absolute.replaceAll('\\', '/');
    expect(await paths({})).toEqual(['a/x.wav', kept]);
    expect(await paths({ audioDir: 'wav/all' })).toEqual(['wav/a/x.wav', kept]);
  });

  test('ids that stand twice are counted, and are no error', async () => {
    const rows = ['a', 'b', 'a', 'a', 'b', 'b'].map((name, i) => `${i}/${name}.wav\n`).join('');
    const { warnings } = await read({ 'm.tsv': `audio\n${rows}` }, m);
    expect(warnings).toEqual(['4 utterances have an id that stood before: a (m.tsv:4), a (m.tsv:5), b (m.tsv:6), …']);
  });

  test.each([
    ['text\tx\na\tb\n', 'm.tsv:1: expected a header with a column "audio" (`audio`), found "text", "x"; add a header'],
    ['audio\ttext\ttext\na\tb\tc\n', 'm.tsv:1: expected one column "text", found "audio", "text", "text"'],
    ['audio\ttext\na\tb\nc\n', 'm.tsv:3: expected 2 tab-separated columns as in the header, found 1'],
    ['audio\ttext\na\tb\tc\n', 'm.tsv:2: expected 2 tab-separated columns as in the header, found 3'],
    ['audio\ttext\n \tb\n', 'm.tsv:2: expected the path of an audio file under "audio", found none'],
    ['audio\ttext\na\tb\n\n\nc\td\n', 'm.tsv:3: expected an utterance, found a blank line'],
    ['\naudio\ttext\na\tb\n', 'm.tsv:1: expected an utterance, found a blank line'],
    ['audio\ttext\n', 'm.tsv: expected utterances, found only a header'],
    ['', 'm.tsv: expected utterances, found none'],
    ['\n\n', 'm.tsv: expected utterances, found none'],
  ])('refuses %j', async (content, message) => {
    expect(await complaint({ 'm.tsv': content }, m)).toContain(message);
  });

  test('a column that the configuration names must be there', async () => {
    const message = await complaint({ 'm.tsv': 'audio\ta\nx\ty\n' }, { ...m, columns: { text: 'sentence' } });
    expect(message).toContain('m.tsv:1: expected a header with a column "sentence" (`text`), found "audio", "a"');
  });

  test.each([
    ['one', '', 'expected a start in seconds, found "one"'],
    ['1,5', '', 'expected a start in seconds, found "1,5"'],
    ['0x10', '', 'expected a start in seconds, found "0x10"'],
    ['NaN', '', 'expected a start in seconds, found "NaN"'],
    ['1e999', '', 'expected a start in seconds, found "1e999"'],
    ['', 'Infinity', 'expected an end in seconds, found "Infinity"'],
    ['-0.5', '', 'expected a start of at least 0 s, found -0.5'],
    ['', '-1', 'expected an end of at least 0 s, found -1'],
    ['2', '2', 'expected an end after the start (2 s), found 2 s'],
    ['2', '1.5', 'expected an end after the start (2 s), found 1.5 s'],
    ['', '0', 'expected an end after the start (0 s), found 0 s'],
  ])('refuses a start of %j with an end of %j', async (start, end, message) => {
    const content = `audio\tstart\tend\na.wav\t0\t1\nb.wav\t${start}\t${end}\n`;
    expect(await complaint({ 'm.tsv': content }, m)).toContain(`m.tsv:3: ${message}`);
  });
});

describe('jsonl', () => {
  test('reads the keys of the columns; numbers may be times and names, null is nothing', async () => {
    const lines = [
      { audio: 'a.wav', start: 1, end: '2.5', text: 'tab\tand\nnewline', id: 7, speaker: 12, more: [1] },
      { text: null, translation: 'ja', audio: 'b/c.ogg', start: null, id: '' },
      { audio: 'd.wav', start: 1e-7 },
    ];
    const { rows } = await read({ 'm.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join('') }, j);
    expect(rows).toEqual([
      {
        audio: { path: 'a.wav', start: 1, end: 2.5 },
        id: '7',
        text: 'tab\tand\nnewline',
        speaker: '12',
        origin: 'm.jsonl:1',
      },
      { audio: { path: 'b/c.ogg' }, id: 'c', translation: 'ja', origin: 'm.jsonl:2' },
      { audio: { path: 'd.wav', start: 1e-7 }, id: 'd-1e-7', origin: 'm.jsonl:3' },
    ]);
  });

  test('keys can have other names, and inherited ones are not there', async () => {
    const columns = { audio: 'audio_filepath', start: 'offset', text: 'toString' };
    const { rows } = await read({ 'm.jsonl': '{"audio_filepath":"a.wav","offset":2}' }, { ...j, columns });
    expect(rows).toEqual([{ audio: { path: 'a.wav', start: 2 }, id: 'a-2', origin: 'm.jsonl:1' }]);
  });

  test.each([
    ['{"audio":"a"}\n{"audio":\n', 'm.jsonl:2: expected a JSON object, found invalid JSON ('],
    ['["a"]\n', 'm.jsonl:1: expected a JSON object, found ["a"]'],
    ['null\n', 'm.jsonl:1: expected a JSON object, found null'],
    ['{"audio":"a"}\n\n{"audio":"a"}\n', 'm.jsonl:2: expected an utterance, found a blank line'],
    ['{"text":"a"}\n', 'm.jsonl:1: expected the path of an audio file under "audio", found none'],
    ['{"audio":1}\n', 'm.jsonl:1: expected a string under "audio", found 1'],
    ['{"audio":"a","text":["x"]}\n', 'm.jsonl:1: expected a string under "text", found ["x"]'],
    ['{"audio":"a","text":5}\n', 'm.jsonl:1: expected a string under "text", found 5'],
    ['{"audio":"a","start":true}\n', 'm.jsonl:1: expected seconds under "start", found true'],
    ['{"audio":"a","start":-1}\n', 'm.jsonl:1: expected a start of at least 0 s, found -1'],
    ['{"audio":"a","start":1,"end":1}\n', 'm.jsonl:1: expected an end after the start (1 s), found 1 s'],
    ['{"audio":"a","text":"\\ud800"}\n', 'm.jsonl:1: expected Unicode text under "text", found a lone surrogate'],
  ])('refuses %s', async (content, message) => {
    expect(await complaint({ 'm.jsonl': content }, j)).toContain(message);
  });
});

describe('what is written is read', () => {
  const time = fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined });
  const rowsOf = (string: fc.Arbitrary<string>, path: fc.Arbitrary<string>) =>
    fc.array(
      fc
        .record({
          audio: path,
          start: time,
          length: time,
          text: string,
          translation: string,
          speaker: string,
          id: string,
        })
        .map(({ length, ...row }) => {
          const start = row.start === undefined ? undefined : row.start + 0;
          const end = length === undefined ? undefined : (start ?? 0) + length + 1;
          return { ...row, start, end };
        }),
      { minLength: 1, maxLength: 8 },
    );
  type Written = ReturnType<typeof rowsOf> extends fc.Arbitrary<infer Rows> ? Rows : never;
  // A name: path.join would tidy `a/../b`, and a name without a dot has no extension to lose.
  const name = fc.string({ unit: fc.constantFrom('a', 'é', '語', '😀', ' b', '-'), minLength: 1 }).map((s) => `x${s}`);

  const expected = (rows: Written, file: string, firstLine: number) =>
    rows.map(({ audio, start, end, text, translation, speaker, id }, i) => ({
      audio: { path: audio, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
      id: id || (start === undefined ? audio : `${audio}-${start}`),
      text,
      translation,
      ...(speaker ? { speaker } : {}),
      origin: `${file}:${i + firstLine}`,
    }));

  test('tsv', async () => {
    const folder = folderWith({});
    const cell = fc.string({ unit: 'grapheme' }).filter((text) => !/[\t\n\r]/.test(text));
    const keys = ['text', 'audio', 'start', 'end', 'translation', 'speaker', 'id'] as const;
    await fc.assert(
      fc.asyncProperty(rowsOf(cell, name), fc.constantFrom('\n', '\r\n'), fc.boolean(), async (rows, end, last) => {
        const lines = [keys, ...rows.map((row) => keys.map((key) => row[key] ?? ''))].map((cells) => cells.join('\t'));
        writeFileSync(join(folder, 'm.tsv'), lines.join(end) + (last ? end : ''));
        expect((await readIn(folder, m)).rows).toEqual(expected(rows, 'm.tsv', 2));
      }),
    );
  });

  test('jsonl', async () => {
    const folder = folderWith({});
    const cell = fc.string({ unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(rowsOf(cell, name), async (rows) => {
        writeFileSync(join(folder, 'm.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
        expect((await readIn(folder, j)).rows).toEqual(expected(rows, 'm.jsonl', 1));
      }),
    );
  });
});

describe('common-voice', () => {
  const header = 'client_id\tpath\tsentence_id\tsentence\tup_votes\tlocale\n';
  const files = {
    'validated.tsv': `${header}c1\tcv_1.mp3\ts\t"Nein", sagte er. "Doch\t2\tde\nc2\tcv_2\ts\t""Ja""\t3\tde\n`,
  };

  test('is known by its header; clips and speakers; quotes are text', async () => {
    const { rows } = await read(files, { manifest: 'validated.tsv' });
    expect(rows).toEqual([
      {
        audio: { path: 'clips/cv_1.mp3' },
        id: 'cv_1',
        text: '"Nein", sagte er. "Doch',
        speaker: 'c1',
        origin: 'validated.tsv:2',
      },
      { audio: { path: 'clips/cv_2.mp3' }, id: 'cv_2', text: '""Ja""', speaker: 'c2', origin: 'validated.tsv:3' },
    ]);
  });

  test('clips may have been converted and moved', async () => {
    const { rows } = await read(files, { manifest: 'validated.tsv', audioDir: 'wav', extension: 'wav' });
    expect(rows.map(({ audio }) => audio.path)).toEqual(['wav/cv_1.wav', 'wav/cv_2.wav']);
  });

  test('speakers may be left out where the format is given, sentences may not', async () => {
    const config = { manifest: 'm.tsv', format: 'common-voice' } as const;
    const { rows } = await read({ 'm.tsv': 'path\tsentence\tlang\nx.mp3\ta\tb\n' }, config);
    expect(rows).toEqual([{ audio: { path: 'clips/x.mp3' }, id: 'x', text: 'a', origin: 'm.tsv:2' }]);
    expect(await complaint({ 'm.tsv': 'path\ttext\nx.mp3\ta\n' }, config)).toContain(
      'm.tsv:1: expected a header with a column "sentence" (`text`), found "path", "text"',
    );
    const columns = { text: 'text' };
    expect((await read({ 'm.tsv': 'path\ttext\nx.mp3\ta\n' }, { ...config, columns })).rows[0]?.text).toBe('a');
  });
});

describe('ljspeech', () => {
  const lj = { manifest: 'metadata.csv' };
  const files = { 'metadata.csv': 'LJ-1|in 1455, "he|in fourteen, "he\nLJ-2|b|c\n' };

  test('reads the normalised text, or the raw', async () => {
    expect((await read(files, lj)).rows).toEqual([
      { audio: { path: 'wavs/LJ-1.wav' }, id: 'LJ-1', text: 'in fourteen, "he', origin: 'metadata.csv:1' },
      { audio: { path: 'wavs/LJ-2.wav' }, id: 'LJ-2', text: 'c', origin: 'metadata.csv:2' },
    ]);
    const texts = async (textColumn: 'raw' | 'normalised') =>
      (await read(files, { ...lj, textColumn })).rows.map(({ text }) => text);
    expect(await texts('raw')).toEqual(['in 1455, "he', 'b']);
    expect(await texts('normalised')).toEqual(['in fourteen, "he', 'c']);
  });

  test('reads two columns; names may have their extension already, audio may be elsewhere', async () => {
    const { rows } = await read(
      { 'train.csv': 'a|x y\nb.FLAC|z\n' },
      { manifest: 'train.csv', audioDir: 'snd', extension: '.flac' },
    );
    expect(rows.map(({ audio, id, text }) => [audio.path, id, text])).toEqual([
      ['snd/a.flac', 'a', 'x y'],
      ['snd/b.FLAC', 'b', 'z'],
    ]);
  });

  test('the raw text stands in for an empty one, which is said', async () => {
    const { rows, warnings } = await read({ 'metadata.csv': 'a|x|\nb|y|why\nc||\n' }, lj);
    expect(rows.map(({ text }) => text)).toEqual(['x', 'why', '']);
    expect(warnings).toEqual(['the raw text stands for the normalised, which is empty, in 1 lines: metadata.csv:1']);
  });

  test.each([
    ['a|b|c\nd|e\n', 'metadata.csv:2: expected an id and two texts between `|` as on the first line, found 2 columns'],
    ['a|b\nd|e|f\n', 'metadata.csv:2: expected an id and a text between `|` as on the first line, found 3 columns'],
    ['a,b\n', 'metadata.csv:1: expected an id and one or two texts between `|`, found 1 columns'],
    ['a|b|c|d\n', 'metadata.csv:1: expected an id and one or two texts between `|`, found 4 columns'],
    ['a|b\n |c\n', 'metadata.csv:2: expected an id and a text between `|`, found no id'],
    ['a|b\n\nc|d\n', 'metadata.csv:2: expected an utterance, found a blank line'],
  ])('refuses %j', async (content, message) => {
    expect(await complaint({ 'metadata.csv': content }, lj)).toContain(message);
  });

  test('normalised text that is asked for must be there', async () => {
    const message = await complaint({ 'metadata.csv': 'a|b\n' }, { ...lj, textColumn: 'normalised' });
    expect(message).toContain('metadata.csv:1: expected three columns because `textColumn` is normalised, found two');
  });
});
