// Text-to-speech at the command line: parallel models and speeds, several voices, and recordings that cannot be used.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWav } from '../../src/audio/synthesis/wav-out.js';
import {
  audioOf,
  digits,
  limited,
  manifest,
  parallel,
  project,
  RATE,
  readNpy,
  readWav,
  SENTENCE,
  seconds,
  speak,
} from './sounds.js';
import { metricsOf, remove, s2s, succeed, temporaryFolder } from './support.js';

let folder: string;
let config: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  config = await project(folder);
  run = join(folder, 'run');
  await succeed(['train', config, '--out', run]);
});
afterAll(() => remove(folder));

describe('a parallel model', () => {
  it.concurrent('learns durations from an autoregressive one, and speaks at any speed', async () => {
    const place = join(folder, 'parallel');
    const file = await project(place, parallel('../run'));
    const out = join(place, 'run');
    await succeed(['train', file, '--out', out]);
    const [last = {}] = (await metricsOf(out)).filter(({ event }) => event === 'validation').slice(-1);
    expect(last).toMatchObject({ l1: expect.any(Number), durationLoss: expect.any(Number) });
    expect(Object.keys(last)).not.toContain('stopAccuracy');
    const lines = ['press one to send a reply', 'seven', ''];
    const short = await limited(out, `${out}-short`, 0.1);
    const [usual, slow, cut, fast, score, stop, teacher] = await Promise.all([
      speak(out, join(folder, 'usual'), lines, ['--mels']),
      speak(out, join(folder, 'slow'), lines, ['--speed', '0.5']),
      speak(short, join(folder, 'cut'), lines.slice(0, 1)),
      s2s(['decode', out, '--output', join(folder, 'fast'), '--speed', '9'], { input: 'one\n' }),
      succeed(['eval', out, '--json', '--quiet']),
      s2s(['eval', out, '--quiet', '--metrics', 'stopAccuracy']),
      s2s(['train', file, '--out', join(place, 'second'), '--set', `training.durationsFrom=${out}`]),
    ]);
    expect(seconds(usual.rows)).toBeGreaterThan(0.3);
    expect(seconds(slow.rows) / seconds(usual.rows)).toBeGreaterThan(1.8);
    expect(seconds(slow.rows) / seconds(usual.rows)).toBeLessThan(2.2);
    expect(usual.rows.map(({ finished }) => finished)).toEqual(['true', 'true', 'true']);
    expect([fast.code, fast.stderr]).toEqual([2, expect.stringContaining('speed')]);
    expect(Object.keys(JSON.parse(score).metrics)).not.toContain('stopAccuracy');
    expect([stop.code, stop.stderr]).toEqual([2, expect.stringContaining('stopAccuracy is for autoregressive')]);
    expect(cut.rows.map(({ finished }) => finished)).toEqual(['false']);
    expect(cut.stderr).toContain('decoding.maxSeconds');
    expect([teacher.code, teacher.stderr]).toEqual([2, expect.stringContaining('autoregressive model of sound')]);
  });

  it.concurrent('aligns texts with recordings by itself where no model is named, once', async () => {
    const place = join(folder, 'aligned');
    const { training, ...rest } = parallel('nowhere');
    const file = await project(place, { ...rest, training: { ...training, durationsFrom: undefined } });
    const out = join(place, 'run');
    const first = await s2s(['train', file, '--out', out, '--max-steps', '30']);
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('alignment')]);
    const kept = join(out, 'vocab', 'durations.json');
    const { train } = JSON.parse(await readFile(kept, 'utf8')) as { train: number[][] };
    const texts = (await readFile(join(place, 'train.tsv'), 'utf8')).trimEnd().split('\n').slice(1);
    // A duration a character and one of the stop token.
    expect(train.map((row) => row.length)).toEqual(texts.map((line) => (line.split('\t')[1] ?? '').length + 1));
    expect(train.every((row) => row.every((frames) => Number.isInteger(frames) && frames >= 0))).toBe(true);
    const { mtimeMs } = await stat(kept);
    const resumed = await s2s(['train', '--resume', '--out', out]);
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.not.stringContaining('alignment')]);
    expect((await stat(kept)).mtimeMs).toBe(mtimeMs);
    const usual = await speak(out, join(place, 'usual'), ['press one to send a reply']);
    expect(seconds(usual.rows)).toBeGreaterThan(0.3);
  });

  it.concurrent('refuses to learn from what is no autoregressive model', async () => {
    const place = join(folder, 'alone');
    const file = await project(place, parallel('nowhere'));
    const missing = await s2s(['train', file, '--out', join(place, 'missing')]);
    expect([missing.code, missing.stderr]).toEqual([66, expect.stringContaining('nowhere')]);
    const autoregressive = await s2s(['train', config, '--out', `${place}/x`, '--set', 'decoding.speed=2']);
    expect([autoregressive.code, autoregressive.stderr]).toEqual([2, expect.stringContaining('decoding.speed')]);
  });
});

