// The log-likelihood made in chunks against the one made whole: values and gradients, at many numbers of chunks.
import { expect, it } from 'vitest';
import { positionLogProbs } from '../../../src/engine/fused/cross-entropy.js';
import { weightedLogLikelihood } from '../../../src/engine/fused/weighted-log-likelihood.js';
import { mul, reshape, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { HostTensor, Program, Tensors } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { distance } from './reference.js';
import { ENGINES, floats, ints, useEngine } from './support.js';

const WIDTH = 6;
const CLASSES = 13;
const SIZE = 4;

/** The value and its gradients, times a number so that what flows back is not 1. */
function programFor(logLikelihood: (h: Tensor, e: Tensor, y: Tensor, w: Tensor) => Tensor): Program {
  return {
    name: 'weighted-log-likelihood',
    variables: {},
    inputs: {
      hidden: { shape: ['C', SIZE, WIDTH], dtype: 'float32' },
      embedding: { shape: [CLASSES, WIDTH], dtype: 'float32' },
      targets: { shape: ['C', SIZE], dtype: 'int32' },
      weights: { shape: ['C', SIZE], dtype: 'float32' },
    },
    body(_variables, inputs: Tensors) {
      const { hidden, embedding, targets, weights } = inputs as Record<string, Tensor>;
      const chunks = targets!.shape[0]!;
      const f = (h: Tensor, e: Tensor) =>
        mul(logLikelihood(reshape(h, [chunks * SIZE, WIDTH]), e, targets!, weights!), -1.5);
      const { value, grads } = valueAndGrads(f as never)([hidden!, embedding!]);
      return { outputs: { value, toHidden: grads[0]!, toEmbedding: grads[1]! } };
    },
  };
}

const chunked = programFor(weightedLogLikelihood);
const whole = programFor((h, e, y, w) => {
  const flat = (x: Tensor) => reshape(x, [h.shape[0]!]);
  return sum(mul(positionLogProbs(h, e, flat(y)).target, flat(w)));
});

/** A batch, the last tokens of which fill up its last chunk. */
function batch(chunks: number): Record<string, HostTensor> {
  const random = new Random(chunks, 'weighted-log-likelihood');
  const count = chunks * SIZE;
  const normals = (n: number) => Array.from({ length: n }, () => 1.5 * random.normal());
  return {
    hidden: floats(normals(count * WIDTH), [chunks, SIZE, WIDTH]),
    embedding: floats(normals(CLASSES * WIDTH), [CLASSES, WIDTH]),
    targets: ints(
      Array.from({ length: count }, () => random.integer(CLASSES)),
      [chunks, SIZE],
    ),
    weights: floats(
      normals(count).map((x, i) => (i < count - 2 ? x : 0)),
      [chunks, SIZE],
    ),
  };
}

const onnx = useEngine('onnxruntime');
const cpu = useEngine('cpu');

it.each(ENGINES)('is what the whole one is, with the same gradients, on %s', async (name) => {
  const engine = name === 'cpu' ? cpu() : onnx();
  const [a, b] = [await engine.compile(chunked), await cpu().compile(whole)];
  for (const chunks of [1, 2, 3, 7]) {
    const inputs = batch(chunks);
    const [made, expected] = [await a.run(inputs), await b.run(inputs)];
    expect(Math.abs(expected.value!.data[0]!)).toBeGreaterThan(0.1);
    for (const [key, { shape, data }] of Object.entries(expected)) {
      expect(made[key]!.shape, key).toEqual(shape);
      expect(distance(made[key], { shape, data: Array.from(data) }), key).toBeLessThan(1e-6);
    }
    // Tokens without a weight have no part in it.
    expect(Array.from(made.toHidden!.data.subarray(-2 * WIDTH)).every((x) => x === 0)).toBe(true);
  }
});
