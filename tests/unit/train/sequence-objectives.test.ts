// REINFORCE and minimum risk training against the exact gradient of an expected reward: a world of few sequences is enumerated.
import { describe, expect, it } from 'vitest';
import type { ModelExample } from '../../../src/data/examples.js';
import { decodingConfigSchema } from '../../../src/decode/config.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import type { Engine, Executable, HostTensor } from '../../../src/engine/types.js';
import { metricReward } from '../../../src/metrics/sentence.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, UNK } from '../../../src/text/special-tokens.js';
import { trainingConfigSchema } from '../../../src/train/config.js';
import { SampledBatches } from '../../../src/train/objectives/sampled-batches.js';
import { CHUNK, sequenceScores } from '../../../src/train/objectives/sequence-level.js';
import { objectiveSetup, sequenceConfig } from '../../../src/train/objectives/settings.js';
import { gradientProgram } from '../../../src/train/programs.js';
import type { TrainingSetup } from '../../../src/train/setup.js';
import { ENGINES, floats, ints, largestDifference, modelConfig, tinySetup, useEngine } from '../engine/support.js';

/** The world: three words and the unknown one, outputs of at most two tokens. */
const WORDS = [UNK, 4, 5, 6];
const MOST = 2;
const SOURCE = Int32Array.of(4, 6, EOS);
const TARGET = Int32Array.of(5, 4, EOS);
const text = (tokens: ArrayLike<number>): string => Array.from(tokens, (id) => 'xxxuabc'[id]).join(' ');
const reward = metricReward('bleu', { tokenize: 'none', lowercase: false });

/** Every output that can be drawn, with its stop token where it has one. */
const OUTPUTS: readonly Int32Array[] = [
  Int32Array.of(EOS),
  ...WORDS.map((a) => Int32Array.of(a, EOS)),
  ...WORDS.flatMap((a) => WORDS.map((b) => Int32Array.of(a, b))),
];
const tokensOf = (output: Int32Array): Int32Array => output.filter((id) => id !== EOS);
const REWARDS = OUTPUTS.map((output) => reward(text(tokensOf(output)), text(TARGET.subarray(0, -1))));

const model = modelConfig({ encoderLayers: 1, decoderLayers: 1 });
const { setup, parameters } = tinySetup(model, { labelSmoothing: 0 }, 7);
const withObjective = (objective: TrainingSetup['objective']): TrainingSetup => ({ ...setup, objective: objective! });

/** All outputs as the rows of one source. @param weight of each output's tokens */
function enumerated(weight: (output: number) => number): Record<string, HostTensor> {
  const flat = OUTPUTS.flatMap((output, r) => Array.from(output, (token, t) => ({ r, t, token })));
  const input = OUTPUTS.flatMap((output) => [BOS, output.length > 1 ? output[0]! : 0]);
  return {
    source: ints(SOURCE, [1, SOURCE.length]),
    sampleInput: ints(input, [1, OUTPUTS.length, MOST]),
    tokenPlaces: ints(flat.map(({ r, t }) => r * MOST + t)),
    tokens: ints(flat.map(({ token }) => token)),
    tokenSequences: ints(flat.map(({ r }) => r)),
    tokenWeights: floats(flat.map(({ r }) => weight(r))),
    tokenScales: floats(flat.map(() => 1)),
  };
}

/** The same tokens as REINFORCE takes them: in chunks, the last one filled up. */
function chunked(inputs: Record<string, HostTensor>): Record<string, HostTensor> {
  const fill = (name: string, { data }: HostTensor): HostTensor => {
    const rest = new Array<number>(CHUNK - data.length).fill(name === 'tokens' ? EOS : 0);
    return data instanceof Float32Array ? floats([...data, ...rest], [1, CHUNK]) : ints([...data, ...rest], [1, CHUNK]);
  };
  const names = ['tokenPlaces', 'tokens', 'tokenWeights', 'tokenScales'];
  return { ...inputs, ...Object.fromEntries(names.map((name) => [name, fill(name, inputs[name]!)])) };
}

/** Log-probabilities of all outputs. */
async function logProbsOf(scores: Executable): Promise<number[]> {
  const { logProbs } = await scores.run(enumerated(() => 1));
  return Array.from(logProbs!.data);
}

type Gradients = Record<string, HostTensor>;

/** The directional derivative of gradients. */
const along = (gradients: Gradients, direction: Gradients): number =>
  Object.entries(direction).reduce(
    (sum, [name, { data }]) => sum + Array.from(data).reduce((part, d, i) => part + d * gradients[name]!.data[i]!, 0),
    0,
  );

