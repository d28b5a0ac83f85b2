// CTC alone: prefix scores, transcripts and alignments against the enumeration of all paths, ESPnet and torchaudio.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ctcAlign } from '../../../src/decode/ctc/align.js';
import { ctcGreedy } from '../../../src/decode/ctc/greedy.js';
import { logAdd } from '../../../src/decode/ctc/log-math.js';
import { ctcBeamSearch } from '../../../src/decode/ctc/prefix-beam.js';
import { CtcPrefixScorer, type PrefixState } from '../../../src/decode/ctc/prefix-scorer.js';
import { spokenWords } from '../../../src/decode/ctc/words.js';
import type { CtcLogProbs } from '../../../src/decode/session.js';
import { BLANK, paths, total, transcripts, utterance } from './ctc-model.js';

const NEVER = Number.NEGATIVE_INFINITY;
const beginsWith = (tokens: readonly number[], prefix: readonly number[]) => prefix.every((p, i) => tokens[i] === p);

const stateOf = (scorer: CtcPrefixScorer, prefix: Iterable<number>): PrefixState => {
  let state = scorer.start();
  for (const token of prefix) state = scorer.extend(state, token);
  return state;
};

/** What ESPnet and torchaudio say; see tests/reference/ctc-decode. */
const reference = JSON.parse(
  readFileSync(new URL('../../reference/ctc-decode/expected.json', import.meta.url), 'utf8'),
) as {
  readonly blank: number;
  readonly end: number;
  readonly cases: readonly {
    readonly positions: number;
    readonly logProbs: readonly number[];
    readonly hypotheses: readonly {
      readonly tokens: readonly number[];
      readonly prefixScores: readonly (readonly (number | null)[])[];
      readonly alignment: {
        readonly starts: readonly number[];
        readonly ends: readonly number[];
        readonly confidences: readonly number[];
        readonly logProb: number;
      };
    }[];
  }[];
};

