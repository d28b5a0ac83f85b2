// What is drawn for the batches of cross-entropy, baselines and advantages, and which settings contradict each other.
import { describe, expect, it } from 'vitest';
import type { ModelExample } from '../../../src/data/examples.js';
import { metricReward } from '../../../src/metrics/sentence.js';
import { Random } from '../../../src/random.js';
import { BOS, EOS, PAD, UNK } from '../../../src/text/special-tokens.js';
import { trainingConfigSchema } from '../../../src/train/config.js';
import { advantagesOf, MovingAverage } from '../../../src/train/objectives/advantages.js';
import { betaNumber, trueInputShare, trueTargetBatches } from '../../../src/train/objectives/batch-maker.js';

const random = new Random(2, 'examples');
const EXAMPLES: ModelExample[] = Array.from({ length: 60 }, () => {
  const tokens = () =>
    Int32Array.of(...Array.from({ length: 3 + random.integer(9) }, () => 4 + random.integer(50)), EOS);
  return { source: tokens(), target: tokens() };
});
const PLACE = { step: 4, part: 0, weight: 0.5 };

const prepare = async (section: object, place = PLACE, seed = 1) =>
  trueTargetBatches(trainingConfigSchema.parse(section), seed, false).prepare(EXAMPLES, place);

describe('the share of true inputs', () => {
  const share = (decay: string, step: number, more = {}) =>
    trueInputShare(
      trainingConfigSchema.parse({ scheduledSampling: { decay, steps: 100, minimum: 0, ...more } }).scheduledSampling,
      step,
    );

  it('falls as its formula says', () => {
    expect(share('linear', 25)).toBeCloseTo(0.75, 12);
    expect(share('linear', 300)).toBe(0);
    expect(share('exponential', 50)).toBeCloseTo(Math.exp(-0.5), 12);
    expect(share('inverse-sigmoid', 400)).toBeCloseTo(100 / (100 + Math.exp(4)), 12);
    expect(share('linear', 90, { minimum: 0.4 })).toBe(0.4);
    expect(share('linear', 140, { start: 100 })).toBeCloseTo(0.6, 12);
    expect(share('linear', 99, { start: 100 })).toBe(1);
    expect(trueInputShare(trainingConfigSchema.parse({}).scheduledSampling, 1e6)).toBe(1);
  });
});

