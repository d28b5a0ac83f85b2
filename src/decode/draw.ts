// Drawing tokens inside a program: inverse transform sampling over a vocabulary in two levels.
import {
  add,
  cast,
  div,
  gather,
  greater,
  matMul,
  maximum,
  minimum,
  mul,
  pad,
  range,
  reshape,
  scalar,
  slice,
  sub,
  sum,
  type Tensor,
  vector,
} from '../engine/ops.js';

/** Just below 1: rounding must not lead beyond the last token that has a probability. */
const ALMOST_ONE = 1 - 1e-6;

/** `[size, size]`, ones on and above the diagonal: `x · upper` are the running sums of x's rows. */
function upper(size: number): Tensor {
  const ones = Float32Array.from({ length: size * size }, (_, i) => (i % size >= Math.floor(i / size) ? 1 : 0));
  return reshape(vector(ones), [size, size]);
}

/** 1 where the running sum has not passed the point yet. @param sums `[N, M]` @param point `[N, 1]` */
const passed = (sums: Tensor, point: Tensor): Tensor => sub(1, cast(greater(sums, point), 'float32'));

/** A divisor of `size` near its square root, or that rounded up where there is none to speak of. */
function blockWidth(size: number): number {
  const root = Math.ceil(Math.sqrt(size));
  for (let width = root; width <= 4 * root; width++) if (size % width === 0) return width;
  return root;
}

/**
 * Draws a token for each row: the first whose running sum of probabilities, in the order of token ids, is above the uniform
 * number. The vocabulary is cut into blocks of about √V tokens; the block is found first, so running sums are short and two small
 * products of matrices make them.
 * @param probabilities `[N, V]`
 * @param uniform `[N, 1]` in [0, 1)
 * @param first tokens below this id are never drawn; the others share their probability
 * @returns int32 `[N]` and the probability `[N]` that each was drawn with
 */
export function drawTokens(probabilities: Tensor, uniform: Tensor, first = 0): { ids: Tensor; probability: Tensor } {
  const [rows, classes] = probabilities.shape as [number, number];
  const width = blockWidth(classes);
  const blocks = Math.ceil(classes / width);
  const excess = blocks * width - classes;
  const padded =
    excess === 0
      ? probabilities
      : pad(probabilities, [
          [0, 0],
          [0, excess],
        ]);
  // [N, blocks]
  const blockSums = sum(reshape(padded, [rows, blocks, width]), 2);
  const whole = sum(blockSums, 1, true);
  const skipped = first > 0 ? sum(slice(probabilities, [0, 0], [rows, first]), 1, true) : mul(whole, 0);
  const allowed = sub(whole, skipped);
  const point = mul(add(skipped, mul(minimum(uniform, ALMOST_ONE), allowed)), ALMOST_ONE);
  const before = passed(matMul(blockSums, upper(blocks)), point);
  const block = cast(sum(before, 1), 'int32');
  // [N, width]
  const position = add(mul(range(rows), scalar(blocks, 'int32')), block);
  const row = gather(reshape(padded, [rows * blocks, width]), position as never);
  const sums = matMul(row, upper(width));
  const rest = sub(point, sum(mul(blockSums, before), 1, true));
  const last = mul(sum(row, 1, true), ALMOST_ONE);
  const within = cast(sum(passed(sums, maximum(minimum(rest, last), 0)), 1), 'int32');
  const ids = maximum(add(mul(block, scalar(width, 'int32')), within), scalar(first, 'int32'));
  const flat = add(mul(range(rows), scalar(blocks * width, 'int32')), ids);
  const probability = gather(reshape(padded, [rows * blocks * width]), flat as never);
  return { ids, probability: div(probability, reshape(allowed, [rows])) };
}
