// Label-smoothed cross-entropy of a tied or separate output layer, without an N×V matrix besides logits and probabilities.
import {
  add,
  cast,
  customGrad,
  equal,
  gather,
  log,
  logSoftmax,
  matMul,
  max,
  maximum,
  mean,
  mul,
  range,
  reshape,
  scalar,
  softmax,
  sub,
  sum,
  type Tensor,
  unsortedSegmentSum,
} from '../ops.js';

type Save = (tensors: Tensor[]) => void;

/** A probability is never taken to be less than this, so that its logarithm stays finite. */
const TINY = 1e-37;

/**
 * Sum over positions of `weight · [(1 − ε)·(−log p(target)) + ε · mean over classes of (−log p)]`
 * (label smoothing after Szegedy et al., 2016; equals PyTorch's `cross_entropy(label_smoothing=ε)` per position),
 * where `p = softmax(hidden · embeddingᵀ)`.
 *
 * With P the probabilities and w the weights, the gradients are
 * `d hidden = w·(P·E − (1−ε)·E[y] − ε·mean(E))` and `dE = Pᵀ(w·h) − (1−ε)·scatter(w·h, y) − (ε/V)·Σ(w·h)`.
 * @param hidden `[N, D]`
 * @param embedding output embedding `[V, D]`
 * @param targets int32 `[N]`
 * @param weights `[N]`, 0 at padding
 * @returns scalar
 */
export function smoothedCrossEntropy(
  hidden: Tensor,
  embedding: Tensor,
  targets: Tensor,
  weights: Tensor,
  smoothing: number,
): Tensor {
  const n = hidden.shape[0] as number;
  const classes = embedding.shape[0] as number;
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [h, e, save] = args as [Tensor, Tensor, Save];
    // [N, V]
    const probabilities = softmax(matMul(h, e, false, true));
    // [N, D], [1, D]
    const targetRows = gather(e, targets);
    const meanRow = mean(e, 0, true);
    // [N]: a target's logit, and its log-probability read out of the flattened probabilities
    const targetLogit = sum(mul(h, targetRows), -1);
    const position = add(mul(range(n), scalar(classes, 'int32')), targets);
    const targetLogProb = log(maximum(gather(reshape(probabilities, [n * classes]), position), TINY));
    const logNormaliser = sub(targetLogit, targetLogProb);
    const meanLogit = reshape(matMul(h, meanRow, false, true), [n]);
    const smoothed = add(mul(targetLogit, 1 - smoothing), mul(meanLogit, smoothing));
    // All that the gradient needs is saved: anything else of the forward pass is gone by then.
    save([h, e, probabilities, targetRows, meanRow, targets, weights]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [h, e, p, rows, average, y, given] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      // [N, 1]
      const w = reshape(mul(dy, given), [n, 1]);
      const expected = add(mul(rows, 1 - smoothing), mul(average, smoothing));
      const weighted = mul(h, w);
      const scattered = unsortedSegmentSum(mul(weighted, 1 - smoothing), y as never, classes);
      const spread = mul(sum(weighted, 0, true), smoothing / classes);
      return [mul(w, sub(matMul(p, e), expected)), sub(sub(matMul(p, weighted, true, false), scattered), spread)];
    };
    return { value: sum(mul(weights, sub(logNormaliser, smoothed))), gradFunc };
  });
  return op(hidden, embedding);
}

/** Totals for reports: negative log-likelihood in nats and number of right predictions, each summed with the weights. */
export interface TokenStatistics {
  readonly negativeLogLikelihood: Tensor;
  readonly correct: Tensor;
}

/**
 * Unsmoothed statistics of the same predictions, for validation.
 * @param hidden `[N, D]` @param embedding `[V, D]` @param targets int32 `[N]` @param weights `[N]`
 */
export function tokenStatistics(hidden: Tensor, embedding: Tensor, targets: Tensor, weights: Tensor): TokenStatistics {
  const n = hidden.shape[0] as number;
  const classes = embedding.shape[0] as number;
  // [N, V]
  const logProbs = logSoftmax(matMul(hidden, embedding, false, true));
  const position = add(mul(range(n), scalar(classes, 'int32')), targets);
  // [N]
  const target = gather(reshape(logProbs, [n * classes]), position);
  const hit = cast(equal(target, max(logProbs, -1)), 'float32');
  return { negativeLogLikelihood: mul(sum(mul(weights, target)), -1), correct: sum(mul(weights, hit)) };
}
