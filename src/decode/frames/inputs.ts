// What decoders of frames are given from outside: which source position each target position belongs to, and the prenet's masks.
import type { ModelConfig } from '../../model/config.js';
import { frameSettings, prenetWidth } from '../../model/frame-decoder.js';
import type { Random } from '../../random.js';

/**
 * The source position of each target position.
 * @param durations target positions that each source position lasts
 * @param first number of the first source position
 */
export function expandDurations(durations: ArrayLike<number>, length: number, first: number): Int32Array {
  const result = new Int32Array(length).fill(first);
  let at = 0;
  for (let s = 0; s < durations.length; s++) {
    const end = Math.min(length, at + (durations[s] as number));
    result.fill(first + s, at, end);
    at = end;
  }
  return result;
}

/** Masks of the dropout that a prenet has outside training too. @param streams a stream of random numbers a row */
export function prenetMasks(model: ModelConfig, streams: readonly Random[], length: number): Float32Array {
  const { prenetDropout } = frameSettings(model);
  const width = 2 * prenetWidth(model);
  const keep = Math.fround(1 / (1 - prenetDropout));
  const threshold = Math.round(prenetDropout * 0x100000000);
  const data = new Float32Array(streams.length * length * width);
  streams.forEach((random, row) => {
    const end = (row + 1) * length * width;
    for (let i = row * length * width; i < end; i++) data[i] = random.uint32() < threshold ? 0 : keep;
  });
  return data;
}

/**
 * Whole durations whose sums come as near as they can to those of the predicted ones at a speed: what one is rounded up by, the next
 * are rounded down by.
 * @param logDurations `log(1 + positions)` of each source position
 * @param limit most positions of all together; what is beyond is cut off
 */
export function scaledDurations(logDurations: ArrayLike<number>, speed: number, limit: number): Int32Array {
  const result = new Int32Array(logDurations.length);
  let exact = 0;
  let given = 0;
  for (let s = 0; s < result.length; s++) {
    exact += Math.max(0, Math.expm1(logDurations[s] as number)) / speed;
    const end = Math.min(limit, Math.round(exact));
    result[s] = end - given;
    given = end;
  }
  // Something has to be said.
  if (given === 0 && result.length > 0) result[0] = 1;
  return result;
}
