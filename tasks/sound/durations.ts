// Durations in frames as durations in decoder positions.
import type { FrameTarget } from '../../src/data/sequences.js';
import { DataError } from '../../src/errors.js';

/**
 * @param durations frames that each source position lasts
 * @param sources source positions
 * @param origin of the row, for messages
 * @returns positions that each lasts, as many together as the target has
 * @throws DataError where the durations belong to another text or recording
 */
export function positionDurations(
  durations: readonly number[],
  target: FrameTarget,
  sources: number,
  origin: string,
): Int32Array {
  const total = durations.reduce((sum, duration) => sum + duration, 0);
  if (durations.length !== sources || total !== target.frames) {
    throw new DataError(
      `${origin}: expected durations of ${sources} source positions that add up to ${target.frames} frames, found ${durations.length} that ` +
        `add up to ${total}; the model of training.durationsFrom must read and write the same positions: its tokenizer or features and its spectrograms must be those of this run`,
    );
  }
  let frames = 0;
  let before = 0;
  return Int32Array.from(durations, (duration) => {
    frames += duration;
    const end =
      frames === target.frames ? target.length : Math.min(target.length, Math.round(frames / target.reduction));
    const positions = end - before;
    before = end;
    return positions;
  });
}
