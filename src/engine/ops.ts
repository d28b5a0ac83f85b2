// The tensor operations that models, losses and optimizers are written in; nothing else of tfjs is used outside the engine.
import type { Tensor } from '@tensorflow/tfjs-core';
import { isTracing, tf } from './tfjs.js';

export type { Tensor } from '@tensorflow/tfjs-core';

export const {
  abs,
  add,
  cast,
  concat,
  cos,
  customGrad,
  div,
  equal,
  erf,
  exp,
  gather,
  greater,
  less,
  log,
  logSoftmax,
  matMul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  notEqual,
  onesLike,
  pad,
  relu,
  reshape,
  rsqrt,
  scalar,
  sigmoid,
  sin,
  slice,
  softmax,
  split,
  sqrt,
  square,
  stack,
  sub,
  sum,
  tanh,
  topk,
  transpose,
  unsortedSegmentSum,
  unstack,
  valueAndGrads,
  where,
  zerosLike,
} = tf;

/** A constant vector. Its data must not depend on a symbolic dimension. */
export function vector(values: ArrayLike<number>): Tensor {
  return tf.tensor1d(Float32Array.from(values), 'float32');
}

/** The whole numbers `0 … size-1`, int32 `[size]`; unlike tfjs's own range, `size` may be symbolic. */
export function range(size: number): Tensor {
  if (isTracing()) return tf.engine().runKernel('S2sRange', {}, { size } as never) as Tensor;
  return tf.range(0, size, 1, 'int32');
}

/**
 * `size` elements of a one-dimensional pool, from position `offsets[site]` on.
 * @param pool float32 `[P]`
 * @param offsets int32 `[N]`
 */
export function poolSlice(pool: Tensor, offsets: Tensor, site: number, size: number): Tensor {
  if (isTracing()) return tf.engine().runKernel('S2sPoolSlice', { pool, offsets }, { site, size } as never) as Tensor;
  return tf.slice(pool, [offsets.dataSync()[site] as number], [size]);
}
