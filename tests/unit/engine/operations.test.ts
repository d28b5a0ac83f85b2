// The operations of the model against PyTorch, values and gradients, on both engines.
import { describe, expect, it } from 'vitest';
import { attention } from '../../../src/engine/fused/attention.js';
import { positionLogProbs, smoothedLoss, tokenStatistics } from '../../../src/engine/fused/cross-entropy.js';
import { layerNorm, rmsNorm } from '../../../src/engine/fused/layer-norm.js';
import { mul, reshape, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { feedForward, gelu } from '../../../src/model/layers.js';
import { rotate, sinusoidal } from '../../../src/model/positions.js';
import { createScope } from '../../../src/model/scope.js';
import { distance, floatTensor, intTensor, type ReferenceTensor, reference } from './reference.js';
import { ENGINES, evaluate, floats, ints, modelConfig, useEngine } from './support.js';

type Case = Readonly<Record<string, ReferenceTensor>> & { readonly name: string };

const { layerNorm: LAYER_NORM, rmsNorm: RMS_NORM } =
  reference<Record<'layerNorm' | 'rmsNorm', (Case & { epsilon: number })[]>>('normalisation');
const ATTENTION = reference<{ cases: Case[] }>('attention').cases;
const POSITIONS = reference<{
  rotary: {
    layout: string;
    offset: number;
    x: ReferenceTensor;
    dy: ReferenceTensor;
    y: ReferenceTensor;
    dx: ReferenceTensor;
  }[];
  sinusoidal: { positions: ReferenceTensor; table: ReferenceTensor };
}>('positions');
const FEED_FORWARD = reference<Record<'geluErf' | 'swiGlu', Record<string, ReferenceTensor>>>('feed-forward');
const CROSS_ENTROPY = reference<{
  targets: ReferenceTensor;
  weights: ReferenceTensor;
  cases: {
    name: string;
    labelSmoothing: number;
    loss: number;
    hidden: ReferenceTensor;
    embedding: ReferenceTensor;
    dhidden: ReferenceTensor;
    dembedding: ReferenceTensor;
  }[];
}>('cross-entropy');

/** The value of `f` at `names` and the gradients of Σ dy·f. Outputs `y` and `d<name>`. */
function withGradients(
  names: readonly string[],
  f: (tensors: Record<string, Tensor>) => Tensor,
): (inputs: Record<string, Tensor>) => Record<string, Tensor> {
  return (inputs) => {
    const tensors = (values: Tensor[]) => ({
      ...inputs,
      ...Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor])),
    });
    const weighted = (...values: Tensor[]) => sum(mul(f(tensors(values)), inputs.dy as Tensor)) as never;
    const { grads } = valueAndGrads(weighted)(names.map((name) => inputs[name] as Tensor));
    return { y: f(inputs), ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i] as Tensor])) };
  };
}

const host = (tensors: Record<string, ReferenceTensor>, names: readonly string[]): Record<string, HostTensor> =>
  Object.fromEntries(names.map((name) => [name, floatTensor(tensors[name] as ReferenceTensor)]));

