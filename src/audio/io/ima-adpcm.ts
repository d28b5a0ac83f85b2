// IMA ADPCM in WAV files: blocks of 4-bit steps, each block decoded by itself.
import { DataError } from '../../errors.js';
import { type AudioReader, type ChannelChoice, takeChannel } from './reader.js';
import type { ByteSource } from './source.js';

/** Where the blocks are and what they hold. */
export interface ImaAdpcmLayout {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  /** Bytes of a block. */
  readonly blockAlign: number;
  readonly samplesPerBlock: number | undefined;
  readonly offset: number;
  readonly bytes: number;
}

const INDEX_STEPS = Int8Array.of(-1, -1, -1, -1, 2, 4, 6, 8);

const LAST_STEP = 88;

/** The step sizes of "Recommended Practices for Enhancing Digital Audio Compatibility" (Interactive Multimedia Association, 1992). */
const STEP_SIZES = Int16Array.of(
  ...[7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107],
  ...[118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876],
  ...[963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358],
  ...[5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086],
  ...[29794, 32767],
);

/**
 * Decodes a block into interleaved 16-bit samples. Each channel begins with its first sample and the index of a step size;
 * then come groups of four bytes for each channel in turn, eight samples each, low half first.
 */
function decodeBlock(block: Uint8Array, channels: number, samples: number, out: Int16Array): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  for (let channel = 0; channel < channels; channel++) {
    let value = view.getInt16(channel * 4, true);
    let index = Math.min(LAST_STEP, block[channel * 4 + 2]!);
    out[channel] = value;
    for (let i = 1; i < samples; i++) {
      const nibble = i - 1;
      const group = 4 * channels * (1 + (nibble >> 3)) + 4 * channel;
      const code = (block[group + ((nibble & 7) >> 1)]! >> ((nibble & 1) * 4)) & 15;
      const step = STEP_SIZES[index]!;
      const difference = (step >> 3) + (code & 4 ? step : 0) + (code & 2 ? step >> 1 : 0) + (code & 1 ? step >> 2 : 0);
      value = Math.max(-0x8000, Math.min(0x7fff, code & 8 ? value - difference : value + difference));
      index = Math.max(0, Math.min(LAST_STEP, index + INDEX_STEPS[code & 7]!));
      out[i * channels + channel] = value;
    }
  }
}

/** Samples of each channel in a block of so many bytes. */
const samplesOf = (bytes: number, channels: number): number => ((bytes - 4 * channels) * 2) / channels + 1;

/** Reads a file of IMA ADPCM blocks. @throws DataError when the header does not fit such blocks, or there are none */
export function imaAdpcmReader(source: ByteSource, layout: ImaAdpcmLayout): AudioReader {
  const { path } = source;
  const { sampleRate, channels, bits, blockAlign, offset, bytes } = layout;
  const unit = 4 * channels;
  const perBlock = samplesOf(blockAlign, channels);
  const wrong = (what: string, found: string) =>
    new DataError(`${path}: expected IMA ADPCM with ${what}, found ${found}; the file is damaged`);
  if (bits !== 4) throw wrong('4 bits a sample', `${bits}`);
  if (blockAlign < unit || blockAlign % unit !== 0)
    throw wrong(`blocks of a multiple of ${unit} bytes`, `${blockAlign}`);
  if (layout.samplesPerBlock !== undefined && layout.samplesPerBlock !== perBlock) {
    throw wrong(`${perBlock} samples in a block of ${blockAlign} bytes`, `${layout.samplesPerBlock}`);
  }
  // The last block may be shorter.
  const rest = bytes % blockAlign;
  if (rest % unit !== 0) throw wrong(`a last block of a multiple of ${unit} bytes`, `${rest}`);
  const frames = Math.floor(bytes / blockAlign) * perBlock + (rest === 0 ? 0 : samplesOf(rest, channels));
  if (frames === 0) throw new DataError(`${path}: expected audio, found a header and no samples; remove the file`);
  return {
    format: 'WAV, IMA ADPCM',
    sampleRate,
    channels,
    frames,
    async read(from: number, to: number, choice: ChannelChoice) {
      const out = new Float32Array(to - from);
      const decoded = new Int16Array(perBlock * channels);
      const shape = { channels, full: 0x8000, bias: 0 };
      for (let at = from; at < to; ) {
        const block = Math.floor(at / perBlock);
        const start = block * perBlock;
        const count = Math.min(perBlock, frames - start);
        const coded = await source.bytes(offset + block * blockAlign, Math.min(blockAlign, bytes - block * blockAlign));
        decodeBlock(coded, channels, count, decoded);
        const end = Math.min(to, start + count);
        takeChannel(decoded.subarray((at - start) * channels, (end - start) * channels), shape, choice, out, at - from);
        at = end;
      }
      return out;
    },
  };
}
