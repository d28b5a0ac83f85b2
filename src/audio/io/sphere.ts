// NIST SPHERE files (.sph, .wv1) whose samples are not compressed, as the LDC distributes them.
import { DataError } from '../../errors.js';
import type { SampleEncoding } from './options.js';
import { pcmReader, SAMPLE_BYTES } from './pcm.js';
import type { AudioReader } from './reader.js';
import type { ByteSource } from './source.js';
import { MOST_HERTZ } from './wav.js';

/** More than any header has. */
const MOST_HEADER = 1 << 20;

/** Whether this is the beginning of a SPHERE file. */
export const isSphere = (head: Buffer): boolean => head.toString('latin1', 0, 8) === 'NIST_1A\n';

/**
 * Reads the header of a SPHERE file.
 * @throws DataError when it is damaged, the samples are compressed (shorten), or there are fewer than it says
 */
export async function openSphere(source: ByteSource): Promise<AudioReader> {
  const { path } = source;
  const wrong = (what: string, found: string, todo = 'the file is damaged') =>
    new DataError(`${path}: expected ${what} in the SPHERE header, found ${found}; ${todo}`);
  const stated = (await source.bytes(8, 8)).toString('latin1').trim();
  const headerBytes = /^\d+$/.test(stated) ? Number(stated) : 0;
  if (headerBytes < 16 || headerBytes > Math.min(MOST_HEADER, source.size)) {
    throw wrong('its own length', JSON.stringify(stated));
  }
  const fields = new Map<string, string>();
  for (const line of (await source.bytes(16, headerBytes - 16)).toString('latin1').split('\n')) {
    if (line.trim() === 'end_head') break;
    const [, name, value] = /^(\S+) -(?:i|r|s\d+) (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value.trim());
  }
  const integer = (name: string, fallback: number | undefined, most: number): number => {
    const text = fields.get(name);
    if (text === undefined && fallback !== undefined) return fallback;
    const value = /^\d+$/.test(text ?? '') ? Number(text) : 0;
    if (value < 1 || value > most) throw wrong(`${name} of 1 to ${most}`, text ?? 'no such field');
    return value;
  };
  const coding = fields.get('sample_coding') ?? 'pcm';
  const width = integer('sample_n_bytes', /^[au]law$/.test(coding) ? 1 : undefined, 4);
  const codings: Record<string, SampleEncoding | undefined> = {
    pcm: ([undefined, 's8', 's16', 's24', 's32'] as const)[width],
    ulaw: 'mulaw',
    'mu-law': 'mulaw',
    alaw: 'alaw',
  };
  const encoding = codings[coding];
  if (encoding === undefined || SAMPLE_BYTES[encoding] !== width) {
    throw wrong(
      'uncompressed samples (pcm, ulaw or alaw)',
      `${JSON.stringify(coding)} of ${width} bytes`,
      'convert the file to WAV with sph2pipe or sox',
    );
  }
  // A digit a byte, the least significant 0; libsndfile writes two digits whatever the width.
  const order = fields.get('sample_byte_format');
  const digits = '0123'.slice(0, width);
  const bigEndian = order === '10' || order === [...digits].reverse().join('');
  if (width > 1 && !bigEndian && order !== '01' && order !== digits) {
    throw wrong('sample_byte_format', order === undefined ? 'no such field' : JSON.stringify(order));
  }
  const channels = integer('channel_count', 1, 0xffff);
  const sampleRate = integer('sample_rate', undefined, MOST_HERTZ);
  const available = source.size - headerBytes;
  const stream = Math.floor(available / (width * channels));
  const frames = integer('sample_count', stream, Number.MAX_SAFE_INTEGER);
  if (frames > stream) {
    throw new DataError(
      `${path}: expected ${frames * width * channels} bytes of samples, found ${available}: the file is cut short; copy or fetch it again`,
    );
  }
  return pcmReader(source, {
    format: `NIST SPHERE, ${coding}, ${width * 8} bits`,
    encoding,
    bigEndian,
    sampleRate,
    channels,
    offset: headerBytes,
    bytes: frames * width * channels,
  });
}
