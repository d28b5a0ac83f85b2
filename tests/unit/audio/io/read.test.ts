// Reading audio: channels, segments, windows, raw samples, long files, and what is wrong with a file.
import { closeSync, mkdirSync, openSync, truncateSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audioWindows, probeAudio, type RawFormat, readAudio } from '../../../../src/audio/io/read.js';
import { Random } from '../../../../src/random.js';
import { refusal, temporaryFolder } from './folder.js';
import { bytes16, wavBytes } from './wav-bytes.js';

const { path, write } = temporaryFolder();
const random = new Random(7, 'samples');
const noise = (count: number) => Array.from({ length: count }, () => random.integer(65536) - 32768);

describe('channels', () => {
  const values = noise(3 * 100);
  const file = write('three.wav', wavBytes(bytes16(values), { channels: 3 }));
  const column = (c: number) => values.filter((_, i) => i % 3 === c);

  it('are mixed to their mean, or picked', async () => {
    const mix = column(0).map((value, i) => Math.fround((value + column(1)[i]! + column(2)[i]!) / 3 / 32768));
    const { samples } = await readAudio({ path: file });
    for (const [i, value] of mix.entries()) expect(samples[i]).toBeCloseTo(value, 7);
    for (const channel of [0, 1, 2]) {
      const picked = await readAudio({ path: file }, { channel });
      expect([...picked.samples]).toEqual(column(channel).map((value) => value / 32768));
    }
  });

  it('that are not there are refused', async () => {
    for (const channel of [3, -1, 0.5]) {
      const { message } = await refusal(readAudio({ path: file }, { channel }));
      expect(message).toContain(`channels 0 to 2), found ${channel}`);
    }
    const mono = write('mono.wav', wavBytes(bytes16([1])));
    expect((await refusal(probeAudio(mono, { channel: 1 }))).message).toContain('only channel 0), found 1');
    expect((await readAudio({ path: mono }, { channel: 0 })).samples).toHaveLength(1);
  });
});

