// Dialogue: files of dialogues, replies and their contexts, lines to decode, what is refused, and the fixture.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadRunConfig } from '../../../src/run/open.js';
import { dialogue } from '../../../tasks/dialogue/adapter.js';
import { Speakers } from '../../../tasks/dialogue/speakers.js';
import { lastTurns, readContext } from '../../../tasks/dialogue/turns.js';
import { folderWith } from '../data/folder.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

type Section = Record<string, unknown>;
function configOf(file: string | readonly string[], sections: Section = {}) {
  const { data, error } = dialogue.configSchema.safeParse({
    task: 'dialogue',
    data: { train: { file }, valid: { file: 'valid.jsonl' } },
    tokenizer: { kind: 'word' },
    ...sections,
  });
  if (data === undefined) throw error;
  return data;
}

/** Opens a training split of these files. @param file the files it names, in the folder; all unless told */
async function opened(files: Record<string, string | Uint8Array>, section: Section = {}, file = Object.keys(files)) {
  const folder = folderWith(files);
  const config = configOf(
    file.map((name) => join(folder, name)),
    { dialogue: section },
  );
  const log: string[] = [];
  const context = { cacheDir: join(folder, 'cache'), log: (line: string) => log.push(line.replaceAll(folder, '.')) };
  const corpus = await dialogue.openCorpus(config, config.data.train, context);
  const rows: { source: string; target: string; origin: string }[] = [];
  for await (const { source, target, origin } of corpus.rows()) {
    rows.push({ source, target, origin: origin.replaceAll(folder, '.') });
  }
  const codec = await dialogue.createCodec(config, () => corpus.rows(), '.', context);
  return { config, corpus, rows, log, codec, context };
}

const turn = (speaker: string, text: string) => ({ speaker, text });
const talk = { turns: [turn('user', 'hi'), turn('system', 'hello'), turn('user', 'a b'), turn('system', 'c')] };
const jsonl = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
/** Rows as `source as the model reads it → target`. */
const shown = (rows: readonly { source: string; target: string }[]) =>
  rows.map(({ source, target }) => `${readContext(JSON.parse(source))} → ${target}`);

