// A whole training step against PyTorch: loss, every gradient, and the state after one and two optimizer steps.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../src/engine/types.js';
import { firstMoment, secondMoment } from '../../../src/train/optimizer.js';
import { gradientProgram, trainingStep } from '../../../src/train/programs.js';
import { distance, floatTensor, intTensor, type ReferenceTensor, reference } from '../engine/reference.js';
import { ENGINES, floats, modelConfig, stepScalars, tinySetup, useEngine } from '../engine/support.js';

type Tensors = Record<string, ReferenceTensor>;
/** [√Σx², Σ cos(i)·xᵢ] */
type Digest = readonly [number, number];

const INPUTS = reference<{
  size: { width: number; heads: number; inner: number; layers: number; vocabulary: number };
  labelSmoothing: number;
  optimizer: {
    learningRate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    clip: number;
    weightDecay: { adam: number; adamW: number };
  };
  batch: { source: ReferenceTensor; targetInput: ReferenceTensor; targetLabels: ReferenceTensor };
  parameters: Tensors;
}>('training-step');

interface Results {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly gradients: Tensors;
  readonly optimizers: Record<
    'adam' | 'adamW',
    {
      loss: number;
      gradientNorm: number;
      digests: Record<string, [Digest, Digest, Digest]>;
      full: Record<'parameters' | 'firstMoments' | 'secondMoments', Tensors>;
    }[]
  >;
  readonly parametersAfterLastAdamStep: Tensors;
}

/** Its gradient is 0 but for rounding, which Adam blows up. */
const isKeyBias = (name: string): boolean => name.endsWith('.key.bias');

function digest({ data }: HostTensor): Digest {
  let squares = 0;
  let projection = 0;
  data.forEach((x, i) => {
    squares += x * x;
    projection += Math.cos(i) * x;
  });
  return [Math.sqrt(squares), projection];
}

const { size, batch, optimizer } = INPUTS;
const labels = batch.targetLabels;
const real = labels.data.filter((id) => id !== 0).length;
const inputs = {
  source: intTensor(batch.source),
  targetInput: intTensor(batch.targetInput),
  targetOutput: intTensor(labels),
  weights: floats(
    labels.data.map((id) => (id === 0 ? 0 : 1 / real)),
    labels.shape,
  ),
};

describe.each(ENGINES)('a training step of PyTorch and %s', (engineName) => {
  const engine = useEngine(engineName);

  describe.each(['pre', 'post'] as const)('%s-norm', (normPosition) => {
    const expected = reference<Results>(`training-step-${normPosition}-norm`);
    const model = modelConfig({
      modelDim: size.width,
      feedForwardDim: size.inner,
      heads: size.heads,
      encoderLayers: size.layers,
      decoderLayers: size.layers,
      embeddings: 'tied',
      normPosition,
    });
    const setupWith = (weightDecay: number) =>
      tinySetup(
        model,
        { labelSmoothing: INPUTS.labelSmoothing, optimizer: { ...optimizer, weightDecay, clipNorm: optimizer.clip } },
        size.vocabulary,
      );
    const initial = (names: readonly string[]): Record<string, HostTensor> =>
      Object.fromEntries(names.map((name) => [name, floatTensor(INPUTS.parameters[name] as ReferenceTensor)]));

    it('agree on the loss and every gradient', async () => {
      const { setup } = setupWith(0);
      const names = Object.keys(setup.parameters);
      expect(names.toSorted()).toEqual(Object.keys(expected.gradients).toSorted());
      await engine().write(initial(names));
      const { loss, ...gradients } = await (await engine().compile(gradientProgram(setup))).run(inputs);
      expect(loss!.data[0]).toBeCloseTo(expected.loss, 5);
      for (const name of names) expect(distance(gradients[name], expected.gradients[name]!), name).toBeLessThan(1e-6);
    });

    it.each(['adam', 'adamW'] as const)('agree on the state after each of two steps of %s', async (kind) => {
      const { setup } = setupWith(optimizer.weightDecay[kind]);
      const names = Object.keys(setup.parameters);
      const zeros = (rename: (name: string) => string) =>
        Object.fromEntries(
          names.map((name) => {
            const { shape, data } = INPUTS.parameters[name] as ReferenceTensor;
            return [
              rename(name),
              floats(
                data.map(() => 0),
                shape,
              ),
            ];
          }),
        );
      await engine().write({ ...initial(names), ...zeros(firstMoment), ...zeros(secondMoment) });
      const executable = await engine().compile(trainingStep(setup));
      for (const [i, step] of expected.optimizers[kind].entries()) {
        const { learningRate, beta1, beta2 } = optimizer;
        const { loss, norm } = await executable.run({ ...inputs, ...stepScalars(learningRate, i + 1, beta1, beta2) });
        expect(loss!.data[0]).toBeCloseTo(step.loss, 5);
        expect(norm!.data[0]).toBeCloseTo(step.gradientNorm, 5);
        const state = await engine().read([...names, ...names.map(firstMoment), ...names.map(secondMoment)]);
        for (const [part, rename] of [
          ['parameters', (name: string) => name],
          ['firstMoments', firstMoment],
          ['secondMoments', secondMoment],
        ] as const) {
          for (const [name, tensor] of Object.entries(step.full[part])) {
            expect(distance(state[rename(name)], tensor), `${part} ${name}`).toBeLessThan(1e-5);
          }
        }
        for (const name of names.filter((name) => !isKeyBias(name))) {
          const ours = [name, firstMoment(name), secondMoment(name)].map((stored) => digest(state[stored]!));
          step.digests[name]!.forEach((theirs, k) => {
            theirs.forEach((number, j) => {
              expect(Math.abs(number - ours[k]![j]!), `${name}, digest ${k}`).toBeLessThan(1e-5);
            });
          });
        }
      }
      if (kind === 'adam') {
        const state = await engine().read(names);
        for (const name of names.filter((name) => !isKeyBias(name))) {
          expect(distance(state[name], expected.parametersAfterLastAdamStep[name]!), name).toBeLessThan(1e-5);
        }
      }
    });
  });
});
