// What may be added to cross-entropy: scheduled sampling, R-Drop, mixup, guided attention; and that both engines agree on it.
import { describe, expect, it } from 'vitest';
import { TransformerDecoder } from '../../../src/decode/session.js';
import type { Tensor } from '../../../src/engine/ops.js';
import type { HostTensor, Program } from '../../../src/engine/types.js';
import { createScope } from '../../../src/model/scope.js';
import { Random } from '../../../src/random.js';
import { BOS } from '../../../src/text/special-tokens.js';
import { crossEntropyInputs } from '../../../src/train/objectives/cross-entropy.js';
import { attentionDiagonality, guidedAttentionLoss } from '../../../src/train/objectives/guided-attention.js';
import { predictedInputs, SCHEDULED_INPUTS } from '../../../src/train/objectives/scheduled-sampling.js';
import type { CrossEntropySetup } from '../../../src/train/objectives/types.js';
import { gradientProgram, validationProgram } from '../../../src/train/programs.js';
import type { TrainingSetup } from '../../../src/train/setup.js';
import {
  ENGINES,
  evaluate,
  floats,
  ints,
  largestDifference,
  modelConfig,
  randomBatch,
  tinySetup,
  useEngine,
} from '../engine/support.js';

const PLAIN: CrossEntropySetup = { kind: 'cross-entropy', rDrop: 0, mixup: false };
const GUIDED = { weight: 1, sigma: 0.2, layers: 0, heads: 0 };

/** Inputs that any of the objectives may want, beside those of a random batch. */
function batchWithExtras(batch: number, source: number, target: number): Record<string, HostTensor> {
  const inputs = randomBatch(batch, source, target);
  const other = randomBatch(batch, source, target, 2);
  const random = new Random(5, 'mask');
  const numbers = (f: (i: number) => number) =>
    floats(
      Array.from({ length: batch * target }, (_, i) => f(i)),
      [batch, target],
    );
  return {
    ...inputs,
    scheduledMask: numbers((i) => (i % target > 0 && random.uniform() < 0.5 ? 1 : 0)),
    scheduledUniform: numbers(() => random.uniform()),
    mixSource: other.source!,
    mixTargetInput: other.targetInput!,
    mixTargetOutput: other.targetOutput!,
    mixWeights: other.weights!,
    mixShare: floats([0.7], []),
  };
}

const CASES: Readonly<Record<string, { craft: Partial<CrossEntropySetup>; model?: Record<string, unknown> }>> = {
  'scheduled sampling, most probable tokens': { craft: { scheduledSampling: { prediction: 'argmax', passes: 1 } } },
  'scheduled sampling, drawn tokens': { craft: { scheduledSampling: { prediction: 'sample', passes: 2 } } },
  'scheduled sampling, expected embeddings': { craft: { scheduledSampling: { prediction: 'soft', passes: 1 } } },
  'R-Drop': { craft: { rDrop: 2 }, model: { dropout: 0.3, attentionDropout: 0.2 } },
  mixup: { craft: { mixup: true } },
  'guided attention': { craft: { guidedAttention: { weight: 3, sigma: 0.3, layers: 1, heads: 1 } } },
  'all that go together': {
    craft: { rDrop: 1, guidedAttention: GUIDED, scheduledSampling: { prediction: 'soft', passes: 1 } },
    model: { dropout: 0.1, positions: 'rotary' },
  },
};

describe('gradients of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each(Object.entries(CASES))('agree to 1e-6: %s', async (_name, { craft, model }) => {
    const { setup, dropout, parameters } = tinySetup(modelConfig({ encoderLayers: 1, ...model }), {
      objective: { ...PLAIN, ...craft },
    });
    const program = gradientProgram(setup);
    const compiled = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write({ ...parameters(), ...dropout.pools(0) });
        return engine.compile(program);
      }),
    );
    for (const sizes of [
      [3, 5, 6],
      [2, 9, 4],
    ] as [number, number, number][]) {
      const inputs = { ...batchWithExtras(...sizes), dropoutOffsets: dropout.offsets(0) };
      const [a, b] = await Promise.all(compiled.map((executable) => executable.run(inputs)));
      expect(a!.loss!.data[0]).toBeGreaterThan(0.5);
      expect(largestDifference(a!, b!)).toBeLessThan(2e-6);
    }
  });
});

