// The copy mechanism in training: gradients on both engines, the mixture against a dense computation, coverage, batches.
import { describe, expect, it } from 'vitest';
import { type CopyMap, copyableSource, extendedTarget } from '../../../src/data/extended-vocabulary.js';
import { CopyableTokens } from '../../../src/data/sequences.js';
import { matMul, reshape, softmax, stack, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import type { Engine, HostTensor } from '../../../src/engine/types.js';
import { frameModelConfigSchema } from '../../../src/model/config.js';
import { embeddingMatrix } from '../../../src/model/embedding.js';
import { createScope } from '../../../src/model/scope.js';
import { encodeSource, teacherForcedStates } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { EOS, UNK } from '../../../src/text/special-tokens.js';
import { tokenBatch } from '../../../src/train/batch.js';
import { copyProblems, trainingConfigSchema } from '../../../src/train/config.js';
import { copyPass, coverageLoss } from '../../../src/train/objectives/copy.js';
import { gradientProgram, validationProgram } from '../../../src/train/programs.js';
import type { TrainingSetup } from '../../../src/train/setup.js';
import {
  evaluate,
  floats,
  largestDifference,
  modelConfig,
  programOf,
  randomBatch,
  tinySetup,
  useEngine,
  VARIANTS,
} from '../engine/support.js';

const VOCABULARY = 11;

/**
 * A batch in which the unknown token stands for up to three words of its source: the first of a target is one that its source has, the
 * second one that it lacks.
 */
function copyBatch(batch: number, source: number, target: number, seed = 1): Record<string, HostTensor> {
  const inputs = randomBatch(batch, source, target, seed);
  const random = new Random(seed, 'copies');
  const [ids, targets] = [inputs.source!.data, inputs.targetOutput!.data];
  for (let row = 0; row < batch; row++) {
    ids[row * source] = UNK;
    for (let t = 0; t < Math.min(2, target); t++) if (targets[row * target + t]) targets[row * target + t] = UNK;
  }
  const copySource = ids.map((id) => (id === UNK ? VOCABULARY + random.integer(3) : id)) as Int32Array;
  const copyTarget = targets.map((id, place) =>
    id === UNK && place % target === 0 ? copySource[Math.floor(place / target) * source]! : id,
  );
  return {
    ...inputs,
    copySource: { shape: [batch, source], data: copySource },
    copyTarget: { shape: [batch, target], data: copyTarget },
  };
}

const COVERAGE: Partial<TrainingSetup> = {
  objective: { kind: 'cross-entropy', rDrop: 0, mixup: false, coverage: 0.7 },
};

describe('gradients with copying', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([
    ...Object.entries(VARIANTS).map(([name, section]) => [name, section, {}]),
    ['coverage', {}, COVERAGE],
    ['without smoothing', {}, { labelSmoothing: 0 }],
  ] as [string, Record<string, unknown>, Partial<TrainingSetup>][])(
    'agree to 1e-6 on onnxruntime and cpu: %s',
    async (_name, section, overrides) => {
      const { setup, parameters } = tinySetup(modelConfig({ copy: true, ...section }), overrides);
      for (const sizes of [
        [3, 5, 6],
        [2, 9, 4],
        [1, 1, 1],
      ] as [number, number, number][]) {
        const inputs = copyBatch(...sizes);
        const [a, b] = await Promise.all(
          [onnx(), cpu()].map(async (engine) => {
            await engine.write(parameters());
            return (await engine.compile(gradientProgram(setup))).run(inputs);
          }),
        );
        expect(Object.keys(a!)).toContain('copy.gate.weight');
        expect(largestDifference(a!, b!)).toBeLessThan(1e-6);
      }
    },
  );

  it.each(['copy.query.weight', 'copy.key.weight', 'copy.gate.weight', 'copy.gate.bias', 'encoder.norm.scale'])(
    'are those of finite differences: %s',
    async (name) => {
      // Nothing in it has a kink, unlike ReLU, and coverage while attention is about even.
      const { setup, parameters } = tinySetup(modelConfig({ copy: true, activation: 'gelu' }));
      const engine = onnx();
      const executable = await engine.compile(gradientProgram(setup));
      const inputs = copyBatch(4, 7, 6, 3);
      const at = async (shift: number, direction: Float32Array) => {
        const values = parameters();
        values[name]!.data.forEach((value, i) => {
          values[name]!.data[i] = value + shift * direction[i]!;
        });
        await engine.write(values);
        return executable.run(inputs);
      };
      const random = new Random(5, name);
      const direction = Float32Array.from(parameters()[name]!.data, () => random.normal());
      const gradient = (await at(0, direction))[name]!.data as Float32Array;
      const analytic = gradient.reduce((total, value, i) => total + value * direction[i]!, 0);
      const step = 0.003;
      const [up, down] = [await at(step, direction), await at(-step, direction)];
      const numeric = (up.loss!.data[0]! - down.loss!.data[0]!) / (2 * step);
      expect(Math.abs(analytic)).toBeGreaterThan(1e-3);
      expect(numeric).toBeCloseTo(analytic, 3);
    },
  );

  it('the gradient of coverage is that of finite differences', async () => {
    const random = new Random(2, 'attention');
    const [batch, length, sources] = [2, 4, 5];
    const logits = Float32Array.from({ length: batch * length * sources }, () => 2 * random.normal());
    const weights = floats(
      Array.from({ length: batch * length }, () => random.uniform()),
      [batch, length],
    );
    const at = async (values: Float32Array) => {
      const given = { logits: floats(values, [batch, length, sources]), weights };
      const result = await evaluate(onnx(), given, ({ logits, weights }) => {
        const loss = (x: Tensor) => coverageLoss(softmax(x), weights as Tensor) as never;
        const { value, grads } = valueAndGrads(loss)([logits as Tensor]);
        return { value, gradient: grads[0] as Tensor };
      });
      return { value: result.value!.data[0]!, gradient: result.gradient!.data };
    };
    const { gradient } = await at(logits);
    for (let i = 0; i < logits.length; i += 3) {
      const shifted = (by: number) => logits.map((x, j) => (j === i ? x + by : x));
      const numeric = ((await at(shifted(0.002))).value - (await at(shifted(-0.002))).value) / 0.004;
      expect(gradient[i]).toBeCloseTo(numeric, 3);
    }
  });
});

