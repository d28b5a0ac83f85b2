// What every format offers once its header is understood, and the mixing of channels.
import { DataError } from '../../errors.js';

/** Which channel is wanted: the mean of all, or one of them, counted from 0. */
export type ChannelChoice = 'mix' | number;

/** An audio file whose samples can be read. A frame is one sample of each channel. */
export interface AudioReader {
  /** In words, e.g. `WAV, 16-bit integer`. */
  readonly format: string;
  /** Frames a second (Hz). */
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
  /**
   * Frames `from` … `to` − 1 as one channel.
   * @throws DataError when samples cannot be decoded, or are not finite numbers
   */
  read(from: number, to: number, channel: ChannelChoice): Promise<Float32Array>;
}

/** The error for samples that are not finite. */
export function notFinite(path: string, value: number, frame: number, sampleRate: number): DataError {
  const what = Number.isFinite(value) ? 'one too large for 32-bit floating point' : `${value}`;
  return new DataError(
    `${path}: expected finite samples, found ${what} at second ${(frame / sampleRate).toFixed(3)}; write the file again`,
  );
}

/** Mixes or picks from interleaved samples. The result goes to `out` from `at` on; a sample v becomes (v − bias) / full. */
export function takeChannel(
  interleaved: ArrayLike<number>,
  shape: { readonly channels: number; readonly bias: number; readonly full: number },
  choice: ChannelChoice,
  out: Float32Array,
  at: number,
): void {
  const { channels, bias, full } = shape;
  const frames = Math.floor(interleaved.length / channels);
  if (channels === 1 || choice !== 'mix') {
    // Powers of two all, so that the product is the quotient exactly.
    const scale = 1 / full;
    for (let i = 0, j = choice === 'mix' ? 0 : choice; i < frames; i++, j += channels) {
      out[at + i] = (interleaved[j]! - bias) * scale;
    }
    return;
  }
  const divisor = channels * full;
  for (let i = 0, j = 0; i < frames; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += interleaved[j++]!;
    out[at + i] = (sum - channels * bias) / divisor;
  }
}
