// What the tests of text-to-speech share: small projects of spoken digits, and reading what was spoken.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { copyRun, root, s2s } from './support.js';

export type Section = Record<string, unknown>;

export const NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
export const RATE = 8000;
export const audioOf = (digit: number): string =>
  join(root, 'fixtures/speech-recognition/audio/digits', `${digit}.wav`);

/** Rows of spoken digits. */
export const digits = (from: number, to: number): string[] =>
  NAMES.slice(from, to).map((name, i) => `${audioOf(from + i)}\t${name}`);

/** A text that needs every letter and a space. */
export const SENTENCE = `${join(root, 'fixtures/speech-recognition/audio/vm-toreply.wav')}\tpress one to send a reply`;

export const STEPS = 8;
const CONFIG: Record<string, Section | string | number> = {
  task: 'text-to-speech',
  seed: 3,
  data: { train: { manifest: 'train.tsv' }, valid: { manifest: 'valid.tsv' }, test: { manifest: 'test.tsv' } },
  spectrogram: { sampleRate: RATE, numMelBins: 20, trimDb: 40 },
  vocoder: { iterations: 3 },
  text: { maxCharacters: 100 },
  batching: { maxTokens: 120 },
  model: {
    ...{ modelDim: 16, feedForwardDim: 32, heads: 2, encoderLayers: 1, decoderLayers: 1, dropout: 0.1 },
    frames: { reduction: 2, prenetDim: 8, postnetLayers: 2, postnetChannels: 8 },
  },
  training: {
    ...{ steps: STEPS, learningRate: 0.003, warmupSteps: 2, validateEvery: 4, logEvery: 4 },
    guidedAttention: { weight: 1 },
  },
  // Models that have hardly learned seldom stop.
  decoding: { maxSeconds: 0.4 },
};

/** What a parallel model has otherwise. */
export const parallel = (teacher: string): Record<string, Section> => ({
  model: { frames: { kind: 'parallel', reduction: 2, postnetLayers: 2, postnetChannels: 8 } },
  training: { guidedAttention: {}, durationsFrom: teacher, steps: 60, learningRate: 0.01, validateEvery: 30 },
  decoding: { maxSeconds: 30 },
});

export async function manifest(place: string, name: string, rows: readonly string[], columns = 'audio\ttext') {
  await mkdir(place, { recursive: true });
  const file = join(place, `${name}.tsv`);
  await writeFile(file, `${[columns, ...rows].join('\n')}\n`);
  return file;
}

/** A project of a few recordings. @returns the configuration's path */
export async function project(place: string, sections: Record<string, Section> = {}): Promise<string> {
  await manifest(place, 'train', [...digits(0, 7), SENTENCE]);
  await manifest(place, 'valid', digits(8, 9));
  await manifest(place, 'test', digits(7, 10));
  const config = { ...CONFIG };
  for (const [key, section] of Object.entries(sections)) config[key] = { ...(config[key] as Section), ...section };
  const file = join(place, 'config.yaml');
  await writeFile(file, stringify(config));
  return file;
}

/** 16-bit samples and the rate of a WAV file of one channel. */
export async function readWav(file: string): Promise<{ rate: number; samples: Int16Array }> {
  const bytes = await readFile(file);
  expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 12)).toBe('RIFFWAVE');
  const at = bytes.indexOf('data') + 8;
  const data = bytes.subarray(at, at + bytes.readUInt32LE(at - 4));
  const samples = Int16Array.from({ length: data.length / 2 }, (_, i) => data.readInt16LE(2 * i));
  return { rate: bytes.readUInt32LE(24), samples };
}

/** The rows of a manifest as objects. */
export async function rowsOf(output: string): Promise<Record<string, string>[]> {
  const [heading = '', ...lines] = (await readFile(join(output, 'manifest.tsv'), 'utf8'))
    .replace(/\n$/, '')
    .split('\n');
  return lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(heading.split('\t').map((name, i) => [name, cells[i] ?? '']));
  });
}

/** Shape and numbers of a `.npy` file of float32. */
export async function readNpy(file: string): Promise<{ shape: number[]; data: Float32Array }> {
  const bytes = await readFile(file);
  expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  const header = bytes.toString('latin1', 10, start);
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(\d+, \d+\), \} *\n$/);
  const shape = (/\((\d+), (\d+)\)/.exec(header) ?? []).slice(1).map(Number);
  const data = Float32Array.from({ length: (bytes.length - start) / 4 }, (_, i) => bytes.readFloatLE(start + 4 * i));
  return { shape, data };
}

export const seconds = (rows: readonly Record<string, string>[]): number =>
  rows.reduce((sum, row) => sum + Number(row.seconds), 0);

/** Speaks lines with a run into the folder `output`. @returns the rows of the manifest, and what was printed */
export async function speak(run: string, output: string, lines: readonly string[], more: readonly string[] = []) {
  const input = lines.map((line) => `${line}\n`).join('');
  const { code, stdout, stderr } = await s2s(['decode', run, '--output', output, ...more], { input });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return { output, rows: await rowsOf(output), stdout, stderr };
}

/** A copy of a run whose outputs are no longer than so many seconds. */
export async function limited(run: string, to: string, maxSeconds: number): Promise<string> {
  const file = join(await copyRun(run, to), 'config.yaml');
  const text = await readFile(file, 'utf8');
  const changed = text.replace(/^(decoding:\n(?: .*\n)*? +maxSeconds: ).*$/m, `$1${maxSeconds}`);
  expect(changed).not.toBe(text);
  await writeFile(file, changed);
  return to;
}
