// Decoding step by step against one pass over the whole target: the same log-probabilities, whatever the caches go through.
import { describe, expect, it } from 'vitest';
import { padTokens } from '../../../src/data/padding.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { logSoftmax, matMul, type Tensor } from '../../../src/engine/ops.js';
import type { Engine, HostTensor } from '../../../src/engine/types.js';
import { EngineError } from '../../../src/errors.js';
import type { ModelConfig } from '../../../src/model/config.js';
import { embeddingMatrix } from '../../../src/model/embedding.js';
import { createScope } from '../../../src/model/scope.js';
import { encodeSource, teacherForcedStates } from '../../../src/model/transformer.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, PAD } from '../../../src/text/special-tokens.js';
import { ENGINES, ints, modelConfig, programOf, tinySetup, useEngine, VARIANTS } from '../engine/support.js';

const VOCABULARY = 11;

const tokens = (random: Random, length: number): Int32Array =>
  Int32Array.from({ length }, () => 3 + random.integer(VOCABULARY - 3));

/** Log-probabilities after the last token of each prefix, from one pass over the prefixes: `[rows, V]`. */
async function teacherForced(
  engine: Engine,
  model: ModelConfig,
  parameters: Record<string, HostTensor>,
): Promise<(sources: readonly Int32Array[], prefixes: readonly (readonly number[])[]) => Promise<Float32Array[]>> {
  const inputs = {
    source: { shape: ['B', 'S'], dtype: 'int32' },
    target: { shape: ['B', 'T'], dtype: 'int32' },
  } as const;
  const { setup } = tinySetup(model);
  const program = programOf(
    inputs,
    ({ source, target }, variables) => {
      const scope = createScope(model, variables);
      const states = teacherForcedStates(scope, encodeSource(scope, { ids: source as Tensor }), target as Tensor);
      return { outputs: { logProbs: logSoftmax(matMul(states, embeddingMatrix(scope, 'output'), false, true)) } };
    },
    setup.parameters,
  );
  const { run } = await engine.compile(program, { constants: parameters });
  return async (sources, prefixes) => {
    const source = padTokens(sources);
    const target = padTokens(prefixes.map((prefix) => Int32Array.from(prefix)));
    const { logProbs } = await run({
      source: ints(source.ids, [sources.length, source.length]),
      target: ints(target.ids, [prefixes.length, target.length]),
    });
    return prefixes.map((prefix, row) => {
      const start = (row * target.length + prefix.length - 1) * VOCABULARY;
      return (logProbs!.data as Float32Array).slice(start, start + VOCABULARY);
    });
  };
}

/** Largest difference over the tokens that may follow. */
function farthest(ours: Float32Array, theirs: Float32Array): number {
  let largest = 0;
  for (let id = 0; id < VOCABULARY; id++) {
    if (id === PAD || id === BOS) expect(ours[id]).toBe(Number.NEGATIVE_INFINITY);
    else largest = Math.max(largest, Math.abs(ours[id]! - theirs[id]!));
  }
  return largest;
}