describe('batches of true targets', () => {
  it('are the same for the same place and seed, and others elsewhere', async () => {
    const section = { wordDropout: { source: 0.3, target: 0.2 } };
    const bytes = async (...more: [typeof PLACE, number]) => JSON.stringify((await prepare(section, ...more)).inputs);
    expect(await bytes(PLACE, 1)).toBe(await bytes(PLACE, 1));
    for (const other of [
      [{ ...PLACE, step: 5 }, 1],
      [{ ...PLACE, part: 1 }, 1],
      [PLACE, 2],
    ] as [typeof PLACE, number][]) {
      expect(await bytes(...other)).not.toBe(await bytes(PLACE, 1));
    }
  });

  it('lose about as many words as word dropout says, and no marks', async () => {
    const plain = (await prepare({})).inputs;
    const { inputs } = await prepare({ wordDropout: { source: 0.3, target: 0.1 } });
    for (const [name, rate] of [
      ['source', 0.3],
      ['targetInput', 0.1],
    ] as const) {
      const before = plain[name]!.data;
      const after = inputs[name]!.data;
      let words = 0;
      let lost = 0;
      before.forEach((id, i) => {
        if (id === PAD || id === EOS || id === BOS) expect(after[i]).toBe(id);
        else {
          words += 1;
          expect([id, UNK]).toContain(after[i]);
          if (after[i] === UNK) lost += 1;
        }
      });
      expect(Math.abs(lost - rate * words)).toBeLessThan(4 * Math.sqrt(rate * (1 - rate) * words));
    }
    expect(inputs.targetOutput).toEqual(plain.targetOutput);
  });

  it.each(['token', 'sentence'])('replace inputs by the %s, never the first one', async (unit) => {
    const { inputs, statistics } = await prepare({
      scheduledSampling: { decay: 'linear', steps: 8, minimum: 0, unit },
    });
    // At step 4 of 8 half of the inputs are predictions.
    expect(statistics).toEqual({ trueInputs: 0.5 });
    const { shape, data } = inputs.scheduledMask!;
    const [rows, length] = shape as [number, number];
    const perRow = Array.from({ length: rows }, (_, row) => [...data.subarray(row * length, (row + 1) * length)]);
    expect(perRow.every(([first]) => first === 0)).toBe(true);
    if (unit === 'sentence') {
      expect(perRow.every((row) => new Set(row.slice(1)).size === 1)).toBe(true);
      const replaced = perRow.filter((row) => row[1] === 1).length;
      expect(Math.abs(replaced - rows / 2)).toBeLessThan(4 * Math.sqrt(rows / 4));
    } else {
      const count = rows * (length - 1);
      const replaced = perRow.flat().filter((x) => x === 1).length;
      expect(Math.abs(replaced - count / 2)).toBeLessThan(4 * Math.sqrt(count / 4));
    }
  });

  it('come with the same rows in another order for mixup', async () => {
    const { inputs } = await prepare({ mixup: 0.2 });
    const rowsOf = (name: string): string[] => {
      const { shape, data } = inputs[name]!;
      const width = data.length / shape[0]!;
      return Array.from({ length: shape[0]! }, (_, row) => data.subarray(row * width, (row + 1) * width).join());
    };
    for (const [own, other] of [
      ['source', 'mixSource'],
      ['targetInput', 'mixTargetInput'],
      ['targetOutput', 'mixTargetOutput'],
    ] as const) {
      expect(rowsOf(other)).not.toEqual(rowsOf(own));
      expect(rowsOf(other).sort()).toEqual(rowsOf(own).sort());
    }
    const place = rowsOf('source').indexOf(rowsOf('mixSource')[7]!);
    expect(rowsOf('mixWeights')[7]).toBe(rowsOf('weights')[place]);
    expect(inputs.mixShare!.data[0]).toBeGreaterThanOrEqual(0);
    expect(inputs.mixShare!.data[0]).toBeLessThanOrEqual(1);
  });

  it('draw shares from Beta(a, a)', () => {
    for (const a of [0.2, 1, 3]) {
      const stream = new Random(1, 'beta');
      const list = Array.from({ length: 20_000 }, () => betaNumber(stream, a));
      const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
      const variance = list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length;
      const expected = 1 / (4 * (2 * a + 1));
      expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(expected / list.length));
      expect(Math.abs(variance / expected - 1)).toBeLessThan(0.03);
    }
  });
});

describe('advantages', () => {
  const rewards = [
    [1, 0, 0.5],
    [0.2, 0.2, 0.2],
  ];
  const plain = { baseline: 'none', standardize: false } as const;

  it('subtract their baseline', () => {
    const average = () => new MovingAverage(0.9);
    expect(advantagesOf(rewards, plain, average())).toEqual({ values: rewards });
    const others = advantagesOf(rewards, { ...plain, baseline: 'leave-one-out' }, average());
    expect(others.values[0]).toEqual([0.75, -0.75, 0]);
    others.values[1]!.forEach((value) => {
      expect(value).toBeCloseTo(0, 12);
    });
    expect(others.baseline).toBeCloseTo(0.35, 12);
    const greedy = advantagesOf(rewards, { ...plain, baseline: 'greedy' }, average(), [0.5, 1]);
    expect(greedy.values[0]).toEqual([0.5, -0.5, 0]);
    expect(greedy.baseline).toBeCloseTo(0.75, 12);
  });

  it('follow a moving average of what came before', () => {
    const average = new MovingAverage(0.9);
    const settings = { ...plain, baseline: 'moving-average' } as const;
    expect(advantagesOf([[1], [0]], settings, average).baseline).toBeCloseTo(0.5, 12);
    expect(advantagesOf([[1], [1]], settings, average).baseline).toBeCloseTo(0.5, 12);
    const resumed = new MovingAverage(0.9);
    resumed.restore(average.state());
    expect(advantagesOf([[1], [1]], settings, resumed).baseline).toBeCloseTo(0.9 * 0.5 + 0.1, 12);
  });

  it('are standardised, and nothing where all are alike', () => {
    const settings = { baseline: 'none', standardize: true } as const;
    const { values } = advantagesOf([[1, 3]], settings, new MovingAverage(0));
    expect(values).toEqual([[1, 3]]);
    expect(advantagesOf([[2, 2]], settings, new MovingAverage(0)).values).toEqual([[0, 0]]);
  });
});