/** A model with opinions. */
function clearParameters() {
  const values = parameters();
  const { data } = values['target.embedding']!;
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * 2;
  return values;
}

/** Random directions in the space of parameters. */
function directionsOf(count: number): Gradients[] {
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      Object.entries(parameters()).map(([name, { shape, data }]) => {
        const random = new Random(i, `direction/${name}`);
        return [name, { shape, data: Float32Array.from(data, () => random.normal()) }];
      }),
    ),
  );
}

/** The derivative of a function of the parameters by central differences. */
async function numericalDerivative(engine: Engine, direction: Gradients, f: () => Promise<number>): Promise<number> {
  const step = 2e-3;
  const at = async (sign: number): Promise<number> => {
    const moved = Object.fromEntries(
      Object.entries(clearParameters()).map(([name, { shape, data }]) => [
        name,
        { shape, data: Float32Array.from(data, (x, i) => x + sign * step * direction[name]!.data[i]!) },
      ]),
    );
    await engine.write(moved);
    return f();
  };
  const difference = (await at(1)) - (await at(-1));
  await engine.write(clearParameters());
  return difference / (2 * step);
}

describe.each(ENGINES)('objectives over sequences on %s', (engineName) => {
  const engine = useEngine(engineName);
  const all = withObjective({ kind: 'reinforce', rows: OUTPUTS.length });

  it('REINFORCE over all outputs is the exact gradient of the expected reward', async () => {
    await engine().write(clearParameters());
    const scores = await engine().compile(sequenceScores(all, OUTPUTS.length));
    const probabilities = (await logProbsOf(scores)).map(Math.exp);
    const gradient = await engine().compile(gradientProgram(all));
    const { loss: _loss, ...gradients } = await gradient.run(
      chunked(enumerated((r) => probabilities[r]! * REWARDS[r]!)),
    );
    for (const direction of directionsOf(3)) {
      const expected = await numericalDerivative(engine(), direction, async () =>
        (await logProbsOf(scores)).reduce((sum, lp, r) => sum + Math.exp(lp) * REWARDS[r]!, 0),
      );
      expect(Math.abs(expected)).toBeGreaterThan(1e-3);
      // The loss is to be minimised, the reward maximised.
      expect(Math.abs(-along(gradients, direction) - expected)).toBeLessThan(5e-3 * Math.abs(expected) + 2e-4);
    }
  });

  it('minimum risk training has the gradient of the expected risk under p^α', async () => {
    const alpha = 0.7;
    const risk = withObjective({ kind: 'minimum-risk', rows: OUTPUTS.length, alpha });
    // The last output counts as a repetition.
    const counts = OUTPUTS.map((_output, r) => Number(r < OUTPUTS.length - 1));
    const inputs = {
      ...enumerated(() => 0),
      candidates: floats(counts, [1, OUTPUTS.length]),
      risks: floats(
        REWARDS.map((r) => -r),
        [1, OUTPUTS.length],
      ),
    };
    await engine().write(clearParameters());
    const scores = await engine().compile(sequenceScores(all, OUTPUTS.length));
    const expectedRisk = async (): Promise<number> => {
      const weights = (await logProbsOf(scores)).map((lp, r) => counts[r]! * Math.exp(alpha * lp));
      const total = weights.reduce((sum, w) => sum + w, 0);
      return weights.reduce((sum, w, r) => sum - (w / total) * REWARDS[r]!, 0);
    };
    const program = await engine().compile(gradientProgram(risk));
    const { loss, ...gradients } = await program.run(inputs);
    expect(loss!.data[0]).toBeCloseTo(await expectedRisk(), 5);
    for (const direction of directionsOf(3)) {
      const expected = await numericalDerivative(engine(), direction, expectedRisk);
      expect(Math.abs(along(gradients, direction) - expected)).toBeLessThan(5e-3 * Math.abs(expected) + 2e-4);
    }
  });
});

describe('gradients of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each([
    ['reinforce', withObjective({ kind: 'reinforce', rows: OUTPUTS.length })],
    ['minimum-risk', withObjective({ kind: 'minimum-risk', rows: OUTPUTS.length, alpha: 0.3 })],
  ])('agree to 1e-6: %s', async (name, used) => {
    const tokens = enumerated((r) => Math.sin(r));
    const inputs = {
      ...(name === 'reinforce' ? chunked(tokens) : tokens),
      candidates: floats(
        OUTPUTS.map(() => 1),
        [1, OUTPUTS.length],
      ),
      risks: floats(REWARDS, [1, OUTPUTS.length]),
    };
    const [a, b] = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write(parameters());
        return (await engine.compile(gradientProgram(used))).run(inputs);
      }),
    );
    expect(largestDifference(a!, b!)).toBeLessThan(3e-6);
  });
});

