// Checks a built @tensorflow/tfjs-node: values, gradients, and that this checkout's own tfjs-core shares its engine with it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import util from 'node:util';

const target = resolve(process.argv[2] ?? join(tmpdir(), 'tfjs-node-from-source'));
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

// tfjs-node 4.22 calls both of these; Node 23 took isNullOrUndefined away, and isArray is deprecated.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

const tf = await import('@tensorflow/tfjs-core');
tf.env().set('PROD', true); // no warning for each thing that the second copy of tfjs-core registers again
const node = createRequire(join(target, 'package.json'))('@tensorflow/tfjs-node');

assert.equal(tf.engine(), node.engine(), 'the two copies of tfjs-core share one engine');
assert.equal(await tf.setBackend('tensorflow'), true);
assert.equal(tf.backend().constructor.name, 'NodeJSKernelBackend');

/** Compares a tensor's values with the expected ones, to six decimals. */
function same(tensor, expected) {
  const rounded = Array.from(tensor.dataSync(), (value) => Number(value.toFixed(6)));
  assert.deepEqual(rounded, expected);
}

const square = tf.tensor2d([1, 2, 3, 4], [2, 2]);
same(tf.matMul(square, square), [7, 10, 15, 22]);

const x = tf.tensor1d([1, 2]);
const y = tf.tensor1d([3, 4]);
const { value, grads } = tf.valueAndGrads((a, b) => tf.sum(tf.mul(tf.square(a), b)))([x, y]);
same(value, [19]);
same(grads[0], [6, 16]);
same(grads[1], [1, 4]);

// Gathering a row twice must add its gradient up: the backward pass of an embedding, through UnsortedSegmentSum.
const rows = tf.grad((table) => tf.sum(tf.gather(table, tf.tensor1d([1, 1, 0], 'int32'))));
same(rows(tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])), [1, 1, 2, 2, 0, 0]);
same(tf.unsortedSegmentSum(tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([0, 1, 0, 2], 'int32'), 4), [4, 2, 4, 0]);

const top = tf.topk(tf.tensor1d([3, 1, 4, 1, 5]), 2);
same(top.values, [5, 4]);
same(top.indices, [4, 2]);
same(tf.softmax(tf.tensor1d([1, 2, 3])), [0.090031, 0.244728, 0.665241]);

const size = 1024;
const runs = 20;
const big = tf.randomNormal([size, size]);
tf.matMul(big, big).dispose();
const start = performance.now();
for (let i = 0; i < runs; i++) tf.matMul(big, big).dispose(); // eager: done when the call returns
const gflops = (2 * size ** 3 * runs) / (performance.now() - start) / 1e6;

console.log(
  `Node ${process.version}, tfjs ${node.version['tfjs-node']}, TensorFlow ${tf.backend().binding.TF_Version}`,
);
console.log(`matMul of two ${size} x ${size} matrices: ${gflops.toFixed(0)} GFLOPS`);
