// Speech at the command line: training, going on, scoring, decoding in any batch, and audio that cannot be used.
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkpointOf, metricsOf, remove, root, s2s, succeed, temporaryFolder } from './support.js';

const THREADS = ['--threads', '1'];

type Section = Record<string, unknown>;

const TINY: Record<string, unknown> = {
  seed: 3,
  features: { sampleRate: 8000, numMelBins: 20 },
  augmentation: { speed: [0.9, 1, 1.1] },
  tokenizer: { kind: 'char' },
  batching: { maxTokens: 128 },
  model: {
    modelDim: 16,
    feedForwardDim: 32,
    heads: 2,
    encoderLayers: 1,
    decoderLayers: 1,
    subsamplingChannels: 4,
    dropout: 0.1,
    encoderBlock: 'conformer',
    convolutionKernel: 5,
  },
  ctc: { weight: 0.3 },
  training: { steps: 8, learningRate: 0.003, warmupSteps: 2, validateEvery: 4, logEvery: 2, validationMetric: 'chrf' },
  decoding: { beam: 2, maxLength: 12 },
  segmentation: { maxSeconds: 2 },
};

/** Rows of the fixture as manifests, audio named by where it really is. */
async function manifest(folder: string, name: string, rows: readonly string[], columns = 'audio\ttext') {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.tsv`);
  await writeFile(file, `${[columns, ...rows].join('\n')}\n`);
  return file;
}

async function fixtureRows(task: string, file: string, count: number): Promise<string[]> {
  const folder = join(root, 'fixtures', task);
  const [, ...rows] = (await readFile(join(folder, file), 'utf8')).trimEnd().split('\n');
  return rows.slice(0, count).map((row) => join(folder, row));
}

/** A project of a dozen utterances. @returns the configuration's path */
async function project(folder: string, sections: Record<string, Section> = {}, task = 'speech-recognition') {
  const columns = task === 'speech-recognition' ? 'audio\ttext' : 'audio\ttext\ttranslation';
  await manifest(folder, 'train', await fixtureRows(task, 'train.tsv', 14), columns);
  await manifest(folder, 'valid', await fixtureRows(task, 'valid.tsv', 3), columns);
  await manifest(folder, 'test', await fixtureRows(task, 'test.tsv', 4), columns);
  const split = (name: string) => ({ manifest: `${name}.tsv` });
  const config: Record<string, unknown> = { task, ...TINY };
  config.data = { train: split('train'), valid: split('valid'), test: split('test'), ...sections.data };
  for (const [key, section] of Object.entries(sections)) {
    if (key !== 'data') config[key] = { ...(config[key] as Section), ...section };
  }
  const file = join(folder, 'config.yaml');
  await writeFile(file, stringify(config));
  return file;
}

let folder: string;
let run: string;
let paths: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  await succeed(['train', await project(folder), '--out', run, ...THREADS]);
  paths = (await fixtureRows('speech-recognition', 'train.tsv', 12)).map((row) => row.split('\t')[0] as string);
});
afterAll(() => remove(folder));

describe('training', () => {
  it('goes on after a stop as if there had been none, with speeds and dropout drawn anew', async () => {
    const again = join(folder, 'again');
    await succeed(['train', join(folder, 'config.yaml'), '--out', again, '--max-steps', '3', ...THREADS]);
    await succeed(['train', '--out', again, '--resume', ...THREADS]);
    expect(await checkpointOf(again, 8)).toEqual(await checkpointOf(run, 8));
    const withoutTimes = async (at: string) =>
      (await metricsOf(at)).map(({ tokensPerSecond, seconds, ...rest }) => rest);
    expect(await withoutTimes(again)).toEqual(await withoutTimes(run));
  });

  it('keeps features, and makes them again where they are damaged', async () => {
    const cache = await temporaryFolder();
    const options = { env: { TMPDIR: cache, TMP: cache, TEMP: cache } };
    const first = join(cache, 'first');
    const config = join(folder, 'config.yaml');
    await succeed(['train', config, '--out', first, '--max-steps', '2', ...THREADS], options);
    const { readdir } = await import('node:fs/promises');
    const files = (await readdir(cache, { recursive: true })).filter((name) => name.endsWith('.s2sf'));
    expect(files.length).toBeGreaterThan(14);
    await truncate(join(cache, files[0] as string), 100);
    await truncate(join(cache, files[1] as string), 7);
    const second = join(cache, 'second');
    await succeed(['train', config, '--out', second, '--max-steps', '2', ...THREADS], options);
    expect((await checkpointOf(second, 2)).tensors).toBe((await checkpointOf(first, 2)).tensors);
    await remove(cache);
  });
});

describe('a model', () => {
  it('is scored on its test split', async () => {
    const report = JSON.parse(await succeed(['eval', run, '--json', '--quiet'])) as {
      examples: number;
      metrics: Record<string, { score: number }>;
    };
    expect(report.examples).toBe(4);
    expect(Object.keys(report.metrics)).toEqual(['wer', 'cer']);
    expect(report.metrics.wer?.score).toBeGreaterThan(0);
  });

  it('hears the same whatever else is in the batch', async () => {
    const outputs = async (list: readonly string[], batch: number) =>
      (
        await succeed(['decode', run, '--scores', '--batch-size', String(batch), '--quiet'], {
          input: list.map((path) => `${path}\n`).join(''),
        })
      )
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t') as [string, string]);
    const whole = await outputs(paths, 12);
    expect(whole.length).toBe(12);
    const reversed = (await outputs([...paths].reverse(), 5)).reverse();
    const single = await outputs(paths, 1);
    for (const other of [reversed, single]) {
      other.forEach(([score, text], i) => {
        expect(text).toBe(whole[i]?.[1]);
        expect(Math.abs(Number(score) - Number(whole[i]?.[0]))).toBeLessThan(1e-4);
      });
    }
  });

  it('gives a line for every line, tells times in JSON, and reads lists and manifests', async () => {
    const list = join(folder, 'list.txt');
    await copyFile(paths[0] as string, join(folder, 'near.wav'));
    await writeFile(list, `near.wav\n\n${paths[1]}\t0.1\t0.5\n`);
    const lines = (await succeed(['decode', run, '--input', list, '--json', '--quiet'])).trimEnd().split('\n');
    const [first, second, third] = lines.map((line) => JSON.parse(line));
    expect(lines.length).toBe(3);
    expect(first.outputs[0]).toMatchObject({ text: expect.any(String), finished: expect.any(Boolean) });
    for (const { word, start, end, confidence } of first.outputs[0].words) {
      expect(first.outputs[0].text).toContain(word);
      expect(start).toBeLessThan(end);
      expect(confidence).toBeGreaterThan(0);
    }
    expect(second.outputs).toEqual([]);
    expect(third.outputs.length).toBe(1);
    const manifest = await succeed(['decode', run, '--input', join(folder, 'test.tsv'), '--quiet']);
    expect(manifest.trimEnd().split('\n').length).toBeLessThanOrEqual(4);
    expect(manifest.split('\n').length).toBe(5);
  });

  it('decodes long audio in pieces and says so', async () => {
    const wavs = await Promise.all(paths.slice(0, 8).map((path) => readFile(path)));
    const data = wavs.map((wav) => wav.subarray(wav.indexOf('data') + 8));
    const [header = Buffer.alloc(0)] = wavs;
    const long = Buffer.concat([header.subarray(0, header.indexOf('data') + 8), ...data]);
    long.writeUInt32LE(long.length - header.indexOf('data') - 8, header.indexOf('data') + 4);
    long.writeUInt32LE(long.length - 8, 4);
    await writeFile(join(folder, 'long.wav'), long);
    const { code, stdout, stderr } = await s2s(['decode', run, '--json'], {
      input: `${join(folder, 'long.wav')}\n${paths[0]}\n`,
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^standard input:1: .*is decoded in [2-9] pieces/m);
    const [first, second] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const times = first.outputs[0].words.map(({ start }: { start: number }) => start);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(second.outputs.length).toBe(1);
  });

  it('without a CTC head refuses a CTC score', async () => {
    const config = await project(join(folder, 'plain'), {
      ctc: { weight: 0 },
      model: { encoderBlock: 'transformer', subsampling: 'stack' },
      decoding: { ctcWeight: 0 },
      training: { steps: 2, warmupSteps: 1, validationMetric: 'loss' },
    });
    const plain = join(folder, 'plain', 'run');
    await succeed(['train', config, '--out', plain]);
    expect((await succeed(['decode', plain, '--quiet'], { input: `${paths[0]}\n` })).split('\n').length).toBe(2);
    const { code, stderr } = await s2s(['decode', plain, '--ctc-weight', '0.3'], { input: `${paths[0]}\n` });
    expect([code, stderr]).toEqual([2, expect.stringContaining('without a CTC head')]);
  });
});

describe('speech translation', () => {
  it('begins with the encoder of a recogniser and scores BLEU', async () => {
    const config = await project(
      join(folder, 'translation'),
      {
        training: { encoderFrom: run, steps: 3, warmupSteps: 1, validationMetric: 'bleu' },
        decoding: { ctcWeight: undefined },
      },
      'speech-translation',
    );
    const out = join(folder, 'translation', 'run');
    const { code, stderr } = await s2s(['train', config, '--out', out]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`the encoder begins with that of ${run}`)]);
    const report = JSON.parse(await succeed(['eval', out, '--json', '--quiet']));
    expect(report.metrics.bleu.signature).toContain('tok:13a');
    const other = await s2s(['train', config, '--out', `${out}-2`, '--set', 'model.encoderLayers=2']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('training.encoderFrom')]);
    const deeper = join(folder, 'deeper', 'run');
    const recogniser = await project(join(folder, 'deeper'));
    await succeed(['train', recogniser, '--out', deeper, '--max-steps', '1', '--set', 'model.encoderLayers=2']);
    const cut = await s2s(['train', config, '--out', `${out}-3`, '--set', `training.encoderFrom=${deeper}`]);
    expect([cut.code, cut.stderr]).toEqual([2, expect.stringMatching(/has encoder\.layers\.1\..*no such parameter/)]);
  });
});

describe('a transcript', () => {
  it('with characters that training has never seen is counted', async () => {
    const place = join(folder, 'unknown');
    const config = await project(place);
    const [row = ''] = await fixtureRows('speech-recognition', 'train.tsv', 1);
    await manifest(place, 'valid', [row, `${paths[0]}\tgrüße`]);
    const { code, stderr } = await s2s(['train', config, '--out', join(place, 'run'), '--max-steps', '1']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/1 validation row has .*valid\.tsv:3/)]);
  });
});

it('speech translation learns from rows without a transcript too', async () => {
  const place = join(folder, 'untranscribed');
  const config = await project(place, { decoding: { ctcWeight: undefined } }, 'speech-translation');
  const rows = await fixtureRows('speech-translation', 'train.tsv', 6);
  const bare = rows.map((row) => row.split('\t')).map(([audio, , translation]) => `${audio}\t${translation}`);
  await manifest(place, 'valid', bare.slice(0, 2), 'audio\ttranslation');
  const { code, stderr } = await s2s(['train', config, '--out', join(place, 'run'), '--max-steps', '4']);
  expect([code, stderr]).toEqual([0, expect.stringContaining('validation loss')]);
});

describe('audio that cannot be used', () => {
  it('is counted and named before training, or left out', async () => {
    const place = join(folder, 'bad');
    const config = await project(place);
    const good = await fixtureRows('speech-recognition', 'train.tsv', 8);
    const bytes = await readFile(paths[0] as string);
    await writeFile(join(place, 'empty.wav'), '');
    await writeFile(join(place, 'cut.wav'), bytes.subarray(0, 2000));
    await writeFile(join(place, 'text.wav'), 'This is no audio at all, but a line of text.\n');
    await writeFile(join(place, 'short.wav'), withData(bytes, 2));
    const bad = ['missing.wav', 'empty.wav', 'cut.wav', 'text.wav', 'short.wav'].map((name) => `${name}\tone`);
    await manifest(place, 'train', [...good, ...bad]);
    const stopped = await s2s(['train', config, '--out', join(place, 'run')]);
    expect(stopped.code).toBe(65);
    expect(stopped.stderr).toContain('5 of 13 utterances cannot be used');
    for (const name of ['missing.wav', 'empty.wav', 'cut.wav', 'text.wav', 'train.tsv:14: the audio is too short']) {
      expect(stopped.stderr).toContain(name);
    }
    expect(stopped.stderr).not.toContain('    at ');
    const skipped = await s2s([
      ...['train', config, '--out', join(place, 'run'), '--max-steps', '2'],
      ...['--set', 'data.onBadAudio=skip'],
    ]);
    expect([skipped.code, skipped.stderr]).toEqual([0, expect.stringContaining('8 training and 3 validation')]);
  });

  it('is 66 where all that is wrong is that files are missing', async () => {
    const place = join(folder, 'missing');
    const config = await project(place);
    await manifest(place, 'train', ['nowhere.wav\tone', ...(await fixtureRows('speech-recognition', 'train.tsv', 4))]);
    const { code, stderr } = await s2s(['train', config, '--out', join(place, 'run')]);
    expect([code, stderr]).toEqual([66, expect.stringContaining('nowhere.wav')]);
    const decoded = await s2s(['decode', run], { input: 'nowhere.wav\n' });
    expect([decoded.code, decoded.stderr]).toEqual([66, expect.stringContaining('nowhere.wav')]);
    const passed = await s2s(['decode', run, '--on-bad', 'skip'], { input: `nowhere.wav\n${paths[0]}\n` });
    expect([passed.code, passed.stderr]).toEqual([0, expect.stringContaining('1 could not be read')]);
    expect(passed.stdout).toMatch(/^\n.*\n$/);
  });

  it('is left out of training where it is too short for its transcript', async () => {
    const place = join(folder, 'infeasible');
    const config = await project(place);
    const [first = ''] = paths;
    const rows = [`${first}\ta transcript far too long for half a second of sound`];
    await manifest(place, 'train', [...rows, ...(await fixtureRows('speech-recognition', 'train.tsv', 8))]);
    const { code, stderr } = await s2s(['train', config, '--out', join(place, 'run'), '--max-steps', '4']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('too short for its target')]);
    const strict = await s2s([...['train', config, '--out', join(place, 'strict'), '--set', 'batching.onShort=error']]);
    expect([strict.code, strict.stderr]).toEqual([65, expect.stringContaining('train.tsv:2')]);
  });
});

/** The header of a WAV file with so many bytes of its samples. */
function withData(wav: Buffer, length: number): Buffer {
  const at = wav.indexOf('data') + 8;
  const result = Buffer.from(wav.subarray(0, at + length));
  result.writeUInt32LE(length, at - 4);
  result.writeUInt32LE(result.length - 8, 4);
  return result;
}
