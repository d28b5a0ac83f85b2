// Cross-attention that remembers: step by step against whole targets, with beams, samples, dropped sentences and frames.
import { describe, expect, it } from 'vitest';
import { padTokens } from '../../../src/data/padding.js';
import { FrameSequence, type SourceSequence } from '../../../src/data/sequences.js';
import { decodingConfigSchema } from '../../../src/decode/config.js';
import { generate } from '../../../src/decode/generate.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { sourceInputs, sourceSpecs, sourceTensors } from '../../../src/decode/source-batch.js';
import { logSoftmax, matMul, mul, range, type Tensor } from '../../../src/engine/ops.js';
import type { Engine, Executable, HostTensor } from '../../../src/engine/types.js';
import { attendAndProject, causalMask, projectHeads, projectKeysValues } from '../../../src/model/attention.js';
import { frameModelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { embeddingMatrix, embedTokens } from '../../../src/model/embedding.js';
import { normalize, residual } from '../../../src/model/layers.js';
import type { VocabularySizes } from '../../../src/model/parameters.js';
import { createScope } from '../../../src/model/scope.js';
import { encodeSource, teacherForcedStates } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, PAD } from '../../../src/text/special-tokens.js';
import { ENGINES, floats, ints, modelConfig, programOf, tinySetup, useEngine } from '../engine/support.js';

type Tensors = Record<string, HostTensor>;

const VOCABULARY = 11;
const TEXT: VocabularySizes = { source: VOCABULARY, target: VOCABULARY };
const KINDS = ['monotonic', 'location-aware'] as const;

const tokens = (random: Random, length: number): Int32Array =>
  Int32Array.from({ length }, () => 3 + random.integer(VOCABULARY - 3));

/** Parameters with opinions on where to look and on what to say. */
function opinionated(parameters: Tensors, sharpness = 6): Tensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => {
      const random = new Random(6, name);
      const change = (x: number, i: number): number => {
        if (name.includes('crossAttention.query')) return sharpness * x;
        if (name.includes('crossAttention.kernel')) return random.normal();
        if (name.includes('crossAttention.output')) return 3 * x;
        if (name === 'output.embedding') return (Math.floor(i / (shape[1] as number)) === EOS ? 3 : 2) * x;
        return name.endsWith('threshold') ? 0.3 * sharpness * random.normal() : x;
      };
      return [name, floats(Array.from(data, change), shape)];
    }),
  );
}

/** A model whose kind of cross-attention matters, a decoder of it, and its whole-target passes. */
function modelOf(engine: Engine, section: Record<string, unknown>, sharpness?: number) {
  const config = modelConfig({ encoderLayers: 1, decoderLayers: 2, embeddings: 'separate', ...section });
  return partsOf(engine, config, TEXT, sharpness);
}

function partsOf(
  engine: Engine,
  config: ReturnType<typeof modelConfig>,
  vocabulary: VocabularySizes,
  sharpness?: number,
) {
  const { setup, parameters } = tinySetup(config, { vocabulary });
  const constants = () => opinionated(parameters(), sharpness);
  const decoder = new TransformerDecoder(
    engine,
    { config, parameters: setup.parameters, vocabulary: setup.vocabulary },
    { constants: constants() },
  );
  const inputs = { ...sourceSpecs(vocabulary), target: { shape: ['B', 'T'], dtype: 'int32' } } as const;
  const passes = (isHard: boolean) =>
    programOf(
      inputs,
      (given, variables) => {
        const scope = { ...createScope(config, variables), isHard };
        const states = teacherForcedStates(scope, encodeSource(scope, sourceTensors(given)), given.target as Tensor);
        return { outputs: { logProbs: logSoftmax(matMul(states, embeddingMatrix(scope, 'output'), false, true)) } };
      },
      setup.parameters,
    );
  const compiled = new Map<boolean, Promise<Executable>>();
  /** Log-probabilities after each prefix of one pass over whole ones, with the decisions of decoding or their expectation. */
  const whole = async (sources: readonly SourceSequence[], prefixes: readonly (readonly number[])[], isHard = true) => {
    const known = compiled.get(isHard) ?? engine.compile(passes(isHard), { constants: constants() });
    compiled.set(isHard, known);
    const executable = await known;
    const target = padTokens(prefixes.map((prefix) => Int32Array.from(prefix)));
    const { logProbs } = await executable.run({
      ...sourceInputs(sources),
      target: ints(target.ids, [prefixes.length, target.length]),
    });
    return (row: number, t: number): Float32Array => {
      const start = (row * target.length + t) * VOCABULARY;
      return (logProbs!.data as Float32Array).slice(start, start + VOCABULARY);
    };
  };
  return { config, setup, decoder, constants, whole };
}

