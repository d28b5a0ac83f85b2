// Parameters: their names, shapes and number, how they start, and the rules of the model section.
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../../src/engine/types.js';
import { type ModelConfig, modelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../../../src/model/parameters.js';
import { createScope } from '../../../src/model/scope.js';
import { modelConfig } from '../engine/support.js';

const preset = (name: string, section: Record<string, unknown> = {}): ModelConfig =>
  resolveModelConfig(modelConfigSchema.parse({ preset: name, ...section }));

const count = (config: ModelConfig, source: number, target = source): number =>
  [...parameterSpecs(config, { source, target }).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

describe('the number of parameters', () => {
  // attention: 4·(d² + d); feed-forward: 2·d·f + f + d; a norm: 2·d. An encoder layer has 1 attention and 2 norms, a decoder
  // layer 2 and 3; a pre-norm model has two norms more.
  const expected = ({ modelDim: d, feedForwardDim: f, encoderLayers: n, decoderLayers: m }: ModelConfig) => {
    const attention = 4 * (d * d + d);
    const feedForward = 2 * d * f + f + d;
    return n * (attention + feedForward + 4 * d) + m * (2 * attention + feedForward + 6 * d) + 4 * d;
  };

  it.each(['tiny', 'small', 'base'])('of the preset %s is that of its layers and one matrix of embeddings', (name) => {
    const config = preset(name);
    expect(count(config, 8000)).toBe(expected(config) + 8000 * config.modelDim);
  });

  it('is the known one of the base model', () => {
    // Vaswani et al. (2017), table 3: 65 million, with a joint vocabulary of about 37,000.
    expect(count(preset('base', { normPosition: 'post' }), 37_000) / 1e6).toBeCloseTo(63.1, 1);
  });

  it('changes with norm, activation and positions', () => {
    const base = count(preset('tiny'), 100);
    const { modelDim: d, feedForwardDim: f } = preset('tiny');
    expect(count(preset('tiny', { norm: 'rms' }), 100)).toBe(base - (2 * 2 + 2 * 3 + 2) * d);
    expect(count(preset('tiny', { normPosition: 'post' }), 100)).toBe(base - 4 * d);
    expect(count(preset('tiny', { activation: 'swiglu' }), 100)).toBe(base + 4 * (d * f + f));
    expect(count(preset('tiny', { positions: 'learned', maxPositions: 50 }), 100)).toBe(base + 2 * 50 * d);
    expect(count(preset('tiny', { positions: 'rotary' }), 100)).toBe(base);
  });
});

describe('embeddings', () => {
  const shapes = (embeddings: string) =>
    Object.fromEntries(
      [...parameterSpecs(modelConfig({ embeddings }), { source: 7, target: 9 })]
        .filter(([name]) => name.includes('embedding'))
        .map(([name, { shape }]) => [name, shape]),
    );

  it('are one, two or three matrices', () => {
    expect(shapes('shared')).toEqual({ 'target.embedding': [9, 8] });
    expect(shapes('tied')).toEqual({ 'source.embedding': [7, 8], 'target.embedding': [9, 8] });
    expect(shapes('separate')).toEqual({
      'source.embedding': [7, 8],
      'target.embedding': [9, 8],
      'output.embedding': [9, 8],
    });
  });
});

describe('names', () => {
  it('follow the model’s structure, in a fixed order', () => {
    const names = [
      ...parameterSpecs(modelConfig({ encoderLayers: 1, decoderLayers: 1, norm: 'rms' }), {
        source: 5,
        target: 5,
      }).keys(),
    ];
    const attention = (name: string) => [
      `${name}Norm.scale`,
      ...['query', 'key', 'value', 'output'].flatMap((part) => [`${name}.${part}.weight`, `${name}.${part}.bias`]),
    ];
    const feedForward = (layer: string) => [
      `${layer}.feedForwardNorm.scale`,
      ...['inner', 'outer'].flatMap((part) => [
        `${layer}.feedForward.${part}.weight`,
        `${layer}.feedForward.${part}.bias`,
      ]),
    ];
    expect(names).toEqual([
      'target.embedding',
      ...attention('encoder.layers.0.selfAttention'),
      ...feedForward('encoder.layers.0'),
      ...attention('decoder.layers.0.selfAttention'),
      ...attention('decoder.layers.0.crossAttention'),
      ...feedForward('decoder.layers.0'),
      'encoder.norm.scale',
      'decoder.norm.scale',
    ]);
  });

  it('that a model lacks are named in the error', () => {
    expect(() => createScope(modelConfig(), {}).parameter('no.such')).toThrow('the model has no parameter no.such');
  });
});

describe('initial values', () => {
  const config = preset('tiny');
  const specs = parameterSpecs(config, { source: 500, target: 500 });
  const values = initialParameters(specs, 1);
  const moments = (name: string) => {
    const data = [...values[name]!.data];
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
    return { mean, deviation, largest: Math.max(...data.map(Math.abs)), count: data.length };
  };

  it('have the shapes of the specs', () => {
    expect(Object.keys(values)).toEqual([...specs.keys()]);
    for (const [name, { shape }] of specs) {
      expect(values[name]!.shape).toEqual(shape);
      expect(values[name]!.data).toHaveLength(sizeOf(shape));
      expect(parameterVariables(specs)[name]).toEqual({ shape, dtype: 'float32' });
    }
  });

  it('of weights are uniform within ±√(6 / (in + out))', () => {
    for (const name of ['encoder.layers.0.selfAttention.query.weight', 'decoder.layers.1.feedForward.outer.weight']) {
      const limit = Math.sqrt(6 / specs.get(name)!.shape.reduce((a, b) => a + b, 0));
      const { mean, deviation, largest, count: size } = moments(name);
      expect(largest).toBeLessThanOrEqual(limit);
      expect(largest).toBeGreaterThan(0.999 * limit);
      expect(Math.abs(mean)).toBeLessThan((4 * limit) / Math.sqrt(3 * size));
      expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
    }
  });

  it('of embeddings are normal with deviation 1/√width', () => {
    const { mean, deviation, count: size, largest } = moments('target.embedding');
    const expected = config.modelDim ** -0.5;
    expect(Math.abs(mean)).toBeLessThan((4 * expected) / Math.sqrt(size));
    expect(deviation / expected).toBeCloseTo(1, 1);
    expect(largest).toBeGreaterThan(3.5 * expected);
    expect(largest).toBeLessThan(6 * expected);
  });

  it('of biases are 0 and of norm scales 1', () => {
    for (const [name, { data }] of Object.entries(values)) {
      if (name.endsWith('.bias'))
        expect(
          data.every((x) => x === 0),
          name,
        ).toBe(true);
      if (name.endsWith('.scale'))
        expect(
          data.every((x) => x === 1),
          name,
        ).toBe(true);
    }
  });

  it('depend on the seed and the name, not on the rest of the model', () => {
    const name = 'encoder.layers.1.feedForward.inner.weight';
    expect(initialParameters(specs, 1)[name]!.data).toEqual(values[name]!.data);
    expect(initialParameters(specs, 2)[name]!.data).not.toEqual(values[name]!.data);
    expect(values['encoder.layers.0.feedForward.inner.weight']!.data).not.toEqual(values[name]!.data);
    const deeper = initialParameters(parameterSpecs(preset('tiny', { decoderLayers: 5 }), { source: 9, target: 9 }), 1);
    expect(deeper[name]!.data).toEqual(values[name]!.data);
  });
});

describe('the model section', () => {
  const problems = (section: Record<string, unknown>): string[] =>
    (modelConfigSchema.safeParse(section).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );

  it('takes sizes from the preset unless they are given', () => {
    expect(preset('base')).toMatchObject({ modelDim: 512, feedForwardDim: 2048, heads: 8, encoderLayers: 6 });
    expect(preset('base', { decoderLayers: 2, modelDim: 64 })).toMatchObject({
      modelDim: 64,
      decoderLayers: 2,
      heads: 8,
    });
    expect(preset('small', { heads: undefined })).toMatchObject({ heads: 4 });
  });

  it('names the values that do not fit together', () => {
    expect(problems({ modelDim: 100, heads: 8 })).toEqual([
      'heads: modelDim must be a multiple of heads, but modelDim is 100 and heads is 8',
    ]);
    expect(problems({ heads: 3 })).toEqual([
      'heads: modelDim must be a multiple of heads, but modelDim is 256 and heads is 3',
    ]);
    expect(problems({ modelDim: 12, heads: 4, positions: 'rotary' })).toEqual([
      'positions: rotary positions need an even modelDim / heads, but it is 12 / 4 = 3',
    ]);
    expect(problems({ modelDim: 9, heads: 3 })).toEqual(['modelDim: modelDim must be even, but is 9']);
    expect(problems({ sharedLayers: 'both', decoderLayers: 1 })).toEqual([
      'sharedLayers: there is one decoder layer, which has none to share its weights with; set decoderLayers, or leave sharedLayers out',
    ]);
    expect(problems({ sharedLayers: 'encoder', decoderLayers: 1 })).toEqual([]);
  });

  it('refuses what no model can have', () => {
    for (const section of [
      { heads: 0 },
      { dropout: 1 },
      { dropout: -0.1 },
      { preset: 'huge' },
      { width: 8 },
      { norm: 'batch' },
    ]) {
      expect(problems(section).length, JSON.stringify(section)).toBeGreaterThan(0);
    }
  });
});