describe('the estimator of REINFORCE', () => {
  const engine = useEngine('onnxruntime');
  const SAMPLES = 5;
  const COPIES = 40;
  const ROUNDS = 60;
  const examples: ModelExample[] = Array.from({ length: COPIES }, () => ({ source: SOURCE, target: TARGET }));

  it.each([
    { baseline: 'none' },
    { baseline: 'moving-average' },
    { baseline: 'greedy' },
    { baseline: 'leave-one-out' },
    { baseline: 'leave-one-out', temperature: 1.7 },
    { baseline: 'leave-one-out', entropyBonus: 0.05 },
  ] as const)('has the exact gradient for its mean: $baseline, $temperature, $entropyBonus', async (section) => {
    const config = trainingConfigSchema.parse({
      objective: 'reinforce',
      reinforce: { samples: SAMPLES, lengthRatio: 1e-9, ...section },
    });
    const { temperature, entropyBonus } = config.reinforce;
    const used = withObjective(objectiveSetup(config));
    const initial = () => clearParameters();
    await engine().write(initial());
    const decoder = new TransformerDecoder(engine(), {
      config: setup.model,
      parameters: setup.parameters,
      vocabulary: setup.vocabulary,
    });
    const world = longerOutputs();
    const batches = new SampledBatches({
      config: sequenceConfig(config)!,
      seed: 11,
      decoder,
      text,
      reward,
      decoding: decodingConfigSchema.parse({ maxLength: 4 }),
    });
    const program = await engine().compile(gradientProgram(used));
    const directions = directionsOf(3);
    const seen: number[][] = directions.map(() => []);
    for (let step = 0; step < ROUNDS; step++) {
      const { inputs, statistics } = await batches.prepare(examples, { step, part: 0, weight: 1 / COPIES });
      expect(statistics?.reward ?? 0).toBeGreaterThan(0);
      const { loss: _loss, ...gradients } = await program.run(inputs);
      for (const [i, direction] of directions.entries()) seen[i]?.push(-along(gradients, direction));
    }
    const scores = await engine().compile(
      sequenceScores(withObjective({ kind: 'reinforce', rows: world.length }), world.length),
    );
    // The expected reward over everything that can be drawn, the bonus of the entropy included.
    const expectedReward = async (): Promise<number> => {
      const { logProbs } = await scores.run(rowsOf(world, 1 / temperature));
      return Array.from(logProbs!.data).reduce((sum, lp, r) => {
        const value = reward(text(tokensOf(world[r]!)), text(TARGET.subarray(0, -1))) - entropyBonus * lp;
        return sum + Math.exp(lp) * value;
      }, 0);
    };
    for (const [i, direction] of directions.entries()) {
      const exact = await numericalDerivative(engine(), direction, expectedReward);
      const list = seen[i] ?? [];
      const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
      const variance = list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (list.length - 1);
      const error = Math.sqrt(variance / list.length);
      expect(Math.abs(mean - exact) / error).toBeLessThan(4);
      // The sample is large enough to tell a gradient that is off by a tenth of the spread of directions.
      expect(error).toBeLessThan(0.1);
    }
  });
});

/** Samples are cut here: at one token more than the three that are always granted. */
const LIMIT = 4;

/** Every output that can be drawn: ended, or cut. */
function longerOutputs(): Int32Array[] {
  let open: number[][] = [[]];
  const ended: number[][] = [];
  for (let length = 0; length < LIMIT; length++) {
    ended.push(...open.map((tokens) => [...tokens, EOS]));
    open = open.flatMap((tokens) => WORDS.map((word) => [...tokens, word]));
  }
  return [...ended, ...open].map((tokens) => Int32Array.from(tokens));
}

/** Outputs as the rows of one source, for their scores. */
function rowsOf(outputs: readonly Int32Array[], scale: number): Record<string, HostTensor> {
  const length = LIMIT;
  const flat = outputs.flatMap((output, r) => Array.from(output, (token, t) => ({ r, t, token })));
  const input = outputs.flatMap((output) => [BOS, ...output.subarray(0, -1), 0, 0, 0].slice(0, length));
  return {
    source: ints(SOURCE, [1, SOURCE.length]),
    sampleInput: ints(input, [1, outputs.length, length]),
    tokenPlaces: ints(flat.map(({ r, t }) => r * length + t)),
    tokens: ints(flat.map(({ token }) => token)),
    tokenSequences: ints(flat.map(({ r }) => r)),
    tokenScales: floats(flat.map(() => scale)),
  };
}
