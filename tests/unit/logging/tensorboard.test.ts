import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/logging/crc32c.js';
import { openTensorBoard } from '../../../src/logging/tensorboard.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 's2s-tensorboard-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('crc32c', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [new TextEncoder().encode('123456789'), 0xe3069283],
    [new Uint8Array(0), 0],
  ])('%#', (data, expected) => {
    expect(crc32c(data)).toBe(expected);
  });
});

describe('openTensorBoard', () => {
  it('writes the very bytes that TensorBoard was seen to read (tests/reference/tensorboard)', () => {
    let seconds = 1_700_000_000;
    const now = () => {
      seconds += 0.5;
      return seconds * 1000;
    };
    const first = openTensorBoard(folder, { now });
    first.scalar('train/loss', 3.25, 1);
    first.scalar('train/loss', 2.5, 2);
    first.scalar('train/loss', 99, 3);
    first.text('samples', 'größe **x** 🙂', 2);
    first.close();
    const second = openTensorBoard(folder, { now, resumeAt: 2 });
    second.scalar('train/loss', Number.NaN, 300);
    second.scalar('train/loss', -1e-3, 2 ** 40);
    second.close();
    expect(readdirSync(folder)).toEqual(['events.out.tfevents.1700000000.0', 'events.out.tfevents.1700000003.0']);
    for (const name of readdirSync(folder)) {
      const reference = fileURLToPath(new URL(`../../reference/tensorboard/run/${name}`, import.meta.url));
      expect(readFileSync(path.join(folder, name)).toString('hex')).toBe(readFileSync(reference).toString('hex'));
    }
  });

  it('takes a new file for every start, even within one second', () => {
    const now = () => 1_700_000_000_000;
    for (let i = 0; i < 3; i++) openTensorBoard(folder, { now }).close();
    expect(readdirSync(folder).map((name) => path.extname(name))).toEqual(['.0', '.1', '.2']);
    const file = readFileSync(path.join(folder, readdirSync(folder)[0] as string));
    // Length 24, its checksum, then wall time (field 1), step 0 (field 2) and file version (field 3) of 24 bytes in all.
    expect(file.readBigUInt64LE(0)).toBe(BigInt(file.length - 16));
    expect(file.toString('latin1', 25, file.length - 4)).toBe('brain.Event:2');
  });

  it('explains a folder that is not there', () => {
    expect(() => openTensorBoard(path.join(folder, 'absent'))).toThrow('its folder does not exist');
  });
});
