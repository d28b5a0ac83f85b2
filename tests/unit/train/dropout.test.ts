// Dropout: masks are fresh at every step, right on average, and the same after a resume.
import { describe, expect, it } from 'vitest';
import { add, type Tensor } from '../../../src/engine/ops.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { createScope } from '../../../src/model/scope.js';
import {
  DROPOUT_SITES,
  DropoutSource,
  dropoutRates,
  largestMask,
  poolName,
  poolSize,
  RENEWAL_STEPS,
} from '../../../src/train/dropout.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { ENGINES, floats, modelConfig, programOf, randomBatch, tinySetup, useEngine } from '../engine/support.js';

const MASK = 512;
const SIZE = poolSize(MASK);

/** The pools, kept up to date step by step as a trainer does. */
function* livePools(source: DropoutSource): Generator<Record<string, HostTensor>> {
  const pools = source.pools(0);
  for (let step = 0; ; step++) {
    for (const { variable, offset, data } of source.patches(step)) pools[variable]!.data.set(data, offset);
    yield pools;
  }
}

describe('the source of dropout masks', () => {
  it('never gives a site the same mask in 256 consecutive steps', () => {
    const source = new DropoutSource(1, [0.1], SIZE, MASK);
    const seen = Array.from({ length: 8 }, () => new Set<string>());
    const pools = livePools(source);
    for (let step = 0; step < 256; step++) {
      const pool = pools.next().value![poolName(0.1)]!.data;
      const offsets = source.offsets(step).data;
      seen.forEach((masks, site) => {
        const mask = pool.subarray(offsets[site]!, offsets[site]! + MASK);
        masks.add([...mask].map((x) => (x > 0 ? '1' : '0')).join(''));
      });
    }
    for (const masks of seen) expect(masks.size).toBe(256);
  });

  it('starts every mask of 64 steps at another place, inside the pool', () => {
    const source = new DropoutSource(1, [0.1], SIZE, MASK);
    const places = Array.from({ length: DROPOUT_SITES }, () => new Set<number>());
    for (let step = 1000; step < 1000 + RENEWAL_STEPS; step++) {
      source.offsets(step).data.forEach((offset, site) => {
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + MASK).toBeLessThanOrEqual(SIZE);
        places[site]!.add(offset);
      });
    }
    for (const offsets of places) expect(offsets.size).toBe(RENEWAL_STEPS);
  });

  it('gives micro-batches of one step different masks', () => {
    const source = new DropoutSource(1, [0.1], SIZE, MASK);
    expect(source.offsets(3, 1).data).not.toEqual(source.offsets(3, 0).data);
  });

  it('drops at the rate asked for and keeps the expectation', () => {
    for (const rate of [0.1, 0.3, 0.5]) {
      const { data } = new DropoutSource(1, [rate], SIZE, MASK).pools(0)[poolName(rate)]!;
      expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
      const mean = [...data].reduce((sum, x) => sum + x, 0) / SIZE;
      // The standard deviation of the mean is √(rate / (1 − rate) / size).
      expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(rate / (1 - rate) / SIZE));
    }
  });

  it('has the same pools after a resume as a run that went on', () => {
    const rates = [0.1, 0.4];
    const pools = livePools(new DropoutSource(5, rates, SIZE, MASK));
    for (let step = 0; step <= 200; step++) {
      const live = pools.next().value!;
      // After step `step` the pools are those that step `step + 1` finds.
      if (![0, 1, 62, 63, 64, 127, 200].includes(step)) continue;
      const resumed = new DropoutSource(5, rates, SIZE, MASK).pools(step + 1);
      for (const rate of rates) {
        const [a, b] = [resumed, live].map((pool) => Buffer.from(pool[poolName(rate)]!.data.buffer as ArrayBuffer));
        expect(a!.equals(b!), `rate ${rate}, step ${step}`).toBe(true);
      }
    }
  });

  it('depends on the seed and the rate', () => {
    const pool = (seed: number, rate: number) => new DropoutSource(seed, [rate], SIZE, MASK).pools(0)[poolName(rate)]!;
    const kept = (seed: number, rate: number) => Array.from(pool(seed, rate).data, (x) => x > 0);
    expect(kept(1, 0.5)).not.toEqual(kept(2, 0.5));
    expect(kept(1, 0.5)).not.toEqual(kept(1, 0.5001));
  });

  it('knows the rates of a model and the size of its largest mask', () => {
    const model = modelConfig({ dropout: 0.2, attentionDropout: 0.1, activationDropout: 0.2 });
    expect(dropoutRates(model)).toEqual([0.1, 0.2]);
    expect(dropoutRates(modelConfig())).toEqual([]);
    // Sizes of the tiny model: width 8, feed-forward 16, 2 heads.
    expect(largestMask(modelConfig({ dropout: 0.1 }), 100, 20)).toBe(100 * 8);
    expect(largestMask(modelConfig({ activationDropout: 0.1 }), 100, 20)).toBe(100 * 16);
    expect(largestMask(modelConfig({ attentionDropout: 0.1 }), 100, 20)).toBe(100 * 2 * 20);
    for (const mask of [1, 1000, 123_457]) {
      expect(poolSize(mask)).toBeGreaterThan(1.25 * mask);
      expect(poolSize(mask) % RENEWAL_STEPS).toBe(0);
    }
  });
});

