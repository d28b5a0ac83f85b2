// Speech-to-speech: manifests with two recordings a row, what is refused, the codec of both sides, rules of configurations, the recipe.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readAudio } from '../../../src/audio/io/read.js';
import { readManifest } from '../../../src/audio/manifests/read.js';
import { resample } from '../../../src/audio/resample.js';
import { encodeWav } from '../../../src/audio/synthesis/wav-out.js';
import { encodeRow } from '../../../src/data/examples.js';
import { FrameSequence, FrameTarget } from '../../../src/data/sequences.js';
import { DataError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import { speechToSpeech } from '../../../tasks/speech-to-speech/adapter.js';
import { speechToSpeechConfigSchema } from '../../../tasks/speech-to-speech/config.js';
import { sourceLines, spokenAudio } from '../../../tasks/speech-to-speech/lines.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const audio = join(root, 'fixtures/speech-recognition/audio');
const folder = mkdtempSync(join(tmpdir(), 's2s-speech-'));
afterAll(() => rmSync(folder, { recursive: true }));

const context = { cacheDir: join(folder, 'cache'), threads: 1, quiet: true };

/** A manifest of digits → letters. @returns its path */
function manifest(name: string, rows: readonly (readonly string[])[], columns = 'audio\ttarget\ttext\ttranslation') {
  const file = join(folder, name);
  writeFileSync(file, `${[columns, ...rows.map((row) => row.join('\t'))].join('\n')}\n`);
  return file;
}

const digit = (n: number) => join(audio, `digits/${n}.wav`);
const letter = (name: string) => join(audio, `letters/${name}.wav`);
const ROWS = [
  [digit(1), letter('a'), 'one', 'a'],
  [digit(2), letter('b'), 'two', 'b'],
  [digit(3), letter('c'), 'three', 'c'],
];

type Sections = Record<string, unknown>;

const SMALL = {
  features: { sampleRate: 8000, numMelBins: 20 },
  spectrogram: { sampleRate: 8000, numMelBins: 24 },
};

function config(train: string, sections: Sections = {}) {
  const { data, ...others } = sections;
  const split = { manifest: train };
  return speechToSpeechConfigSchema.parse({
    ...{ task: 'speech-to-speech', data: { train: split, valid: split, ...(data as object) } },
    ...SMALL,
    ...others,
  });
}

const open = async (settings: ReturnType<typeof config>) =>
  speechToSpeech.openCorpus(settings, settings.data.train, context);

async function codecOf(settings: ReturnType<typeof config>) {
  const corpus = await open(settings);
  const codec = await speechToSpeech.createCodec(settings, () => corpus.rows(), folder, context);
  const rows = [];
  for await (const row of corpus.rows()) rows.push(row);
  return { corpus, codec, rows };
}

/** The problems of a configuration, `path: message`. */
function problems(sections: Sections): string[] {
  const split = { manifest: 'x.tsv' };
  const result = speechToSpeechConfigSchema.safeParse({
    ...{ task: 'speech-to-speech', data: { train: split, valid: split } },
    ...sections,
  });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a manifest of two recordings a row', () => {
  it('names the target, all of it or a part, from the folder of the manifest', async () => {
    const columns = 'audio\ttarget\ttargetStart\ttargetEnd';
    const file = manifest(
      'parts.tsv',
      [
        ['a.wav', 'fr/b.wav', '0.5', '2'],
        ['c.wav', '', '', ''],
      ],
      columns,
    );
    const { rows } = await readManifest({ manifest: file });
    expect(rows.map(({ target }) => target)).toEqual([
      { path: join(folder, 'fr/b.wav'), start: 0.5, end: 2 },
      undefined,
    ]);
    const bad = manifest('bad.tsv', [['a.wav', 'b.wav', '2', '1']], columns);
    await expect(readManifest({ manifest: bad })).rejects.toThrow('bad.tsv:2: expected an end after the start (2 s)');
  });

  it('is read from JSONL, and from columns of other names', async () => {
    const file = join(folder, 'two.jsonl');
    writeFileSync(file, '{"en":"a.wav","fr":"b.wav","targetEnd":1.5}\n');
    const { rows } = await readManifest({ manifest: file, columns: { audio: 'en', target: 'fr' } });
    expect(rows[0]).toMatchObject({
      audio: { path: join(folder, 'a.wav') },
      target: { path: join(folder, 'b.wav'), end: 1.5 },
    });
  });
});

