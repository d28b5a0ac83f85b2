// WAV files that are written are read back as they were.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { probeAudio, readAudio } from '../../../../src/audio/io/read.js';
import { encodeWav } from '../../../../src/audio/synthesis/wav-out.js';
import { DataError } from '../../../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 's2s-wav-out-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function readBack(bytes: Uint8Array) {
  const path = join(folder, 'out.wav');
  writeFileSync(path, bytes);
  return { ...(await readAudio({ path })), info: await probeAudio(path) };
}

describe('WAV files', () => {
  it('keep every 16-bit sample', async () => {
    const samples = Float32Array.from({ length: 65_536 }, (_, i) => (i - 32_768) / 32_768);
    const { bytes, clipped } = encodeWav(samples, 22_050);
    const back = await readBack(bytes);
    expect(clipped).toBe(0);
    expect(back.sampleRate).toBe(22_050);
    expect(back.info).toMatchObject({ channels: 1, format: 'WAV, 16-bit integer' });
    expect(back.samples).toEqual(samples);
    expect(bytes).toHaveLength(44 + 2 * 65_536);
  });

  it('round to the nearest integer, cut what is beyond ±1 and count it', async () => {
    const values = [0.4, 0.6, -0.6, 32_766.7, 32_767.4, 32_768, -32_768, 32_769, -32_769];
    const { bytes, clipped } = encodeWav(
      Float32Array.from(values, (value) => value / 32_768),
      8000,
    );
    const wanted = [0, 1, -1, 32_767, 32_767, 32_767, -32_768, 32_767, -32_768];
    expect([...(await readBack(bytes)).samples].map((value) => value * 32_768)).toEqual(wanted);
    expect(clipped).toBe(2);
  });

  it('cut values far beyond, and an odd number of them', async () => {
    const { bytes, clipped } = encodeWav(Float32Array.of(7, -7, 1), 8000);
    expect([...(await readBack(bytes)).samples].map((value) => value * 32768)).toEqual([32767, -32768, 32767]);
    expect(clipped).toBe(2);
  });

  it('may be empty, but not of numbers that are none', () => {
    expect(encodeWav(new Float32Array(0), 8000).bytes).toHaveLength(44);
    expect(() => encodeWav(Float32Array.of(0, Number.NaN), 8000)).toThrow(/found NaN in place 1/);
    expect(() => encodeWav(Float32Array.of(Number.POSITIVE_INFINITY), 8000)).toThrow(DataError);
    expect(() => encodeWav(new Float32Array(1), 0.5)).toThrow(/sampleRate: expected a positive integer, found 0.5/);
  });
});
