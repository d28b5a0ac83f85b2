// Drawing tokens inside a program: inverse transform sampling over a vocabulary in two levels.
import {
  add,
  cast,
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

/**
 * How a vocabulary is cut into blocks for drawing.
 * @returns the width of a block, and the rows that an output matrix is best filled up to
 */
export function drawingBlocks(classes: number): { width: number; filled: number } {
  const width = Math.ceil(Math.sqrt(classes));
  return { width, filled: Math.ceil(classes / width) * width };
}

/**
 * Draws a token for each row: the first whose running sum of probabilities, in the order of token ids, is above the uniform
 * number. The vocabulary is cut into blocks of about √V tokens; the block is found first, so running sums are short and two small
 * products of matrices make them.
 * @param probabilities `[N, V]`, quickest where V is {@link drawingBlocks}`(V).filled`
 * @param uniform `[N, 1]` in [0, 1)
 * @returns int32 `[N]` and the probability `[N]` of each
 */
export function drawTokens(probabilities: Tensor, uniform: Tensor): { ids: Tensor; probability: Tensor } {
  const [rows, classes] = probabilities.shape as [number, number];
  const { width, filled } = drawingBlocks(classes);
  const blocks = filled / width;
  const padded =
    filled === classes
      ? probabilities
      : pad(probabilities, [
          [0, 0],
          [0, filled - classes],
        ]);
  // [N, blocks]
  const blockSums = sum(reshape(padded, [rows, blocks, width]), 2);
  const point = mul(minimum(uniform, ALMOST_ONE), sum(blockSums, 1, true));
  const before = passed(matMul(blockSums, upper(blocks)), point);
  const block = cast(sum(before, 1), 'int32');
  // [N, width]
  const position = add(mul(range(rows), scalar(blocks, 'int32')), block);
  const row = gather(reshape(padded, [rows * blocks, width]), position as never);
  const sums = matMul(row, upper(width));
  const rest = sub(point, sum(mul(blockSums, before), 1, true));
  const last = mul(sum(row, 1, true), ALMOST_ONE);
  const within = cast(sum(passed(sums, maximum(minimum(rest, last), 0)), 1), 'int32');
  const ids = add(mul(block, scalar(width, 'int32')), within);
  const flat = add(mul(range(rows), scalar(filled, 'int32')), ids);
  return { ids, probability: gather(reshape(padded, [rows * filled]), flat as never) };
}
