// Copying in decoding: steps against teacher forcing, merged candidates, batches, search against enumeration, shares.
import { describe, expect, it } from 'vitest';
import { padTokens } from '../../../src/data/padding.js';
import { CopyableTokens } from '../../../src/data/sequences.js';
import { decodingConfigSchema } from '../../../src/decode/config.js';
import { CopyMerger } from '../../../src/decode/copy.js';
import { generate } from '../../../src/decode/generate.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { matMul, softmax, stack, type Tensor } from '../../../src/engine/ops.js';
import type { Engine, HostTensor } from '../../../src/engine/types.js';
import type { ModelConfig } from '../../../src/model/config.js';
import { embeddingMatrix } from '../../../src/model/embedding.js';
import { createScope } from '../../../src/model/scope.js';
import { encodeSource, teacherForcedStates } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, PAD, UNK } from '../../../src/text/special-tokens.js';
import { copyPass } from '../../../src/train/objectives/copy.js';
import { ENGINES, ints, modelConfig, programOf, tinySetup, useEngine } from '../engine/support.js';

const VOCABULARY = 9;

/** A source; `-1`, `-2` … are its unknown words. */
function sourceOf(...tokens: readonly number[]): CopyableTokens {
  const words = Array.from({ length: Math.max(0, ...tokens.map((token) => -token)) }, (_, j) => `word${j}`);
  const all = [...tokens, EOS];
  return new CopyableTokens(
    Int32Array.from(all, (token) => (token < 0 ? UNK : token)),
    Int32Array.from(all, (token) => (token < 0 ? VOCABULARY - 1 - token : token)),
    { size: VOCABULARY, words },
  );
}

/** Parameters that give distributions with clear differences. */
function sharpened(parameters: Record<string, HostTensor>): Record<string, HostTensor> {
  for (const [name, { data }] of Object.entries(parameters)) {
    const factor = /^copy\.(query|key)/.test(name) ? 3 : /embedding/.test(name) ? 2 : 1;
    for (let i = 0; i < data.length; i++) data[i]! *= factor;
  }
  return parameters;
}

/** Every probability after the last token of each prefix, from one pass over whole prefixes, added up token by token. */
async function teacherForced(engine: Engine, model: ModelConfig, parameters: Record<string, HostTensor>) {
  const { setup } = tinySetup(model, {}, VOCABULARY);
  const program = programOf(
    {
      source: { shape: ['B', 'S'], dtype: 'int32' },
      target: { shape: ['B', 'T'], dtype: 'int32' },
    },
    ({ source, target }, variables) => {
      const scope = createScope(model, variables);
      const encoded = encodeSource(scope, { ids: source as Tensor });
      const states = teacherForcedStates(scope, encoded, target as Tensor);
      const { weights, gate } = copyPass(scope, encoded, states);
      const vocabulary = softmax(matMul(states, embeddingMatrix(scope, 'output'), false, true));
      return { outputs: { vocabulary, weights, gate: stack([gate.generates, gate.copies]) } };
    },
    setup.parameters,
  );
  const { run } = await engine.compile(program, { constants: parameters });
  return async (sources: readonly CopyableTokens[], prefixes: readonly (readonly number[])[], extra: number) => {
    const source = padTokens(sources.map(({ ids }) => ids));
    const readable = prefixes.map((prefix) => Int32Array.from(prefix, (id) => (id < VOCABULARY ? id : UNK)));
    const target = padTokens(readable);
    const result = await run({
      source: ints(source.ids, [sources.length, source.length]),
      target: ints(target.ids, [prefixes.length, target.length]),
    });
    const rows = prefixes.length * target.length;
    return prefixes.map((prefix, row) => {
      const n = row * target.length + prefix.length - 1;
      const p = new Float64Array(VOCABULARY + extra);
      for (let id = 0; id < VOCABULARY; id++) {
        p[id]! += result.gate!.data[n]! * result.vocabulary!.data[n * VOCABULARY + id]!;
      }
      const copied = new Float64Array(VOCABULARY + extra);
      sources[row]!.copyIds.forEach((id, s) => {
        copied[id]! += result.gate!.data[rows + n]! * result.weights!.data[n * source.length + s]!;
      });
      return { p: p.map((value, id) => value + copied[id]!), copied };
    });
  };
}

function decoderOf(engine: Engine, section: Record<string, unknown> = {}) {
  const model = modelConfig({ copy: true, encoderLayers: 1, decoderLayers: 1, ...section });
  const { setup, parameters } = tinySetup(model, {}, VOCABULARY);
  const values = () => sharpened(parameters());
  const decoder = new TransformerDecoder(
    engine,
    { config: model, parameters: setup.parameters, vocabulary: setup.vocabulary },
    { constants: values() },
  );
  return { decoder, model, values };
}

const SOURCES = [sourceOf(4, -1, 5, -1, -2), sourceOf(6), sourceOf(-1, 7, -2, -3, 8, 7, 4, 5), sourceOf(4, 4, 8)];