describe('a split', () => {
  it('has a row for each reply, with the turns before it', async () => {
    const { rows } = await opened({ 'd.jsonl': jsonl(talk) });
    expect(shown(rows)).toEqual([
      'user: hi system: → hello',
      'user: hi system: hello user: → a b',
      'user: hi system: hello user: a b system: → c',
    ]);
    expect(rows.map(({ origin }) => origin)).toEqual([2, 3, 4].map((n) => `./d.jsonl:1 turn ${n}`));
  });

  it('has those of the speakers who reply, and as many turns as are wanted', async () => {
    const { rows, log } = await opened({ 'd.jsonl': jsonl(talk) }, { respond: ['system'], contextTurns: 2 });
    expect(shown(rows)).toEqual(['user: hi system: → hello', 'system: hello user: a b system: → c']);
    expect(log).toEqual([]);
  });

  it('leaves out whole turns, the oldest first, and says how often', async () => {
    const { rows, log } = await opened({ 'd.jsonl': jsonl(talk, talk) }, { respond: ['system'], maxContextWords: 3 });
    expect(shown(rows.slice(0, 2))).toEqual(['user: hi system: → hello', 'system: hello user: a b system: → c']);
    expect(log).toEqual([
      'warning: 2 of 4 replies without the oldest of the turns before, which have too many words (dialogue.maxContextWords): ./d.jsonl:1 turn 4, ./d.jsonl:2 turn 4',
    ]);
  });

  it('may be several files and folders, of one dialogue a line or of lists as the schema-guided ones are', async () => {
    const guided = [
      {
        dialogue_id: '1_00000',
        services: ['Restaurants_1'],
        turns: [
          { speaker: 'USER', utterance: 'Hi.', frames: [] },
          { speaker: 'SYSTEM', utterance: 'Yes?', frames: [] },
        ],
      },
    ];
    const folder = folderWith({ 'x.jsonl.gz': gzipSync(jsonl(talk.turns)) });
    const sgd = join(folder, 'sgd');
    mkdirSync(sgd);
    writeFileSync(join(sgd, 'dialogues_002.json'), JSON.stringify([...guided, ...guided], undefined, 2));
    writeFileSync(join(sgd, 'dialogues_001.json'), `\uFEFF${JSON.stringify(guided)}`);
    writeFileSync(join(sgd, 'schema.json'), '[{"service_name": "Restaurants_1"}]');
    const config = configOf([sgd, join(folder, 'x.jsonl.gz')]);
    const corpus = await dialogue.openCorpus(config, config.data.train, { cacheDir: join(folder, 'cache') });
    const origins: string[] = [];
    for await (const { origin } of corpus.rows()) origins.push(origin.slice(folder.length + 1));
    expect(origins).toEqual([
      'sgd/dialogues_001.json: dialogue 1 turn 2',
      'sgd/dialogues_002.json: dialogue 1 turn 2',
      'sgd/dialogues_002.json: dialogue 2 turn 2',
      ...[2, 3, 4].map((n) => `x.jsonl.gz:1 turn ${n}`),
    ]);
  });

  it('leaves blank replies to batching.onBlank, and names them', async () => {
    const { corpus } = await opened({ 'd.jsonl': jsonl([turn('a', 'hi'), turn('b', ' '), turn('a', 'so?')]) });
    expect(corpus.warnings.map(({ kind, count }) => [kind, count])).toEqual([['blankTarget', 1]]);
    expect(corpus.warnings[0]?.message).toContain('d.jsonl:1 turn 2');
  });

  it.each<[string, string, string]>([
    ['d.jsonl', `${jsonl(talk)}{"turns": [`, 'd.jsonl:2: expected dialogues in JSON, found invalid JSON'],
    ['d.jsonl', `${jsonl(talk)}\n`, 'd.jsonl:2: expected dialogues in JSON, found a blank line'],
    [
      'd.jsonl',
      '{"turn": []}',
      'd.jsonl:1: expected a list of turns, or an object with one under "turns", found nothing under',
    ],
    [
      'd.jsonl',
      '{"turns": ["hi"]}',
      'd.jsonl:1 turn 1: expected a turn, {"speaker": "…", "text": "…"}, found a string',
    ],
    ['d.jsonl', '[{"text": "hi"}]', 'd.jsonl:1 turn 1: expected a string under "speaker", found nothing'],
    [
      'd.jsonl',
      '[{"speaker": " ", "text": "hi"}]',
      'd.jsonl:1 turn 1: expected who speaks under "speaker", found a blank',
    ],
    [
      'd.jsonl',
      jsonl([turn('a', 'x'), { speaker: 'b', text: 3 }]),
      'd.jsonl:1 turn 2: expected a string under "text" or',
    ],
    ['d.json', '[\n[],\n{"turns": 3 3}]', 'd.json:3: expected dialogues in JSON, found invalid JSON'],
    ['d.json', '{"turns": []}', 'd.json: expected a list of dialogues, found an object'],
    ['d.json', '[[], {"turns": 3}]', 'd.json: dialogue 2: expected a list of turns, or an object'],
    ['d.jsonl', jsonl([turn('a', 'alone')]), 'd.jsonl: expected at least one reply to a turn, found none'],
    ['d.txt', 'hi', 'd.txt: expected the name of a folder or one that ends in .json or .jsonl'],
  ])('names the place of what cannot be used: %s %j', async (name, content, message) => {
    await expect(opened({ [name]: content })).rejects.toThrow(message);
  });

  it('needs turns of those who are to reply', async () => {
    const files = { 'd.jsonl': jsonl(talk) };
    await expect(opened(files, { respond: ['system', 'SYSTEM'] })).rejects.toThrow(
      'd.jsonl: expected turns of SYSTEM (dialogue.respond), found only speakers user, system',
    );
    await expect(opened(files, {}, ['nowhere.json'])).rejects.toMatchObject({ exitCode: 66 });
    const empty = folderWith({});
    await expect(dialogue.openCorpus(configOf(empty), { file: empty }, { cacheDir: empty })).rejects.toMatchObject({
      exitCode: 66,
      message: expect.stringContaining('expected .json or .jsonl files'),
    });
  });
});

describe('the window of a context', () => {
  it('is the longest end of it that fits', () => {
    const turns = fc.array(fc.array(fc.constantFrom('a', 'bc'), { maxLength: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(turns, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }), (texts, most, words) => {
        const all = texts.map((text) => turn('x', text.join('  ')));
        const { turns: kept, isCut } = lastTurns(all, { contextTurns: most, maxContextWords: words });
        const count = (n: number) => texts.slice(texts.length - n).flat().length;
        expect(kept).toEqual(all.slice(all.length - kept.length));
        expect(kept.length).toBeGreaterThan(0);
        if (kept.length > 1) expect(count(kept.length)).toBeLessThanOrEqual(words);
        const longer = kept.length + 1;
        const isFull = longer > Math.min(all.length, most);
        if (!isFull) expect(count(longer)).toBeGreaterThan(words);
        expect(isCut).toBe(!isFull);
      }),
    );
  });
});

