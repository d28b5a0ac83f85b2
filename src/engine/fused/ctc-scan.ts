// The recursion of CTC over the frames: an ONNX Scan when it is traced, a loop of plain operations otherwise.
import { add, concat, exp, log, maximum, reshape, slice, stack, sub, type Tensor, unstack, where } from '../ops.js';
import { isTracing, tf } from '../tfjs.js';

/** The logarithm of a probability of 0: so large that it vanishes beside any other, so small that sums stay finite. */
export const IMPOSSIBLE = -1e30;

/** What the recursion runs over. */
interface ScanInputs {
  /** Log-probabilities `[B, U]` before the first frame, or behind the last. */
  readonly initial: Tensor;
  /** Additive `[B, U]`: 0 where a state may be entered from two states before, {@link IMPOSSIBLE} elsewhere. */
  readonly skip: Tensor;
  /** Log-probability of each state's label `[S, B, U]`. */
  readonly emissions: Tensor;
  /** bool `[S, B, 1]`; other frames change nothing. */
  readonly isFrame: Tensor;
}

/** The log-probabilities `[S, B, U]`, and those after the last step `[B, U]`. */
interface ScanResult {
  readonly states: Tensor;
  readonly end: Tensor;
}

/**
 * - `forward`: α of each frame, the emission of the frame included: α′ = emission + log(α(u) + α(u−1) + α(u−2) if allowed).
 * - `backward`, over the frames in reverse: β of each frame without its emission.
 */
export function ctcScan(inputs: ScanInputs, direction: 'forward' | 'backward'): ScanResult {
  if (isTracing()) {
    const [end, states] = tf.engine().runKernel('S2sCtcScan', { ...inputs }, { direction } as never) as Tensor[];
    return { states: states as Tensor, end: end as Tensor };
  }
  const isForward = direction === 'forward';
  const emissions = unstack(inputs.emissions);
  const isFrame = unstack(inputs.isFrame);
  const states: Tensor[] = new Array(emissions.length);
  let state = inputs.initial;
  for (let step = 0; step < emissions.length; step++) {
    const t = isForward ? step : emissions.length - 1 - step;
    if (!isForward) states[t] = state;
    const emission = emissions[t] as Tensor;
    const next = isForward
      ? add(emission, logSumExp3(state, moved(state, 1), add(moved(state, 2), inputs.skip)))
      : backwardStep(add(state, emission), inputs.skip);
    state = where(isFrame[t] as Tensor, next, state);
    if (isForward) states[t] = state;
  }
  return { states: stack(states), end: state };
}

function backwardStep(through: Tensor, skip: Tensor): Tensor {
  return logSumExp3(through, moved(through, -1), moved(add(through, skip), -2));
}

/** `x` with every state `places` later (or earlier), impossible ones in the free places. @param x `[B, U]` */
function moved(x: Tensor, places: number): Tensor {
  const [batch, states] = x.shape as [number, number];
  const free = Math.min(Math.abs(places), states);
  const filler = tf.fill([batch, free], IMPOSSIBLE);
  const kept = slice(x, [0, places > 0 ? 0 : free], [batch, states - free]);
  if (free === states) return filler;
  return reshape(places > 0 ? concat([filler, kept], 1) : concat([kept, filler], 1), [batch, states]);
}

function logSumExp3(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const largest = maximum(maximum(a, b), c);
  const total = add(add(exp(sub(a, largest)), exp(sub(b, largest))), exp(sub(c, largest)));
  return add(largest, log(total));
}
