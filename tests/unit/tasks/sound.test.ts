// What tasks whose outputs are sounds share: durations, targets and their normalisation, voices, lines, and corpora.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveManifest } from '../../../src/audio/manifests/config.js';
import { spectrogramConfigSchema } from '../../../src/audio/synthesis/config.js';
import { encodeWav } from '../../../src/audio/synthesis/wav-out.js';
import type { RawRow } from '../../../src/data/corpus.js';
import { FrameSequence, FrameTarget } from '../../../src/data/sequences.js';
import { DataError } from '../../../src/errors.js';
import { Random } from '../../../src/random.js';
import { openSoundCorpus, type SoundCorpusConfig } from '../../../tasks/sound/corpus.js';
import { positionDurations } from '../../../tasks/sound/durations.js';
import { spokenLines } from '../../../tasks/sound/lines.js';
import { createSounds, restoreSounds, type SoundConfig } from '../../../tasks/sound/setup.js';
import { formatSpoken, parseSpoken } from '../../../tasks/sound/targets.js';

const RATE = 8000;
const REDUCTION = 3;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 's2s-sound-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of a tone in some noise. */
function tone(name: string, seconds: number, hertz: number, rate = RATE): string {
  const random = new Random(1, name);
  const samples = Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / rate) + 0.02 * (random.uniform() - 0.5),
  );
  const path = join(folder, name);
  writeFileSync(path, encodeWav(samples, rate).bytes);
  return path;
}

const sounds: SoundConfig & SoundCorpusConfig = {
  seed: 1,
  data: { train: { manifest: 'unused.tsv' }, onBadAudio: 'error', maxSeconds: 5 },
  spectrogram: spectrogramConfigSchema.parse({ sampleRate: RATE, numMelBins: 20 }),
  vocoder: { iterations: 2, momentum: 0.99 },
  model: { frames: { reduction: REDUCTION } },
};
const context = () => ({ cacheDir: join(folder, 'cache'), quiet: true, threads: 1 });

const rowsOf = (targets: readonly (readonly [path: string, speaker?: string])[]) =>
  async function* (): AsyncGenerator<RawRow> {
    for (const [index, [target, speaker]] of targets.entries()) {
      yield { index, source: 'x', target, origin: `a.tsv:${index + 2}`, ...(speaker === undefined ? {} : { speaker }) };
    }
  };

describe('durations in positions', () => {
  const target = (frames: number, reduction: number) =>
    new FrameTarget(
      frames,
      reduction,
      new FrameSequence(Math.ceil(frames / reduction), reduction, async () => new Float32Array(0)),
    );

  it('are as many positions as the target has, each boundary where it is nearest', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 1, max: 5 }), (frames, reduction) => {
        const total = frames.reduce((sum, count) => sum + count, 0);
        const { length } = target(total, reduction);
        const positions = positionDurations(frames, target(total, reduction), frames.length, 'a:1');
        expect(positions.length).toBe(frames.length);
        expect(positions.every((count) => count >= 0)).toBe(true);
        expect(positions.reduce((sum, count) => sum + count, 0)).toBe(length);
        let [exact, given] = [0, 0];
        frames.forEach((count, i) => {
          exact += count;
          given += positions[i] as number;
          // The rest of the last position belongs to what comes last.
          if (exact < total) expect(Math.abs(exact / reduction - given)).toBeLessThanOrEqual(0.5);
        });
      }),
    );
  });

  it('are themselves where a position is a frame', () => {
    expect([...positionDurations([3, 0, 2, 5], target(10, 1), 4, 'a:1')]).toEqual([3, 0, 2, 5]);
    expect([...positionDurations([4, 1, 5], target(10, 3), 3, 'a:1')]).toEqual([1, 1, 2]);
  });

  it('of another text or recording are refused, with the place of the row', () => {
    for (const durations of [
      [5, 5],
      [5, 4, 2],
      [5, 5, 0, 0],
    ]) {
      const check = () => positionDurations(durations, target(10, 2), 3, 'a.tsv:7');
      expect(check).toThrow(DataError);
      expect(check).toThrow(/^a\.tsv:7: .*add up to 10 frames/);
    }
  });
});

