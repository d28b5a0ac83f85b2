// Writes whole outputs at once, by their durations.
import { frameSettings } from '../../model/frame-decoder.js';
import { expandDurations } from './inputs.js';
import { parallelFrames } from './programs.js';
import type { WritingContext, WrittenOutput } from './types.js';

/**
 * Outputs of the sources that were encoded last.
 * @param durations target positions that each position of each source lasts
 * @param sources S: positions of a source, padding included
 */
export async function writeParallel(
  { model, features, signal, compiled }: WritingContext,
  durations: readonly Int32Array[],
  sources: number,
): Promise<WrittenOutput[]> {
  signal?.throwIfAborted();
  const lengths = durations.map((row) => row.reduce((sum, duration) => sum + duration, 0));
  const longest = Math.max(...lengths);
  const shape = [durations.length, longest];
  const alignment = new Int32Array(durations.length * longest);
  const present = new Float32Array(durations.length * longest);
  durations.forEach((row, i) => {
    alignment.set(expandDurations(row, lengths[i] as number, i * sources), i * longest);
    present.fill(1, i * longest, i * longest + (lengths[i] as number));
  });
  const executable = await compiled('write', () => parallelFrames(model.config, model.parameters));
  const { frames } = await executable.run({
    alignment: { shape, data: alignment },
    present: { shape, data: present },
  });
  const width = frameSettings(model.config).reduction * features;
  const data = frames?.data as Float32Array;
  return durations.map((row, i) => {
    const from = i * longest * width;
    return { data: data.slice(from, from + (lengths[i] as number) * width), finished: true, durations: row };
  });
}