describe('prefix scores', () => {
  it.each([1, 2, 3])('are the probabilities of all paths that begin alike (seed %i)', (seed) => {
    const spoken = utterance(seed, 5, 4);
    const all = paths(spoken);
    const scorer = new CtcPrefixScorer(spoken, BLANK);
    for (const prefix of [[], [2], [3], [2, 2], [2, 3], [3, 3], [2, 3, 2], [2, 2, 2], [3, 2, 3, 2], [2, 2, 2, 2]]) {
      const state = stateOf(scorer, prefix);
      // Six digits: rows of float32 do not add up to 1 exactly, and prefix scores take it for granted that they do.
      const expected = total(all.filter(({ tokens }) => beginsWith(tokens, prefix)));
      if (expected === NEVER) expect(state.score).toBe(NEVER);
      else expect(state.score).toBeCloseTo(expected, 6);
      const exactly = total(all.filter(({ tokens }) => tokens.join() === prefix.join()));
      if (exactly === NEVER) expect(scorer.end(state)).toBe(NEVER);
      else expect(scorer.end(state)).toBeCloseTo(exactly, 10);
      const scores = new Float64Array(3);
      scorer.scores(state, [2, BLANK, 3], scores);
      expect(scores[1]).toBe(NEVER);
      for (const [i, token] of [2, BLANK, 3].entries()) {
        const longer = all.filter(({ tokens }) => beginsWith(tokens, [...prefix, token]));
        if (longer.length === 0) expect(scores[i]).toBe(NEVER);
        else expect(scores[i]).toBeCloseTo(total(longer), 6);
      }
    }
  });

  it('are those of ESPnet', () => {
    let compared = 0;
    for (const { positions, logProbs, hypotheses } of reference.cases) {
      const scorer = new CtcPrefixScorer({ logProbs: Float32Array.from(logProbs), positions }, reference.blank);
      const classes = logProbs.length / positions;
      const labels = Array.from({ length: classes }, (_, c) => c).filter((c) => c !== reference.end);
      for (const { tokens, prefixScores } of hypotheses) {
        const scores = new Float64Array(labels.length);
        for (const [length, expected] of prefixScores.entries()) {
          const state = stateOf(scorer, tokens.slice(0, length));
          scorer.scores(state, labels, scores);
          const found: number[] = new Array(classes).fill(scorer.end(state));
          for (const [i, label] of labels.entries()) found[label] = scores[i]!;
          for (const [c, value] of expected.entries()) {
            if (value === null) expect(found[c]).toBe(NEVER);
            else expect(Math.abs(found[c]! - value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(300);
  });

  it.each([-740, -1000])('stay exact where probabilities are too small for float64 (e^%f)', (small) => {
    // All is as good as impossible but a blank at the first position.
    const [positions, classes] = [3, 3];
    const logProbs = new Float32Array(positions * classes).fill(small);
    logProbs[BLANK] = 0;
    const spoken = { logProbs, positions };
    const scorer = new CtcPrefixScorer(spoken, BLANK);
    const scores = new Float64Array(1);
    scorer.scores(scorer.start(), [2], scores);
    // Token 2 begins at position 0 or 1 with e^small each, at position 2 with the square of it, which is lost beside them.
    expect(scores[0]).toBeCloseTo(small + Math.log(2), 9);
    expect(scorer.extend(scorer.start(), 2).score).toBeCloseTo(scores[0]!, 9);
  });

  it('hold for an utterance without positions', () => {
    const scorer = new CtcPrefixScorer({ logProbs: new Float32Array(0), positions: 0 }, BLANK);
    expect(scorer.end(scorer.start())).toBe(0);
    expect(scorer.end(scorer.extend(scorer.start(), 2))).toBe(NEVER);
  });

  it('add logarithms of any size', () => {
    expect(logAdd(NEVER, NEVER)).toBe(NEVER);
    expect(logAdd(NEVER, -3)).toBe(-3);
    expect(logAdd(Math.log(0.2), Math.log(0.3))).toBeCloseTo(Math.log(0.5), 14);
    for (const difference of [36, 39.9, 40.1, 800]) expect(logAdd(-1, -1 - difference)).toBeCloseTo(-1, 14);
  });
});

describe('greedy decoding', () => {
  it('follows the most probable path', () => {
    for (const seed of [1, 2, 3]) {
      const spoken = utterance(seed, 5, 4);
      const [best] = paths(spoken).sort((a, b) => b.logProb - a.logProb);
      const { tokens, positions, logProb } = ctcGreedy(spoken, BLANK);
      expect(Array.from(tokens)).toEqual(best!.tokens);
      expect(logProb).toBeCloseTo(best!.logProb, 5);
      positions.forEach((position, i) => {
        expect(best!.classes[position]).toBe(tokens[i]);
      });
    }
  });

  it('collapses repetitions, but not across a blank', () => {
    const classes = [2, 2, 0, 2, 3, 3, 0];
    const logProbs = new Float32Array(classes.length * 4).fill(-9);
    for (const [t, c] of classes.entries()) logProbs[t * 4 + c] = -0.5;
    const { tokens, positions, logProb } = ctcGreedy({ logProbs, positions: classes.length }, BLANK);
    expect(Array.from(tokens)).toEqual([2, 2, 3]);
    expect(Array.from(positions)).toEqual([0, 3, 4]);
    expect(logProb).toBe(-3.5);
  });
});

describe('prefix beam search', () => {
  it('finds the best of all transcripts with their probabilities when the beam holds every prefix', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const spoken = utterance(seed, 5, 5);
      const expected = [...transcripts(spoken)].sort((a, b) => b[1] - a[1]);
      const found = ctcBeamSearch(spoken, 2000, BLANK);
      expect(found.length).toBe(expected.length);
      for (const [i, { tokens, logProb }] of found.entries()) {
        expect(logProb).toBeCloseTo(expected[i]![1], 10);
        if (i < 20) expect(tokens.join()).toBe(expected[i]![0]);
      }
    }
  });

  it('gives exact probabilities with any beam, and no transcript twice', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const spoken = utterance(seed, 6, 5);
      const exact = transcripts(spoken);
      for (const beam of [1, 2, 3, 8]) {
        const found = ctcBeamSearch(spoken, beam, BLANK);
        expect(found.length).toBe(beam);
        expect(new Set(found.map(({ tokens }) => tokens.join())).size).toBe(beam);
        for (const [i, { tokens, logProb }] of found.entries()) {
          expect(logProb).toBeCloseTo(exact.get(tokens.join())!, 10);
          if (i > 0) expect(logProb).toBeLessThanOrEqual(found[i - 1]!.logProb);
        }
      }
    }
  });

  it('keeps what a slow search keeps that tries every token', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 3, max: 14 }),
        fc.constantFrom(0.2, 2),
        (seed, beam, classes, spread) => {
          const spoken = utterance(seed, 9, classes, spread);
          const found = ctcBeamSearch(spoken, beam, BLANK).map(({ tokens }) => tokens.join());
          expect(new Set(found)).toEqual(new Set(slowPrefixBeam(spoken, beam)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('finds what the best path misses', () => {
    // The best path is that of two blanks with 0.6², but "2" gathers three paths: 0.4² + 2 · 0.4 · 0.6.
    const log = (...row: number[]) => row.map(Math.log);
    const spoken = { logProbs: Float32Array.from([...log(0.6, 0, 0.4), ...log(0.6, 0, 0.4)]), positions: 2 };
    expect(ctcGreedy(spoken, BLANK).tokens.length).toBe(0);
    const [best, second] = ctcBeamSearch(spoken, 3, BLANK);
    expect(Array.from(best!.tokens)).toEqual([2]);
    expect(Math.exp(best!.logProb)).toBeCloseTo(0.64, 6);
    expect(Math.exp(second!.logProb)).toBeCloseTo(0.36, 6);
  });

  it('does not take a repetition, which needs a blank before, for the best way on', () => {
    // After two positions half of "2" ends in a blank: "2 2" gets 0.5 · 0.5, "2" gets that and 0.05, "2 3" gets 0.45.
    const log = (...row: number[]) => row.map(Math.log);
    const logProbs = Float32Array.from([...log(0, 0, 1, 0), ...log(0.5, 0, 0.5, 0), ...log(0.05, 0, 0.5, 0.45)]);
    const [best] = ctcBeamSearch({ logProbs, positions: 3 }, 1, BLANK);
    expect(Array.from(best!.tokens)).toEqual([2, 3]);
  });

  it('finds the empty transcript where there are no positions', () => {
    const found = ctcBeamSearch({ logProbs: new Float32Array(0), positions: 0 }, 4, BLANK);
    expect(found).toEqual([{ tokens: new Int32Array(0), logProb: 0 }]);
  });
});

/** Prefix beam search by the book: tables by prefix, every token tried. The prefixes it ends with. */
function slowPrefixBeam({ logProbs, positions }: CtcLogProbs, beam: number): string[] {
  const classes = logProbs.length / positions;
  let held = new Map<string, [number, number]>([['', [1, 0]]]);
  for (let t = 0; t < positions; t++) {
    const next = new Map<string, [number, number]>();
    const add = (key: string, blank: number, last: number) => {
      const [b, l] = next.get(key) ?? [0, 0];
      next.set(key, [b + blank, l + last]);
    };
    for (const [key, [blank, last]] of held) {
      const tokens = key === '' ? [] : key.split(',');
      for (let c = 0; c < classes; c++) {
        const p = Math.exp(logProbs[t * classes + c]!);
        if (c === BLANK) add(key, (blank + last) * p, 0);
        else if (String(c) === tokens.at(-1)) {
          add(key, 0, last * p);
          add([...tokens, c].join(), 0, blank * p);
        } else add([...tokens, c].join(), 0, (blank + last) * p);
      }
    }
    const possible = [...next].filter(([, [b, l]]) => b + l > 0);
    held = new Map(possible.sort((x, y) => y[1][0] + y[1][1] - x[1][0] - x[1][1]).slice(0, beam));
  }
  return [...held.keys()];
}

describe('forced alignment', () => {
  it('takes the most probable path through the tokens', () => {
    for (const seed of [1, 2, 3, 4]) {
      const spoken = utterance(seed, 6, 4);
      for (const tokens of [[2], [2, 3], [3, 3], [2, 3, 2], [3, 3, 2]]) {
        const through = paths(spoken).filter((path) => path.tokens.join() === tokens.join());
        const best = through.reduce((a, b) => (b.logProb > a.logProb ? b : a));
        const found = ctcAlign(spoken, Int32Array.from(tokens), BLANK)!;
        expect(found.logProb).toBeCloseTo(best.logProb, 5);
        const labels = new Array<number>(6).fill(BLANK);
        found.starts.forEach((start, i) => {
          labels.fill(tokens[i]!, start, found.ends[i]!);
        });
        expect(labels).toEqual(best.classes);
      }
    }
  });

  it('is that of torchaudio', () => {
    for (const { positions, logProbs, hypotheses } of reference.cases) {
      for (const { tokens, alignment } of hypotheses) {
        const spoken = { logProbs: Float32Array.from(logProbs), positions };
        const found = ctcAlign(spoken, Int32Array.from(tokens), reference.blank)!;
        expect(Array.from(found.starts)).toEqual(alignment.starts);
        expect(Array.from(found.ends)).toEqual(alignment.ends);
        expect(Math.abs(found.logProb - alignment.logProb)).toBeLessThan(1e-9);
        for (const [i, confidence] of alignment.confidences.entries()) {
          expect(found.confidences[i]).toBeCloseTo(confidence, 9);
        }
      }
    }
  });

  it('says where there is no path, or nothing to align', () => {
    // A repeated token needs a blank between.
    expect(ctcAlign(utterance(1, 2, 4), Int32Array.of(3, 3), BLANK)).toBeUndefined();
    expect(ctcAlign(utterance(1, 3, 4), Int32Array.of(3, 3), BLANK)).toMatchObject({
      starts: Int32Array.of(0, 2),
      ends: Int32Array.of(1, 3),
    });
    const blanks = utterance(1, 3, 4);
    const expected = [0, 4, 8].reduce((sum, i) => sum + blanks.logProbs[i]!, 0);
    expect(ctcAlign(blanks, new Int32Array(0), BLANK)!.logProb).toBeCloseTo(expected, 12);
    const nothing = { logProbs: new Float32Array(0), positions: 0 };
    expect(ctcAlign(nothing, new Int32Array(0), BLANK)).toMatchObject({ logProb: 0 });
    expect(ctcAlign(nothing, Int32Array.of(2), BLANK)).toBeUndefined();
  });

  it('gives the times of words', () => {
    const alignment = {
      starts: Int32Array.of(2, 5, 9),
      ends: Int32Array.of(4, 6, 12),
      confidences: Float64Array.of(0.5, 0.75, 1),
      logProb: -3,
    };
    const spans = [
      { word: 'good', firstToken: 0, lastToken: 1 },
      { word: 'day', firstToken: 2, lastToken: 2 },
    ];
    expect(spokenWords(spans, alignment, 0.25)).toEqual([
      { word: 'good', start: 0.5, end: 1.5, confidence: 0.625 },
      { word: 'day', start: 2.25, end: 3, confidence: 1 },
    ]);
  });
});
