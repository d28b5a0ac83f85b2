// What model code works with: parameters by name, the configuration, and dropout.
import { dropout } from '../engine/fused/dropout.js';
import type { Tensor } from '../engine/ops.js';
import type { Tensors } from '../engine/types.js';
import { ConfigError, EngineError } from '../errors.js';
import type { ModelConfig } from './config.js';
import { keptName } from './shared-layers.js';

/** Access of one evaluation of a model to its parameters and its randomness. */
export interface Scope {
  readonly config: ModelConfig;
  /** @throws EngineError when there is no such parameter. */
  parameter(name: string): Tensor;
  /** Dropout with the given rate; the identity when the rate is 0 or the model is not being trained. */
  drop(x: Tensor, rate: number): Tensor;
  /** Masks `[N, 2·P]` of the dropout that a prenet has outside training too: zeros and `1 / (1 − rate)`. */
  readonly prenetMasks?: Tensor;
  /** Whether monotonic attention decides as in decoding, instead of being the expectation that is trained. */
  readonly isHard?: boolean;
  /** Takes the weights `[B, H, Q, L]` of an attention sublayer, before dropout, for whoever wants to look at them. */
  observe?(name: string, weights: Tensor): void;
}

/** The dropout pools (by rate) and offsets of one training step. */
export interface DropoutTensors {
  readonly pools: ReadonlyMap<number, Tensor>;
  /** int32 `[sites]` */
  readonly offsets: Tensor;
}

/**
 * @param randomness absent outside training.
 * @param observe see {@link Scope.observe}
 */
export function createScope(
  config: ModelConfig,
  parameters: Tensors,
  randomness?: DropoutTensors,
  observe?: Scope['observe'],
): Scope {
  let site = 0;
  return {
    config,
    ...(observe ? { observe } : {}),
    parameter(name) {
      const tensor = parameters[keptName(config, name)];
      if (!tensor) throw new EngineError(`internal: the model has no parameter ${name}`);
      return tensor;
    },
    drop(x, rate) {
      if (!randomness || rate === 0) return x;
      const pool = randomness.pools.get(rate);
      if (!pool) throw new EngineError(`internal: there is no dropout pool for rate ${rate}`);
      const sites = randomness.offsets.shape[0] as number;
      if (site >= sites) {
        throw new ConfigError(
          `the model has more than ${sites} dropouts; use fewer layers, or set one of dropout, attentionDropout and activationDropout to 0`,
        );
      }
      return dropout(x, pool, randomness.offsets, site++);
    },
  };
}