describe('rewards', () => {
  const options = { tokenize: '13a', lowercase: false } as const;

  it('are better when more, from 0 to 1 where they are percentages', () => {
    const reference = 'the cat sat on the mat';
    for (const name of ['bleu', 'chrf', 'exactMatch', 'f1']) {
      expect(metricReward(name, options)(reference, reference)).toBeCloseTo(1, 9);
      expect(metricReward(name, options)('something else', reference)).toBeLessThan(0.2);
    }
    for (const name of ['ter', 'cer', 'wer']) {
      expect(metricReward(name, options)(reference, reference)).toBeCloseTo(0, 9);
      expect(metricReward(name, options)('the cat sat on a mat', reference)).toBeLessThan(-0.01);
    }
    expect(metricReward('wer', options)('the cat sat on a mat', reference)).toBeCloseTo(-1 / 6, 9);
    expect(metricReward('ter', options)('the cat sat on a mat', reference)).toBeCloseTo(-1 / 6, 9);
    expect(metricReward('f1', options)('the the dog', 'the cat')).toBeCloseTo(2 / 5, 9);
    // Short sentences have a BLEU too.
    expect(metricReward('bleu', options)('the cat', 'the cat')).toBeCloseTo(1, 9);
  });
});

describe('contradictions of the training section', () => {
  it.each([
    [{ reinforce: { samples: 3 } }, 'reinforce needs objective reinforce, but objective is cross-entropy'],
    [
      { objective: 'reinforce', minimumRisk: { alpha: 1 } },
      'minimumRisk needs objective minimum-risk, but objective is reinforce',
    ],
    [
      { objective: 'reinforce', reinforce: { samples: 1 } },
      'baseline leave-one-out needs samples of at least 2, but samples is 1',
    ],
    [
      { objective: 'reinforce', reinforce: { reward: 'constant' } },
      'every advantage is 0; set baseline none (it is leave-one-out)',
    ],
    [
      { objective: 'minimum-risk', minimumRisk: { samples: 1, addGold: false } },
      'set samples to at least 2, or addGold true',
    ],
    [{ objective: 'reinforce', rDrop: 1 }, 'rDrop works on true targets, but objective reinforce trains on sampled'],
    [
      { objective: 'minimum-risk', scheduledSampling: { decay: 'linear' } },
      'scheduledSampling works on true targets, but objective minimum-risk',
    ],
    [{ mixup: 0.2, scheduledSampling: { decay: 'linear' } }, 'mixup and scheduledSampling both change'],
    [{ scheduledSampling: { minimum: 0.2 } }, 'scheduledSampling does nothing while its decay is off'],
    [{ guidedAttention: { sigma: 0.4 } }, 'guidedAttention does nothing while its weight is 0'],
    [{ encoderFrom: 'a', startFrom: 'b' }, 'encoderFrom and startFrom both say what the model begins with'],
  ])('%o', (section, message) => {
    const { error } = trainingConfigSchema.safeParse(section);
    expect(error?.issues.map((issue) => issue.message).join('\n')).toContain(message);
  });
});