describe('sounds as targets', () => {
  it('are normalised over the training rows, and the spectrogram can be had back', async () => {
    const paths = [tone('a.wav', 0.8, 300), tone('b.wav', 0.5, 1200), tone('c.wav', 0.35, 700)];
    const { targets, files } = await createSounds(sounds, rowsOf(paths.map((path) => [path])), context());
    expect(Object.keys(files)).toEqual(['spectrogram.json']);
    const sums = new Float64Array(20);
    const squares = new Float64Array(20);
    let count = 0;
    for (const path of paths) {
      const target = await (await targets.target(path)).load();
      expect(target.length).toBe(Math.ceil(target.frames / REDUCTION));
      expect(target.data.length).toBe(target.length * REDUCTION * 20);
      // What the last position has room for besides is zeros.
      expect(target.data.subarray(target.frames * 20).every((value) => value === 0)).toBe(true);
      const { logMel } = await targets.recording(path);
      expect(logMel.frames).toBe(target.frames);
      const own = targets.logMel(target.data.slice(0, target.frames * 20), target.frames);
      expect(own.dim).toBe(20);
      own.data.forEach((value, i) => {
        expect(value).toBeCloseTo(logMel.data[i] as number, 4);
      });
      for (let i = 0; i < target.frames * 20; i++) {
        sums[i % 20] = (sums[i % 20] as number) + (target.data[i] as number);
        squares[i % 20] = (squares[i % 20] as number) + (target.data[i] as number) ** 2;
      }
      count += target.frames;
    }
    for (const sum of sums) expect(sum / count).toBeCloseTo(0, 4);
    for (const square of squares) expect(square / count).toBeCloseTo(1, 3);

    const restored = await restoreSounds(sounds, readerOf(files), context());
    const [again, first] = [await restored.targets.target(paths[0]!), await targets.target(paths[0]!)];
    expect((await again.load()).data).toEqual((await first.load()).data);
  });

  it('are made audible again, the same at every time', async () => {
    const path = tone('d.wav', 0.6, 440);
    const { targets } = await createSounds(sounds, rowsOf([[path]]), context());
    const { logMel, samples, sampleRate } = await targets.recording(path);
    expect([sampleRate, samples.length]).toEqual([RATE, 0.6 * RATE]);
    const sound = await targets.audible(logMel);
    expect(Math.abs(sound.length - samples.length)).toBeLessThanOrEqual(2 * targets.hop);
    const energy = (of: Float32Array) => of.reduce((sum, value) => sum + value * value, 0) / of.length;
    expect(energy(sound) / energy(samples)).toBeGreaterThan(0.5);
    expect(energy(sound) / energy(samples)).toBeLessThan(2);
    expect(await targets.audible(logMel)).toEqual(sound);
  });

  it('of another sample rate are brought to that of the spectrogram', async () => {
    const [slow, fast] = [tone('e8.wav', 0.5, 500), tone('e16.wav', 0.5, 500, 2 * RATE)];
    const { targets } = await createSounds(sounds, rowsOf([[slow], [fast]]), context());
    const [a, b] = [await targets.recording(slow), await targets.recording(fast)];
    expect([b.samples.length, b.sampleRate]).toEqual([a.samples.length, RATE]);
    expect(b.logMel.frames).toBe(a.logMel.frames);
  });
});

describe('voices', () => {
  it('are numbered by name; one alone needs none', async () => {
    const path = tone('f.wav', 0.4, 300);
    const two = await createSounds(
      sounds,
      rowsOf([
        [path, 'eve'],
        [path, 'bob'],
        [path, 'eve'],
      ]),
      context(),
    );
    expect(two.targets.speakers).toEqual(['bob', 'eve']);
    expect([two.targets.speaker('bob', 'a:1'), two.targets.speaker('eve', 'a:1')]).toEqual([0, 1]);
    expect(() => two.targets.speaker('ann', 'a:1')).toThrow(/^a:1: there is no speaker "ann"; .* bob, eve$/);
    expect(() => two.targets.speaker(undefined, 'a:1')).toThrow(/^a:1: expected the name of a speaker, found none/);
    expect(() => two.targets.speakerOf('hello')).toThrow(/^expected the name of a speaker/);
    expect(two.targets.speakerOf('{"text": "hello", "speaker": "eve"}')).toBe(1);
    const row = { index: 0, source: 'hello', target: path, origin: 'a:1', speaker: 'eve' };
    expect(two.targets.speakerOf(two.targets.lineOf(row))).toBe(1);
    const restored = await restoreSounds(sounds, readerOf(two.files), context());
    expect(restored.targets.speakers).toEqual(['bob', 'eve']);

    const one = await createSounds(sounds, rowsOf([[path, 'eve']]), context());
    expect([one.targets.speakers, one.targets.speaker(undefined), one.targets.lineOf(row)]).toEqual([[], 0, 'hello']);
    expect((await restoreSounds(sounds, readerOf(one.files), context())).targets.speakers).toEqual([]);
  });

  it('are named in every row or in none, and their file is checked', async () => {
    const path = tone('g.wav', 0.4, 300);
    const mixed = createSounds(sounds, rowsOf([[path, 'eve'], [path]]), context());
    await expect(mixed).rejects.toThrow('give every row one, or none');
    const { files } = await createSounds(
      sounds,
      rowsOf([
        [path, 'eve'],
        [path, 'bob'],
      ]),
      context(),
    );
    for (const text of ['', '{}', '[1]']) {
      const damaged = restoreSounds(sounds, readerOf({ ...files, 'speakers.json': text }), context());
      await expect(damaged).rejects.toThrow('speakers.json: expected a list of names');
    }
  });
});