describe('guided attention', () => {
  it.concurrent('follows where each character is said, if told', async () => {
    const place = join(folder, 'guided');
    const guide = ['--set', 'training.frames.guide=durations'];
    const file = await project(place);
    const [guided, useless] = await Promise.all([
      s2s(['train', file, '--out', join(place, 'run'), ...guide]),
      s2s(['train', file, '--out', join(place, 'no'), ...guide, '--set', 'training.guidedAttention.weight=0']),
    ]);
    expect([guided.code, guided.stderr]).toEqual([0, expect.stringContaining('alignment')]);
    const [last = {}] = (await metricsOf(join(place, 'run'))).filter(({ event }) => event === 'validation').slice(-1);
    expect(last).toMatchObject({ diagonality: expect.any(Number), stopAccuracy: expect.any(Number) });
    expect([useless.code, useless.stderr]).toEqual([2, expect.stringContaining('training.frames.guide')]);
  });
});

describe('several voices', () => {
  it.concurrent('are learned by name, and sound different', async () => {
    const place = join(folder, 'voices');
    const file = await project(place, { model: { frames: { reduction: 3, prenetDropout: 0, postnetLayers: 0 } } });
    const named = (rows: readonly string[]) => rows.map((row, i) => `${row}\t${i % 2 === 0 ? 'ann' : 'bob'}`);
    const columns = 'audio\ttext\tspeaker';
    await manifest(place, 'train', named([...digits(0, 7), SENTENCE]), columns);
    await manifest(place, 'valid', named(digits(8, 9)), columns);
    await manifest(place, 'test', named(digits(7, 10)), columns);
    const out = join(place, 'run');
    await succeed(['train', file, '--out', out]);
    const line = (speaker: string) => JSON.stringify({ text: 'one', speaker });
    const [spoken, unnamed, unknown, list] = await Promise.all([
      speak(out, join(folder, 'both'), [line('ann'), line('bob'), line('ann')], ['--mels']),
      s2s(['decode', out, '--output', join(folder, 'unnamed')], { input: 'one\n' }),
      s2s(['decode', out, '--output', join(folder, 'unknown')], { input: `${line('ann')}\n${line('eve')}\n` }),
      s2s(['decode', out, '--output', join(folder, 'list'), '--input', join(place, 'test.tsv')]),
    ]);
    expect(spoken.rows.map(({ text }) => text)).toEqual(['one', 'one', 'one']);
    const [ann, bob, again] = await Promise.all(spoken.rows.map(({ mel = '' }) => readNpy(join(spoken.output, mel))));
    const distance = (other: typeof ann): number =>
      (other?.data ?? new Float32Array()).reduce((sum, value, i) => sum + Math.abs(value - (ann?.data[i] ?? 0)), 0);
    expect(distance(again)).toBeLessThan(1e-3);
    expect(distance(bob)).toBeGreaterThan(1);
    expect([unnamed.code, unnamed.stderr]).toEqual([
      65,
      expect.stringMatching(/standard input:1: expected the name of a speaker, found none.*ann, bob/),
    ]);
    expect([unknown.code, unknown.stderr]).toEqual([
      65,
      expect.stringMatching(/standard input:2: there is no speaker "eve".*ann, bob/),
    ]);
    expect(list.code).toBe(0);
  });

  it.concurrent('are to be named in every row of training', async () => {
    const place = join(folder, 'half-named');
    const file = await project(place);
    await manifest(
      place,
      'train',
      [...digits(0, 2).map((row) => `${row}\tann`), `${digits(2, 3)[0]}\t`],
      'audio\ttext\tspeaker',
    );
    const { code, stderr } = await s2s(['train', file, '--out', join(place, 'run')]);
    expect([code, stderr]).toEqual([65, expect.stringContaining('give every row one, or none')]);
  });
});

