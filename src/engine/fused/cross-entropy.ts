// Label-smoothed cross-entropy of a tied or separate output layer, without an N×V matrix besides logits and probabilities.
import {
  add,
  cast,
  customGrad,
  equal,
  gather,
  logSoftmax,
  matMul,
  max,
  mean,
  mul,
  neg,
  range,
  reshape,
  scalar,
  slice,
  softmax,
  stack,
  sub,
  sum,
  type Tensor,
  unsortedSegmentSum,
} from '../ops.js';
import { safeLog } from './safe-log.js';

type Save = (tensors: Tensor[]) => void;

/** Log-probabilities of positions: that of the target, and the mean over all classes. */
export interface PositionLogProbs {
  /** `[N]` */
  readonly target: Tensor;
  /** `[N]` */
  readonly mean: Tensor;
}

/**
 * Log-probabilities under `p = softmax(hidden · embeddingᵀ)`, from which every loss of tokens is made.
 *
 * With P the probabilities, and a and c the gradients with respect to `target` and `mean`, the gradients are
 * `d hidden = a·E[y] + c·mean(E) − (a + c)·P·E` and `dE = scatter(a·h, y) + (1/V)·Σ(c·h) − Pᵀ((a + c)·h)`.
 * @param hidden `[N, D]`
 * @param embedding output embedding `[V, D]`
 * @param targets int32 `[N]`
 */
export function positionLogProbs(hidden: Tensor, embedding: Tensor, targets: Tensor): PositionLogProbs {
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
    const targetLogProb = safeLog(gather(reshape(probabilities, [n * classes]), position));
    const meanLogit = reshape(matMul(h, meanRow, false, true), [n]);
    const meanLogProb = sub(meanLogit, sub(targetLogit, targetLogProb));
    // All that the gradient needs is saved: anything else of the forward pass is gone by then.
    save([h, e, probabilities, targetRows, meanRow, targets]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [h, e, p, rows, average, y] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      // [N, 1]
      const a = reshape(slice(dy, [0, 0], [1, n]), [n, 1]);
      const c = reshape(slice(dy, [1, 0], [1, n]), [n, 1]);
      const both = add(a, c);
      const expected = add(mul(rows, a), mul(average, c));
      const scattered = unsortedSegmentSum(mul(h, a), y as never, classes);
      const spread = mul(sum(mul(h, c), 0, true), 1 / classes);
      return [
        sub(expected, mul(both, matMul(p, e))),
        sub(add(scattered, spread), matMul(p, mul(h, both), true, false)),
      ];
    };
    return { value: stack([targetLogProb, meanLogProb]), gradFunc };
  });
  // [2, N]
  const both = op(hidden, embedding);
  const row = (which: 0 | 1) => reshape(slice(both, [which, 0], [1, n]), [n]);
  return { target: row(0), mean: row(1) };
}

/**
 * Sum over positions of `weight · [(1 − ε)·(−log p(target)) + ε · mean over classes of (−log p)]`
 * (label smoothing after Szegedy et al., 2016; equals PyTorch's `cross_entropy(label_smoothing=ε)` per position).
 * @param weights `[N]`, 0 at padding
 * @returns scalar
 */
export function smoothedLoss({ target, mean }: PositionLogProbs, weights: Tensor, smoothing: number): Tensor {
  const smoothed = smoothing === 0 ? target : add(mul(target, 1 - smoothing), mul(mean, smoothing));
  return neg(sum(mul(weights, smoothed)));
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