describe('a split', () => {
  it('has both recordings, both texts and lengths in positions', async () => {
    const { rows } = await codecOf(config(manifest('train.tsv', ROWS)));
    expect(rows[1]).toMatchObject({ source: digit(2), target: letter('b'), transcript: 'two', targetText: 'b' });
    const seconds = async (path: string) => {
      const { samples, sampleRate } = await readAudio({ path });
      return samples.length / sampleRate;
    };
    // Four frames of 10 ms each, and two of 12.5 ms.
    expect(rows[1]!.sourceLength! * 0.04).toBeCloseTo(await seconds(digit(2)), 1);
    expect(rows[1]!.targetLength! * 0.025).toBeCloseTo(await seconds(letter('b')), 1);
  });

  it('names what cannot be used of either side, or leaves it out', async () => {
    const silent = join(folder, 'silent.wav');
    writeFileSync(silent, encodeWav(new Float32Array(8000), 8000).bytes);
    const broken = join(folder, 'broken.wav');
    writeFileSync(broken, 'no audio');
    const bad = manifest('unusable.tsv', [
      ...ROWS,
      [silent, letter('d'), '', ''],
      [digit(4), silent, '', ''],
      [broken, letter('e'), '', ''],
      [digit(5), join(folder, 'nowhere.wav'), '', ''],
      [digit(6), '', '', ''],
    ]);
    const error = await open(config(bad)).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(DataError);
    const { message, exitCode } = error as DataError;
    expect(exitCode).toBe(65);
    expect(message).toContain('5 of 8 recordings cannot be used');
    expect(message).toMatch(/unusable\.tsv:5: .*silent\.wav: the source is silent/);
    expect(message).toMatch(/unusable\.tsv:6: .*silent\.wav: the recording is silent/);
    expect(message).toMatch(/unusable\.tsv:7: .*broken\.wav/);
    expect(message).toMatch(/unusable\.tsv:8: .*nowhere\.wav/);
    expect(message).toMatch(/unusable\.tsv:9: expected the path of the target recording in a column `target`/);
    const log: string[] = [];
    const settings = config(bad, { data: { onBadAudio: 'skip' } });
    const corpus = await speechToSpeech.openCorpus(settings, settings.data.train, {
      ...context,
      log: (line) => log.push(line),
    });
    expect([corpus.size, log.join('\n')]).toEqual([3, expect.stringContaining('they are left out')]);
    const missing = manifest('missing.tsv', [[join(folder, 'a.wav'), join(folder, 'b.wav'), '', '']]);
    await expect(open(config(missing))).rejects.toMatchObject({ exitCode: 66 });
  });

  it('brings each side to its own rate', async () => {
    const { samples } = await readAudio({ path: digit(1) });
    const fast = join(folder, 'fast.wav');
    writeFileSync(fast, encodeWav(resample(samples, 8000, 22050), 22050).bytes);
    const { codec, rows } = await codecOf(
      config(
        manifest('rates.tsv', [
          [digit(1), fast, '', ''],
          [fast, digit(1), '', ''],
        ]),
      ),
    );
    const [plain, resampled] = await Promise.all(rows.map((row) => codec.encodeRow(row)));
    expect(resampled!.source.length).toBe(plain!.source.length);
    expect((resampled!.target as FrameTarget).frames).toBe((plain!.target as FrameTarget).frames);
    expect(await codec.sounds!.recording(fast)).toMatchObject({ sampleRate: 8000 });
  });
});

