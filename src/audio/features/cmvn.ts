// Cepstral mean and variance normalisation: over the utterance, over a corpus, over a window around each frame.
import { z } from 'zod';
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import type { Features } from '../types.js';

/** Variances are never taken to be less than this. */
const LEAST_VARIANCE = 1e-10;

const statisticsSchema = z.strictObject({
  frames: z.number().positive(),
  mean: z.array(z.number()),
  variance: z.array(z.number().min(0)),
});

/** Mean and variance of every feature over a corpus; JSON-safe. */
export type CmvnStatistics = z.infer<typeof statisticsSchema>;

/** Reads statistics. @param file their name, for messages @throws DataError when they are none */
export function parseCmvnStatistics(text: string, file: string): CmvnStatistics {
  try {
    return statisticsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(`${file}: expected "frames", "mean" and "variance" of features, found something else`, {
      cause,
    });
  }
}

/** Collects statistics in double precision (Welford, 1962). */
export class CmvnAccumulator {
  private frames = 0;
  private mean = new Float64Array(0);
  private squares = new Float64Array(0);

  add({ data, frames, dim }: Features): void {
    if (this.frames === 0) {
      this.mean = new Float64Array(dim);
      this.squares = new Float64Array(dim);
    }
    for (let t = 0; t < frames; t++) {
      this.frames += 1;
      for (let j = 0; j < dim; j++) {
        const value = data[t * dim + j] as number;
        const before = value - (this.mean[j] as number);
        this.mean[j] = (this.mean[j] as number) + before / this.frames;
        this.squares[j] = (this.squares[j] as number) + before * (value - (this.mean[j] as number));
      }
    }
  }

  statistics(): CmvnStatistics {
    const { frames } = this;
    return { frames, mean: [...this.mean], variance: Array.from(this.squares, (sum) => sum / Math.max(frames, 1)) };
  }
}

/**
 * Normalised features, by the configuration's `cmvn`; a copy unless there is nothing to do.
 * @param statistics of the training split, for `global`
 */
export function applyCmvn(
  features: Features,
  { cmvn, cmvnVariance, cmvnWindow }: Pick<FeaturesConfig, 'cmvn' | 'cmvnVariance' | 'cmvnWindow'>,
  statistics?: CmvnStatistics,
): Features {
  if (cmvn === 'none' || features.frames === 0) return features;
  if (cmvn === 'sliding') return sliding(features, cmvnWindow, cmvnVariance);
  if (cmvn === 'global') {
    if (!statistics) throw new DataError('global cmvn needs the statistics of the training split, found none');
    return shifted(features, statistics, cmvnVariance);
  }
  const accumulator = new CmvnAccumulator();
  accumulator.add(features);
  return shifted(features, accumulator.statistics(), cmvnVariance);
}

function shifted({ data, frames, dim }: Features, { mean, variance }: CmvnStatistics, withVariance: boolean): Features {
  const scale = variance.map((value) => (withVariance ? 1 / Math.sqrt(Math.max(value, LEAST_VARIANCE)) : 1));
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const j = i % dim;
    result[i] = ((data[i] as number) - (mean[j] as number)) * (scale[j] as number);
  }
  return { data: result, frames, dim };
}

/** As Kaldi's `apply-cmvn-sliding --center=true`: at the ends the window keeps its size and stays inside. */
function sliding({ data, frames, dim }: Features, window: number, withVariance: boolean): Features {
  const result = new Float32Array(data.length);
  // Sums before each frame, a row a frame.
  const sums = new Float64Array((frames + 1) * dim);
  const squares = new Float64Array((frames + 1) * dim);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    sums[i + dim] = (sums[i] as number) + value;
    squares[i + dim] = (squares[i] as number) + value * value;
  }
  for (let t = 0; t < frames; t++) {
    let start = t - Math.floor(window / 2);
    let end = start + window;
    if (start < 0) [start, end] = [0, end - start];
    if (end > frames) [start, end] = [Math.max(start - (end - frames), 0), frames];
    const count = end - start;
    for (let j = 0; j < dim; j++) {
      const mean = ((sums[end * dim + j] as number) - (sums[start * dim + j] as number)) / count;
      const square = ((squares[end * dim + j] as number) - (squares[start * dim + j] as number)) / count;
      const scale = withVariance && count > 1 ? 1 / Math.sqrt(Math.max(square - mean * mean, LEAST_VARIANCE)) : 1;
      result[t * dim + j] = ((data[t * dim + j] as number) - mean) * scale;
    }
  }
  return { data: result, frames, dim };
}
