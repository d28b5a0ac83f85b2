// FLAC, MP3, Ogg Vorbis, IMA ADPCM and SPHERE files that libsndfile wrote, whole and damaged.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { load } from '../../../../src/audio/io/compressed.js';
import { probeAudio, readAudio } from '../../../../src/audio/io/read.js';
import { refusal, temporaryFolder } from './folder.js';

const { write } = temporaryFolder();
const fixture = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));
const bytesOf = (name: string) => readFileSync(fixture(name));

interface Expected {
  sampleRate: number;
  frames: number;
  places: number[];
  samples: number[][];
}
const expected = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Record<string, Expected>;

// The decoders print what they also return.
const print = vi.spyOn(console, 'error');
afterEach(() => {
  expect(print).not.toHaveBeenCalled();
  print.mockClear();
});

describe('FLAC', () => {
  for (const bits of [8, 16, 24]) {
    it(`gives the exact integers of ${bits} bits`, async () => {
      const path = fixture(`ramp${bits}.flac`);
      const head = bytesOf(`ramp${bits}.flac`);
      const planes = await Promise.all([0, 1].map((channel) => readAudio({ path }, { channel })));
      expect(await probeAudio(path)).toEqual({
        sampleRate: 22050,
        channels: 2,
        seconds: 1500 / 22050,
        format: `FLAC, ${bits}-bit integer`,
      });
      const full = 2 ** (bits - 1);
      expect([...planes[0]!.samples.subarray(0, 4)]).toEqual([-1, (full - 1) / full, 1 / full, -1 / full]);
      // The header holds the MD5 of the samples as little-endian integers.
      const bytes = Buffer.alloc((1500 * 2 * bits) / 8);
      for (let i = 0; i < 3000; i++) {
        bytes.writeIntLE(planes[i % 2]!.samples[i >> 1]! * full, (i * bits) / 8, bits / 8);
      }
      expect(createHash('md5').update(bytes).digest('hex')).toBe(head.toString('hex', 26, 42));
    });
  }

  it('is found after an ID3 tag, and cut into segments', async () => {
    const tag = Buffer.concat([Buffer.from('ID3\x04\x00\x00\x00\x00\x01\x00', 'latin1'), Buffer.alloc(128)]);
    const path = write('tagged.flac', Buffer.concat([tag, bytesOf('ramp16.flac')]));
    const whole = await readAudio({ path });
    expect(whole).toEqual(await readAudio({ path: fixture('ramp16.flac') }));
    const part = await readAudio({ path, start: 0.01, end: 0.05 });
    expect(part.samples).toEqual(whole.samples.slice(221, 1103));
  });

  it('whose length the header does not say is decoded to know it', async () => {
    const bytes = Buffer.from(bytesOf('ramp16.flac'));
    bytes.fill(0, 22, 26);
    bytes[21]! &= 0xf0;
    const path = write('streamed.flac', bytes);
    expect((await probeAudio(path)).seconds).toBe(1500 / 22050);
    expect(await readAudio({ path })).toEqual(await readAudio({ path: fixture('ramp16.flac') }));
  });
});

describe('what libsndfile reads', () => {
  /** Of lossy files each decoder rounds in its own way: mpg123 and libvorbis in 32-bit floating point. */
  const tolerances: [RegExp, number][] = [
    [/\.(mp3|ogg)$/, 2e-6],
    [/./, 1e-8],
  ];
  for (const [name, { sampleRate, frames, places, samples }] of Object.entries(expected)) {
    if (typeof frames !== 'number' || ['opus.ogg', 'ms.wav'].includes(name)) continue;
    it(name, async () => {
      const tolerance = tolerances.find(([pattern]) => pattern.test(name))![1];
      const info = await probeAudio(fixture(name));
      expect(info).toMatchObject({ sampleRate, channels: samples.length, seconds: frames / sampleRate });
      for (const [channel, theirs] of samples.entries()) {
        const ours = (await readAudio({ path: fixture(name) }, { channel })).samples;
        expect(ours.length).toBe(frames);
        expect(Math.max(...ours)).toBeGreaterThan(0.4);
        for (const [i, place] of places.entries()) expect(Math.abs(ours[place]! - theirs[i]!)).toBeLessThan(tolerance);
      }
      const mix = (await readAudio({ path: fixture(name) })).samples;
      const mean = (i: number) => samples.reduce((sum, plane) => sum + plane[i]!, 0) / samples.length;
      for (const [i, place] of places.entries()) expect(mix[place]).toBeCloseTo(mean(i), 5);
    });
  }

  it('in segments, of blocks of ADPCM too', async () => {
    for (const name of ['mono-ima.wav', 'stereo-ima.wav', 'stereo.mp3', 'mono.ogg', 'big.sph']) {
      const path = fixture(name);
      const { samples, sampleRate } = await readAudio({ path });
      for (const [from, to] of [
        [0, 1],
        [300, 499],
        [samples.length - 200, samples.length],
      ] as const) {
        const part = await readAudio({ path, start: from / sampleRate, end: to / sampleRate });
        expect(part.samples).toEqual(samples.slice(from, to));
      }
    }
  });
});