/** What a model predicts for a batch, in parts: `vocabulary` [B, T, V], `attention` [B, T, S], `gate` [2, B·T]. */
async function partsOf(engine: Engine, setup: TrainingSetup, parameters: Record<string, HostTensor>, inputs: Inputs) {
  const specs = validationProgram(setup).inputs;
  const program = programOf(
    specs,
    (given, variables) => {
      const scope = createScope(setup.model, variables);
      const encoded = encodeSource(scope, { ids: given.source as Tensor });
      const states = teacherForcedStates(scope, encoded, given.targetInput as Tensor);
      const { weights, gate } = copyPass(scope, encoded, states);
      const [batch, length] = (given.targetInput as Tensor).shape as [number, number];
      const logits = matMul(states, embeddingMatrix(scope, 'output'), false, true);
      return {
        outputs: {
          vocabulary: reshape(softmax(logits), [batch, length, VOCABULARY]),
          attention: weights,
          gate: stack([gate.generates, gate.copies]),
        },
      };
    },
    setup.parameters,
  );
  await engine.write(parameters);
  return (await engine.compile(program)).run(inputs);
}

type Inputs = Record<string, HostTensor>;

/** The whole extended distribution of every position, added up token by token. */
function denseDistributions(parts: Inputs, inputs: Inputs): Float64Array[] {
  const [batch, length, sources] = parts.attention!.shape as [number, number, number];
  const ids = inputs.copySource!.data;
  return Array.from({ length: batch * length }, (_, n) => {
    const row = Math.floor(n / length);
    const p = new Float64Array(VOCABULARY + 3);
    const [generates, copies] = [parts.gate!.data[n]!, parts.gate!.data[batch * length + n]!];
    for (let id = 0; id < VOCABULARY; id++) p[id]! += generates * parts.vocabulary!.data[n * VOCABULARY + id]!;
    for (let s = 0; s < sources; s++) p[ids[row * sources + s]!]! += copies * parts.attention!.data[n * sources + s]!;
    return p;
  });
}