describe('lines to speak', () => {
  it('can be read again, whatever the text and the speaker', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(line, fc.option(fc.string(), { nil: undefined }), (text, speaker) => {
        const spoken = { text, ...(speaker === undefined ? {} : { speaker }) };
        const written = formatSpoken(spoken);
        expect(written).not.toMatch(/[\r\n]/);
        expect(parseSpoken(written)).toEqual(spoken);
      }),
    );
  });

  it('may begin with a brace; objects are checked', () => {
    expect(parseSpoken('{well} yes')).toEqual({ text: '{well} yes' });
    expect(parseSpoken('{"text": "a"}')).toEqual({ text: 'a' });
    for (const line of ['{"text": 3}', '{"speaker": "eve"}', '{"text": "a", "speaker": 1}', '{}']) {
      expect(() => parseSpoken(line), line).toThrow(DataError);
    }
  });

  it('are the texts of a manifest, with their speakers', async () => {
    const path = join(folder, 'lines.tsv');
    writeFileSync(path, 'audio\ttext\tspeaker\nnowhere.wav\thello\teve\nnowhere.wav\t\t\n');
    expect(await spokenLines(path, {})).toEqual(['{"text":"hello","speaker":"eve"}', '']);
    expect(await spokenLines(join(folder, 'lines.txt'), {})).toBeUndefined();
  });
});

describe('a corpus of sounds', () => {
  const open = (
    rows: readonly string[],
    changes: Partial<SoundCorpusConfig['data']> = {},
    log?: (line: string) => void,
  ) => {
    const path = join(folder, 'corpus.tsv');
    writeFileSync(path, `${['audio\ttext', ...rows].join('\n')}\n`);
    const config = { ...sounds, data: { ...sounds.data, ...changes } };
    const handlers = {
      target: ({ audio, text }: { audio: { path: string }; text?: string }) => ({ audio, text }),
      sources: async () => (row: { text?: string }) => ({ source: row.text ?? '' }),
    };
    const split = resolveManifest({ manifest: path }, '.');
    return openSoundCorpus(config, split, handlers, { ...context(), ...(log ? { log } : {}) });
  };

  it('knows how many positions its recordings are', async () => {
    const corpus = await open([`${tone('h.wav', 0.5, 300)}\thello`]);
    const rows: RawRow[] = [];
    for await (const row of corpus.rows()) rows.push(row);
    // 0.5 s are 41 frames of 12.5 ms with both ends.
    expect(rows).toMatchObject([{ source: 'hello', targetLength: Math.ceil(41 / REDUCTION) }]);
    await corpus.close();
  });

  it('names silent, short and long recordings, and texts that nobody can have said', async () => {
    writeFileSync(join(folder, 'silent.wav'), encodeWav(new Float32Array(RATE), RATE).bytes);
    writeFileSync(join(folder, 'short.wav'), encodeWav(Float32Array.of(0.5), RATE).bytes);
    const good = tone('i.wav', 0.4, 300);
    const rows = [
      `${good}\tgood`,
      'silent.wav\tsilence',
      'short.wav\tshort',
      `${tone('long.wav', 6, 300)}\tlong`,
      `${good}\t${'x'.repeat(71)}`,
      `${good}\t${'x'.repeat(70)}`,
    ];
    const opening = open(rows);
    await expect(opening).rejects.toThrow('4 of 6 recordings cannot be used');
    for (const what of [
      /:3: .*silent/,
      /:4: .*too short/,
      /:5: .*6\.0 seconds, more than `data.maxSeconds` \(5\)/,
      /:6: the text has 71 characters/,
    ]) {
      await expect(opening).rejects.toThrow(what);
    }
    const said: string[] = [];
    const corpus = await open(rows, { onBadAudio: 'skip' }, (line) => said.push(line));
    expect(corpus.size).toBe(2);
    expect(said.join('\n')).toContain('warning: 4 of 6 recordings cannot be used');
    await corpus.close();
  });

  it('of files that are all missing ends with the exit code for that', async () => {
    const good = tone('j.wav', 0.4, 300);
    await expect(open(['nowhere.wav\ta', `${good}\tb`])).rejects.toMatchObject({ exitCode: 66 });
    await expect(open(['nowhere.wav\ta', 'silent.wav\tb'])).rejects.toMatchObject({ exitCode: 65 });
    await expect(open(['nowhere.wav\ta'], { onBadAudio: 'skip' })).rejects.toMatchObject({ exitCode: 66 });
  });
});

/** Reads files that are in memory. */
function readerOf(files: Readonly<Record<string, string>>) {
  return async (name: string): Promise<string> => {
    const text = files[name];
    if (text === undefined) throw new DataError(`${name}: there is no such file`, { missing: true });
    return text;
  };
}