describe('recordings', () => {
  it.concurrent('of different sample rates are learned together', async () => {
    const place = join(folder, 'rates');
    const file = await project(place);
    // Every sample twice: crude, but half of it is the same speech.
    const { samples } = await readWav(audioOf(1));
    const twice = Float32Array.from({ length: 2 * samples.length }, (_, i) => (samples[i >> 1] as number) / 32768);
    await writeFile(join(place, 'twice.wav'), encodeWav(twice, 2 * RATE).bytes);
    await manifest(place, 'train', [`${audioOf(1)}\tone`, 'twice.wav\tone', ...digits(2, 4)]);
    const out = join(place, 'run');
    const { code, stderr } = await s2s(['train', file, '--out', out]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('4 training and 1 validation')]);
    const tokens = (await metricsOf(out)).find(({ event }) => event === 'train')?.targetTokens;
    expect(tokens).toBeGreaterThan(0);
  });

  it.concurrent('that cannot be used are named before training, or left out', async () => {
    const place = join(folder, 'bad');
    const file = await project(place);
    await writeFile(join(place, 'silent.wav'), encodeWav(new Float32Array(RATE), RATE).bytes);
    await writeFile(join(place, 'short.wav'), encodeWav(Float32Array.of(0.1, -0.1), RATE).bytes);
    const rows = [
      ...digits(0, 4),
      'silent.wav\tsilence',
      'short.wav\tone',
      `${audioOf(1)}\t${'far too long '.repeat(20).trim()}`,
      'nowhere.wav\tone',
    ];
    await manifest(place, 'train', rows);
    const stopped = await s2s(['train', file, '--out', join(place, 'stopped')]);
    expect(stopped.code).toBe(65);
    expect(stopped.stderr).toContain('4 of 8 recordings cannot be used');
    for (const [line, what] of [
      [6, 'silent'],
      [7, 'too short'],
      [8, 'the text has 259 characters'],
      [9, 'nowhere.wav'],
    ] as const) {
      expect(stopped.stderr).toMatch(new RegExp(`train\\.tsv:${line}: .*${what}`));
    }
    expect(stopped.stderr).not.toContain('    at ');
    const skip = ['--set', 'data.onBadAudio=skip'];
    const left = await s2s(['train', file, '--out', join(place, 'left'), '--max-steps', '1', ...skip]);
    expect([left.code, left.stderr]).toEqual([0, expect.stringContaining('4 training and 1 validation')]);
    await manifest(place, 'train', ['nowhere.wav\tone', ...digits(0, 2)]);
    const missing = await s2s(['train', file, '--out', join(place, 'missing')]);
    expect([missing.code, missing.stderr]).toEqual([66, expect.stringContaining('nowhere.wav')]);
  });

  it.concurrent('without a text are named', async () => {
    const place = join(folder, 'textless');
    const file = await project(place);
    await manifest(place, 'train', [audioOf(1), audioOf(2)], 'audio');
    const { code, stderr } = await s2s(['train', file, '--out', join(place, 'run')]);
    expect([code, stderr]).toEqual([65, expect.stringContaining('text')]);
    const rows = [{ audio: audioOf(1), text: 'one' }, { audio: audioOf(2) }, { audio: audioOf(3), text: '' }];
    await writeFile(join(place, 'train.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const listed = await s2s([
      ...['train', file, '--out', join(place, 'listed'), '--set', 'data.train.manifest=train.jsonl'],
    ]);
    expect([listed.code, listed.stderr]).toEqual([65, expect.stringMatching(/train\.jsonl:2: .*no text/)]);
    const blank = await s2s([
      ...['train', file, '--out', join(place, 'blank'), '--set', 'data.train.manifest=train.jsonl'],
      ...['--set', 'data.onBadAudio=skip', '--max-steps', '1'],
    ]);
    expect([blank.code, blank.stderr]).toEqual([0, expect.stringMatching(/1 row left out because a side is blank/)]);
  });
});