describe.each(ENGINES)('step-by-step decoding with copying on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each([
    {},
    { crossAttention: 'location-aware', locationKernel: 3 },
    { embeddings: 'separate', positions: 'rotary' },
  ])('equals teacher forcing: %o', async (section) => {
    const { decoder, model, values } = decoderOf(engine(), section);
    const reference = await teacherForced(engine(), model, values());
    const random = new Random(4, 'copying');
    const beam = 3;
    let sources = SOURCES;
    const session = await decoder.start(sources, beam);
    expect(session.vocabularySize).toBe(VOCABULARY + 3);
    let prefixes: number[][] = sources.flatMap(() => Array.from({ length: beam }, () => []));
    for (let step = 0; step < 18; step++) {
      if (step === 8) {
        await session.keep([0, 2]);
        sources = [sources[0]!, sources[2]!];
        prefixes = [...prefixes.slice(0, beam), ...prefixes.slice(2 * beam, 3 * beam)];
      }
      const rows = sources.length * beam;
      const parents = Int32Array.from({ length: rows }, () => (step === 0 ? 0 : random.integer(beam)));
      const fed = Int32Array.from({ length: rows }, (_, row) => {
        const { vocabulary } = sources[Math.floor(row / beam)]!;
        return step === 0 ? BOS : UNK + random.integer(VOCABULARY - UNK + vocabulary.words.length);
      });
      prefixes = Array.from(fed, (token, row) => [...prefixes[row - (row % beam) + parents[row]!]!, token]);
      const { logProbs, endLogProbs } = await session.step(fed, parents, 'all');
      if (![0, 1, 7, 8, 15, 16, 17].includes(step)) continue;
      const expected = await reference(
        prefixes.map((_prefix, row) => sources[Math.floor(row / beam)]!),
        prefixes,
        3,
      );
      expected.forEach(({ p }, row) => {
        const ours = logProbs.subarray(row * p.length, (row + 1) * p.length);
        let total = p[PAD]! + p[BOS]!;
        ours.forEach((logProb, id) => {
          if (id === PAD || id === BOS || p[id] === 0) expect(logProb).toBe(Number.NEGATIVE_INFINITY);
          else expect(Math.abs(logProb - Math.log(p[id]!)), `step ${step}, row ${row}`).toBeLessThan(1e-5);
          total += Math.exp(logProb);
        });
        expect(total).toBeCloseTo(1, 5);
        expect(endLogProbs![row]).toBe(ours[EOS]);
      });
    }
    await decoder.dispose();
  });

  it('offers the best candidates in order, however many are asked for', async () => {
    const { decoder } = decoderOf(engine());
    const beam = 2;
    const step = async (top: number | 'all') =>
      (await decoder.start(SOURCES, beam)).step(new Int32Array(8).fill(BOS), new Int32Array(8), top);
    const all = await step('all');
    const size = VOCABULARY + 3;
    for (const top of [1, 3, VOCABULARY, VOCABULARY + 1, size, 50]) {
      const { ids, logProbs, width, endLogProbs } = await step(top);
      expect(width).toBe(Math.min(top, size));
      for (let row = 0; row < 8; row++) {
        const dense = all.logProbs.subarray(row * size, (row + 1) * size);
        const order = [...dense.keys()].sort((a, b) => dense[b]! - dense[a]! || a - b).slice(0, width);
        expect([...ids.subarray(row * width, (row + 1) * width)]).toEqual(order);
        order.forEach((id, j) => {
          expect(logProbs[row * width + j]).toBe(dense[id]);
        });
        expect(endLogProbs![row]).toBe(dense[EOS]);
      }
    }
    await decoder.dispose();
  });

  it('refuses to draw inside the step', async () => {
    const { decoder } = decoderOf(engine());
    const session = await decoder.start([sourceOf(4)], 1);
    await expect(session.draw(Int32Array.of(BOS), Float32Array.of(0.5), 1)).rejects.toThrow(/cannot be copied/);
    await expect(decoder.start([Int32Array.of(4, EOS)], 1)).rejects.toThrow(/without an extended vocabulary/);
  });
});

