// The diagonality under a map is the one that validation measures.
import { expect, it } from 'vitest';
import { Random } from '../../../src/random.js';
import { diagonality } from '../../../src/report/attention.js';
import { attentionDiagonality } from '../../../src/train/objectives/guided-attention.js';
import { evaluate, floats, useEngine } from '../engine/support.js';

const engine = useEngine('cpu');

it.each([
  [10, 10],
  [7, 23],
  [31, 12],
  [1, 5],
])('of %d target and %d source positions', async (targets, sources) => {
  const random = new Random(1, 'diagonality');
  const weights = Float32Array.from({ length: targets * sources }, () => random.uniform());
  for (let t = 0; t < targets; t++) {
    const row = weights.subarray(t * sources, (t + 1) * sources);
    const total = row.reduce((sum, weight) => sum + weight);
    row.forEach((weight, s) => {
      row[s] = weight / total;
    });
  }
  const ones = (count: number) => floats(new Float32Array(count).fill(1), [1, count]);
  const inputs = { seen: floats(weights, [1, 1, targets, sources]), present: ones(sources), weights: ones(targets) };
  const { total } = await evaluate(engine(), inputs, (given) => ({
    total: attentionDiagonality([given.seen!], given.present!, given.weights!, { layers: 0, heads: 0 }),
  }));
  expect(diagonality(weights, targets, sources)).toBeCloseTo((total?.data[0] ?? Number.NaN) / targets, 5);
});