describe.each(ENGINES)('step-by-step decoding on %s', (engineName) => {
  const engine = useEngine(engineName);

  async function decoderOf(section: Record<string, unknown>) {
    const model = modelConfig({ encoderLayers: 1, decoderLayers: engineName === 'cpu' ? 1 : 2, ...section });
    const { setup, parameters } = tinySetup(model);
    const decoder = new TransformerDecoder(
      engine(),
      { config: model, parameters: setup.parameters, vocabulary: setup.vocabulary },
      { constants: parameters() },
    );
    return { decoder, reference: await teacherForced(engine(), model, parameters()) };
  }

  it.each(Object.entries(VARIANTS))(
    'equals teacher forcing with beams, dropped sentences and growing caches: %s',
    async (_name, section) => {
      const { decoder, reference } = await decoderOf(section);
      const random = new Random(4, 'decoding');
      const beam = 3;
      let sources = [5, 1, 9, 3].map((length) => tokens(random, length));
      const session = await decoder.start(sources, beam);
      /** Prefix of each row, the begin mark included. */
      let prefixes: number[][] = sources.flatMap(() => Array.from({ length: beam }, () => []));
      const checked = [0, 1, 2, 9, 10, 15, 16, 17, 31, 32, 35];
      for (let step = 0; step <= 35; step++) {
        if (step === 10 || step === 20) {
          // Of the four sentences the first, third and fourth go on, then the last of those alone.
          const kept = step === 10 ? [0, 2, 3] : [2];
          await session.keep(kept);
          sources = kept.map((i) => sources[i]!);
          prefixes = kept.flatMap((i) => prefixes.slice(i * beam, (i + 1) * beam));
          expect(session.sentences).toBe(kept.length);
        }
        const rows = sources.length * beam;
        const parents = Int32Array.from({ length: rows }, () => (step === 0 ? 0 : random.integer(beam)));
        const fed = step === 0 ? new Int32Array(rows).fill(BOS) : tokens(random, rows);
        prefixes = Array.from(fed, (token, row) => [...prefixes[row - (row % beam) + parents[row]!]!, token]);
        const { logProbs, endLogProbs } = await session.step(fed, parents, 'all');
        if (!checked.includes(step)) continue;
        const expected = await reference(
          prefixes.map((_prefix, row) => sources[Math.floor(row / beam)]!),
          prefixes,
        );
        expected.forEach((theirs, row) => {
          const ours = logProbs.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
          expect(farthest(ours, theirs), `step ${step}, row ${row}`).toBeLessThan(1e-5);
          expect(endLogProbs![row]).toBe(ours[EOS]);
        });
      }
      await decoder.dispose();
    },
  );

  it('offers the best tokens in order', async () => {
    const { decoder } = await decoderOf({});
    const random = new Random(4, 'decoding');
    const sources = [4, 2].map((length) => tokens(random, length));
    const all = await (await decoder.start(sources, 1)).step(Int32Array.of(BOS, BOS), Int32Array.of(0, 0), 'all');
    const best = await (await decoder.start(sources, 1)).step(Int32Array.of(BOS, BOS), Int32Array.of(0, 0), 4);
    expect(best.width).toBe(4);
    for (const row of [0, 1]) {
      const logProbs = [...all.logProbs.subarray(row * VOCABULARY, (row + 1) * VOCABULARY)];
      const order = logProbs.map((_x, id) => id).sort((a, b) => logProbs[b]! - logProbs[a]!);
      expect([...best.ids.subarray(row * 4, row * 4 + 4)]).toEqual(order.slice(0, 4));
      expect(best.logProbs[row * 4]).toBeCloseTo(logProbs[order[0]!]!, 5);
      expect(best.endLogProbs![row]).toBeCloseTo(logProbs[EOS]!, 5);
    }
    // More candidates than there are tokens.
    const wide = await (await decoder.start(sources, 1)).step(Int32Array.of(BOS, BOS), Int32Array.of(0, 0), 50);
    expect(wide.width).toBe(VOCABULARY);
    await decoder.dispose();
  });

  it('stops at the last learned position', async () => {
    const { decoder } = await decoderOf({ positions: 'learned', maxPositions: 6 });
    const session = await decoder.start([Int32Array.of(3, EOS)], 1);
    const one = Int32Array.of(0);
    for (let step = 0; step < 6; step++) await session.step(Int32Array.of(BOS), one, 'all');
    await expect(session.step(Int32Array.of(5), one, 'all')).rejects.toThrow(EngineError);
    await expect(session.step(Int32Array.of(5), one, 'all')).rejects.toThrow('the model has learned 6 positions');
    await decoder.dispose();
  });

  it('does not depend on the sentences decoded before', async () => {
    const { decoder } = await decoderOf({});
    const random = new Random(4, 'decoding');
    const source = [tokens(random, 4)];
    const run = async () => {
      const session = await decoder.start(source, 2);
      await session.step(Int32Array.of(BOS, BOS), Int32Array.of(0, 0), 'all');
      return (await session.step(Int32Array.of(4, 5), Int32Array.of(0, 0), 'all')).logProbs;
    };
    const fresh = await run();
    const other = await decoder.start([tokens(random, 9), tokens(random, 1)], 3);
    for (let step = 0; step < 20; step++) {
      await other.step(step === 0 ? new Int32Array(6).fill(BOS) : tokens(random, 6), new Int32Array(6), 4);
    }
    expect(await run()).toEqual(fresh);
    await decoder.dispose();
  });
});
