// Learning-rate schedules against their closed forms, the moving average of parameters, and the rules of the section.
import { describe, expect, it } from 'vitest';
import { trainingConfigSchema } from '../../../src/train/config.js';
import { averageName, trainingStep } from '../../../src/train/programs.js';
import { learningRateAt } from '../../../src/train/schedule.js';
import { initialVariables } from '../../../src/train/state.js';
import { ENGINES, modelConfig, randomBatch, stepScalars, tinySetup, useEngine } from '../engine/support.js';

describe('the learning rate', () => {
  const at = (schedule: 'inverse-sqrt' | 'cosine' | 'linear' | 'constant', step: number, warmupSteps = 100) =>
    learningRateAt({ learningRate: 0.01, schedule, warmupSteps, steps: 1100 }, step);

  it('rises linearly during the warm-up, whatever follows', () => {
    for (const schedule of ['inverse-sqrt', 'cosine', 'linear', 'constant'] as const) {
      expect(at(schedule, 1)).toBeCloseTo(0.0001, 12);
      expect(at(schedule, 50)).toBeCloseTo(0.005, 12);
      expect(at(schedule, 100)).toBeCloseTo(0.01, 12);
      for (let step = 2; step <= 100; step++) expect(at(schedule, step)).toBeGreaterThan(at(schedule, step - 1));
      for (let step = 101; step <= 1100; step++) expect(at(schedule, step)).toBeLessThanOrEqual(at(schedule, step - 1));
    }
  });

  it('then falls as its schedule says', () => {
    for (const step of [100, 101, 399, 400, 1100]) {
      // Vaswani et al. (2017), equation 3: d^-½ · min(step^-½, step · warmup^-1.5), scaled to a peak of 0.01.
      const vaswani = Math.min(step ** -0.5, step * 100 ** -1.5) / 100 ** -0.5;
      expect(at('inverse-sqrt', step)).toBeCloseTo(0.01 * vaswani, 12);
      expect(at('linear', step)).toBeCloseTo((0.01 * (1100 - step)) / 1000, 12);
      expect(at('cosine', step)).toBeCloseTo(0.01 * Math.cos((Math.PI * (step - 100)) / 2000) ** 2, 12);
      expect(at('constant', step)).toBe(0.01);
    }
    expect(at('inverse-sqrt', 400)).toBeCloseTo(0.005, 12);
    expect(at('cosine', 600)).toBeCloseTo(0.005, 12);
    expect(at('linear', 1100)).toBe(0);
    expect(at('cosine', 1100)).toBeCloseTo(0, 12);
  });

  it('stays defined without a warm-up and beyond the last step', () => {
    expect(at('inverse-sqrt', 1, 0)).toBe(0.01);
    expect(at('inverse-sqrt', 4, 0)).toBe(0.005);
    expect(at('linear', 0, 0)).toBe(0.01);
    expect(at('constant', 1, 0)).toBe(0.01);
    for (const schedule of ['cosine', 'linear'] as const) expect(at(schedule, 5000)).toBeCloseTo(0, 12);
    expect(learningRateAt({ learningRate: 1, schedule: 'linear', warmupSteps: 10, steps: 10 }, 10)).toBe(1);
  });
});

describe('the training section', () => {
  const problems = (section: Record<string, unknown>): string[] =>
    (trainingConfigSchema.safeParse(section).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );

  it('has a default for everything', () => {
    expect(trainingConfigSchema.parse({})).toMatchObject({
      optimizer: 'adam',
      schedule: 'inverse-sqrt',
      accumulate: 1,
    });
  });

  it('names both values where two fields contradict each other', () => {
    expect(problems({ weightDecay: 0.01 })).toEqual([
      'weightDecay: weightDecay needs optimizer adamw, but weightDecay is 0.01 and optimizer is adam',
    ]);
    expect(problems({ weightDecay: 0.01, optimizer: 'adamw' })).toEqual([]);
    expect(problems({ steps: 500 })).toEqual([
      'warmupSteps: warmupSteps must be at most steps, but warmupSteps is 1000 and steps is 500',
    ]);
    expect(problems({ steps: 500, schedule: 'constant' })).toEqual([]);
  });

  it('refuses values that no training can have', () => {
    for (const section of [
      { steps: 0 },
      { steps: 1.5 },
      { learningRate: 0 },
      { beta2: 1 },
      { epsilon: 0 },
      { labelSmoothing: 1 },
      { emaDecay: 1 },
      { clipNorm: -1 },
      { accumulate: 0 },
      { schedule: 'step' },
      { lerningRate: 1 },
    ]) {
      expect(problems(section).length, JSON.stringify(section)).toBeGreaterThan(0);
    }
  });
});

describe.each(ENGINES)('the moving average on %s', (engineName) => {
  const engine = useEngine(engineName);

  it('is decay · average + (1 − decay) · parameter after every step', async () => {
    const { setup, specs } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 1 }), { emaDecay: 0.75 });
    const name = 'decoder.layers.0.feedForward.inner.weight';
    await engine().write(initialVariables(setup, specs, 3));
    const read = async () => {
      const values = await engine().read([name, averageName(name)]);
      return { parameter: values[name]!.data, average: values[averageName(name)]!.data };
    };
    let { parameter, average } = await read();
    expect(average).toEqual(parameter);
    const { run } = await engine().compile(trainingStep(setup));
    for (const step of [1, 2, 3]) {
      await run({ ...randomBatch(2, 4, 4), ...stepScalars(0.01, step) });
      const next = await read();
      expect(next.parameter).not.toEqual(parameter);
      next.average.forEach((x, i) => {
        expect(x).toBeCloseTo(0.75 * average[i]! + 0.25 * next.parameter[i]!, 6);
      });
      ({ parameter, average } = next);
    }
  });
});
