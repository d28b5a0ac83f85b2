// Dropout whose masks are slices of a shared pool of random numbers: seeded, replayable and cheap.
import { mul, poolSlice, reshape, type Tensor } from '../ops.js';
import { sizeOf } from '../types.js';

/**
 * Inverted dropout (Srivastava et al., 2014).
 * @param x any shape, at most as large as the pool
 * @param pool float32 `[P]` of zeros (with probability `rate`) and `1 / (1 − rate)`
 * @param offsets int32 `[sites]`, where each site's mask starts in the pool
 * @param site which dropout of the model this is
 */
export function dropout(x: Tensor, pool: Tensor, offsets: Tensor, site: number): Tensor {
  return mul(x, reshape(poolSlice(pool, offsets, site, sizeOf(x.shape)), x.shape));
}
