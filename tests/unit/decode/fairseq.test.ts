// Reference cases of fairseq (MIT licence, facebookresearch/fairseq at 3d262bb): tests/utils.py, tests/test_sequence_generator.py.
import { describe, expect, it } from 'vitest';
import { beamSearch } from '../../../src/decode/search/beam.js';
import type { Candidates, DecodingSession } from '../../../src/decode/search/model.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import { BannedTokens, NoRepeatNgram } from '../../../src/decode/search/processors.js';
import { searchOptions } from './table-model.js';

// Token ids of the reference: 1 padding, 2 end, 3 unknown, 4 and 5 words.
const [END, W1, W2] = [2, 4, 5];

/** Probabilities of end, unknown, w1, w2 by step and row; rows 0 and 1 are sentence 1's hypotheses in order of rank. */
const STEPS = [
  [
    [0, 0, 0.9, 0.1],
    [0, 0, 0.9, 0.1],
    [0, 0, 0.7, 0.3],
    [0, 0, 0.7, 0.3],
  ],
  [
    [1, 0, 0, 0],
    [0, 0, 0.9, 0.1],
    [0.25, 0, 0.35, 0.4],
    [0, 0, 0.1, 0.9],
  ],
  [
    [0, 0, 0.1, 0.9],
    [0.6, 0, 0.2, 0.2],
    [0.6, 0, 0.4, 0],
    [0.01, 0, 0, 0.99],
  ],
  [
    [1, 0, 0, 0],
    [1, 0, 0, 0],
    [0.1, 0, 0.5, 0.4],
    [1, 0, 0, 0],
  ],
];

/** Answers by step and row alone, and past the table with a certain end, whatever tokens it is fed. */
class StepTable implements DecodingSession {
  readonly beam = 2;
  readonly vocabularySize = 6;
  private rows = [0, 1, 2, 3];
  private done = 0;

  get sentences(): number {
    return this.rows.length / 2;
  }

  async step(_tokens: Int32Array, _parents: Int32Array, top: number | 'all'): Promise<Candidates> {
    const width = top === 'all' ? 6 : top;
    const ids = new Int32Array(this.rows.length * width);
    const logProbs = new Float32Array(this.rows.length * width);
    const present = STEPS[this.done++];
    for (const [row, original] of this.rows.entries()) {
      const probabilities = [0, 0, ...(present ? present[original]! : [1, 0, 0, 0])];
      const order = Array.from(probabilities.keys());
      if (top !== 'all') order.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
      for (let j = 0; j < width; j++) {
        ids[row * width + j] = order[j]!;
        logProbs[row * width + j] = Math.log(probabilities[order[j]!]!);
      }
    }
    return { width, ids, logProbs };
  }

  async keep(sentences: number[]): Promise<void> {
    this.rows = sentences.flatMap((sentence) => this.rows.slice(2 * sentence, 2 * sentence + 2));
  }
}

type Expected = readonly [tokens: number[], probabilities: number[]];
const first: Expected = [[W1], [0.9, 1]];
const second: Expected = [
  [W2, W1, W2],
  [0.1, 0.9, 0.9, 1],
];
const longer: Expected = [
  [W1, W2, W1],
  [0.7, 0.4, 0.4, 1],
];
const shorter: Expected = [
  [W1, W2],
  [0.7, 0.4, 0.6],
];

const cases: Record<string, { options: Partial<SearchOptions>; maxLength?: number; expected: Expected[][] }> = {
  'with normalisation': {
    options: {},
    expected: [
      [first, second],
      [longer, shorter],
    ],
  },
  'without normalisation': {
    options: { lengthPenalty: 0 },
    expected: [
      [first, second],
      [shorter, longer],
    ],
  },
  'length penalty 0.6': {
    options: { lengthPenalty: 0.6 },
    expected: [
      [first, second],
      [shorter, longer],
    ],
  },
  'length penalty 5': {
    options: { lengthPenalty: 5 },
    expected: [
      [second, first],
      [longer, shorter],
    ],
  },
  'maximum length 2': {
    options: {},
    maxLength: 2,
    expected: [
      [
        first,
        [
          [W2, W2],
          [0.1, 0.1, 0.6],
        ],
      ],
      [
        shorter,
        [
          [W2, W2],
          [0.3, 0.9, 0.01],
        ],
      ],
    ],
  },
};

describe('fairseq', () => {
  for (const [name, { options, maxLength = 200, expected }] of Object.entries(cases)) {
    it(`beam search ${name}`, async () => {
      const changes = { beginToken: END, endToken: END, nBest: 2, earlyStopping: true, ...options };
      const settings = searchOptions(2, maxLength, changes);
      const found = await beamSearch(new StepTable(), settings);
      for (const [sentence, hypotheses] of expected.entries()) {
        expect(found[sentence]!.map(({ tokens }) => Array.from(tokens))).toEqual(hypotheses.map(([tokens]) => tokens));
        for (const [rank, [, probabilities]] of hypotheses.entries()) {
          const { tokenLogProbs, score } = found[sentence]![rank]!;
          const sum = probabilities.reduce((total, p) => total + Math.log(p), 0);
          expect(Array.from(tokenLogProbs, Math.exp)).toEqual(probabilities.map((p) => expect.closeTo(p, 6)));
          expect(score).toBeCloseTo(sum / probabilities.length ** settings.lengthPenalty, 6);
        }
      }
    });
  }

  it('finds a better hypothesis than fairseq when it does not stop at the second that ends', async () => {
    const options = searchOptions(2, 200, { beginToken: END, endToken: END, nBest: 2 });
    const [, sentence] = await beamSearch(new StepTable(), options);
    // 0.3 × 0.9 × 0.99 × 0.5 at length 5, against fairseq's best of 0.7 × 0.4 × 0.4 at length 4.
    expect(Array.from(sentence![0]!.tokens)).toEqual([W2, W2, W2, W1]);
    expect(sentence![0]!.score).toBeCloseTo(Math.log(0.3 * 0.9 * 0.99 * 0.5) / 5, 6);
  });

  it('n-gram blocking', () => {
    const banned = new BannedTokens(2, 4);
    for (const [row, token] of [2, 3].entries()) {
      banned.begin(row);
      new NoRepeatNgram(2).ban(new Int32Array(4).fill(token), banned);
    }
    const after = [0, 1].map((row) => {
      banned.select(row);
      return [0, 1, 2, 3].map((token) => banned.has(token));
    });
    expect(after).toEqual([
      [false, false, true, false],
      [false, false, false, true],
    ]);
  });
});
