// Monotonic attention: expected alignments for training, hard ones for decoding (Raffel et al., 2017).
import { scan } from '../engine/fused/scan.js';
import {
  add,
  cast,
  concat,
  customGrad,
  equal,
  gather,
  less,
  max,
  mul,
  neg,
  onesLike,
  pad,
  range,
  reshape,
  scalar,
  slice,
  sub,
  type Tensor,
  transpose,
  where,
  zerosLike,
} from '../engine/ops.js';

type Save = (tensors: Tensor[]) => void;

/**
 * The probability α(t, s) that target step t attends to source position s, when every step walks on from where the step
 * before stopped, and stops at each position with the probability given (Raffel et al., 2017, "Online and Linear-Time
 * Attention by Enforcing Monotonic Alignments"): `α(t,s) = p(t,s)·q(t,s)` where
 * `q(t,s) = (1 − p(t,s−1))·q(t,s−1) + α(t−1,s)`, the first step starting at the first position. A row sums to 1 less what has
 * walked past the end, then or before.
 *
 * All cells of a diagonal t + s are computed at once from those of the diagonal before, so that the loop has S + T elementwise
 * steps, and neither quotients nor logarithms that could underflow: finite for all p in [0, 1], with exact gradients.
 * @param probabilities `[N, T, S]`
 * @param present broadcastable to `[N, T, S]`: 1 at positions, 0 at the padding behind them, which gets nothing
 * @returns `[N, T, S]`
 */
export function expectedAlignments(probabilities: Tensor, present?: Tensor): Tensor {
  const p = present ? mul(probabilities, present) : probabilities;
  const [rows, steps, length] = p.shape as [number, number, number];
  const diagonals = toDiagonals(transpose(p, [1, 2, 0]));
  // [T, N]: what has not stopped by the diagonal's cell of each step, and what stopped in the cell before
  const isFirst = cast(equal(reshape(range(steps), [steps, 1]), 0), 'float32');
  const walking = mul(isFirst, onesLike(reshape(range(rows), [1, rows])));
  const { outputs } = scan({
    initial: [walking, zerosLike(walking)],
    sequences: [diagonals],
    step: ([passed, stopped], [probability]) => {
      const stop = probability as Tensor;
      const reached = add(passed as Tensor, stepLater(stopped as Tensor));
      const alignment = mul(stop, reached);
      return { states: [mul(sub(1, stop), reached), alignment], outputs: [alignment] };
    },
  });
  return transpose(fromDiagonals(outputs[0] as Tensor, length), [2, 0, 1]);
}

/** x with every row one place later, zeros in the first. @param x `[T, N]` */
function stepLater(x: Tensor): Tensor {
  const padded = pad(x, [
    [1, 0],
    [0, 0],
  ]);
  return slice(padded, [0, 0], x.shape);
}

/** Sorts the cells (t, s) by diagonal t + s, zeros where a diagonal has no cell. @param x `[T, S, N]` @returns `[S + T, T, N]` */
function toDiagonals(x: Tensor): Tensor {
  const [steps, length, rows] = x.shape as [number, number, number];
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input] = args as [Tensor];
    const t = reshape(range(steps), [1, steps]);
    const late = add(reshape(range(steps), [steps, 1]), scalar(length, 'int32'));
    const s = sub(concat([reshape(range(length), [length, 1]), late], 0), t);
    const nowhere = scalar(steps * length, 'int32');
    const isInside = less(s, scalar(length, 'int32'));
    const cell = where(isInside, add(mul(t, scalar(length, 'int32')), s), nowhere);
    const index = where(less(s, scalar(0, 'int32')), nowhere, cell);
    const flat = reshape(input, [steps * length, rows]);
    const value = gather(
      pad(flat, [
        [0, 1],
        [0, 0],
      ]),
      index,
    );
    return { value, gradFunc: (dy: Tensor) => fromDiagonals(dy, length) };
  });
  return op(x);
}

/** The inverse of {@link toDiagonals}. @param x `[S + T, T, N]` @returns `[T, S, N]` */
function fromDiagonals(x: Tensor, length: number): Tensor {
  const [diagonals, steps, rows] = x.shape as [number, number, number];
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input] = args as [Tensor];
    const t = reshape(range(steps), [steps, 1]);
    const diagonal = add(t, reshape(range(length), [1, length]));
    const index = add(mul(diagonal, scalar(steps, 'int32')), t);
    const value = gather(reshape(input, [diagonals * steps, rows]), index);
    return { value, gradFunc: (dy: Tensor) => toDiagonals(dy) };
  });
  return op(x);
}

/** Where a hard monotonic attention looks, and how far it has come. */
export interface HardAlignment {
  /** `[N, S]`: 1 at the position attended to, 0 elsewhere; all 0 where nothing stops the walk */
  readonly weights: Tensor;
  /** float32 `[N]`: the position attended to, or S at the end; what the next step starts from */
  readonly position: Tensor;
}

/**
 * One step of hard monotonic attention (Raffel et al., 2017): attends to the first position, from the previous one
 * on, whose probability is at least ½. Where there is none, the step attends to nothing and the walk has ended, so that
 * later steps attend to nothing either: what {@link expectedAlignments} yields for probabilities of 0 and 1.
 * @param probabilities `[N, S]`
 * @param previous int32 or float32 `[N]`: the position of the step before, 0 before the first step
 * @param present broadcastable to `[N, S]`: 1 at positions, 0 at padding
 */
export function hardAlignment(probabilities: Tensor, previous: Tensor, present?: Tensor): HardAlignment {
  const p = present ? mul(probabilities, present) : probabilities;
  const [rows, length] = p.shape as [number, number];
  // [1, S]
  const index = cast(reshape(range(length), [1, length]), 'float32');
  const isPassed = less(index, reshape(cast(previous, 'float32'), [rows, 1]));
  const candidates = where(isPassed, length, where(less(p, 0.5), length, index));
  // [N]: the least of them
  const position = neg(max(neg(candidates), -1));
  return { weights: cast(equal(index, reshape(position, [rows, 1])), 'float32'), position };
}