describe('the mixture of generating and copying', () => {
  const onnx = useEngine('onnxruntime');

  it('is a distribution, and loss and statistics are those of it', async () => {
    const { setup, parameters } = tinySetup(modelConfig({ copy: true }), COVERAGE);
    const inputs = copyBatch(6, 8, 7, 2);
    const parts = await partsOf(onnx(), setup, parameters(), inputs);
    const dense = denseDistributions(parts, inputs);
    const targets = inputs.copyTarget!.data;
    expect(targets.some((id) => id >= VOCABULARY)).toBe(true);
    expect(targets.some((id) => id === UNK)).toBe(true);
    for (const p of dense) {
      expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      // Padding of the source is never copied: id 0 has its generated part only.
      expect(p[0]).toBeLessThan(0.5);
    }
    const weights = inputs.weights!.data;
    let nll = 0;
    let smoothed = 0;
    let correct = 0;
    dense.forEach((p, n) => {
      const generator = (parts.vocabulary!.data as Float32Array).subarray(n * VOCABULARY, (n + 1) * VOCABULARY);
      const target = -Math.log(p[targets[n]!]!);
      const mean = -generator.reduce((total, q) => total + Math.log(q), 0) / VOCABULARY;
      nll += weights[n]! * target;
      smoothed += weights[n]! * (0.9 * target + 0.1 * mean);
      if (p[targets[n]!]! >= Math.max(...p) - 1e-9) correct += weights[n]!;
    });
    // Coverage by its definition.
    const [batch, length, sources] = parts.attention!.shape as [number, number, number];
    let coverage = 0;
    for (let b = 0; b < batch; b++) {
      const seen = new Float64Array(sources);
      for (let t = 0; t < length; t++) {
        for (let s = 0; s < sources; s++) {
          const a = parts.attention!.data[(b * length + t) * sources + s]!;
          coverage += weights[b * length + t]! * Math.min(a, seen[s]!);
          seen[s]! += a;
        }
      }
    }
    expect(coverage).toBeGreaterThan(0.1);
    const { loss } = await (await onnx().compile(gradientProgram(setup))).run(inputs);
    expect(loss!.data[0]).toBeCloseTo(smoothed + 0.7 * coverage, 5);
    const statistics = await (await onnx().compile(validationProgram(setup))).run(inputs);
    expect(statistics.negativeLogLikelihood!.data[0]).toBeCloseTo(nll, 5);
    expect(statistics.correct!.data[0]).toBeCloseTo(correct, 5);
    expect(correct).toBeGreaterThan(0);
  });

  it('has a finite loss and gradient for words that neither side can give', async () => {
    const { setup, parameters } = tinySetup(modelConfig({ copy: true }), { labelSmoothing: 0 });
    const values = parameters();
    // A gate that only copies, and a target that the source lacks.
    values['copy.gate.bias']!.data[0] = -200;
    await onnx().write(values);
    const inputs = copyBatch(1, 3, 1);
    inputs.copySource!.data.fill(5);
    inputs.targetOutput!.data[0] = 7;
    inputs.copyTarget!.data[0] = 7;
    const result = await (await onnx().compile(gradientProgram(setup))).run(inputs);
    expect(result.loss!.data[0]).toBeGreaterThan(80);
    for (const { data } of Object.values(result)) expect(data.every(Number.isFinite)).toBe(true);
  });

  it('charges coverage by hand: a step that copies what was copied before', async () => {
    // Two steps on the same position: min(1, 1) at the second. Then an even spread after a sure one: min(½, 1) + min(½, 0).
    const attention = floats([1, 0, 1, 0, 1, 0, 0.5, 0.5], [2, 2, 2]);
    const weights = floats([1, 1, 1, 0.5], [2, 2]);
    const { loss } = await evaluate(onnx(), { attention, weights }, (given) => ({
      loss: coverageLoss(given.attention as Tensor, given.weights as Tensor),
    }));
    expect(loss!.data[0]).toBeCloseTo(1 + 0.25, 6);
  });
});