describe('the codec', () => {
  const heads = { ctc: { weight: 0.3 }, targetCtc: { weight: 0.2 } };

  it('gives frames on both sides, and tokens for the heads that there are', async () => {
    const { codec, rows } = await codecOf(config(manifest('train.tsv', ROWS), heads));
    const example = await codec.encodeRow(rows[2]!);
    expect(example.source).toBeInstanceOf(FrameSequence);
    expect((example.source as FrameSequence).width).toBe(4 * 20);
    expect(example.target).toBeInstanceOf(FrameTarget);
    expect((example.target as FrameTarget).width).toBe(2 * 24);
    expect([example.ctcTarget!.length, example.minimumSource]).toEqual([5, 6]);
    expect([example.targetText!.length, example.minimumTarget]).toEqual([1, 1]);
    // Four special tokens, and the letters of one, two, three.
    expect(codec.vocabulary).toMatchObject({
      source: { features: 20 },
      target: { features: 24 },
      ctc: 4 + 7,
      targetText: 4 + 3,
    });
    const plain = await codecOf(config(manifest('train.tsv', ROWS)));
    expect(plain.codec.vocabulary).toEqual({ source: { features: 20 }, target: { features: 24 } });
    expect(await plain.codec.encodeRow(rows[2]!)).not.toHaveProperty('ctcTarget');
  });

  it('is the same when it is restored', async () => {
    const settings = config(manifest('train.tsv', ROWS), { ...heads, features: { ...SMALL.features, cmvn: 'global' } });
    const { codec, rows } = await codecOf(settings);
    const files = codec.files();
    expect(Object.keys(files).sort()).toEqual([
      ...['cmvn.json', 'lengths.json', 'spectrogram.json', 'transcript-tokenizer.json', 'translation-tokenizer.json'],
    ]);
    const again = await speechToSpeech.restoreCodec(
      settings,
      async (name) => {
        if (files[name] === undefined) throw new DataError(`no ${name}`, { missing: true });
        return files[name];
      },
      context,
    );
    expect(again.vocabulary).toEqual(codec.vocabulary);
    const [one, other] = await Promise.all([codec, again].map((made) => made.encodeRow(rows[0]!)));
    expect(other!.targetText).toEqual(one!.targetText);
    const data = async (source: unknown) => (await (source as FrameSequence).load()).data;
    expect(await data(other!.source)).toEqual(await data(one!.source));
  });

  it('varies sources in training only, and never targets', async () => {
    const settings = config(manifest('train.tsv', ROWS), { augmentation: { speed: [0.5] } });
    const { codec, rows } = await codecOf(settings);
    const plain = await codec.encodeRow(rows[0]!);
    const varied = await codec.encodeRow(rows[0]!, new Random(1, 'row'));
    expect(varied.source.length / plain.source.length).toBeCloseTo(2, 0);
    expect(varied.target.length).toBe(plain.target.length);
  });

  it('refuses a loss on texts that no row has, and rows that are too short for theirs', async () => {
    const bare = config(
      manifest(
        'bare.tsv',
        ROWS.map((row) => row.slice(0, 2)),
        'audio\ttarget',
      ),
      heads,
    );
    await expect(codecOf(bare)).rejects.toThrow('ctc.weight: expected rows with a text in the column `text`');
    const long = manifest('long.tsv', [[...ROWS[0]!.slice(0, 3), 'far too much for a single letter of the alphabet']]);
    const { codec, corpus, rows } = await codecOf(config(long, heads));
    const batching = { ...config(long).batching, onShort: 'error' as const };
    const encoding = { encode: codec.encodeRow.bind(codec), batching };
    await expect(encodeRow(corpus, rows[0]!, 0, encoding as never, [])).rejects.toThrow(
      /long\.tsv:2: the target has \d+ positions, but the CTC loss needs 50 for its text/,
    );
  });

  it('asks for a voice where there are several', async () => {
    const voices = manifest(
      'voices.tsv',
      ROWS.map((row, i) => [...row, i === 1 ? 'bo' : 'al']),
      'audio\ttarget\ttext\ttranslation\tspeaker',
    );
    const { codec, rows } = await codecOf(config(voices));
    expect(codec.vocabulary).toMatchObject({ speakers: 2 });
    expect((await codec.encodeRow(rows[1]!)).speaker).toBe(1);
    const line = codec.sounds!.lineOf!(rows[1]!);
    expect(JSON.parse(line)).toEqual({ audio: digit(2), speaker: 'bo' });
    expect(codec.sounds!.speakerOf(line)).toBe(1);
    expect((await codec.encodeSource(line)).length).toBe((await codec.encodeSource(digit(2))).length);
    expect(() => codec.sounds!.speakerOf(digit(2))).toThrow('expected the name of a speaker, found none');
    expect(() => codec.sounds!.speakerOf('{"audio":"x.wav","speaker":3}')).toThrow('a string under "speaker"');
    expect(() => codec.sounds!.speakerOf(spokenAudio.withSpeaker(digit(2), 'cy'))).toThrow('there is no speaker "cy"');
    expect(await sourceLines(voices, { columns: { target: 'fr' } })).toContain(line);
    expect(await sourceLines(join(folder, 'list.txt'), {})).toBeUndefined();
  });

  it('cuts a source that is longer than all of the training into pieces', async () => {
    const { codec } = await codecOf(config(manifest('train.tsv', ROWS), { segmentation: { maxSeconds: 1 } }));
    expect(await codec.pieces!(digit(1))).toBeUndefined();
    const path = join(audio, 'vm-tocancelmsg.wav');
    const pieces = (await codec.pieces!(spokenAudio.withSpeaker(path, 'al')))!;
    expect(pieces.length).toBeGreaterThan(1);
    const lengths = await Promise.all(pieces.map(async ({ line }) => (await codec.encodeSource(line)).length));
    expect(Math.max(...lengths) * codec.secondsPerPosition!).toBeLessThan(1.05);
    expect(pieces.every(({ start }, i) => i === 0 || start > pieces[i - 1]!.start)).toBe(true);
  });

  it('takes durations of source positions, and refuses those of another source', async () => {
    const { codec, rows } = await codecOf(config(manifest('train.tsv', ROWS)));
    const { source, target } = await codec.encodeRow(rows[0]!);
    const { frames } = target as FrameTarget;
    const durations = [frames, ...new Array<number>(source.length - 1).fill(0)];
    const example = await codec.encodeRow({ ...rows[0]!, durations });
    expect(example.durations!.reduce((sum, positions) => sum + positions)).toBe(target.length);
    await expect(async () => codec.encodeRow({ ...rows[0]!, durations: durations.slice(1) })).rejects.toThrow(
      `expected durations of ${source.length} source positions that add up to ${frames} frames`,
    );
  });
});

