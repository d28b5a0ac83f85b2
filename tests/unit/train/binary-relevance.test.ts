// Labels decided each by itself: loss and gradients, thresholds, and what is above them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelExample } from '../../../src/data/examples.js';
import { FrameSequence } from '../../../src/data/sequences.js';
import { aboveThresholds, bestThreshold, RelevanceScorer } from '../../../src/decode/relevance.js';
import { frameModelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { THRESHOLDS } from '../../../src/model/relevance.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { relevanceBatch, relevanceValidation } from '../../../src/train/objectives/binary-relevance.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { floats, largestDifference, modelConfig, tinySetup, useEngine } from '../engine/support.js';

const V = 8;
const EXAMPLES: ModelExample[] = [
  [
    [5, 9, 4, 4],
    [4, 7],
  ],
  [[6], []],
  [
    [7, 7, 5],
    [5, 6, 7],
  ],
].map(([source, target]) => ({
  source: Int32Array.of(...(source as number[]), EOS),
  target: Int32Array.of(...(target as number[]), EOS),
}));

const setUp = (smoothing = 0) =>
  tinySetup(modelConfig({ dropout: 0, embeddings: 'tied' }), {
    labelSmoothing: smoothing,
    vocabulary: { source: 11, target: V, relevance: true },
    objective: { kind: 'binary-relevance' },
  });

/** The same labels of frames. */
const FEATURES = 6;
const framed = (): Promise<ModelExample[]> => {
  const random = new Random(5, 'frames');
  return Promise.all(
    [7, 3, 5].map(async (length, i) => {
      const data = Float32Array.from({ length: length * 4 * FEATURES }, () => random.normal());
      const source = await new FrameSequence(length, 4 * FEATURES, async () => data).load();
      return { ...(EXAMPLES[i] as ModelExample), source };
    }),
  );
};

const setUpFrames = (section: object, smoothing = 0) => {
  const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 2, decoderLayers: 2, dropout: 0 };
  return tinySetup(resolveModelConfig(frameModelConfigSchema.parse({ ...tiny, subsamplingChannels: 3, ...section })), {
    labelSmoothing: smoothing,
    vocabulary: { source: { features: FEATURES }, target: V, relevance: true },
    objective: { kind: 'binary-relevance' },
  });
};