describe.each(ENGINES)('dropout on %s', (engineName) => {
  const engine = useEngine(engineName);

  it('multiplies by the mask of each site, which moves with the offsets', async () => {
    const source = new DropoutSource(1, [0.5], SIZE, MASK);
    const model = modelConfig({ dropout: 0.5 });
    const program = programOf(
      { x: { shape: ['B', 4], dtype: 'float32' }, offsets: { shape: [DROPOUT_SITES], dtype: 'int32' } },
      ({ x, offsets }, variables) => {
        const pools = new Map([[0.5, variables[poolName(0.5)] as Tensor]]);
        const scope = createScope(model, {}, { pools, offsets: offsets as Tensor });
        const first = scope.drop(x as Tensor, 0.5);
        const second = scope.drop(x as Tensor, 0.5);
        return { outputs: { first, second, none: add(scope.drop(x as Tensor, 0), 0) } };
      },
      { [poolName(0.5)]: { shape: [SIZE], dtype: 'float32' } },
    );
    await engine().write(source.pools(0));
    const executable = await engine().compile(program);
    const pool = source.pools(0)[poolName(0.5)]!.data;
    for (const [step, rows] of [
      [0, 3],
      [1, 3],
      [2, 128],
    ] as const) {
      const x = floats(
        Array.from({ length: rows * 4 }, (_, i) => i + 1),
        [rows, 4],
      );
      const expected = (offset: number) => x.data.map((value, i) => value * pool[offset + i]!);
      const offsets = source.offsets(step);
      const [a, b] = offsets.data as Int32Array;
      const { first, second, none } = await executable.run({ x, offsets });
      expect(first!.data).toEqual(expected(a!));
      expect(second!.data).toEqual(expected(b!));
      expect(first!.data).not.toEqual(second!.data);
      expect(none!.data).toEqual(x.data);
    }
  });

  it('makes the loss of one batch differ from step to step and repeats it for a step', async () => {
    const model = modelConfig({ dropout: 0.3, encoderLayers: 1, decoderLayers: 1 });
    const { setup, dropout, parameters } = tinySetup(model);
    await engine().write({ ...parameters(), ...dropout.pools(0) });
    const executable = await engine().compile(gradientProgram(setup));
    const lossAt = async (step: number) => {
      const { loss } = await executable.run({ ...randomBatch(3, 5, 6), dropoutOffsets: dropout.offsets(step) });
      return loss!.data[0]!;
    };
    const losses = [await lossAt(0), await lossAt(1), await lossAt(2)];
    expect(new Set(losses).size).toBe(3);
    expect(await lossAt(0)).toBe(losses[0]);
  });

  it('does not happen outside training', () => {
    const scope = createScope(modelConfig({ dropout: 0.5 }), {});
    const x = {} as Tensor;
    expect(scope.drop(x, 0.5)).toBe(x);
  });

  it('refuses a model with more dropouts than there are offsets', async () => {
    const layers = modelConfig({ dropout: 0.1, attentionDropout: 0.1, activationDropout: 0.1, encoderLayers: 64 });
    const { setup } = tinySetup(layers);
    const compiled = engine().compile(gradientProgram(setup));
    // An eager engine finds out when it runs.
    const run = compiled.then(async (executable) => {
      const { dropout, parameters } = tinySetup(layers);
      await engine().write({ ...parameters(), ...dropout.pools(0) });
      return executable.run({ ...randomBatch(1, 1, 1), dropoutOffsets: dropout.offsets(0) });
    });
    await expect(run).rejects.toThrow(`the model has more than ${DROPOUT_SITES} dropouts; use fewer layers`);
  });
});
