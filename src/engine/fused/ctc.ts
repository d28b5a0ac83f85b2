// Connectionist temporal classification: the loss and its gradient from one forward and one backward recursion.
import {
  add,
  cast,
  customGrad,
  equal,
  exp,
  greater,
  log,
  logSoftmax,
  matMul,
  max,
  mul,
  range,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../ops.js';
import { ctcScan, IMPOSSIBLE } from './ctc-scan.js';

type Save = (tensors: Tensor[]) => void;

/** The targets of a batch as tensors; see `ctcTargets`. */
export interface CtcTargetTensors {
  /** int32 `[B, U]` */
  readonly labels: Tensor;
  /** `[B, U]` */
  readonly skip: Tensor;
  /** `[B, U]` */
  readonly final: Tensor;
  /** `[B]`: weight of each row in the loss */
  readonly weights: Tensor;
}

/**
 * Σ weight · (−log p(labels | logits)) (Graves et al., 2006), as PyTorch's `ctc_loss` with `zero_infinity`: a row whose
 * labels do not fit into its frames adds nothing, whatever its weight; `ctcMinimumFrames` tells beforehand. The gradient
 * with respect to the logits is `weight · (softmax − occupancy)`, where the occupancy of a class is the probability of
 * being in a state of it.
 * @param logits `[B, S, V]`
 * @param present `[B, S]`: 1 at frames, 0 at the padding behind them
 * @returns scalar
 */
export function ctcLoss(logits: Tensor, present: Tensor, targets: CtcTargetTensors): Tensor {
  const [batch, frames, classes] = logits.shape as [number, number, number];
  const states = targets.labels.shape[1] as number;
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [x, save] = args as [Tensor, Save];
    const logProbs = logSoftmax(x);
    // [B, U, V]
    const isLabel = equal(reshape(targets.labels, [batch, states, 1]), reshape(range(classes), [1, 1, classes]));
    const oneHot = cast(isLabel, 'float32');
    // [S, B, U] and [S, B, 1]
    const emissions = transpose(matMul(logProbs, oneHot, false, true), [1, 0, 2]);
    const isFrame = reshape(greater(transpose(present, [1, 0]), 0), [frames, batch, 1]);
    const skip = mul(sub(1, targets.skip), IMPOSSIBLE);
    // Before the first frame a path stands in front of the first state.
    const isFirst = cast(equal(reshape(range(states), [1, states]), 0), 'float32');
    const initial = mul(sub(1, add(isFirst, mul(targets.skip, 0))), IMPOSSIBLE);
    const forward = ctcScan({ initial, skip, emissions, isFrame }, 'forward');
    const last = mul(sub(1, targets.final), IMPOSSIBLE);
    // [B, 1]
    const logLikelihood = logSumExp(add(forward.end, last));
    const hasPath = cast(greater(reshape(logLikelihood, [batch]), IMPOSSIBLE / 2), 'float32');
    const weights = mul(targets.weights, hasPath);
    save([logProbs, oneHot, emissions, isFrame, skip, last, forward.states, present, weights]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [p, hot, e, frame, jump, end, alphas, real, w] = saved as [
        ...[Tensor, Tensor, Tensor, Tensor, Tensor],
        ...[Tensor, Tensor, Tensor, Tensor],
      ];
      const betas = ctcScan({ initial: end, skip: jump, emissions: e, isFrame: frame }, 'backward').states;
      // [S, B, U]: probability of each state at each frame. Σ exp(α + β) is the likelihood at every frame, but dividing by
      // the frame's own sum cancels the rounding that α and β have gathered on their way.
      const posterior = softmax(add(alphas, betas));
      // [B, S, V]
      const occupancy = matMul(transpose(posterior, [1, 0, 2]), hot);
      const weight = mul(dy, mul(real, reshape(w, [batch, 1])));
      return mul(sub(exp(p), occupancy), reshape(weight, [batch, frames, 1]));
    };
    const value = mul(sum(mul(weights, reshape(logLikelihood, [batch]))), -1);
    return { value, gradFunc };
  });
  return op(logits);
}

/** log Σ exp over the last axis. @returns `[B, 1]` */
function logSumExp(x: Tensor): Tensor {
  const largest = max(x, -1, true);
  return add(largest, log(sum(exp(sub(x, largest)), -1, true)));
}
