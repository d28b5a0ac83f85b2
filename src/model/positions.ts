// Position information: sinusoidal, learned and rotary.
import {
  add,
  cast,
  concat,
  cos,
  gather,
  mul,
  reshape,
  sin,
  slice,
  stack,
  sub,
  type Tensor,
  vector,
} from '../engine/ops.js';
import type { Scope } from './scope.js';

const BASE = 10_000;

/** Angles of every position at `width / 2` frequencies `10000^(−2i/width)`. @param positions int32 `[L]` @returns `[L, width/2]` */
function angles(positions: Tensor, width: number): Tensor {
  const frequencies = Array.from({ length: width / 2 }, (_, i) => BASE ** ((-2 * i) / width));
  const column = reshape(cast(positions, 'float32'), [positions.shape[0] as number, 1]);
  return mul(column, reshape(vector(frequencies), [1, width / 2]));
}

/**
 * Sinusoidal encodings (Vaswani et al., 2017): even columns sine, odd columns cosine.
 * @param positions int32 `[L]` @returns `[L, width]`
 */
export function sinusoidal(positions: Tensor, width: number): Tensor {
  const angle = angles(positions, width);
  return reshape(stack([sin(angle), cos(angle)], 2), [positions.shape[0] as number, width]);
}

/** Adds the configured position encodings. @param x `[B, L, D]` @param positions int32 `[L]` */
export function addPositions(scope: Scope, side: 'source' | 'target', x: Tensor, positions: Tensor): Tensor {
  const { positions: kind, modelDim } = scope.config;
  if (kind === 'rotary') return x;
  const encodings =
    kind === 'sinusoidal' ? sinusoidal(positions, modelDim) : gather(scope.parameter(`${side}.positions`), positions);
  return add(x, reshape(encodings, [1, positions.shape[0] as number, modelDim]));
}

/**
 * Rotary position embedding (Su et al., 2021) in the half-split form of GPT-NeoX; leaves other kinds of model alone.
 * @param heads queries or keys `[B, H, L, D/H]` (or L hypotheses that all stand at the one position given)
 * @param positions int32 `[L]` or `[1]`
 */
export function rotate(scope: Scope, heads: Tensor, positions: Tensor): Tensor {
  if (scope.config.positions !== 'rotary') return heads;
  const [batch, count, length, width] = heads.shape as [number, number, number, number];
  const half = width / 2;
  // [L, D/2H], broadcast over batch and heads
  const angle = angles(positions, width);
  const cosine = cos(angle);
  const sine = sin(angle);
  const low = slice(heads, [0, 0, 0, 0], [batch, count, length, half]);
  const high = slice(heads, [0, 0, 0, half], [batch, count, length, half]);
  return concat([sub(mul(low, cosine), mul(high, sine)), add(mul(high, cosine), mul(low, sine))], 3);
}