describe.each(ENGINES)('objectives beside cross-entropy on %s', (engineName) => {
  const engine = useEngine(engineName);
  const { setup, dropout, parameters } = tinySetup(modelConfig({ encoderLayers: 1, decoderLayers: 2 }));
  const lossOf = async (craft: Partial<CrossEntropySetup> | undefined, inputs: Record<string, HostTensor>) => {
    await engine().write({ ...parameters(), ...dropout.pools(0) });
    const used: TrainingSetup = craft ? { ...setup, objective: { ...PLAIN, ...craft } } : setup;
    const executable = await engine().compile(gradientProgram(used));
    const { loss } = await executable.run(inputs);
    await executable.dispose();
    return loss!.data[0]!;
  };
  const batch = batchWithExtras(3, 5, 6);

  it('R-Drop without dropout is plain cross-entropy, whatever its weight', async () => {
    expect(await lossOf({ rDrop: 5 }, batch)).toBeCloseTo(await lossOf(undefined, batch), 6);
  });

  it('mixup with a share of 1 is the batch alone, with 0 the other one alone', async () => {
    const share = (x: number) => ({ ...batch, mixShare: floats([x], []) });
    const [own, other] = [await lossOf(undefined, batch), await lossOf(undefined, randomBatch(3, 5, 6, 2))];
    // Mixed rows see the padding of neither, so this holds where both are equally long; the weights tell padded targets.
    const full = {
      ...batch,
      source: ints(new Array(15).fill(5), [3, 5]),
      mixSource: ints(new Array(15).fill(6), [3, 5]),
    };
    const plainOwn = await lossOf(undefined, full);
    const plainOther = await lossOf(undefined, {
      ...randomBatch(3, 5, 6, 2),
      source: full.mixSource,
    });
    expect(own).not.toBeCloseTo(other, 3);
    expect(await lossOf({ mixup: true }, { ...full, mixShare: share(1).mixShare })).toBeCloseTo(plainOwn, 6);
    expect(await lossOf({ mixup: true }, { ...full, mixShare: share(0).mixShare })).toBeCloseTo(plainOther, 6);
    const half = await lossOf({ mixup: true }, { ...full, mixShare: share(0.5).mixShare });
    expect(half).not.toBeCloseTo(plainOwn, 3);
  });

  it('scheduled sampling with a mask of zeros is teacher forcing', async () => {
    const zeros = { ...batch, scheduledMask: floats(new Array(18).fill(0), [3, 6]) };
    for (const prediction of ['argmax', 'sample', 'soft'] as const) {
      const loss = await lossOf({ scheduledSampling: { prediction, passes: 1 } }, zeros);
      expect(loss).toBeCloseTo(await lossOf(undefined, batch), 6);
    }
  });

  it('scheduled sampling with as many passes as positions is the sequential form', async () => {
    const length = 6;
    const scheduled = { prediction: 'argmax', passes: length } as const;
    const program: Program = {
      name: 'scheduled inputs',
      variables: setup.parameters,
      inputs: { ...crossEntropyInputs(setup), ...SCHEDULED_INPUTS },
      body: (variables, inputs) => ({
        outputs: { ...predictedInputs(createScope(setup.model, variables), inputs, scheduled) },
      }),
    };
    await engine().write(parameters());
    const { targetInput } = await (await engine().compile(program)).run(batch);
    const gold = batch.targetInput!.data;
    const mask = batch.scheduledMask!.data;
    // Step by step through the incremental decoder: what is fed is a prediction from what has been fed, or the truth.
    const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
    const decoder = new TransformerDecoder(engine(), model);
    let replaced = 0;
    for (let row = 0; row < 3; row++) {
      const source = (batch.source!.data as Int32Array).subarray(row * 5, row * 5 + 5).filter((id) => id !== 0);
      const session = await decoder.start([source], 1);
      let fed = gold[row * length]!;
      for (let t = 0; t < length; t++) {
        expect(targetInput!.data[row * length + t]).toBe(fed);
        const { logProbs } = await session.step(Int32Array.of(fed), Int32Array.of(0), 'all');
        // The search never gives padding or the begin token, but a prediction of training may be any token.
        const best = await bestOf(row, t + 1);
        if (best !== 0 && best !== BOS) expect(logProbs.indexOf(Math.max(...logProbs))).toBe(best);
        const next = row * length + t + 1;
        if (t + 1 === length) break;
        if (mask[next] === 1) replaced += 1;
        fed = mask[next] === 1 ? best : gold[next]!;
      }
    }
    expect(replaced).toBeGreaterThan(3);

    /** The most probable token behind the first `count` inputs of a row, by teacher forcing on what was fed. */
    async function bestOf(row: number, count: number): Promise<number> {
      const fedSoFar = Array.from(targetInput!.data).slice(row * length, row * length + count);
      const source = Array.from(batch.source!.data).slice(row * 5, row * 5 + 5);
      const executable = await engine().compile(validationProgram(setup));
      const losses: number[] = [];
      for (let token = 0; token < 11; token++) {
        const { negativeLogLikelihood } = await executable.run({
          source: ints(source, [1, 5]),
          targetInput: ints(fedSoFar, [1, count]),
          targetOutput: ints([...new Array(count - 1).fill(3), token], [1, count]),
          weights: floats([...new Array(count - 1).fill(0), 1], [1, count]),
        });
        losses.push(negativeLogLikelihood!.data[0]!);
      }
      await executable.dispose();
      return losses.indexOf(Math.min(...losses));
    }
  }, 60_000);

  it('guided attention and diagonality are what their formulas say', async () => {
    const [B, H, T, S] = [2, 2, 4, 5];
    const random = new Random(3, 'attention');
    const layers = [0, 1].map(() => Float32Array.from({ length: B * H * T * S }, () => random.uniform()));
    const lengths = { source: [5, 3], target: [4, 2] };
    const present = (list: readonly number[], most: number) =>
      list.flatMap((n) => Array.from({ length: most }, (_, i) => Number(i < n)));
    const weights = present(lengths.target, T).map((x) => x / 6);
    const places = [
      [0, 0, 3, 4],
      [1, 2, 2, 2],
    ];
    const chosen = { ...GUIDED, layers: 1, heads: 1 };
    const inputs = {
      first: floats(layers[0]!, [B, H, T, S]),
      second: floats(layers[1]!, [B, H, T, S]),
      present: floats(present(lengths.source, S), [B, S]),
      weights: floats(weights, [B, T]),
      alignment: ints(
        places.flatMap((row, b) => row.map((place) => b * S + place)),
        [B, T],
      ),
    };
    const result = await evaluate(engine(), inputs, ({ first, second, present, weights, alignment }) => {
      const seen = [first as Tensor, second as Tensor];
      const given = [seen, present as Tensor, weights as Tensor] as const;
      return {
        loss: guidedAttentionLoss(...given, GUIDED),
        lossOfOne: guidedAttentionLoss(...given, chosen),
        lossByPlaces: guidedAttentionLoss(...given, GUIDED, alignment),
        diagonality: attentionDiagonality(...given, GUIDED),
      };
    });
    const byHand = (
      used: readonly number[],
      heads: number,
      value: (distance: number) => number,
      target = (b: number, t: number) => (t + 0.5) / lengths.target[b]!,
    ): number => {
      let total = 0;
      for (const layer of used)
        for (let b = 0; b < B; b++)
          for (let h = 0; h < heads; h++)
            for (let t = 0; t < lengths.target[b]!; t++)
              for (let s = 0; s < S; s++) {
                const distance = target(b, t) - (s + 0.5) / lengths.source[b]!;
                total += (layers[layer]![((b * H + h) * T + t) * S + s]! * value(distance)) / 6;
              }
      return total / (used.length * heads);
    };
    const charge = (distance: number) => 1 - Math.exp(-(distance ** 2) / (2 * 0.2 ** 2));
    expect(result.loss!.data[0]).toBeCloseTo(byHand([0, 1], 2, charge), 5);
    expect(result.lossOfOne!.data[0]).toBeCloseTo(byHand([1], 1, charge), 5);
    const place = (b: number, t: number) => (places[b]![t]! + 0.5) / lengths.source[b]!;
    expect(result.lossByPlaces!.data[0]).toBeCloseTo(byHand([0, 1], 2, charge, place), 5);
    expect(result.diagonality!.data[0]).toBeCloseTo(
      byHand([0, 1], 2, (distance) => Number(Math.abs(distance) <= 0.1)),
      5,
    );
  });
});