describe('binary relevance', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([
    ['tokens', () => setUp(0.2)],
    ['frames through convolutions', () => setUpFrames({ subsampling: 'conv2d' }, 0.2)],
    ['stacked frames, Conformer', () => setUpFrames({ subsampling: 'stack', encoderBlock: 'conformer' }, 0.2)],
  ])('has the same loss and gradients on both engines, and none for thresholds: %s', async (kind, make) => {
    const { setup, parameters, dropout } = make();
    const examples = kind === 'tokens' ? EXAMPLES : await framed();
    const inputs = { ...relevanceBatch(setup, examples, 0.1), dropoutOffsets: dropout.offsets(0) };
    const [a, b] = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write({ ...parameters(), ...dropout.pools(0) });
        const program = gradientProgram(setup);
        const given = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, inputs[name as never]]));
        return (await engine.compile(program)).run(given as never);
      }),
    );
    expect(largestDifference(a!, b!)).toBeLessThan(5e-6);
    expect([...a![THRESHOLDS]!.data]).toEqual(new Array(V).fill(0));
  });

  it('is the cross-entropy of every label, positives with their weights', async () => {
    const { setup, parameters } = setUp();
    const { model: config, parameters: specs, vocabulary } = setup;
    await onnx().write({ ...parameters(), 'relevance.bias': floats([0, 0, 0, 0, 0.5, -1, 0.2, 2], [V]) });
    const scorer = new RelevanceScorer(onnx(), { config, parameters: specs, vocabulary });
    const { logits } = await scorer.score(EXAMPLES.map(({ source }) => source));
    const weighted = EXAMPLES.map((example) => ({
      ...example,
      targetWeights: Float32Array.from(example.target as Int32Array, (id) => (id === EOS ? 1 : id - 2)),
    }));
    const [plain, more] = await Promise.all(
      [EXAMPLES, weighted].map(async (examples) => {
        const executable = await onnx().compile(relevanceValidation(setup));
        return (await executable.run(relevanceBatch(setup, examples, 0.5))).negativeLogLikelihood!.data[0]!;
      }),
    );
    const byHand = (weight: (id: number) => number) =>
      EXAMPLES.reduce((sum, { target }, row) => {
        let own = 0;
        for (let id = 4; id < V; id++) {
          const isThere = (target as Int32Array).includes(id);
          const probability = 1 / (1 + Math.exp(-logits[row * V + id]!));
          own -= isThere ? weight(id) * Math.log(probability) : Math.log(1 - probability);
        }
        return sum + 0.5 * target.length * own;
      }, 0);
    expect(plain).toBeCloseTo(
      byHand(() => 1),
      4,
    );
    expect(more).toBeCloseTo(
      byHand((id) => id - 2),
      4,
    );
    // One source alone has the logits that it has among others.
    const alone = await scorer.score([EXAMPLES[2]!.source]);
    for (let id = 0; id < V; id++) expect(alone.logits[id]).toBeCloseTo(logits[2 * V + id]!, 5);
    await scorer.dispose();
  });

  it('scores frames as it does alone, whatever the other sources of a batch', async () => {
    const { setup, parameters } = setUpFrames({});
    const { model: config, parameters: specs, vocabulary } = setup;
    await onnx().write(parameters());
    const scorer = new RelevanceScorer(onnx(), { config, parameters: specs, vocabulary });
    const sources = (await framed()).map(({ source }) => source);
    const { logits } = await scorer.score(sources);
    for (const [row, source] of sources.entries()) {
      const alone = await scorer.score([source]);
      for (let id = 0; id < V; id++) expect(alone.logits[id]).toBeCloseTo(logits[row * V + id]!, 5);
    }
    expect(logits.subarray(4, V)).not.toEqual(logits.subarray(V + 4, 2 * V));
    await scorer.dispose();
  });
});

describe('thresholds', () => {
  const f1At = (logits: readonly number[], isTrue: readonly boolean[], threshold: number): number => {
    const taken = logits.map((logit) => logit > threshold);
    const both = taken.filter((own, i) => own && isTrue[i]).length;
    const total = taken.filter(Boolean).length + isTrue.filter(Boolean).length;
    return total === 0 ? 0 : (2 * both) / total;
  };

  it('have the best F1 that there is', () => {
    const example = fc.tuple(fc.integer({ min: -5, max: 5 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(example, { minLength: 1, maxLength: 12 }), (examples) => {
        const logits = examples.map(([logit]) => logit);
        const isTrue = examples.map(([, own]) => own);
        const found = f1At(logits, isTrue, bestThreshold(logits, isTrue));
        const best = Math.max(...[-6, ...logits].map((cut) => f1At(logits, isTrue, cut)));
        expect(found).toBeCloseTo(best, 12);
      }),
    );
    expect(bestThreshold([3, -1], [false, false])).toBe(0);
  });

  it('decide: the labels above them, the most probable first, with the probability of all decisions', () => {
    const logits = Float32Array.of(9, 9, 9, 9, 1, -2, 3, 0.5);
    const thresholds = Float32Array.of(0, 0, 0, 0, 0, -3, 2, 1);
    const [found] = aboveThresholds({ logits, thresholds, tokens: V });
    expect([...found!.tokens]).toEqual([6, 4, 5]);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(found!.logProb).toBeCloseTo(Math.log(sigmoid(3) * sigmoid(1) * sigmoid(-2) * (1 - sigmoid(0.5))), 6);
    expect(found!.score).toBe(found!.logProb);
    expect(found!.tokenLogProbs[2]).toBeCloseTo(Math.log(sigmoid(-2)), 6);
  });
});
