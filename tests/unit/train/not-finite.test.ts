// A step whose loss or gradient is not finite leaves everything as it was, to the bit.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../src/engine/types.js';
import { accumulationStep, applicationStep, trainingStep } from '../../../src/train/programs.js';
import { emptyAccumulators, initialVariables, stateNames } from '../../../src/train/state.js';
import { ENGINES, floats, modelConfig, randomBatch, stepScalars, tinySetup, useEngine } from '../engine/support.js';

const bits = (tensors: Record<string, HostTensor>): Record<string, Buffer> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ]),
  );

/** A batch whose gradient is not finite: one position counts infinitely, or so much that squares overflow. */
function spoiled(weight: number): Record<string, HostTensor> {
  const batch = randomBatch(2, 4, 4);
  batch.weights!.data[0] = weight;
  return batch;
}

const { setup, specs } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }), {
  emaDecay: 0.9,
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0.1, clipNorm: 1 },
});
const names = stateNames(setup);

describe.each(ENGINES)('a gradient that is not finite on %s', (engineName) => {
  const engine = useEngine(engineName);

  it('changes neither parameters, moments nor their average', async () => {
    await engine().write(initialVariables(setup, specs, 3));
    const step = await engine().compile(trainingStep(setup));
    await step.run({ ...randomBatch(2, 4, 4), ...stepScalars(0.01, 1) });
    const before = bits(await engine().read(names));
    for (const weight of [Number.NaN, Number.POSITIVE_INFINITY, 1e25]) {
      const { norm } = await step.run({ ...spoiled(weight), ...stepScalars(0.01, 2) });
      expect(Number.isFinite(norm!.data[0])).toBe(false);
      expect(bits(await engine().read(names))).toEqual(before);
    }
    const { norm } = await step.run({ ...randomBatch(2, 4, 4), ...stepScalars(0.01, 2) });
    expect(norm!.data[0]).toBeGreaterThan(0);
    const after = bits(await engine().read(names));
    for (const name of names) expect(after[name]!.equals(before[name]!), name).toBe(false);
  });

  it('changes nothing when gradients are accumulated', async () => {
    await engine().write({ ...initialVariables(setup, specs, 3), ...emptyAccumulators(specs) });
    const accumulate = await engine().compile(accumulationStep(setup));
    const apply = await engine().compile(applicationStep(setup));
    const before = bits(await engine().read(names));
    await accumulate.run({ ...spoiled(Number.NaN), carry: floats([0], []) });
    await accumulate.run({ ...randomBatch(2, 4, 4), carry: floats([1], []) });
    const { norm } = await apply.run(stepScalars(0.01, 1));
    expect(norm!.data[0]).toBeNaN();
    expect(bits(await engine().read(names))).toEqual(before);
    // The next step starts from nothing.
    await accumulate.run({ ...randomBatch(2, 4, 4), carry: floats([0], []) });
    expect((await apply.run(stepScalars(0.01, 1))).norm!.data[0]).toBeGreaterThan(0);
  });
});
