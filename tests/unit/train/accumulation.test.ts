// Gradient accumulation: several small batches make the same step as one large one.
import { describe, expect, it } from 'vitest';
import type { TokenExample } from '../../../src/data/examples.js';
import type { Engine } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { tokenBatch } from '../../../src/train/batch.js';
import { trainingConfigSchema } from '../../../src/train/config.js';
import { accumulatorName, gradientProgram } from '../../../src/train/programs.js';
import type { TrainingSetup } from '../../../src/train/setup.js';
import { emptyAccumulators, initialVariables, stateNames } from '../../../src/train/state.js';
import { Stepper } from '../../../src/train/stepper.js';
import { ENGINES, largestDifference, modelConfig, tinySetup, useEngine } from '../engine/support.js';

/** Sentences of ragged lengths. */
function sentences(count: number): TokenExample[] {
  const random = new Random(5, 'accumulation');
  const ids = () => Int32Array.from({ length: 1 + random.integer(9) }, () => 3 + random.integer(8));
  return Array.from({ length: count }, () => ({ source: ids(), target: ids() }));
}

const EXAMPLES = sentences(32);
const TOKENS = EXAMPLES.reduce((sum, { target }) => sum + target.length, 0);
const MODEL = modelConfig({ encoderLayers: 1, decoderLayers: 1 });
// A key projection's bias has a gradient of rounding errors only; the epsilon keeps Adam from blowing them up.
const OPTIMIZER = { beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0, clipNorm: 1 };
const { setup, specs, dropout } = tinySetup(MODEL, { optimizer: OPTIMIZER });

async function stepperFor(engine: Engine, accumulate: number): Promise<Stepper> {
  await engine.write(initialVariables(setup, specs, 3));
  await engine.write(emptyAccumulators(specs));
  const config = trainingConfigSchema.parse({ accumulate, warmupSteps: 0, learningRate: 0.01 });
  return Stepper.create(engine, setup, config, dropout);
}

const inParts = (parts: number): TokenExample[][] =>
  Array.from({ length: parts }, (_, i) => EXAMPLES.slice((i * 32) / parts, ((i + 1) * 32) / parts));

const accumulated = async (engine: Engine, { parameters }: TrainingSetup) => {
  const names = Object.keys(parameters);
  const values = await engine.read(names.map(accumulatorName));
  return Object.fromEntries(names.map((name) => [name, values[accumulatorName(name)]!]));
};

describe.each(ENGINES)('4 × 8 and 1 × 32 sentences on %s', (engineName) => {
  const engine = useEngine(engineName);

  it('have the same gradients and lead to the same state', async () => {
    const whole = await stepperFor(engine(), 1);
    const gradients = await (await engine().compile(gradientProgram(setup))).run(tokenBatch(EXAMPLES, 1 / TOKENS));
    const { loss, ...expected } = gradients;
    const wholeSteps = [await whole.run(0, [EXAMPLES]), await whole.run(1, [EXAMPLES])];
    const wholeState = await engine().read(stateNames(setup));
    expect(wholeSteps[0]!.loss).toBeCloseTo(loss!.data[0]!, 6);

    const parts = await stepperFor(engine(), 4);
    const first = await parts.run(0, inParts(4));
    expect(largestDifference(expected, await accumulated(engine(), setup))).toBeLessThan(1e-6);
    const second = await parts.run(1, inParts(4));
    for (const [i, step] of [first, second].entries()) {
      expect(step.loss).toBeCloseTo(wholeSteps[i]!.loss, 6);
      expect(step.gradientNorm).toBeCloseTo(wholeSteps[i]!.gradientNorm, 5);
      expect(step.targetTokens).toBe(TOKENS);
    }
    expect(wholeSteps[1]!.loss).toBeLessThan(wholeSteps[0]!.loss - 0.05);
    expect(largestDifference(wholeState, await engine().read(stateNames(setup)))).toBeLessThan(1e-6);
  });

  it('do not depend on what an earlier step has left in the accumulators', async () => {
    const parts = await stepperFor(engine(), 4);
    await parts.run(0, inParts(4));
    const expected = await engine().read(stateNames(setup));
    await engine().write(initialVariables(setup, specs, 3));
    const left = await accumulated(engine(), setup);
    await engine().write(
      Object.fromEntries(
        Object.entries(left).map(([name, { shape, data }]) => [
          accumulatorName(name),
          { shape, data: Float32Array.from(data).fill(Number.NaN) },
        ]),
      ),
    );
    await parts.run(0, inParts(4));
    expect(largestDifference(expected, await engine().read(stateNames(setup)))).toBe(0);
  });
});