describe('what is refused', () => {
  const cut = (name: string, bytes: number) => bytesOf(name).subarray(0, bytes);
  const change = (name: string, at: number, value: number) => {
    const bytes = Buffer.from(bytesOf(name));
    bytes[at] = value;
    return bytes;
  };
  const cases: [string, Buffer, RegExp][] = [
    ['cut FLAC', cut('ramp16.flac', 4000), /expected 1500 FLAC samples.*cut short or damaged|FLAC data is damaged/],
    ['FLAC header only', cut('ramp16.flac', 42), /FLAC data is damaged|expected 1500 FLAC samples/],
    ['cut FLAC header', cut('ramp16.flac', 20), /STREAMINFO block/],
    ['damaged FLAC', change('ramp16.flac', 2000, 0x55 ^ bytesOf('ramp16.flac')[2000]!), /expected 1500 FLAC|FLAC data/],
    ['cut MP3', cut('stereo.mp3', 3000), /bytes in the last MP3 frame.*cut short/],
    ['damaged MP3', change('mono.mp3', 648, 0), /expected an MP3 frame at byte 648 \(second 0.07\).*damaged/],
    ['tag without MP3', Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x02zz', 'latin1'), /expected MP3 frames at byte 12/],
    ['cut Vorbis', cut('stereo.ogg', 5000), /incomplete page at the end: the file is cut short/],
    ['Vorbis headers', cut('stereo.ogg', 58), /none marked as the last at the end/],
    ['Opus', bytesOf('opus.ogg'), /expected Vorbis.*found Opus/],
    ['MS ADPCM', bytesOf('ms.wav'), /found Microsoft ADPCM \(0x0002\)/],
    ['cut SPHERE', cut('big.sph', 2000), /expected 1500 bytes of samples, found 976.*cut short/],
    ['cut SPHERE header', cut('big.sph', 900), /its own length in the SPHERE header, found "1024"/],
    [
      'shortened SPHERE',
      Buffer.from(bytesOf('big.sph').toString('latin1').replace('-s3 pcm\n', '-s9 pcm,short\n'), 'latin1'),
      /uncompressed samples.*"pcm,short" of 3 bytes.*sph2pipe/,
    ],
    [
      'SPHERE without rate',
      Buffer.from(bytesOf('big.sph').toString('latin1').replace('sample_rate -i', 'simple_rate -i'), 'latin1'),
      /sample_rate of 1 to 10000000.*no such field/,
    ],
    ['ADPCM of odd blocks', change('mono-ima.wav', 32, 255), /blocks of a multiple of 4 bytes, found 511/],
    ['ADPCM of other blocks', change('mono-ima.wav', 38, 7), /505 samples in a block of 256 bytes/],
    ['ADPCM of 3 bits', change('mono-ima.wav', 34, 3), /4 bits a sample, found 3/],
  ];
  for (const [name, bytes, message] of cases) {
    it(name, async () => {
      const path = write('damaged', bytes);
      const error = await refusal(readAudio({ path }));
      expect(error.message).toMatch(message);
      expect(error.message.startsWith(`${path}: `)).toBe(true);
    });
  }
});

it('a decoder that is not installed is named with the command that installs it', async () => {
  const name = 's2s-no-such-decoder';
  const error = await refusal(load('a.xyz', 'XYZ', name, () => import(name)));
  expect(error.message).toMatch(/^a\.xyz: .*decoder of XYZ.*run "npm install s2s-no-such-decoder"/);
});
