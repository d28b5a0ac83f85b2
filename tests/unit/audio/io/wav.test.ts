// WAV files: every way to store samples, the chunks around them, and headers that streams leave.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { probeAudio, readAudio } from '../../../../src/audio/io/read.js';
import { Random } from '../../../../src/random.js';
import { refusal, temporaryFolder } from './folder.js';
import { bytes16, wavBytes } from './wav-bytes.js';

const { path, write } = temporaryFolder();
const samplesOf = async (file: string) => [...(await readAudio({ path: file })).samples];

describe('stored numbers', () => {
  const integers = (bits: number, values: readonly number[], big: boolean): Buffer => {
    const width = bits / 8;
    const out = Buffer.alloc(values.length * width);
    for (const [i, value] of values.entries()) {
      if (big) out.writeIntBE(value, i * width, width);
      else out.writeIntLE(value, i * width, width);
    }
    return out;
  };

  for (const container of ['RIFF', 'RIFX'] as const) {
    for (const bits of [16, 24, 32]) {
      it(`scales ${bits}-bit integers in ${container} by 2^${bits - 1}`, async () => {
        const full = 2 ** (bits - 1);
        const values = [-full, full - 1, 0, 1, -1, 12345, -12345];
        const file = write(
          `${container}${bits}.wav`,
          wavBytes(integers(bits, values, container === 'RIFX'), { container, bits }),
        );
        expect(await samplesOf(file)).toEqual(values.map((value) => Math.fround(value / full)));
        expect((await probeAudio(file)).format).toBe(`WAV, ${bits}-bit integer`);
      });
    }

    it(`takes floating point in ${container} as it is`, async () => {
      const values = [0, 1, -1, 0.1, 1.5, -1e-20, 3e38].map(Math.fround);
      const single = Buffer.alloc(values.length * 4);
      const double = Buffer.alloc(values.length * 8);
      for (const [i, value] of values.entries()) {
        if (container === 'RIFX') {
          single.writeFloatBE(value, i * 4);
          double.writeDoubleBE(value, i * 8);
        } else {
          single.writeFloatLE(value, i * 4);
          double.writeDoubleLE(value, i * 8);
        }
      }
      for (const [bits, bytes] of [
        [32, single],
        [64, double],
      ] as const) {
        const file = write(`${container}${bits}f.wav`, wavBytes(bytes, { container, bits, tag: 3 }));
        expect(await samplesOf(file)).toEqual(values);
      }
    });
  }

  it('centres 8-bit samples on 128', async () => {
    const file = write('8.wav', wavBytes(Buffer.from([0, 1, 127, 128, 129, 255]), { bits: 8 }));
    expect(await samplesOf(file)).toEqual([-1, -127 / 128, -1 / 128, 0, 1 / 128, 127 / 128]);
  });

  it('takes odd widths as left-aligned in their bytes', async () => {
    const file = write('12.wav', wavBytes(bytes16([0x7ff0, -0x8000]), { bits: 12 }));
    expect(await samplesOf(file)).toEqual([0x7ff0 / 0x8000, -1]);
  });

  it('looks into the extensible header', async () => {
    const file = write('ext.wav', wavBytes(Buffer.from([0, 0, 0, 63]), { extensible: 3, bits: 32 }));
    expect(await samplesOf(file)).toEqual([0.5]);
    expect((await probeAudio(file)).format).toBe('WAV, 32-bit floating point');
  });

  it('decodes all codes of A-law and µ-law as wavefile does', async () => {
    const codes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (const [tag, decode] of [
      [6, 'fromALaw'],
      [7, 'fromMuLaw'],
    ] as const) {
      const bytes = wavBytes(codes, { tag, bits: 8, sampleRate: 8000 });
      const theirs = new wavefile.WaveFile(new Uint8Array(bytes));
      theirs[decode]();
      const expected = [...(theirs.getSamples(false, Int16Array) as unknown as Int16Array)];
      expect(new Set(expected).size).toBeGreaterThan(250);
      expect(await samplesOf(write(`law${tag}.wav`, bytes))).toEqual(expected.map((value) => value / 0x8000));
    }
  });

  it('reads what wavefile writes', async () => {
    const random = new Random(1, 'wavefile');
    const values = Array.from({ length: 999 }, () => random.integer(65536) - 32768);
    for (const channels of [1, 3]) {
      const theirs = new wavefile.WaveFile();
      theirs.fromScratch(channels, 22050, '16', values);
      const file = path(`theirs${channels}.wav`);
      writeFileSync(file, theirs.toBuffer());
      expect(await probeAudio(file)).toEqual({
        sampleRate: 22050,
        channels,
        seconds: 999 / channels / 22050,
        format: 'WAV, 16-bit integer',
      });
      const last = await readAudio({ path: file }, { channel: channels - 1 });
      const expected = values.filter((_, i) => i % channels === channels - 1);
      expect([...last.samples]).toEqual(expected.map((value) => value / 32768));
    }
  });
});