const MAP: CopyMap = {
  size: 20,
  unknownId: UNK,
  target: (id) => id,
  idOf: (text) => (text === 'known' ? 7 : undefined),
};

describe('extended vocabularies', () => {
  const source = copyableSource(
    { ids: Int32Array.of(5, UNK, UNK, UNK, UNK, EOS), unknownTexts: ['Ada', 'Bo', 'Ada', 'known'] },
    MAP,
  );

  it('number the distinct unknown words of a source', () => {
    expect([...source.copyIds]).toEqual([5, 20, 21, 20, 7, EOS]);
    expect(source.vocabulary).toEqual({ size: 20, words: ['Ada', 'Bo'] });
    const target = extendedTarget({ ids: Int32Array.of(9, UNK, UNK, EOS), unknownTexts: ['Bo', 'Cy'] }, source, UNK);
    expect([...target]).toEqual([9, 21, UNK, EOS]);
  });

  it('extend a vocabulary that lacks a token of the source', () => {
    const separate: CopyMap = { ...MAP, target: (id) => (id === 5 ? 'Haus' : id + 1) };
    const { copyIds, vocabulary } = copyableSource(
      { ids: Int32Array.of(5, 6, 5, UNK), unknownTexts: ['Haus'] },
      separate,
    );
    expect([[...copyIds], vocabulary.words]).toEqual([[20, 7, 20, 20], ['Haus']]);
  });

  it('make batches: plain inputs, and targets that a cut source can still give', () => {
    const target = Int32Array.of(20, 21, EOS);
    const cut = new CopyableTokens(source.ids.slice(0, 2), source.copyIds.slice(0, 2), source.vocabulary);
    const batch = tokenBatch(
      [
        { source, target },
        { source: cut, target },
      ],
      1,
    );
    expect([...batch.targetInput!.data]).toEqual([1, UNK, UNK, 1, UNK, UNK]);
    expect([...batch.targetOutput!.data]).toEqual([UNK, UNK, EOS, UNK, UNK, EOS]);
    expect([...batch.copyTarget!.data]).toEqual([20, 21, EOS, 20, UNK, EOS]);
    expect([...batch.copySource!.data]).toEqual([5, 20, 21, 20, 7, EOS, 5, 20, 0, 0, 0, 0]);
    expect([...batch.source!.data]).toEqual([5, UNK, UNK, UNK, UNK, EOS, 5, UNK, 0, 0, 0, 0]);
  });
});

describe('settings that do not go with copying', () => {
  const training = (section: Record<string, unknown>) => trainingConfigSchema.parse(section);
  const names = (copies: boolean, section: Record<string, unknown>) =>
    copyProblems(copies, training(section)).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('are named with the reason', () => {
    expect(names(false, {})).toEqual([]);
    expect(names(true, { coverage: 1 })).toEqual([]);
    expect(names(false, { coverage: 1 })).toEqual([
      'training.coverage: coverage needs model.copy, but coverage is 1 and copy is false',
    ]);
    expect(names(true, { objective: 'reinforce' })[0]).toMatch(/^training\.objective: reinforce draws its samples/);
    expect(names(true, { mixup: 0.2, rDrop: 1 }).map((line) => line.split(':')[0])).toEqual([
      'training.mixup',
      'training.rDrop',
    ]);
    expect(names(true, { scheduledSampling: { decay: 'linear' } })).toHaveLength(1);
  });

  it('sound cannot be copied', () => {
    const { error } = frameModelConfigSchema.safeParse({ copy: true });
    expect(error?.issues[0]?.message).toContain('the source is sound');
    expect(frameModelConfigSchema.parse({}).copy).toBe(false);
  });
});
