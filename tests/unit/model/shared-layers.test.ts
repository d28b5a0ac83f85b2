// Layers with the same weights: the numbers of a model whose layers happen to be equal, and the sum of its gradients.
import { describe, expect, it } from 'vitest';
import { type Engine, type HostTensor, sizeOf } from '../../../src/engine/types.js';
import { parameterSpecs } from '../../../src/model/parameters.js';
import { createScope } from '../../../src/model/scope.js';
import { gradientProgram } from '../../../src/train/programs.js';
import {
  ENGINES,
  floats,
  largestDifference,
  modelConfig,
  randomBatch,
  tinySetup,
  useEngine,
} from '../engine/support.js';

const SIZES = { encoderLayers: 3, decoderLayers: 2 };
const KINDS: Readonly<Record<string, Record<string, unknown>>> = {
  encoder: {},
  decoder: {},
  both: { crossAttention: 'location-aware' },
  'both, of Conformer layers': { encoderBlock: 'conformer', convolutionKernel: 3 },
};

const stacksOf = (kind: string): string[] =>
  ['encoder', 'decoder'].filter((stack) => kind === stack || kind.startsWith('both'));

/** The name of the first layer's parameter, in the stacks whose layers share. */
const first = (kind: string, name: string): string =>
  stacksOf(kind).reduce(
    (found, stack) => found.replace(new RegExp(`^${stack}\\.layers\\.\\d\\.`), `${stack}.layers.0.`),
    name,
  );

const setups = (kind: string) => {
  const sharedLayers = kind.split(',')[0];
  const section = { ...SIZES, ...KINDS[kind] };
  return {
    shared: tinySetup(modelConfig({ ...section, sharedLayers })),
    apart: tinySetup(modelConfig(section)),
  };
};

async function gradients(engine: Engine, { setup }: ReturnType<typeof tinySetup>, values: Record<string, HostTensor>) {
  const { run, dispose } = await engine.compile(gradientProgram(setup));
  await engine.write(values);
  const result = await run(randomBatch(3, 6, 5));
  await dispose();
  return result;
}

describe.each(ENGINES)('layers with the same weights on %s', (name) => {
  const engine = useEngine(name);

  it.each(Object.keys(KINDS))('have the sum of the gradients of layers that are equal: %s', async (kind) => {
    const { shared, apart } = setups(kind);
    const ours = await gradients(engine(), shared, shared.parameters());
    const equal = Object.fromEntries(
      [...apart.specs.keys()].map((key) => [key, shared.parameters()[first(kind, key)] as HostTensor]),
    );
    const theirs = await gradients(engine(), apart, equal);
    const summed: Record<string, HostTensor> = {};
    for (const [key, { shape, data }] of Object.entries(theirs)) {
      const target = first(kind, key);
      const sum = summed[target] ?? floats(new Float32Array(sizeOf(shape)), shape);
      data.forEach((value, i) => {
        sum.data[i] = (sum.data[i] as number) + value;
      });
      summed[target] = sum;
    }
    expect(Object.keys(summed).sort()).toEqual(Object.keys(ours).sort());
    expect(largestDifference(ours, summed)).toBeLessThan(1e-6);
  });
});

describe('parameters of layers with the same weights', () => {
  it.each(Object.keys(KINDS))('are those of one layer, with its initial values: %s', (kind) => {
    const { shared, apart } = setups(kind);
    const expected = [...apart.specs.keys()].filter((key) => key === first(kind, key));
    expect([...shared.specs.keys()]).toEqual(expected);
    for (const key of expected) expect(shared.parameters()[key]).toEqual(apart.parameters()[key]);
  });

  it('are found under the name of every layer, and of no other stack', () => {
    const model = modelConfig({ ...SIZES, sharedLayers: 'encoder' });
    const names = [...parameterSpecs(model, { source: 5, target: 5 }).keys()];
    const scope = createScope(model, Object.fromEntries(names.map((key) => [key, key as never])));
    expect(scope.parameter('encoder.layers.2.feedForward.inner.bias')).toBe('encoder.layers.0.feedForward.inner.bias');
    expect(scope.parameter('decoder.layers.1.feedForward.inner.bias')).toBe('decoder.layers.1.feedForward.inner.bias');
  });
});