describe('chunks', () => {
  const extra: [string, Buffer][] = [
    ['LIST', Buffer.from('INFOISFT\x05\x00\x00\x00abcd\x00\x00')],
    ['odd ', Buffer.from('abc')],
    ['bext', Buffer.alloc(6000, 1)],
  ];

  it('passes over those it does not need, before and after the samples', async () => {
    const file = write('chunks.wav', wavBytes(bytes16([1, 2, 3]), { before: extra, after: extra }));
    expect(await samplesOf(file)).toEqual([1, 2, 3].map((value) => value / 32768));
  });

  it('takes the rest of the file when a stream did not say its size', async () => {
    for (const dataSize of [0, 0xffffffff, 0xffffffff - 36, 0x7fffffff, 0x7ffff000, 0x7fffffff - 36, 0x80000000]) {
      const file = write('streamed.wav', wavBytes(bytes16([1, 2, 3]), { dataSize }));
      expect(await samplesOf(file)).toHaveLength(3);
    }
    const odd = write('odd.wav', wavBytes(Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9]), { bits: 24, dataSize: 0 }));
    expect(await samplesOf(odd)).toHaveLength(3);
  });

  it('does not take chunks after an empty one for samples', async () => {
    const file = write('empty.wav', wavBytes(Buffer.alloc(0), { after: extra }));
    expect((await refusal(readAudio({ path: file }))).message).toContain('no samples');
    expect((await refusal(readAudio({ path: write('0.wav', wavBytes(Buffer.alloc(0))) }))).message).toContain(
      'no samples',
    );
  });

  it('reads the size of a file beyond 4 GB from its ds64 chunk', async () => {
    const long = { container: 'RF64', dataSize: 0xffffffff } as const;
    const data = bytes16([5, 6, 7, 8]);
    expect(await samplesOf(write('rf64.wav', wavBytes(data, { ...long, size64: 4n })))).toEqual([5 / 32768, 6 / 32768]);
    expect(await samplesOf(write('rf64s.wav', wavBytes(data, { ...long, size64: 2n ** 64n - 1n })))).toHaveLength(4);
    const short = write('rf64t.wav', wavBytes(data, { ...long, size64: 5_000_000_000n }));
    expect((await refusal(readAudio({ path: short }))).message).toMatch(
      /expected 5000000000 bytes.*found 8.*cut short/,
    );
  });
});

describe('what is refused', () => {
  const data = bytes16([1, 2, 3, 4]);
  const cases: [string, Buffer, RegExp][] = [
    ['channels', wavBytes(data, { channels: 0 }), /at least 1 channel.*found 0/],
    ['bits', wavBytes(data, { bits: 0, blockAlign: 2 }), /at least 1 bit.*found 0/],
    ['rate', wavBytes(data, { sampleRate: 0 }), /sample rate of 1 to 10000000 Hz.*found 0/],
    ['fast', wavBytes(data, { sampleRate: 4e9 }), /sample rate of 1 to 10000000 Hz.*found 4000000000/],
    ['align', wavBytes(data, { blockAlign: 3 }), /block alignment of 2 bytes.*channels 1, bits 16.*found 3/],
    ['wide', wavBytes(data, { bits: 64 }), /integer samples of 1 to 32 bits, found 64/],
    ['float', wavBytes(data, { bits: 16, tag: 3 }), /floating-point samples of 32 or 64 bits, found 16/],
    ['law', wavBytes(data, { bits: 16, tag: 6 }), /A-law samples of 8 bits, found 16/],
    ['mp3', wavBytes(data, { tag: 0x55 }), /found MP3 \(0x0055\).*convert/],
    ['tag', wavBytes(data, { tag: 0x1234 }), /found an unknown coding \(0x1234\).*convert/],
    ['cut', wavBytes(data, { dataSize: 10 }), /expected 10 bytes of samples, found 8: the file is cut short/],
    ['part', wavBytes(data.subarray(1), { dataSize: 7 }), /samples of 2 bytes.*found 7 bytes, 1 too many/],
    ['stream', wavBytes(data, { channels: 3, dataSize: 0 }), /samples of 6 bytes.*found 8 bytes, 2 too many/],
    ['none', wavBytes(data).subarray(0, 36), /"data" chunk.*only "fmt "/],
    ['bare', wavBytes(data).subarray(0, 12), /"data" chunk.*found no chunk/],
    ['short', wavBytes(data).subarray(0, 8), /found the beginning of one/],
    ['avi', Buffer.from('RIFF\x00\x00\x00\x00AVI LIST'), /a RIFF file of kind "AVI "/],
    [
      'unformatted',
      Buffer.concat([wavBytes(data).subarray(0, 12), wavBytes(data).subarray(36)]),
      /"fmt " chunk before/,
    ],
  ];
  for (const [name, bytes, message] of cases) {
    it(name, async () => {
      const file = write(`bad-${name}.wav`, bytes);
      for (const attempt of [() => readAudio({ path: file }), () => probeAudio(file)]) {
        const error = await refusal(attempt());
        expect(error.message).toMatch(message);
        expect(error.message.startsWith(`${file}: `)).toBe(true);
        expect(error.exitCode).toBe(65);
      }
    });
  }

  it('an unknown subformat', async () => {
    const bytes = wavBytes(data, { extensible: 1 });
    bytes[bytes.indexOf('389b71', 'hex')] = 0;
    expect((await refusal(probeAudio(write('guid.wav', bytes)))).message).toMatch(
      /unknown WAV subformat 0100.*convert/,
    );
  });

  it('samples that are not finite, with the second they stand at', async () => {
    for (const [value, width, found] of [
      [Number.NaN, 4, 'NaN'],
      [-Infinity, 8, '-Infinity'],
      [1e300, 8, 'one too large'],
    ] as const) {
      const bytes = Buffer.alloc(width * 2 * 16000);
      if (width === 4) bytes.writeFloatLE(value, 4 * (2 * 12000 + 1));
      else bytes.writeDoubleLE(value, 8 * (2 * 12000 + 1));
      const file = write('nan.wav', wavBytes(bytes, { tag: 3, bits: width * 8, channels: 2 }));
      for (const channel of ['mix', 0] as const) {
        const error = await refusal(readAudio({ path: file, start: 0.5 }, { channel }));
        expect(error.message).toContain(`found ${found}`);
        expect(error.message).toContain('at second 0.750');
      }
      expect((await readAudio({ path: file, end: 0.5 })).samples).toHaveLength(8000);
    }
  });
});