describe('searches that copy', () => {
  const engine = useEngine('onnxruntime');

  it('find the best output of all, as enumeration does', async () => {
    const { decoder, model, values } = decoderOf(engine());
    const reference = await teacherForced(engine(), model, values());
    const maxLength = 2;
    const settings = decodingConfigSchema.parse({ beam: 150, nBest: 3, lengthPenalty: 0, maxLength, batchSize: 4 });
    const found = await generate(decoder, SOURCES, settings);
    for (const [i, source] of SOURCES.entries()) {
      const size = VOCABULARY + source.vocabulary.words.length;
      const letters = Array.from({ length: size }, (_, id) => id).filter((id) => id >= UNK);
      let open: { prefix: number[]; logProb: number }[] = [{ prefix: [BOS], logProb: 0 }];
      const ended: { tokens: number[]; logProb: number }[] = [];
      for (let step = 0; step <= maxLength; step++) {
        const rows = await reference(
          open.map(() => source),
          open.map(({ prefix }) => prefix),
          source.vocabulary.words.length,
        );
        const longer: typeof open = [];
        open.forEach(({ prefix, logProb }, row) => {
          const { p } = rows[row]!;
          ended.push({ tokens: prefix.slice(1), logProb: logProb + Math.log(p[EOS]!) });
          if (step === maxLength) return;
          for (const id of letters) longer.push({ prefix: [...prefix, id], logProb: logProb + Math.log(p[id]!) });
        });
        open = longer;
      }
      ended.sort((a, b) => b.logProb - a.logProb);
      found[i]!.forEach(({ tokens, logProb }, k) => {
        expect([...tokens]).toEqual(ended[k]!.tokens);
        expect(logProb).toBeCloseTo(ended[k]!.logProb, 5);
      });
    }
    // Some of them are copied, and greedy search finds another one for some source.
    expect(found.flat().some(({ tokens }) => tokens.some((id) => id >= VOCABULARY))).toBe(true);
    await decoder.dispose();
  });

  it.each([
    { beam: 1 },
    { beam: 4, nBest: 4 },
    { beam: 4, nBest: 2, beamGroups: 2 },
    { beam: 3, nBest: 3, noRepeatNgram: 1, minLength: 2 },
    { method: 'sample', nBest: 3 },
    { method: 'sample', nBest: 3, topK: 4, repetitionPenalty: 1.5 },
    { method: 'sample-without-replacement', nBest: 3 },
  ])('do not depend on the other sentences, nor on how many unknown words those have: %o', async (section) => {
    const { decoder } = decoderOf(engine());
    const origin = (first: number) => ({ seed: 5, first });
    const results = async (batchSize: number, order: readonly number[]) => {
      const settings = decodingConfigSchema.parse({ maxLength: 8, batchSize, ...section });
      const found: Awaited<ReturnType<typeof generate>>[] = [];
      if (batchSize > 1) {
        const sources = order.map((i) => SOURCES[i]!);
        found.push(await generate(decoder, sources, settings, { origin: origin(0) }));
      } else {
        for (const i of order) {
          found.push(await generate(decoder, [SOURCES[i]!], settings, { origin: origin(i) }));
        }
      }
      return found.flat();
    };
    const together = await results(4, [0, 1, 2, 3]);
    const alone = await results(1, [0, 1, 2, 3]);
    expect(together.map((list) => list.map(({ tokens }) => [...tokens]))).toEqual(
      alone.map((list) => list.map(({ tokens }) => [...tokens])),
    );
    together.flat().forEach(({ score, tokens }, i) => {
      expect(score).toBeCloseTo(alone.flat()[i]!.score, 5);
      expect(tokens.every((id) => id < VOCABULARY + 3)).toBe(true);
    });
    expect(together.flat().some(({ tokens }) => tokens.some((id) => id >= VOCABULARY))).toBe(true);
    // Ids beyond a sentence's own words never follow.
    together.forEach((list, i) => {
      for (const { tokens } of list) {
        expect(Math.max(-1, ...tokens)).toBeLessThan(VOCABULARY + SOURCES[i]!.vocabulary.words.length);
      }
    });
    await decoder.dispose();
  });

  it('tell the share of copying in the probability of each token', async () => {
    const { decoder, model, values } = decoderOf(engine());
    const reference = await teacherForced(engine(), model, values());
    const source = SOURCES[2]!;
    const outputs = [
      [VOCABULARY, 7, 3, VOCABULARY + 2],
      [6, 4],
    ];
    const shares = await decoder.copyShares(
      source,
      outputs.map((output) => Int32Array.from(output)),
    );
    for (const [k, output] of outputs.entries()) {
      expect(shares[k]).toHaveLength(output.length);
      for (const [t, id] of output.entries()) {
        const [row] = await reference([source], [[BOS, ...output.slice(0, t)]], 3);
        expect(shares[k]![t]).toBeCloseTo(row!.copied[id]! / row!.p[id]!, 5);
      }
    }
    expect(shares[0]![0]).toBeCloseTo(1, 6);
    expect(shares[1]![0]).toBe(0);
    expect(await decoder.copyShares(source, [new Int32Array(0)])).toEqual([new Float32Array(0)]);
    await decoder.dispose();
  });
});

describe('the merger', () => {
  it('keeps the generator’s number where nothing is copied, and breaks ties by id', () => {
    const merger = new CopyMerger([sourceOf(5, -1, 5)], VOCABULARY, 1);
    const third = Math.log(1 / 3);
    const { ids, logProbs, endLogProbs } = merger.merge(
      {
        ids: Int32Array.of(4, 6, 5),
        logProbs: Float32Array.of(third, third, -200),
        endLogProbs: Float32Array.of(-3),
        // 5, the unknown word, 5, the end
        sourceLogProbs: Float32Array.of(-200, Number.NEGATIVE_INFINITY, -200, -3),
        copyProbs: Float32Array.of(0, 1 / 3, 0, 0),
      },
      4,
      false,
    );
    expect([...ids]).toEqual([4, 6, VOCABULARY, EOS]);
    expect(logProbs[3]).toBe(-3);
    expect(logProbs[2]).toBe(Math.fround(Math.log(Math.fround(1 / 3))));
    expect(endLogProbs![0]).toBe(-3);
  });
});
