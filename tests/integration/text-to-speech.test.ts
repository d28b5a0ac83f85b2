// Text-to-speech at the command line: training, going on, speaking into folders, scores, and what is refused.
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  audioOf,
  digits,
  limited,
  manifest,
  NAMES,
  project,
  RATE,
  readNpy,
  readWav,
  rowsOf,
  STEPS,
  speak,
} from './sounds.js';
import { checkpointOf, leftovers, metricsOf, remove, s2s, succeed, temporaryFolder } from './support.js';

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

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

describe('training', () => {
  it.concurrent('logs the distance of frames, stopping and attention', async () => {
    const validations = (await metricsOf(run)).filter(({ event }) => event === 'validation');
    expect(validations.map(({ step }) => step)).toEqual([4, STEPS]);
    for (const { l1, l2, stopLoss, stopAccuracy, diagonality, loss } of validations) {
      for (const value of [l1, l2, stopLoss, loss]) expect(value).toBeGreaterThan(0);
      for (const share of [stopAccuracy, diagonality]) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
  });

  it.concurrent('is the same run again with the same seed, and after a stop', async () => {
    const again = join(folder, 'again');
    const stopped = join(folder, 'stopped');
    await Promise.all([
      succeed(['train', config, '--out', again]),
      succeed(['train', config, '--out', stopped, '--max-steps', '3']),
    ]);
    await succeed(['train', '--out', stopped, '--resume']);
    const expected = await checkpointOf(run, STEPS);
    expect(await checkpointOf(again, STEPS)).toEqual(expected);
    expect(await checkpointOf(stopped, STEPS)).toEqual(expected);
    const plain = async (at: string) => (await metricsOf(at)).map(({ tokensPerSecond, ...rest }) => rest);
    expect(await plain(stopped)).toEqual(await plain(run));
  });
});

describe('a voice', () => {
  it.concurrent('speaks a line for every line into a folder', async () => {
    const { output, rows, stdout, stderr } = await speak(run, join(folder, 'lines'), [
      'one two',
      '',
      'three\tfour',
      '  ',
      '{five',
    ]);
    expect((await readdir(output)).sort()).toEqual(['0001.wav', '0003.wav', '0005.wav', 'manifest.tsv']);
    expect(rows.map(({ audio, text }) => [audio, text])).toEqual([
      ['0001.wav', 'one two'],
      ['', ''],
      ['0003.wav', 'three four'],
      ['', '  '],
      ['0005.wav', '{five'],
    ]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['audio', 'text', 'seconds', 'finished']);
    for (const { audio = '', seconds: told, finished } of rows) {
      expect(['true', 'false']).toContain(finished);
      if (audio === '') {
        expect(told).toBe('0.000');
        continue;
      }
      const { rate, samples } = await readWav(join(output, audio));
      expect(rate).toBe(RATE);
      expect((samples.length / rate).toFixed(3)).toBe(told);
      expect(samples.length).toBeGreaterThan(0);
    }
    expect(stderr).toMatch(/standard input:5: .*"\{"/);
    expect(stdout + stderr).toMatch(/5 examples .* s of sound/);
  });

  it.concurrent('sounds the same whatever else is in the batch', async () => {
    const lines = ['one', 'press a reply to send', 'nine', 'two', 'to send one press', 'five', 'seven'];
    const [single, many] = await Promise.all([
      speak(run, join(folder, 'single'), lines, ['--batch-size', '1', '--mels']),
      speak(run, join(folder, 'many'), lines, ['--batch-size', '7', '--mels']),
    ]);
    expect(single.rows).toEqual(many.rows);
    expect(single.rows.map(({ mel }) => mel)).toEqual(lines.map((_, i) => `000${i + 1}.npy`));
    for (const { mel = '', seconds: told } of single.rows) {
      const [a, b] = [await readNpy(join(single.output, mel)), await readNpy(join(many.output, mel))];
      expect(a.shape).toEqual(b.shape);
      const [frames = 0, bins = 0] = a.shape;
      expect(bins).toBe(20);
      expect(a.data.length).toBe(frames * bins);
      // 100 samples from frame to frame.
      expect(Math.abs(frames * 100 - Number(told) * RATE)).toBeLessThanOrEqual(200);
      expect(a.data.every((value, i) => Math.abs(value - (b.data[i] as number)) < 1e-3)).toBe(true);
    }
  });

  it.concurrent('speaks a long text in pieces, with pauses between them', async () => {
    const sentence = 'Press one to send a reply. ';
    const sentences = 200;
    const text = sentence.repeat(sentences).trim();
    expect(text.length).toBeGreaterThan(5000);
    const { output, rows } = await speak(run, join(folder, 'long'), [text]);
    expect(rows.map((row) => row.text)).toEqual([text]);
    const { samples } = await readWav(join(output, '0001.wav'));
    // Three sentences make a piece of at most a hundred characters.
    expect(samples.length / RATE).toBeGreaterThan((0.3 * sentences) / 3);
    let longest = 0;
    let silent = 0;
    for (const sample of samples) {
      silent = sample === 0 ? silent + 1 : 0;
      longest = Math.max(longest, silent);
    }
    expect(longest).toBeGreaterThanOrEqual(0.3 * RATE - 1);
  });

  it.concurrent('names characters it has never heard, and says nothing where there is nothing else', async () => {
    const { rows, stderr } = await speak(run, join(folder, 'unheard'), ['one €', '??']);
    expect(rows.map(({ audio }) => audio)).toEqual(['0001.wav', '']);
    expect(stderr).toMatch(/warning: standard input:1: .*"€"/);
    expect(stderr).toMatch(/warning: standard input:2: .*"\?"/);
    expect(stderr).toMatch(/warning: standard input:2: there is nothing in it that the model can say/);
  });

  it.concurrent('speaks the texts of a manifest and of lines that are JSON', async () => {
    const output = join(folder, 'of-manifest');
    const report = await succeed([
      ...['decode', run, '--input', join(folder, 'test.tsv'), '--output', output, '--json', '--quiet'],
    ]);
    expect(JSON.parse(report)).toMatchObject({ examples: 3, secondsOfSound: expect.any(Number) });
    expect((await rowsOf(output)).map(({ text }) => text)).toEqual(NAMES.slice(7));
    const { rows } = await speak(run, join(folder, 'of-json'), ['{"text": "one {two}"}']);
    expect(rows.map(({ text }) => text)).toEqual(['one {two}']);
  });

  it.concurrent('leaves nothing behind when a line cannot be spoken', async () => {
    const place = join(folder, 'failing');
    await mkdir(place);
    const decode = ['decode', run, '--output', join(place, 'out')];
    const { code, stderr } = await s2s(decode, { input: 'one\n{"text": 3}\n' });
    expect([code, stderr]).toEqual([65, expect.stringMatching(/standard input:2: expected a string under "text"/)]);
    expect(stderr).not.toContain('    at ');
    expect(await readdir(place)).toEqual([]);
    const skipped = await s2s([...decode, '--on-bad', 'skip'], { input: 'one\n{"text": 3}\n' });
    expect([skipped.code, skipped.stderr]).toEqual([0, expect.stringContaining('1 could not be read')]);
    expect((await rowsOf(join(place, 'out'))).map(({ audio }) => audio)).toEqual(['0001.wav', '']);
  });

  it.concurrent('wants a folder that is not there or empty', async () => {
    const place = join(folder, 'places');
    await mkdir(join(place, 'full'), { recursive: true });
    await mkdir(join(place, 'empty'));
    await writeFile(join(place, 'full', 'mine.txt'), 'mine');
    const at = (name: string) => s2s(['decode', run, '--output', join(place, name)], { input: 'one\n' });
    const [full, file, nowhere, empty] = await Promise.all(['full', 'full/mine.txt', 'a/b', 'empty'].map(at));
    expect([full?.code, full?.stderr]).toEqual([65, expect.stringContaining('is not empty')]);
    expect([file?.code, file?.stderr]).toEqual([65, expect.stringContaining('found something else')]);
    expect([nowhere?.code, nowhere?.stderr]).toEqual([65, expect.stringContaining('does not exist')]);
    expect(empty?.code).toBe(0);
    expect((await readdir(place)).sort()).toEqual(['empty', 'full']);
    expect(await readdir(join(place, 'full'))).toEqual(['mine.txt']);
  });

  it.concurrent.each([
    [[], 'name a folder for them with --output'],
    [['--beam', '3'], 'beam: text-to-speech writes sound, which is not searched for'],
    [['--n-best', '2', '--sample'], 'writes sound, which is not searched for'],
    [['--json', '--attention'], '--attention is for outputs that are text'],
    [['--scores'], '--scores is for outputs that are text'],
    [['--speed', '2'], 'the speed of an autoregressive model cannot be told'],
  ])('refuses %j and says why', async (options, reason) => {
    const output = join(folder, 'never');
    const more = options.length === 0 ? [] : ['--output', output, ...options];
    const { code, stdout, stderr } = await s2s(['decode', run, ...more], { input: 'one\n' });
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(reason)]);
    expect(await isThere(output)).toBe(false);
  });
});

