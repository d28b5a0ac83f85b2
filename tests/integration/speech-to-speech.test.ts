// Speech-to-speech at the command line: training, going on, speaking, scoring, a parallel student, and data that cannot be used.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readAudio } from '../../src/audio/io/read.js';
import { checkpointOf, metricsOf, remove, root, s2s, succeed, temporaryFolder } from './support.js';

const AUDIO = join(root, 'fixtures', 'speech-recognition', 'audio');
const NUMBERS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Digits are to become letters: `zero` → `a`. */
const PAIRS = NUMBERS.map((text, i) => {
  const letter = String.fromCharCode(97 + i);
  return {
    audio: join(AUDIO, `digits/${i}.wav`),
    target: join(AUDIO, `letters/${letter}.wav`),
    text,
    translation: letter,
  };
});

const TINY = {
  task: 'speech-to-speech',
  seed: 3,
  data: { train: { manifest: 'train.tsv' }, valid: { manifest: 'valid.tsv' }, test: { manifest: 'test.tsv' } },
  features: { sampleRate: 8000, numMelBins: 20 },
  augmentation: { specAugment: { timeMasks: 1, timeMaskWidth: 4 } },
  spectrogram: { sampleRate: 8000, numMelBins: 24 },
  vocoder: { iterations: 4 },
  ctc: { weight: 0.3 },
  targetCtc: { weight: 0.3 },
  batching: { maxTokens: 128 },
  model: {
    ...{ modelDim: 16, feedForwardDim: 32, heads: 2, encoderLayers: 1, decoderLayers: 1, subsamplingChannels: 4 },
    ...{ dropout: 0.1, frames: { reduction: 3, prenetDim: 8, postnetLayers: 2, postnetChannels: 8 } },
  },
  training: { steps: 8, learningRate: 0.003, warmupSteps: 2, validateEvery: 4, logEvery: 2 },
  decoding: { maxSeconds: 1.2, batchSize: 4 },
};

async function manifest(file: string, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0] as object);
  await writeFile(file, `${[columns.join('\t'), ...rows.map((row) => Object.values(row).join('\t'))].join('\n')}\n`);
}

let folder: string;
let run: string;
const at = (name: string) => join(folder, name);

async function config(name: string, sections: object = {}): Promise<string> {
  await writeFile(at(name), stringify({ ...TINY, ...sections }));
  return at(name);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  run = at('run');
  await manifest(at('train.tsv'), PAIRS.slice(0, 7));
  await manifest(at('valid.tsv'), PAIRS.slice(6, 8));
  await manifest(at('test.tsv'), PAIRS.slice(8));
  await succeed(['train', await config('config.yaml'), '--out', run]);
});
afterAll(() => remove(folder));

describe('training', () => {
  it('logs the losses of frames, stops and texts of both sides', async () => {
    const found = (await metricsOf(run)).flatMap((record) => Object.keys(record));
    expect(found).toEqual(expect.arrayContaining(['l1', 'stopAccuracy', 'ctcLoss', 'targetCtcLoss']));
  });

  it('goes on after a stop as if there had been none', async () => {
    const again = at('again');
    await succeed(['train', at('config.yaml'), '--out', again, '--max-steps', '3']);
    await succeed(['train', '--out', again, '--resume']);
    expect(await checkpointOf(again, 8)).toEqual(await checkpointOf(run, 8));
  });
});

describe('speaking', () => {
  it('writes sounds for paths, for a manifest and for a list of its own folder alike', async () => {
    const paths = PAIRS.slice(8).map(({ audio }) => audio);
    await succeed(['decode', run, '--output', at('piped')], { input: `${paths.join('\n')}\n` });
    await manifest(
      at('sources.tsv'),
      paths.map((audio) => ({ audio: relative(folder, audio) })),
    );
    await succeed(['decode', run, '--input', 'sources.tsv', '--output', at('listed')], { cwd: folder });
    await writeFile(at('list.txt'), `${paths.map((path) => relative(folder, path)).join('\n')}\n`);
    await succeed(['decode', run, '--input', at('list.txt'), '--output', at('relative')]);
    expect((await readdir(at('piped'))).sort()).toEqual(['0001.wav', '0002.wav', 'manifest.tsv']);
    for (const name of ['0001.wav', '0002.wav']) {
      const { samples, sampleRate } = await readAudio({ path: join(at('piped'), name) });
      expect(sampleRate).toBe(8000);
      expect(samples.length).toBeGreaterThan(100);
      expect(samples.length / sampleRate).toBeLessThan(1.3);
      const bytes = await readFile(join(at('piped'), name));
      for (const other of ['listed', 'relative']) expect(await readFile(join(at(other), name))).toEqual(bytes);
    }
    const written = (await readFile(join(at('piped'), 'manifest.tsv'), 'utf8')).split('\n');
    expect(written[0]).toBe('audio\tsource\tseconds\tfinished');
    expect(written[1]).toMatch(new RegExp(`^0001\\.wav\t${paths[0]?.replaceAll('\\', '.')}\t\\d`));
  });

  it('needs audio that is there', async () => {
    const missing = await s2s(['decode', run, '--output', at('missing')], { input: 'nowhere.wav\n' });
    expect([missing.code, missing.stderr]).toEqual([66, expect.stringContaining('nowhere.wav')]);
    const speed = await s2s(['decode', run, '--output', at('missing'), '--speed', '2'], { input: '' });
    expect([speed.code, speed.stderr]).toEqual([2, expect.stringContaining('--speed')]);
  });
});

