// Seeded dropout: shared pools of random masks, renewed a little at every step, and the offsets of each step's masks.
import type { HostTensor, Patch } from '../engine/types.js';
import type { ModelConfig } from '../model/config.js';
import { COIN_RATE } from '../model/cross-attention.js';
import { prenetWidth } from '../model/frame-decoder.js';
import { Random } from '../random.js';

/** Most dropouts a model may contain. */
export const DROPOUT_SITES = 256;

/** A pool is renewed completely in this many steps. */
export const RENEWAL_STEPS = 64;

/** The variable that holds the pool of a rate. */
export const poolName = (rate: number): string => `dropout.pool.${rate}`;

/** Whether there is noise on attention energies. */
const usesCoins = (model: ModelConfig): boolean => model.crossAttention === 'monotonic';

/** The rates of what is around a decoder of frames. */
function frameRates({ frames }: ModelConfig): number[] {
  if (!frames) return [];
  const { kind, prenetDropout, postnetLayers, postnetDropout, durationDropout } = frames;
  return [kind === 'parallel' ? durationDropout : prenetDropout, ...(postnetLayers > 0 ? [postnetDropout] : [])];
}

/** The distinct positive dropout rates of a model, with that of the noise of monotonic attention. */
export function dropoutRates(model: ModelConfig): number[] {
  const { dropout, attentionDropout, activationDropout } = model;
  const coins = usesCoins(model) ? COIN_RATE : 0;
  const rates = [dropout, attentionDropout, activationDropout, coins, ...frameRates(model)];
  return [...new Set(rates)].filter((rate) => rate > 0).sort((a, b) => a - b);
}

/**
 * Size of a pool that holds the largest mask and leaves room for {@link RENEWAL_STEPS} different starting points.
 * @param largestMask elements of the largest dropped-out tensor
 */
export function poolSize(largestMask: number): number {
  const needed = Math.ceil(largestMask * 1.25) + RENEWAL_STEPS * 1024;
  return Math.ceil(needed / RENEWAL_STEPS) * RENEWAL_STEPS;
}

/** Numbers that are dropped at each position around a decoder of frames, at most. @param features of a frame */
function widestFrameMask(model: ModelConfig, features: number): number {
  const { frames } = model;
  if (!frames) return 0;
  const postnet = frames.postnetLayers > 0 ? frames.reduction * Math.max(frames.postnetChannels, features) : 0;
  return Math.max(postnet, frames.kind === 'parallel' ? 0 : prenetWidth(model));
}

/**
 * Elements of the largest dropped-out tensor of a batch of `tokens` padded tokens and sequences of `longest` tokens.
 * @param features of a target frame
 */
export function largestMask(model: ModelConfig, tokens: number, longest: number, features = 0): number {
  const activations = tokens * Math.max(model.modelDim, model.activationDropout > 0 ? model.feedForwardDim : 0);
  const hasAttentionMask = model.attentionDropout > 0 || usesCoins(model);
  const attention = hasAttentionMask ? tokens * model.heads * longest : 0;
  return Math.max(activations, attention, tokens * widestFrameMask(model, features));
}

/**
 * The randomness of dropout as a function of seed and step alone, so that a resumed run goes on with the same masks.
 *
 * Step t renews segment `t mod 64` of each pool, and starts its masks in bucket `π(t mod 64)` of the offsets' range: within
 * 64 steps no two masks of a site start at the same place, and after 64 steps the whole pool is new.
 */
export class DropoutSource {
  private readonly segment: number;

  constructor(
    private readonly seed: number,
    private readonly rates: readonly number[],
    private readonly size: number,
    private readonly mask: number,
  ) {
    this.segment = size / RENEWAL_STEPS;
  }

  /** The pools as they stand before step `step` (counted from 0) renews its segment. */
  pools(step: number): Record<string, HostTensor> {
    return Object.fromEntries(
      this.rates.map((rate) => {
        const data = new Float32Array(this.size);
        for (let i = 1; i <= RENEWAL_STEPS; i++) {
          const earlier = step - i;
          const place = ((earlier % RENEWAL_STEPS) + RENEWAL_STEPS) % RENEWAL_STEPS;
          data.set(this.segmentAt(rate, earlier), place * this.segment);
        }
        return [poolName(rate), { shape: [this.size], data }];
      }),
    );
  }

  /** What step `step` writes into the pools before it runs. */
  patches(step: number): Patch[] {
    const offset = (step % RENEWAL_STEPS) * this.segment;
    return this.rates.map((rate) => ({ variable: poolName(rate), offset, data: this.segmentAt(rate, step) }));
  }

  /**
   * Where each site's mask starts at a step. @param part micro-batch within the step
   * @returns int32 `[DROPOUT_SITES]`
   */
  offsets(step: number, part = 0): HostTensor {
    const random = new Random(this.seed, 'dropout/offsets', step, part);
    const bucket = Math.floor((this.size - this.mask) / RENEWAL_STEPS);
    const start = (((step * 37) % RENEWAL_STEPS) + RENEWAL_STEPS) % RENEWAL_STEPS;
    return {
      shape: [DROPOUT_SITES],
      data: Int32Array.from({ length: DROPOUT_SITES }, () => start * bucket + random.integer(bucket)),
    };
  }

  /** The zeros and scaled ones that step `step` (negative: before the first) contributes. */
  private segmentAt(rate: number, step: number): Float32Array {
    const random = new Random(this.seed, `dropout/${rate}`, step);
    const keep = Math.fround(1 / (1 - rate));
    const threshold = Math.round(rate * 0x100000000);
    const data = new Float32Array(this.segment);
    for (let i = 0; i < data.length; i++) data[i] = random.uint32() < threshold ? 0 : keep;
    return data;
  }
}