describe.each(ENGINES)('PyTorch and %s', (engineName) => {
  const engine = useEngine(engineName);

  /** Evaluates value and gradients of a reference case and compares each with the file's. */
  async function check(
    tensors: Record<string, ReferenceTensor>,
    names: readonly string[],
    f: (tensors: Record<string, Tensor>) => Tensor,
    constants: readonly string[] = [],
  ): Promise<void> {
    const result = await evaluate(engine(), host(tensors, [...names, 'dy', ...constants]), withGradients(names, f));
    for (const [name, ours] of Object.entries(result)) {
      expect(distance(ours, tensors[name] as ReferenceTensor), name).toBeLessThan(1e-6);
    }
  }

  it.each(LAYER_NORM)('agree on layer norm: $name', (c) =>
    check(c, ['x', 'gamma', 'beta'], ({ x, gamma, beta }) =>
      layerNorm(x as Tensor, gamma as Tensor, beta as Tensor, c.epsilon),
    ),
  );

  it.each(RMS_NORM)('agree on RMS norm: $name', (c) =>
    check(c, ['x', 'gamma'], ({ x, gamma }) => rmsNorm(x as Tensor, gamma as Tensor, c.epsilon)),
  );

  it.each(ATTENTION)('agree on attention: $name', (c) =>
    check(c, ['q', 'k', 'v'], ({ q, k, v, mask }) => attention(q as Tensor, k as Tensor, v as Tensor, mask as Tensor), [
      'mask',
    ]),
  );

  it('agree on attention without a mask', async () => {
    const { mask: _mask, ...c } = ATTENTION.find(({ name }) => name === 'no mask')!;
    const f = ({ q, k, v }: Record<string, Tensor>) => attention(q as Tensor, k as Tensor, v as Tensor, undefined);
    await check(c as never, ['q', 'k', 'v'], f);
  });

  it.each(CROSS_ENTROPY.cases)('agree on cross-entropy: $name, ε = $labelSmoothing', async (c) => {
    const inputs = {
      hidden: floatTensor(c.hidden),
      embedding: floatTensor(c.embedding),
      targets: intTensor(CROSS_ENTROPY.targets),
      weights: floatTensor(CROSS_ENTROPY.weights),
    };
    const result = await evaluate(engine(), inputs, ({ hidden, embedding, targets, weights }) => {
      const loss = (h: Tensor, e: Tensor) =>
        smoothedLoss(positionLogProbs(h, e, targets as Tensor), weights as Tensor, c.labelSmoothing) as never;
      const { value, grads } = valueAndGrads(loss)([hidden as Tensor, embedding as Tensor]);
      return { loss: value, dhidden: grads[0] as Tensor, dembedding: grads[1] as Tensor };
    });
    const loss = result.loss!.data[0]!;
    // A probability hundreds of nats down is no float32 and taken to be 1e-37; the gradients are exact all the same.
    if (c.name === 'plain') expect(loss).toBeCloseTo(c.loss, 5);
    else expect(loss).toBeLessThan(c.loss);
    expect(distance(result.dhidden, c.dhidden)).toBeLessThan(1e-6);
    expect(distance(result.dembedding, c.dembedding)).toBeLessThan(1e-6);
  });

  it('agree on validation figures', async () => {
    const c = CROSS_ENTROPY.cases[0]!;
    const { targets, weights } = CROSS_ENTROPY;
    const inputs = {
      hidden: floatTensor(c.hidden),
      embedding: floatTensor(c.embedding),
      targets: intTensor(targets),
      weights: floatTensor(weights),
    };
    const result = await evaluate(engine(), inputs, ({ hidden, embedding, targets, weights }) => ({
      ...tokenStatistics(hidden as Tensor, embedding as Tensor, targets as Tensor, weights as Tensor),
    }));
    expect(c.labelSmoothing).toBe(0);
    expect(result.negativeLogLikelihood!.data[0]).toBeCloseTo(c.loss, 5);
    const [rows, width] = c.hidden.shape as [number, number];
    const logits = (row: number) =>
      Array.from({ length: c.embedding.shape[0]! }, (_, k) =>
        Array.from(
          { length: width },
          (_, j) => c.hidden.data[row * width + j]! * c.embedding.data[k * width + j]!,
        ).reduce((a, b) => a + b),
      );
    const right = Array.from({ length: rows }, (_, row) => {
      const scores = logits(row);
      return scores.indexOf(Math.max(...scores)) === targets.data[row] ? weights.data[row]! : 0;
    });
    expect(result.correct!.data[0]).toBe(right.reduce((a, b) => a + b, 0));
  });

  it('agree on sinusoidal positions', async () => {
    const { positions, table } = POSITIONS.sinusoidal;
    const width = table.shape[1]!;
    const { y } = await evaluate(engine(), { positions: intTensor(positions) }, (inputs) => ({
      y: sinusoidal(inputs.positions as Tensor, width),
    }));
    // The angle of position 511 is a float32 with an error of up to 511 · 2⁻²⁴ = 3e-5; it comes to 2e-6.
    expect(distance(y, table)).toBeLessThan(3e-6);
  });

  it.each(POSITIONS.rotary.filter(({ layout }) => layout === 'half'))(
    'agree on rotary positions from $offset',
    async (c) => {
      const [, heads, time, width] = c.x.shape as [number, number, number, number];
      const scope = createScope(modelConfig({ positions: 'rotary', modelDim: heads * width, heads }), {});
      const positions = ints(Array.from({ length: time }, (_, i) => c.offset + i));
      const result = await evaluate(
        engine(),
        { x: floatTensor(c.x), dy: floatTensor(c.dy), positions },
        withGradients(['x'], ({ x, positions }) => rotate(scope, x as Tensor, positions as Tensor)),
      );
      expect(distance(result.y, c.y)).toBeLessThan(1e-6);
      expect(distance(result.dx, c.dx)).toBeLessThan(1e-6);
    },
  );

  it('agree on GELU', () => check(FEED_FORWARD.geluErf, ['x'], ({ x }) => gelu(x as Tensor)));

  it('agree on SwiGLU', async () => {
    const c = FEED_FORWARD.swiGlu;
    const [batch, time, width] = c.x!.shape as [number, number, number];
    const inner = c.gate!.shape[1]!;
    const zeros = { innerBias: floats(new Array(inner).fill(0)), outerBias: floats(new Array(width).fill(0)) };
    const config = modelConfig({ activation: 'swiglu', modelDim: width, feedForwardDim: inner });
    const swiGlu = (t: Record<string, Tensor>): Tensor => {
      // Ours multiplies swish(x·inner) by x·gate, so the names change places; the function is the same.
      const scope = createScope(config, {
        'f.inner.weight': t.gate as Tensor,
        'f.gate.weight': t.inner as Tensor,
        'f.outer.weight': t.outer as Tensor,
        'f.inner.bias': t.innerBias as Tensor,
        'f.gate.bias': t.innerBias as Tensor,
        'f.outer.bias': t.outerBias as Tensor,
      });
      return reshape(feedForward(scope, 'f', reshape(t.x as Tensor, [batch * time, width])), [batch, time, width]);
    };
    const names = ['x', 'gate', 'inner', 'outer'];
    const result = await evaluate(engine(), { ...host(c, [...names, 'dy']), ...zeros }, withGradients(names, swiGlu));
    for (const [name, ours] of Object.entries(result)) expect(distance(ours, c[name]!), name).toBeLessThan(1e-6);
  });

  it('keep the loss finite and the gradient whole where a probability underflows', async () => {
    const inputs = {
      hidden: floats([1000, 0], [1, 2]),
      embedding: floats([1, 0, 0, 1], [2, 2]),
      targets: ints([1]),
      weights: floats([1]),
    };
    const { loss, dhidden } = await evaluate(engine(), inputs, ({ hidden, embedding, targets, weights }) => {
      const f = (h: Tensor) =>
        smoothedLoss(positionLogProbs(h, embedding as Tensor, targets as Tensor), weights as Tensor, 0);
      const { value, grads } = valueAndGrads(f as never)([hidden as Tensor]);
      return { loss: value, dhidden: grads[0] as Tensor };
    });
    expect(loss!.data[0]).toBeCloseTo(-Math.log(1e-37), 4);
    expect([...dhidden!.data]).toEqual([1, -1]);
  });
});