/** Largest difference over the tokens that may follow. */
function farthest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let largest = 0;
  for (let id = 0; id < VOCABULARY; id++) {
    if (id !== PAD && id !== BOS) largest = Math.max(largest, Math.abs(ours[id]! - theirs[id]!));
  }
  return largest;
}

describe.each(ENGINES)('cross-attention that remembers on %s', (engineName) => {
  const engine = useEngine(engineName);
  const isOracle = engineName === 'cpu';

  it.each(KINDS)('step by step equals whole targets, with changing parents and dropped sentences: %s', async (kind) => {
    // What one step is off by goes on to the next by way of the weights, the more the sharper they are.
    const { decoder, whole } = modelOf(engine(), { crossAttention: kind }, kind === 'monotonic' ? 6 : 3);
    const random = new Random(4, 'decoding');
    const beam = 3;
    let sources = [5, 1, 9, 3].map((length) => tokens(random, length));
    const session = await decoder.start(sources, beam);
    let prefixes: number[][] = sources.flatMap(() => Array.from({ length: beam }, () => []));
    for (let step = 0; step <= 18; step++) {
      if (step === 6 || step === 12) {
        const kept = step === 6 ? [0, 2, 3] : [1];
        await session.keep(kept);
        sources = kept.map((i) => sources[i]!);
        prefixes = kept.flatMap((i) => prefixes.slice(i * beam, (i + 1) * beam));
      }
      const rows = sources.length * beam;
      const parents = Int32Array.from({ length: rows }, () => (step === 0 ? 0 : random.integer(beam)));
      const fed = step === 0 ? new Int32Array(rows).fill(BOS) : tokens(random, rows);
      prefixes = Array.from(fed, (token, row) => [...prefixes[row - (row % beam) + parents[row]!]!, token]);
      const { logProbs } = await session.step(fed, parents, 'all');
      if (isOracle && ![0, 1, 5, 6, 13, 18].includes(step)) continue;
      const expected = await whole(
        prefixes.map((_prefix, row) => sources[Math.floor(row / beam)]!),
        prefixes,
      );
      prefixes.forEach((_prefix, row) => {
        const ours = logProbs.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
        expect(farthest(ours, expected(row, step)), `step ${step}, row ${row}`).toBeLessThan(1e-5);
      });
    }
    await decoder.dispose();
  });

  it('that is monotonic walks as a loop by hand does, and its maps show that', async () => {
    const { config, setup, constants, decoder } = modelOf(engine(), { crossAttention: 'monotonic', decoderLayers: 1 });
    const random = new Random(12, 'walk');
    const source = tokens(random, 12);
    const target = Int32Array.of(BOS, ...tokens(random, 9));
    const [layer, heads] = ['decoder.layers.0', config.heads];
    // What the first layer asks does not depend on where it has looked, so its energies can be had at once.
    const program = programOf(
      { source: { shape: [1, 'S'], dtype: 'int32' }, target: { shape: [1, 'T'], dtype: 'int32' } },
      (given, variables) => {
        const scope = createScope(config, variables);
        const { cross } = encodeSource(scope, { ids: given.source as Tensor });
        const length = given.target!.shape[1] as number;
        const x = embedTokens(scope, 'target', given.target as Tensor, range(length));
        const state = residual(scope, `${layer}.selfAttentionNorm`, x, (input) => {
          const name = `${layer}.selfAttention`;
          const query = projectHeads(scope, `${name}.query`, input, 1, length);
          const past = projectKeysValues(scope, name, input, 1, length);
          return attendAndProject(scope, name, query, past, causalMask(length));
        });
        const input = normalize(scope, `${layer}.crossAttentionNorm`, state);
        const query = projectHeads(scope, `${layer}.crossAttention.query`, input, 1, length);
        return { outputs: { energies: matMul(mul(query, (8 / heads) ** -0.5), cross[0]!.key, false, true) } };
      },
      setup.parameters,
    );
    const executable = await engine().compile(program, { constants: constants() });
    const { energies } = await executable.run({ source: ints(source, [1, 12]), target: ints(target, [1, 10]) });
    await executable.dispose();
    const thresholds = constants()[`${layer}.crossAttention.threshold`]!.data;
    const walk = Array.from({ length: heads }, (_, h) => {
      let position = 0;
      return Array.from(target, (_token, t) => {
        const stops = (s: number) => 1 / (1 + Math.exp(thresholds[h]! - energies!.data[(h * 10 + t) * 12 + s]!)) >= 0.5;
        while (position < 12 && !stops(position)) position++;
        return position;
      });
    });
    // The walks of this model stand still, go on, and end.
    expect(new Set(walk.flat()).size).toBeGreaterThan(4);
    const session = await decoder.start([source], 1);
    for (const [t, token] of target.entries()) {
      await session.step(Int32Array.of(token), Int32Array.of(0), 2);
      const positions = (await engine().read(['decode.alignment.0']))['decode.alignment.0'];
      expect(positions, `step ${t}`).toEqual(
        floats(
          walk.map((steps) => steps[t]!),
          [1, 1, heads],
        ),
      );
    }
    const { weights } = await decoder.attention(source, Int32Array.of(...target.subarray(1), EOS));
    expect([...weights]).toEqual(
      walk.flatMap((steps) =>
        steps.flatMap((position) => Array.from({ length: 12 }, (_, s) => (s === position ? 1 : 0))),
      ),
    );
    await decoder.dispose();
  });

  it('that is monotonic and sure of itself does in decoding what it was trained to do', async () => {
    const section = { crossAttention: 'monotonic' };
    const random = new Random(3, 'sure');
    const sources = [7, 4].map((length) => tokens(random, length));
    const prefixes = [8, 8].map((length) => [BOS, ...tokens(random, length)]);
    const apart = async (sharpness: number) => {
      const { decoder, whole } = modelOf(engine(), section, sharpness);
      const expected = await whole(sources, prefixes, false);
      const session = await decoder.start(sources, 1);
      let largest = 0;
      for (let t = 0; t < 9; t++) {
        const fed = Int32Array.from(prefixes, (prefix) => prefix[t]!);
        const { logProbs } = await session.step(fed, Int32Array.of(0, 0), 'all');
        for (const row of [0, 1]) {
          const ours = logProbs.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
          largest = Math.max(largest, farthest(ours, expected(row, t)));
        }
      }
      await decoder.dispose();
      return largest;
    };
    expect(await apart(1e5)).toBeLessThan(1e-5);
    expect(await apart(1)).toBeGreaterThan(1e-2);
  });

  it('that is location-aware without kernels decodes like plain attention', async () => {
    const random = new Random(5, 'plain');
    const sources = [6, 3].map((length) => tokens(random, length));
    const run = async (crossAttention: string) => {
      const { config, setup } = modelOf(engine(), { crossAttention });
      const values = tinySetup(config).parameters();
      const model = { config, parameters: setup.parameters, vocabulary: TEXT };
      const decoder = new TransformerDecoder(engine(), model, { constants: values });
      const config3 = decodingConfigSchema.parse({ beam: 3, nBest: 3, maxLength: 8 });
      const found = await generate(decoder, sources, config3);
      await decoder.dispose();
      return found.flat();
    };
    const [plain, aware] = [await run('softmax'), await run('location-aware')];
    expect(aware.map((hypothesis) => [...hypothesis.tokens])).toEqual(plain.map(({ tokens: ids }) => [...ids]));
    aware.forEach(({ logProb }, i) => {
      expect(Math.abs(logProb - plain[i]!.logProb)).toBeLessThan(1e-5);
    });
  });

  it.each(KINDS)('finds the same in batches of any size, with the scores of each output alone: %s', async (kind) => {
    const { decoder, whole } = modelOf(engine(), { crossAttention: kind });
    const random = new Random(9, 'search');
    const sources = Array.from({ length: isOracle ? 8 : 40 }, () => tokens(random, 1 + random.integer(12)));
    const settings = (batchSize: number) => decodingConfigSchema.parse({ beam: 4, nBest: 3, maxLength: 12, batchSize });
    const found = await generate(decoder, sources, settings(64));
    for (const batchSize of [3, 1].slice(0, isOracle ? 1 : 2)) {
      const parts = await generate(decoder, sources, settings(batchSize));
      parts.forEach((hypotheses, i) => {
        expect(hypotheses.map(({ tokens: ids }) => [...ids])).toEqual(found[i]!.map(({ tokens: ids }) => [...ids]));
        hypotheses.forEach(({ score }, rank) => {
          expect(Math.abs(score - found[i]![rank]!.score)).toBeLessThan(1e-5);
        });
      });
    }
    const all = found.flatMap((hypotheses, i) => hypotheses.map((hypothesis) => ({ i, ...hypothesis })));
    expect(new Set(all.map(({ tokens: ids }) => ids.length)).size).toBeGreaterThan(3);
    const at = await whole(
      all.map(({ i }) => sources[i]!),
      all.map(({ tokens: ids }) => [BOS, ...ids]),
    );
    all.forEach(({ tokens: ids, logProb }, row) => {
      const outputs = ids.length < 12 ? [...ids, EOS] : [...ids];
      const alone = outputs.reduce((sum, id, t) => sum + at(row, t)[id]!, 0);
      // At the maximum length the output may have ended or not.
      const ended = alone + (ids.length < 12 ? 0 : at(row, 12)[EOS]!);
      expect(Math.min(Math.abs(logProb - alone), Math.abs(logProb - ended)), `row ${row}`).toBeLessThan(1e-4);
    });
    await decoder.dispose();
  });

  it.each(KINDS)('draws samples with the probabilities of whole targets: %s', async (kind) => {
    const { decoder, whole } = modelOf(engine(), { crossAttention: kind });
    const random = new Random(2, 'draw');
    const sources = [6, 2].map((length) => tokens(random, length));
    const samples = 3;
    const session = await decoder.start(sources, samples);
    const prefixes: number[][] = Array.from({ length: 6 }, () => [BOS]);
    const logProbs: number[][] = prefixes.map(() => []);
    for (let step = 0; step < 8; step++) {
      const uniform = Float32Array.from(prefixes, () => random.uniform());
      const drawn = await session.draw(
        Int32Array.from(prefixes, (prefix) => prefix.at(-1)!),
        uniform,
        1,
      );
      prefixes.forEach((prefix, row) => {
        prefix.push(drawn.ids[row]!);
        logProbs[row]!.push(drawn.logProbs[row]!);
      });
    }
    const at = await whole(
      prefixes.map((_prefix, row) => sources[Math.floor(row / samples)]!),
      prefixes,
    );
    prefixes.forEach((prefix, row) => {
      logProbs[row]!.forEach((logProb, t) => {
        const expected = at(row, t);
        const possible = 1 - Math.exp(expected[PAD]!) - Math.exp(expected[BOS]!);
        expect(Math.abs(logProb - expected[prefix[t + 1]!]! + Math.log(possible)), `${row} ${t}`).toBeLessThan(1e-4);
      });
    });
    expect(new Set(prefixes.map(String)).size).toBeGreaterThan(3);
    await decoder.dispose();
  });

  it.each(KINDS)('works on frames: %s', async (kind) => {
    const features = 6;
    const tiny = { modelDim: 8, feedForwardDim: 16, heads: 2, encoderLayers: 1, decoderLayers: 1, dropout: 0 };
    const section = { ...tiny, subsamplingChannels: 3, embeddings: 'separate', crossAttention: kind };
    const config = resolveModelConfig(frameModelConfigSchema.parse(section));
    const { decoder, whole } = partsOf(engine(), config, { source: { features }, target: VOCABULARY });
    const random = new Random(7, 'frames');
    const frames = (length: number) => {
      const data = Float32Array.from({ length: length * 4 * features }, () => random.normal());
      return new FrameSequence(length, 4 * features, async () => data).load();
    };
    const sources = [await frames(7), await frames(3)];
    const session = await decoder.start(sources, 1);
    const prefixes = sources.map(() => [BOS, ...tokens(random, 4)]);
    const expected = await whole(sources, prefixes);
    for (let t = 0; t < 5; t++) {
      const { logProbs } = await session.step(
        Int32Array.from(prefixes, (p) => p[t]!),
        Int32Array.of(0, 0),
        'all',
      );
      for (const row of [0, 1]) {
        const ours = logProbs.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
        expect(farthest(ours, expected(row, t)), `${row} ${t}`).toBeLessThan(1e-5);
      }
    }
    await decoder.dispose();
  });
});