describe('scoring', () => {
  it('compares with the recordings and with what bounds the scores', async () => {
    const { metrics, examples } = JSON.parse(await succeed(['eval', run, '--json'])) as {
      metrics: Record<string, { score: number }>;
      examples: number;
    };
    expect(examples).toBe(2);
    const score = (name: string) => metrics[name]?.score as number;
    expect(score('mcd')).toBeGreaterThan(score('mcdOfVocoder'));
    expect(score('mcdOfMeanFrame')).toBeGreaterThan(score('mcdOfVocoder'));
    for (const name of ['stopAccuracy', 'diagonality']) expect(score(name)).toBeGreaterThanOrEqual(0);
  });

  it('has a recogniser read the target text, and refuses one where there is none', async () => {
    const listener = at('listener');
    const recognition = {
      ...TINY,
      task: 'speech-recognition',
      tokenizer: { kind: 'char' },
      decoding: { maxLength: 4 },
    };
    const { spectrogram, vocoder, targetCtc, model, ...others } = recognition;
    const { frames, ...sizes } = model;
    await writeFile(
      at('listener.yaml'),
      stringify({ ...others, ctc: { weight: 0.3 }, model: sizes, training: { ...TINY.training, steps: 2 } }),
    );
    await succeed(['train', at('listener.yaml'), '--out', listener]);
    const metrics = ['--metrics', 'cer,cerOfRecordings', '--json'];
    const scores = JSON.parse(await succeed(['eval', run, '--recognizer', listener, ...metrics])) as {
      metrics: Record<string, { score: number }>;
    };
    // Both targets are one letter, so that errors are halves; their sources are longer words.
    expect(((scores.metrics.cer?.score as number) * 2) % 1).toBe(0);
    expect(Object.keys(scores.metrics)).toEqual(['cer', 'cerOfRecordings']);
    const bare = PAIRS.slice(8).map(({ audio, target, text }) => ({ audio, target, text }));
    await manifest(at('test.tsv'), bare);
    const { code, stderr } = await s2s(['eval', run, '--recognizer', listener]);
    await manifest(at('test.tsv'), PAIRS.slice(8));
    expect([code, stderr]).toEqual([2, expect.stringContaining('a column `translation`')]);
  });
});

it('a parallel student learns durations from attention, and speaks at any speed', async () => {
  const model = {
    ...TINY.model,
    frames: { ...TINY.model.frames, prenetDim: undefined, kind: 'parallel' },
  };
  const student = at('student');
  // Room for what a model says slowly that has learned for four steps.
  const decoding = { maxSeconds: 20 };
  const training = { ...TINY.training, steps: 4, durationsFrom: 'run', encoderFrom: 'run' };
  await succeed(['train', await config('student.yaml', { model, training, decoding }), '--out', student]);
  const { train } = JSON.parse(await readFile(join(student, 'vocab', 'durations.json'), 'utf8')) as {
    train: number[][];
  };
  expect(train.length).toBe(7);
  const input = `${PAIRS[0]?.audio}\n`;
  await succeed(['decode', student, '--output', at('usual')], { input });
  await succeed(['decode', student, '--output', at('slow'), '--speed', '0.5'], { input });
  const [usual, slow] = await Promise.all(
    ['usual', 'slow'].map((name) => readAudio({ path: join(at(name), '0001.wav') })),
  );
  expect(slow?.samples.length).toBeGreaterThan(usual?.samples.length as number);
});

it('says what is wrong with a manifest before it trains', async () => {
  await manifest(
    at('without.tsv'),
    PAIRS.map(({ audio, text }) => ({ audio, text })),
  );
  const set = ['--set', 'data.train.manifest=without.tsv'];
  const { code, stderr } = await s2s(['train', at('config.yaml'), '--out', at('never'), ...set]);
  expect([code, stderr]).toEqual([
    65,
    expect.stringMatching(/without\.tsv:2: expected the path of the target recording/),
  ]);
  expect(await readdir(folder)).not.toContain('never');
});

it('has a configuration to start from', async () => {
  await succeed(['init', 'speech-to-speech', at('start')]);
  const text = await readFile(join(at('start'), 'config.yaml'), 'utf8');
  expect(text).toContain('task: speech-to-speech');
  expect(text).toContain('targetCtc');
});
