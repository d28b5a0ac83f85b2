// Cepstral mean and variance normalisation: over the utterance, over a corpus, over a window around each frame.
import { z } from 'zod';
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import type { Features } from '../types.js';

/** Variances are never taken to be less than this. */
const LEAST_VARIANCE = 1e-10;

const statisticsSchema = z
  .strictObject({
    frames: z.number().positive(),
    mean: z.array(z.number()),
    variance: z.array(z.number().min(0)),
  })
  .refine(({ mean, variance }) => mean.length === variance.length);

/** Mean and variance of every feature over a corpus; JSON-safe. */
export type CmvnStatistics = z.infer<typeof statisticsSchema>;

/** Reads statistics. @param file their name, for messages @throws DataError when they are none */
export function parseCmvnStatistics(text: string, file: string): CmvnStatistics {
  try {
    return statisticsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(
      `${file}: expected "frames", "mean" and "variance" of features, found something else; it is \`cmvn.json\` of a run`,
      {
        cause,
      },
    );
  }
}

/** Collects statistics in double precision (Welford, 1962; merged as Chan, Golub and LeVeque, 1979). */
export class CmvnAccumulator {
  private frames = 0;
  private mean = new Float64Array(0);
  private squares = new Float64Array(0);

  /** @throws DataError when frames are not as wide as those before */
  add({ data, frames, dim }: Features): void {
    this.begin(dim);
    const { mean, squares } = this;
    for (let t = 0; t < frames; t++) {
      this.frames += 1;
      for (let j = 0; j < dim; j++) {
        const value = data[t * dim + j] as number;
        const before = value - (mean[j] as number);
        const after = (mean[j] as number) + before / this.frames;
        mean[j] = after;
        squares[j] = (squares[j] as number) + before * (value - after);
      }
    }
  }

  /** Adds statistics of other frames, say another worker's. @throws DataError when those are not as wide */
  merge({ frames, mean: means, variance }: CmvnStatistics): void {
    if (frames === 0) return;
    this.begin(means.length);
    const { mean, squares } = this;
    const total = this.frames + frames;
    means.forEach((theirs, j) => {
      const difference = theirs - (mean[j] as number);
      const between = (difference * difference * this.frames * frames) / total;
      mean[j] = (mean[j] as number) + (difference * frames) / total;
      squares[j] = (squares[j] as number) + (variance[j] as number) * frames + between;
    });
    this.frames = total;
  }

  statistics(): CmvnStatistics {
    const { frames } = this;
    return { frames, mean: [...this.mean], variance: Array.from(this.squares, (sum) => sum / Math.max(frames, 1)) };
  }

  private begin(dim: number): void {
    if (this.frames === 0) {
      this.mean = new Float64Array(dim);
      this.squares = new Float64Array(dim);
    } else checkWidth(this.mean.length, dim);
  }
}

function checkWidth(expected: number, found: number): void {
  if (expected === found) return;
  throw new DataError(
    `cmvn statistics: expected frames of ${expected} features, found ${found}; use one configuration of features for all`,
  );
}

/**
 * Normalised features, by the configuration's `cmvn`; a copy unless there is nothing to do.
 * The variance is that of the population (divided by the number of frames); less than 1e-10 counts as 1e-10.
 *
 * @param statistics of the training split, for `global`
 * @throws DataError when those are missing, or of frames of another width
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
    checkWidth(statistics.mean.length, features.dim);
    return shifted(features, statistics, cmvnVariance);
  }
  const accumulator = new CmvnAccumulator();
  accumulator.add(features);
  return shifted(features, accumulator.statistics(), cmvnVariance);
}

function shifted({ data, frames, dim }: Features, { mean, variance }: CmvnStatistics, withVariance: boolean): Features {
  const scale = variance.map((value) => (withVariance ? 1 / Math.sqrt(Math.max(value, LEAST_VARIANCE)) : 1));
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += dim) {
    for (let j = 0; j < dim; j++) {
      result[at + j] = ((data[at + j] as number) - (mean[j] as number)) * (scale[j] as number);
    }
  }
  return { data: result, frames, dim };
}

/** What {@link applyCmvn} made `global` features of. @throws DataError when statistics are of frames of another width */
export function undoCmvn(
  { data, frames, dim }: Features,
  { cmvnVariance }: Pick<FeaturesConfig, 'cmvnVariance'>,
  { mean, variance }: CmvnStatistics,
): Features {
  checkWidth(mean.length, dim);
  const scale = variance.map((value) => (cmvnVariance ? Math.sqrt(Math.max(value, LEAST_VARIANCE)) : 1));
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += dim) {
    for (let j = 0; j < dim; j++) {
      result[at + j] = (data[at + j] as number) * (scale[j] as number) + (mean[j] as number);
    }
  }
  return { data: result, frames, dim };
}

/**
 * As Kaldi's `apply-cmvn-sliding --center=true` and torchaudio's `sliding_window_cmn(center=True)`: at the ends the window keeps
 * its size and stays inside. A single frame keeps its variance.
 */
function sliding({ data, frames, dim }: Features, window: number, withVariance: boolean): Features {
  const result = new Float32Array(data.length);
  // Sums over the frames [from, to), which move on with the window.
  const sums = new Float64Array(dim);
  const squares = new Float64Array(dim);
  const count = (row: number, sign: 1 | -1): void => {
    for (let j = 0; j < dim; j++) {
      const value = data[row * dim + j] as number;
      sums[j] = (sums[j] as number) + sign * value;
      squares[j] = (squares[j] as number) + sign * value * value;
    }
  };
  const size = Math.min(window, frames);
  let from = 0;
  let to = 0;
  for (let t = 0; t < frames; t++) {
    const start = Math.min(Math.max(t - Math.floor(window / 2), 0), frames - size);
    while (to < start + size) count(to++, 1);
    while (from < start) count(from++, -1);
    for (let j = 0; j < dim; j++) {
      const at = t * dim + j;
      const mean = (sums[j] as number) / size;
      const variance = (squares[j] as number) / size - mean * mean;
      const scale = withVariance && size > 1 ? 1 / Math.sqrt(Math.max(variance, LEAST_VARIANCE)) : 1;
      result[at] = ((data[at] as number) - mean) * scale;
    }
  }
  return { data: result, frames, dim };
}
