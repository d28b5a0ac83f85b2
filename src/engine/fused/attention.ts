// Scaled dot-product attention over heads.
import { add, matMul, mul, softmax, type Tensor } from '../ops.js';

/**
 * Scaled dot-product attention (Vaswani et al., 2017).
 * @param query `[B, H, Q, D]`, not yet scaled
 * @param key `[B, H, K, D]`
 * @param value `[B, H, K, D]`
 * @param mask additive, broadcastable to `[B, H, Q, K]`: 0 where a query may look, {@link MASKED} where it may not
 * @param dropWeights applied to the attention weights
 * @returns `[B, H, Q, D]`
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | undefined,
  dropWeights: (weights: Tensor) => Tensor = (weights) => weights,
): Tensor {
  const width = query.shape[query.shape.length - 1] as number;
  // [B, H, Q, K]
  const logits = matMul(mul(query, width ** -0.5), key, false, true);
  const weights = softmax(mask ? add(logits, mask) : logits);
  return matMul(dropWeights(weights), value);
}

/** The additive mask of a forbidden position: large enough to vanish in float32 softmax, small enough to add up. */
export const MASKED = -1e9;