describe('a configuration', () => {
  it.each<[Sections, string]>([
    [{ batching: { onLong: 'truncate' } }, 'batching.onLong: onLong must not be truncate'],
    [{ model: { embeddings: 'tied' } }, 'model.embeddings'],
    [{ model: { copy: true } }, 'model.copy'],
    [
      { model: { frames: { kind: 'parallel' } } },
      'training.durationsFrom: is needed for a parallel decoder, because only texts can be aligned',
    ],
    [{ training: { durationsFrom: 'run' } }, 'training.durationsFrom: is for parallel decoders'],
    [
      { training: { frames: { guide: 'durations' }, guidedAttention: { weight: 1 } } },
      'training.frames.guide: must be diagonal',
    ],
    [{ training: { frames: { guide: 'durations' } } }, 'training.frames.guide: is what guided attention is drawn to'],
    [
      {
        model: { frames: { kind: 'parallel' } },
        training: { durationsFrom: 'run' },
        augmentation: { speed: [0.9, 1] },
      },
      'augmentation.speed: must be [1] with a parallel decoder',
    ],
    [{ ctc: { weight: -1 } }, 'ctc.weight'],
    [{ targetCtc: { tokenizer: { bpeDropout: 0.1 } } }, 'targetCtc.tokenizer.bpeDropout'],
  ])('refuses %j', (sections, message) => {
    expect(problems(sections).join('\n')).toContain(message);
  });

  it('may have a parallel decoder with durations from another run', () => {
    const model = { frames: { kind: 'parallel' } };
    expect(problems({ model, training: { durationsFrom: 'run' } })).toEqual([]);
  });
});

it('the recipe pairs prompts of both voices by their keys', async () => {
  const put = (path: string, content?: Buffer) => {
    const file = join(folder, 'sounds', path);
    mkdirSync(dirname(file), { recursive: true });
    if (content) writeFileSync(file, content);
    else cpSync(digit(1), file);
  };
  for (const key of ['a', 'b', 'digits/1']) put(`en/en_US_f_Allison/${key}.wav`);
  for (const key of ['a', 'digits/1']) put(`fr/fr_CA_f_June/${key}.wav`);
  put('core-sounds-en.txt.gz', gzipSync('a: Press 1.\nb: Hello\ndigits/1: one\n'));
  put('core-sounds-fr.txt.gz', gzipSync('a: Appuyez sur 1.\nb: Bonjour\ndigits/1: un\n'));
  const script = join(root, 'tasks/speech-to-speech/recipes/asterisk.mjs');
  const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { cwd: folder, encoding: 'utf8' });
  const { status, stdout } = run('sounds', 'lists');
  expect([status, stdout]).toEqual([0, expect.stringContaining('1 without a French recording')]);
  const lines = ['train', 'valid', 'test'].flatMap((name) =>
    readFileSync(join(folder, 'lists', `${name}.tsv`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1),
  );
  const at = (voice: string, key: string) => `../sounds/${voice}/${key}.wav`;
  expect(lines.sort()).toEqual([
    [at('en/en_US_f_Allison', 'a'), at('fr/fr_CA_f_June', 'a'), 'press one', 'appuyez sur un'].join('\t'),
    [at('en/en_US_f_Allison', 'digits/1'), at('fr/fr_CA_f_June', 'digits/1'), 'one', 'un'].join('\t'),
  ]);
  expect(run('nowhere', 'lists').status).toBe(66);
});