describe('scores', () => {
  it.concurrent('compare with recordings, with the vocoder and with mean frames', async () => {
    const report = JSON.parse(await succeed(['eval', run, '--json', '--quiet'])) as {
      examples: number;
      metrics: Record<string, { score: number }>;
    };
    expect(report.examples).toBe(3);
    const { metrics } = report;
    const score = (name: string): number => metrics[name]?.score ?? Number.NaN;
    expect(score('mcd')).toBeGreaterThan(score('mcdOfVocoder'));
    expect(score('mcdOfMeanFrame')).toBeGreaterThan(score('mcdOfVocoder'));
    expect(score('durationError')).toBeGreaterThan(0);
    expect(score('stopAccuracy')).toBeGreaterThanOrEqual(0);
    expect(score('diagonality')).toBeGreaterThan(0);
    expect(Object.keys(metrics)).not.toContain('cer');
  });

  it.concurrent('are those asked for, and thresholds are held', async () => {
    const evaluate = (...more: string[]) => s2s(['eval', run, '--quiet', ...more]);
    const [missed, kept, unknown, unheard, beam] = await Promise.all([
      evaluate('--json', '--metrics', 'mcd,durationError', '--max', 'mcd=0.01'),
      evaluate('--metrics', 'mcd', '--max', 'mcd=1000', '--min', 'mcd=0.01'),
      evaluate('--metrics', 'bleu'),
      evaluate('--metrics', 'mcd,cer'),
      evaluate('--beam', '2'),
    ]);
    expect([missed.code, missed.stderr]).toEqual([1, expect.stringContaining('--max mcd=0.01 missed')]);
    expect(Object.keys(JSON.parse(missed.stdout).metrics)).toEqual(['mcd', 'durationError']);
    expect(kept.code).toBe(0);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('the metrics of sounds are mcd')]);
    expect([unheard.code, unheard.stderr]).toEqual([2, expect.stringContaining('--recognizer')]);
    expect([beam.code, beam.stderr]).toEqual([2, expect.stringContaining('not searched for')]);
  });

  it.concurrent('tell with a recogniser how well outputs are understood', async () => {
    const place = join(folder, 'recogniser');
    await manifest(place, 'rows', digits(0, 6));
    const file = join(place, 'config.yaml');
    await writeFile(
      file,
      stringify({
        task: 'speech-recognition',
        data: { train: { manifest: 'rows.tsv' }, valid: { manifest: 'rows.tsv' } },
        features: { sampleRate: RATE, numMelBins: 20 },
        batching: { maxTokens: 128 },
        model: {
          ...{ modelDim: 16, feedForwardDim: 32, heads: 2, encoderLayers: 1, decoderLayers: 1 },
          subsamplingChannels: 4,
        },
        training: { steps: 2, warmupSteps: 1, validateEvery: 2 },
        decoding: { beam: 1, maxLength: 8 },
      }),
    );
    const recognizer = join(place, 'run');
    await succeed(['train', file, '--out', recognizer]);
    // Outputs of less than a frame of the recogniser's features.
    const short = await limited(run, join(folder, 'short'), 0.01);
    const [heard, unheard, wrong, fast, mels] = await Promise.all([
      s2s(['eval', run, '--recognizer', recognizer, '--json', '--quiet']),
      s2s(['eval', short, '--recognizer', recognizer, '--json', '--quiet']),
      s2s(['eval', run, '--recognizer', run, '--quiet']),
      s2s(['decode', recognizer, '--speed', '2'], { input: `${audioOf(1)}\n` }),
      s2s(['decode', recognizer, '--mels'], { input: `${audioOf(1)}\n` }),
    ]);
    expect([heard.code, heard.stderr]).toEqual([0, expect.any(String)]);
    const { metrics } = JSON.parse(heard.stdout);
    for (const name of ['cer', 'cerOfVocoder', 'cerOfRecordings']) expect(metrics[name].score).toBeGreaterThan(0);
    expect([unheard.code, unheard.stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(unheard.stdout).metrics.cer.score).toBe(1);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('found text-to-speech')]);
    // A task whose outputs are text has no use for what is told of sounds.
    expect([fast.code, fast.stderr]).toEqual([2, expect.stringContaining('--speed is for outputs that are sounds')]);
    expect([mels.code, mels.stderr]).toEqual([2, expect.stringContaining('--mels is for outputs that are sounds')]);
  });
});

describe('afterwards', () => {
  it('nothing is left that was written on the way', async () => {
    expect(await leftovers(folder)).toEqual([]);
  });
});