describe('a line to decode', () => {
  const two = new Speakers(['user', 'system'], ['system']);
  const read = (speakers: Speakers, line: string) => readContext(speakers.contextOf(line));

  it('is plain text, texts in turns, turns, or turns with who replies', () => {
    expect(read(two, ' hi there ')).toBe('user: hi there system:');
    expect(read(two, '["hi", "hello", "so?"]')).toBe('user: hi system: hello user: so? system:');
    expect(read(two, '["hello", "so?"]')).toBe('system: hello user: so? system:');
    expect(read(two, JSON.stringify(talk.turns.slice(0, 3)))).toBe('user: hi system: hello user: a b system:');
    expect(read(two, JSON.stringify({ turns: ['hi'], reply: 'user' }))).toBe('user: hi user:');
    expect(read(two, '{"turns": [{"speaker": "system", "utterance": "x"}]}')).toBe('system: x system:');
  });

  it('asks whoever is not speaking where all reply', () => {
    const all = new Speakers(['A', 'B'], undefined);
    expect(read(all, 'hi')).toBe('A: hi B:');
    expect(read(all, '[{"speaker": "B", "text": "hi"}]')).toBe('B: hi A:');
    const three = new Speakers(['A', 'B', 'the chair'], undefined);
    expect(read(three, JSON.stringify([turn('the chair', 'x'), turn('B', 'y')]))).toBe('the_chair: x B: y the_chair:');
    expect(() => three.contextOf('[{"speaker": "A", "text": "x"}]')).toThrow(
      'expected who replies, found several who could: B, the chair; say it: {"turns": […], "reply": "B"}',
    );
  });

  it.each([
    ['[', 'found invalid JSON'],
    ['[laughs] hi', 'plain text that begins with a bracket is written ["…"]'],
    ['[]', 'expected at least one turn, found none'],
    ['{"text": "hi"}', 'found nothing under "turns"'],
    ['["a", 3]', 'turn 1: expected a turn'],
    ['{"turns": ["a"], "reply": 3}', 'expected a string under "reply", found a number'],
  ])('is refused: %s', (line, message) => {
    expect(() => two.contextOf(line)).toThrow(message);
  });
});

describe('the codec', () => {
  const files = { 'd.jsonl': jsonl(talk) };

  it('reads a row as the line that asks for its reply', async () => {
    const { codec, rows } = await opened(files, { respond: ['system'] });
    const last = rows.at(-1);
    const { source } = await codec.encodeRow({ index: 0, target: 'c', origin: '', source: last?.source ?? '' });
    expect(source).toEqual(await codec.encodeSource('["hi", "hello", "a b"]'));
    expect(codec.tokenNames('source', (source as Int32Array).subarray(0, -1))).toEqual(
      'user: hi system: hello user: a b system:'.split(' '),
    );
    expect(source).toEqual(await codec.encodeSource(dialogue.chatLine?.(['hi', 'hello', 'a b']) ?? ''));
  });

  it('cuts what is decoded as it cuts what is learned', async () => {
    const { codec } = await opened(files, { respond: ['system'], maxContextWords: 3 });
    expect(await codec.encodeSource('["hi", "hello", "a b"]')).toEqual(await codec.encodeSource('["hello", "a b"]'));
  });

  it('names speakers that it has never heard', async () => {
    const { codec } = await opened(files, { respond: ['system'] });
    expect(codec.unknown?.('hi')).toEqual([]);
    expect(codec.unknown?.('[{"speaker": "USER", "text": "hi"}]')).toEqual(['USER']);
  });

  it('is restored from its files', async () => {
    const { codec, config, context } = await opened(files, { respond: ['system'] });
    const kept = codec.files();
    expect(kept['speakers.json']).toBe('["user","system"]\n');
    const restored = await dialogue.restoreCodec(config, async (name) => kept[name] as string, context);
    expect(await restored.encodeSource('hi')).toEqual(await codec.encodeSource('hi'));
    await expect(dialogue.restoreCodec(config, async () => '{', context)).rejects.toThrow('speakers.json');
  });
});

it('the paths of a split are its own, one or several', async () => {
  const folder = folderWith({
    'c.yaml': 'task: dialogue\ndata: { train: { file: [a.jsonl, more] }, valid: { file: v.jsonl } }\n',
  });
  const { config } = await loadRunConfig(join(folder, 'c.yaml'), []);
  expect(config.data).toEqual({
    train: { file: [join(folder, 'a.jsonl'), join(folder, 'more')] },
    valid: { file: join(folder, 'v.jsonl') },
  });
  await loadRunConfig(join(root, dialogue.recipes[0] ?? ''), []);
});

it('the fixture has as many dialogues as its README says, of the speakers that its configuration names', () => {
  const read = (name: string) =>
    readFileSync(join(root, 'fixtures', 'dialogue', name), 'utf8')
      .trimEnd()
      .split('\n');
  const splits = ['train', 'valid', 'test'].map((split) => read(`${split}.jsonl`));
  expect(splits.map(({ length }) => length)).toEqual([400, 40, 40]);
  const turns = splits.flat().flatMap((line) => (JSON.parse(line) as typeof talk).turns);
  expect(new Set(turns.map(({ speaker }) => speaker))).toEqual(new Set(['user', 'system']));
  const speakers = new Speakers(['user', 'system'], ['system']);
  for (const line of read('sample.txt')) expect(speakers.contextOf(line).turns.at(-1)?.speaker).toBe('user');
});
