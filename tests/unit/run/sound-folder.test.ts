// Folders of sounds: what is in them, when they appear, and that nothing of a failed one is left.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAudio } from '../../../src/audio/io/read.js';
import { DataError } from '../../../src/errors.js';
import type { SpokenLine } from '../../../src/run/sound-decoder.js';
import { openSoundFolder } from '../../../src/run/sound-folder.js';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 's2s-sound-folder-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const line = (samples: readonly number[], finished = true): SpokenLine => ({
  source: 'unused',
  samples: Float32Array.from(samples),
  logMel: { data: Float32Array.of(1, 2, 3, 4), frames: samples.length === 0 ? 0 : 2, dim: 2 },
  finished,
  pieces: [],
});

const nothing = line([]);

describe('a folder of sounds', () => {
  it('appears when it is finished, with a row for every line', async () => {
    const path = join(place, 'out');
    const folder = await openSoundFolder(path, 8000, false);
    expect(await folder.add(line([0.5, -0.25, 2]), 'one\ttwo\nthree')).toBe(1);
    expect(await folder.add(nothing, '')).toBe(0);
    expect(await folder.add(line(new Array(4000).fill(0.1), false), 'four')).toBe(0);
    expect(readdirSync(place)).not.toContain('out');
    await folder.finish();
    expect(readdirSync(place)).toEqual(['out']);
    expect(readdirSync(path).sort()).toEqual(['0001.wav', '0003.wav', 'manifest.tsv']);
    expect(readFileSync(join(path, 'manifest.tsv'), 'utf8')).toBe(
      'audio\ttext\tseconds\tfinished\n' +
        '0001.wav\tone two three\t0.000\ttrue\n' +
        '\t\t0.000\ttrue\n' +
        '0003.wav\tfour\t0.500\tfalse\n',
    );
    const { samples, sampleRate } = await readAudio({ path: join(path, '0001.wav') });
    expect([sampleRate, ...samples]).toEqual([8000, 0.5, -0.25, 32767 / 32768]);
  });

  it('has spectrograms where they are asked for', async () => {
    const path = join(place, 'out');
    const folder = await openSoundFolder(path, 8000, true);
    await folder.add(line([0.5]), 'one');
    await folder.add(nothing, '');
    await folder.finish();
    expect(readdirSync(path).sort()).toEqual(['0001.npy', '0001.wav', 'manifest.tsv']);
    const bytes = readFileSync(join(path, '0001.npy'));
    expect(bytes.toString('latin1')).toContain("'shape': (2, 2)");
    expect([0, 1, 2, 3].map((i) => bytes.readFloatLE(bytes.length - 16 + 4 * i))).toEqual([1, 2, 3, 4]);
    expect(readFileSync(join(path, 'manifest.tsv'), 'utf8').split('\n').slice(0, 3)).toEqual([
      'audio\ttext\tseconds\tfinished\tmel',
      '0001.wav\tone\t0.000\ttrue\t0001.npy',
      '\t\t0.000\ttrue\t',
    ]);
  });

  it('takes the place of an empty folder, and leaves it where it is abandoned', async () => {
    const path = join(place, 'out');
    mkdirSync(path);
    const abandoned = await openSoundFolder(path, 8000, false);
    await abandoned.add(line([0.5]), 'one');
    await abandoned.abandon();
    expect([readdirSync(place), readdirSync(path)]).toEqual([['out'], []]);
    const folder = await openSoundFolder(path, 8000, false);
    await folder.finish();
    expect(readdirSync(path)).toEqual(['manifest.tsv']);
  });

  it('is refused where something is, or nothing to put it in', async () => {
    mkdirSync(join(place, 'full'));
    writeFileSync(join(place, 'full', 'mine'), '');
    for (const [name, reason] of [
      ['full', 'is not empty'],
      ['full/mine', 'found something else'],
      ['no/where', 'does not exist; create it'],
    ] as const) {
      const opening = openSoundFolder(join(place, name), 8000, false);
      await expect(opening).rejects.toThrow(DataError);
      await expect(opening).rejects.toThrow(reason);
    }
    expect(readdirSync(place)).toEqual(['full']);
  });

  it('refuses sound that is none, and can still be abandoned', async () => {
    const folder = await openSoundFolder(join(place, 'out'), 8000, false);
    await expect(folder.add(line([Number.NaN]), 'one')).rejects.toThrow('expected finite numbers');
    await folder.abandon();
    expect(readdirSync(place)).toEqual([]);
  });
});
