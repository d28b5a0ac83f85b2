// Random bytes and damaged files: either audio of finite samples comes out, or a DataError.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { audioWindows, probeAudio, type ReadAudioOptions, readAudio } from '../../../../src/audio/io/read.js';
import { DataError } from '../../../../src/errors.js';
import { temporaryFolder } from './folder.js';
import { bytes16, wavBytes } from './wav-bytes.js';

const { write } = temporaryFolder();

/** Whether the bytes were read. Anything but finite samples or a DataError fails. */
async function survives(bytes: Buffer, options: ReadAudioOptions = {}): Promise<boolean> {
  const path = write('fuzz', bytes);
  try {
    const { samples, sampleRate } = await readAudio({ path }, options);
    expect(samples.length).toBeGreaterThan(0);
    expect(samples.every(Number.isFinite)).toBe(true);
    const info = await probeAudio(path, options);
    expect(info).toMatchObject({ sampleRate, seconds: samples.length / sampleRate });
    let count = 0;
    for await (const window of audioWindows({ path }, info.seconds / 3, options)) count += window.samples.length;
    expect(count).toBe(samples.length);
    return true;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message.startsWith(`${path}: expected `) || error.message.startsWith(`${path}: `)).toBe(true);
    return false;
  }
}

const MARKS = [
  '',
  'RIFF\x10\x00\x00\x00WAVEfmt \x10\x00\x00\x00',
  'RIFX....WAVE',
  'RF64....WAVEds64',
  'fLaC',
  'OggS',
  'ID3',
];
const marks = [...MARKS, 'NIST_1A\n   1024\n', '\xff\xfb\x90\x00', 'OggS\x00\x02'];

it('random bytes', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(...marks),
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.boolean(),
    async (mark, bytes, raw) => {
      const options = raw ? { raw: { sampleRate: 16000 } } : {};
      await survives(Buffer.concat([Buffer.from(mark, 'latin1'), bytes]), options);
    },
  );
  await fc.assert(property, { numRuns: 400 });
});

/** A few bytes of a file replaced, by numbers that headers are sensitive to or any; then perhaps cut. */
const damage = (length: number, header: number) =>
  fc.record({
    changes: fc.array(
      fc.tuple(
        fc.oneof(fc.nat(header - 1), fc.nat(length - 1)),
        fc.oneof(fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff), fc.nat(255)),
      ),
      { maxLength: 4 },
    ),
    cut: fc.oneof({ weight: 3, arbitrary: fc.constant(length) }, { weight: 1, arbitrary: fc.nat(length) }),
  });

const wav = wavBytes(bytes16(Array.from({ length: 50 }, (_, i) => i * 100)), {
  channels: 2,
  after: [['LIST', Buffer.alloc(8)]],
});
const fixture = (name: string) => readFileSync(new URL(`files/${name}`, import.meta.url));
const files: [string, Buffer, number, number][] = [
  ['WAV', wav, 44, 800],
  ['extensible WAV', wavBytes(Buffer.alloc(64), { extensible: 3, bits: 32 }), 68, 500],
  ['RF64', wavBytes(Buffer.alloc(64), { container: 'RF64', dataSize: 0xffffffff, size64: 64n }), 80, 500],
  ['IMA ADPCM', fixture('stereo-ima.wav'), 60, 300],
  ['SPHERE', fixture('little.sph'), 300, 300],
  ['FLAC', fixture('ramp8.flac'), 100, 60],
  ['MP3', fixture('mono.mp3'), 200, 60],
  ['Ogg Vorbis', fixture('mono.ogg'), 200, 60],
];
for (const [name, bytes, header, numRuns] of files) {
  it(`damaged ${name}`, async () => {
    expect(await survives(bytes)).toBe(true);
    let read = 0;
    const property = fc.asyncProperty(damage(bytes.length, header), async ({ changes, cut }) => {
      const changed = Buffer.from(bytes);
      for (const [at, value] of changes) changed[at] = value;
      if (await survives(changed.subarray(0, cut))) read++;
    });
    await fc.assert(property, { numRuns });
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(numRuns);
  });
}