describe('segments and windows', () => {
  // Long enough for several reads.
  const values = noise(2 * 400_000);
  const file = write('long.wav', wavBytes(bytes16(values), { channels: 2, sampleRate: 8000 }));

  it('are slices of the whole', async () => {
    const whole = (await readAudio({ path: file })).samples;
    expect(whole).toHaveLength(400_000);
    expect(whole.every((value, i) => value === (values[2 * i]! + values[2 * i + 1]!) / 65536)).toBe(true);
    const property = fc.asyncProperty(fc.nat(399_999), fc.integer({ min: 1, max: 300_000 }), async (from, count) => {
      const to = Math.min(400_000, from + count);
      const { samples } = await readAudio({ path: file, start: from / 8000, end: to / 8000 });
      expect(samples.length).toBe(to - from);
      expect(Buffer.compare(Buffer.from(samples.buffer), Buffer.from(whole.slice(from, to).buffer))).toBe(0);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it('may end 10 ms after the file and no more', async () => {
    expect((await readAudio({ path: file, start: 49, end: 50.01 })).samples).toHaveLength(8000);
    const { message } = await refusal(readAudio({ path: file, start: 49, end: 50.011 }));
    expect(message).toContain('found end 50.011 s where the file has 50.000 s');
  });

  it('are refused when they are empty or outside', async () => {
    const cases: [number, number | undefined, RegExp][] = [
      [2, 2, /ends after it starts, found start 2 s and end 2 s/],
      [3, 2, /ends after it starts/],
      [-1, 2, /starts at 0 s or later, found start -1/],
      [Number.NaN, 2, /starts at 0 s or later/],
      [1, Number.NaN, /ends after it starts/],
      [50, undefined, /within the file, found start 50 s/],
      [50.001, 50.002, /within the file/],
      [1, 1.00001, /at least one sample.*at 8000 Hz is none/],
    ];
    for (const [start, end, message] of cases) {
      expect((await refusal(readAudio({ path: file, start, end }))).message).toMatch(message);
    }
  });

  it('windows join to the whole', async () => {
    for (const [segment, seconds] of [
      [{ path: file }, 7],
      [{ path: file, start: 1.5, end: 20 }, 0.777],
      [{ path: file, start: 3, end: 4 }, 100],
    ] as const) {
      const whole = await readAudio(segment);
      const joined: number[] = [];
      for await (const { samples, sampleRate, start } of audioWindows(segment, seconds)) {
        expect(sampleRate).toBe(8000);
        expect(start).toBeCloseTo(('start' in segment ? segment.start : 0) + joined.length / 8000, 9);
        expect(samples.length).toBeLessThanOrEqual(Math.round(seconds * 8000));
        for (const value of samples) joined.push(value);
      }
      expect(Buffer.compare(Buffer.from(Float32Array.from(joined).buffer), Buffer.from(whole.samples.buffer))).toBe(0);
    }
    await expect(audioWindows({ path: file }, 0).next()).rejects.toThrow(RangeError);
  });

  it('reads a few seconds of three hours without the rest', async () => {
    const seconds = 3 * 3600;
    const header = wavBytes(Buffer.alloc(0), { dataSize: seconds * 32000 });
    const long = write('hours.wav', header);
    truncateSync(long, header.length + seconds * 32000);
    const descriptor = openSync(long, 'r+');
    writeSync(descriptor, bytes16([11, 22]), 0, 4, header.length + 10_000 * 32000);
    closeSync(descriptor);
    expect((await probeAudio(long)).seconds).toBe(seconds);
    const before = process.memoryUsage().arrayBuffers;
    const { samples } = await readAudio({ path: long, start: 9999, end: 10_004 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4e6);
    expect([...samples.subarray(15_999, 16_003)]).toEqual([0, 11 / 32768, 22 / 32768, 0]);
  });
});

describe('raw samples', () => {
  const read = async (bytes: Buffer, raw: RawFormat, name = 'a.raw') => [
    ...(await readAudio({ path: write(name, bytes) }, { raw })).samples,
  ];

  it('are read as they are said to be', async () => {
    const sampleRate = 16000;
    expect(await read(Buffer.from([1, 0, 0, 128]), { sampleRate })).toEqual([1 / 32768, -1]);
    expect(await read(Buffer.from([0, 1, 128, 0]), { sampleRate, endianness: 'big' })).toEqual([1 / 32768, -1]);
    expect(await read(Buffer.from([0, 255]), { sampleRate, encoding: 'u8' })).toEqual([-1, 127 / 128]);
    expect(await read(Buffer.from([128, 127]), { sampleRate, encoding: 's8' })).toEqual([-1, 127 / 128]);
    expect(await read(Buffer.from([1, 0, 128]), { sampleRate, encoding: 's24' })).toEqual([(1 - 2 ** 23) / 2 ** 23]);
    expect(await read(Buffer.from([64, 0, 0, 0]), { sampleRate, encoding: 's32', endianness: 'big' })).toEqual([0.5]);
    expect(await read(Buffer.from([0, 0, 0, 63]), { sampleRate, encoding: 'f32' })).toEqual([0.5]);
    expect(await read(Buffer.from([0xd5, 0x55]), { sampleRate, encoding: 'alaw' })).toEqual([8 / 32768, -8 / 32768]);
    expect(await read(Buffer.from([0xff, 0x80]), { sampleRate, encoding: 'mulaw' })).toEqual([0, 32124 / 32768]);
    expect(await read(bytes16([2, 4, 6, 10]), { sampleRate, channels: 2 })).toEqual([3 / 32768, 8 / 32768]);
  });

  it('say their shape', async () => {
    const file = write('b.PCM', bytes16(noise(320)));
    expect(await probeAudio(file, { raw: { sampleRate: 8000, channels: 2 } })).toEqual({
      sampleRate: 8000,
      channels: 2,
      seconds: 0.02,
      format: 'raw, s16, little-endian',
    });
  });

  it('are taken by the name of the file, or when its format is unknown', async () => {
    const wav = wavBytes(bytes16([1]));
    expect(await read(wav, { sampleRate: 8000 }, 'a.pcm')).toHaveLength(23);
    expect(await read(wav, { sampleRate: 8000 }, 'a.bin')).toHaveLength(1);
    expect(await read(bytes16([1, 2]), { sampleRate: 8000 }, 'b.bin')).toHaveLength(2);
  });

  it('are refused when the bytes do not fit or the shape is none', async () => {
    const file = write('odd.raw', Buffer.alloc(5));
    expect((await refusal(readAudio({ path: file }, { raw: { sampleRate: 8000 } }))).message).toMatch(
      /samples of 2 bytes \(s16, 1 channel\), found 5 bytes, 1 too many/,
    );
    expect((await refusal(readAudio({ path: file }))).message).toContain('sample rate if it holds raw samples');
    for (const raw of [{ sampleRate: 0 }, { sampleRate: 8000.5 }, { sampleRate: 8000, channels: 0 }]) {
      expect((await refusal(readAudio({ path: file }, { raw }))).message).toContain('correct it');
    }
    const raw = { sampleRate: 8000, encoding: 'x' as 's16' };
    expect((await refusal(readAudio({ path: file }, { raw }))).message).toContain('found "x"');
  });
});

describe('files', () => {
  it('that are not there, are no files or are empty are refused', async () => {
    mkdirSync(path('folder'));
    for (const [name, message] of [
      ['absent.wav', /no such file/],
      ['folder', /found a folder/],
      ['mono.wav/x.wav', /no such file: a part of its path/],
      ['/dev/null', /found a pipe or device/],
    ] as const) {
      const file = name.startsWith('/') ? name : path(name);
      const error = await refusal(readAudio({ path: file }));
      expect(error.message).toMatch(message);
      expect(error.message.startsWith(file)).toBe(true);
      expect(error.exitCode).toBe(66);
    }
    const error = await refusal(probeAudio(write('empty', Buffer.alloc(0))));
    expect(error.message).toContain('found an empty file');
    expect(error.exitCode).toBe(65);
  });

  it('of other kinds are named with their first bytes', async () => {
    const cases: [string, string][] = [
      ['plain words', 'an unknown format (it begins with 70 6c 61 69 6e 20 77 6f, "plain wo")'],
      ['<!DOCTYPE html>', 'a web page'],
      ['version https://git-lfs.github.com/spec/v1', 'git lfs pull'],
      ['\x00\x00\x00\x20ftypM4A ', 'an MP4 or M4A file'],
      ['FORM\x00\x00\x00\x00AIFF', 'an AIFF file'],
      ['\x1f\x8b\x08\x00', 'a gzip file'],
    ];
    for (const [text, expected] of cases) {
      const { message } = await refusal(readAudio({ path: write('other.wav', Buffer.from(text, 'latin1')) }));
      expect(message).toContain(expected);
      expect(message).toContain('WAV, FLAC, MP3, Ogg Vorbis or NIST SPHERE');
    }
  });
});
