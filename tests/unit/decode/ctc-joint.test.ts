// The joint CTC/attention search against brute force, and what must not depend on the batch.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jointRescorer } from '../../../src/decode/ctc/joint.js';
import { beamSearch } from '../../../src/decode/search/beam.js';
import type { Hypothesis } from '../../../src/decode/search/frontier.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import type { CtcLogProbs } from '../../../src/decode/session.js';
import { ConfigError } from '../../../src/errors.js';
import { BLANK, EndingSession, transcripts, utterance } from './ctc-model.js';
import { END, exhaustiveSearch, logs, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

const NEVER = Number.NEGATIVE_INFINITY;

interface Sentence {
  readonly table: Table;
  readonly spoken: CtcLogProbs;
}

/** Searches sentences together. */
async function search(
  sentences: readonly Sentence[],
  beam: number,
  classes: number,
  weight: number,
  options: SearchOptions,
  preBeam?: number,
): Promise<Hypothesis[][]> {
  const tables = sentences.map(({ table }) => table);
  const ctc = sentences.map(({ spoken }) => spoken);
  const rescorer = jointRescorer(ctc, weight, BLANK, END, preBeam);
  return beamSearch(new EndingSession(tables, beam, classes), options, rescorer);
}

const tokensOf = (hypotheses: readonly { tokens: ArrayLike<number> }[]) =>
  hypotheses.map(({ tokens }) => Array.from(tokens).join());

/** Every output by its joint score, best first, from the probabilities of all outputs by each model alone. */
function bruteForce({ table, spoken }: Sentence, weight: number, options: SearchOptions) {
  const ctcOf = transcripts(spoken);
  return exhaustiveSearch(table, options)
    .map(({ tokens, logProb: attention }) => {
      const ctc = ctcOf.get(tokens.join()) ?? NEVER;
      const logProb = weight === 1 ? ctc : (1 - weight) * attention + weight * ctc;
      const score = logProb / (tokens.length + 1) ** options.lengthPenalty;
      return { tokens, attention, ctc, logProb, score };
    })
    .filter(({ score }) => score > NEVER)
    .sort((a, b) => b.score - a.score);
}

describe('the joint search', () => {
  const classes = 5;

  it.each([0.3, 0.5, 1])(
    'finds the best of all outputs with weight %f, and the parts of their scores',
    async (weight) => {
      for (const lengthPenalty of [0, 1]) {
        for (const seed of [1, 2, 3, 4, 5, 6]) {
          const sentence = { table: randomTable(seed, classes), spoken: utterance(seed, 5, classes) };
          const options = searchOptions(1, 4, { lengthPenalty, nBest: 5 });
          const expected = bruteForce(sentence, weight, options).slice(0, 5);
          const [found] = await search([sentence], 200, classes, weight, options);
          expect(tokensOf(found!)).toEqual(tokensOf(expected));
          for (const [i, { score, logProb, attention, ctc }] of found!.entries()) {
            expect(score).toBeCloseTo(expected[i]!.score, 5);
            expect(logProb).toBeCloseTo(expected[i]!.logProb, 5);
            expect(attention).toBeCloseTo(expected[i]!.attention, 5);
            expect(ctc).toBeCloseTo(expected[i]!.ctc, 6);
            expect(logProb).toBeCloseTo((1 - weight) * attention! + weight * ctc!, 5);
          }
        }
      }
    },
  );

  it('is the plain search with weight 0, even where CTC thinks an output impossible', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(3, Number.POSITIVE_INFINITY),
        fc.record({
          lengthPenalty: fc.constantFrom(-1, 0, 1),
          minLength: fc.constantFrom(0, 2),
          noRepeatNgram: fc.constantFrom(0, 1, 2),
        }),
        async (seed, beam, levels, changes) => {
          // Outputs of up to 7 tokens do not fit into 3 positions.
          const sentence = { table: randomTable(seed, 12, levels), spoken: utterance(seed, 3, 12) };
          const options = searchOptions(1, 7, { ...changes, nBest: beam });
          const [plain] = await beamSearch(new TableSession([sentence.table], beam, 12), options);
          const [joint] = await search([sentence], beam, 12, 0, options);
          expect(joint!.map(({ attention, ctc, ...rest }) => rest)).toEqual(plain);
          for (const { attention, logProb } of joint!) expect(attention).toBeCloseTo(logProb, 9);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('never stops before the best is found: with a beam for all, the first is the first of brute force', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(0.1, 0.6, 1),
        fc.constantFrom(-1, 0, 0.6, 2),
        async (seed, weight, lengthPenalty) => {
          const sentence = { table: randomTable(seed, 4), spoken: utterance(seed, 6, 4) };
          const options = searchOptions(1, 5, { lengthPenalty });
          const [expected] = bruteForce(sentence, weight, options);
          const [[found] = []] = await search([sentence], 80, 4, weight, options);
          expect(tokensOf([found!])).toEqual(tokensOf([expected!]));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('follows CTC where attention errs', async () => {
    // Attention would go on with 3 for ever; 2 was said, once.
    const table: Table = () => logs(0, 0.1, 0.2, 0.7);
    const log = (...row: number[]) => row.map(Math.log);
    const logProbs = Float32Array.from([
      ...log(0.1, 0, 0.85, 0.05),
      ...log(0.9, 0, 0.05, 0.05),
      ...log(0.9, 0, 0.05, 0.05),
    ]);
    const options = searchOptions(1, 3, { lengthPenalty: 0 });
    const sentence = { table, spoken: { logProbs, positions: 3 } };
    for (const beam of [1, 3]) {
      const [[best] = []] = await search([sentence], beam, 4, 0.7, options);
      expect(Array.from(best!.tokens)).toEqual([2]);
      expect(best!.finished).toBe(true);
    }
    const [[plain] = []] = await search([sentence], 3, 4, 0, options);
    expect(Array.from(plain!.tokens)).not.toEqual([2]);
  });

  it('never takes the blank for a token', async () => {
    // Attention wants the blank and would end only after it.
    const table: Table = (prefix) => (prefix.includes(BLANK) ? logs(0, 1, 0, 0) : logs(0.9, 0.02, 0.04, 0.04));
    for (const weight of [0.1, 1]) {
      const [found] = await search(
        [{ table, spoken: utterance(1, 6, 4) }],
        4,
        4,
        weight,
        searchOptions(1, 4, { nBest: 4 }),
      );
      for (const { tokens } of found!) expect(tokens).not.toContain(BLANK);
    }
  });

  it('returns the open hypotheses where CTC leaves no output possible', async () => {
    // Three tokens are asked of two positions.
    const sentence = { table: randomTable(1, 4), spoken: utterance(1, 2, 4) };
    const [[best] = []] = await search([sentence], 2, 4, 0.5, searchOptions(1, 5, { minLength: 3 }));
    expect(best).toMatchObject({ finished: false });
    expect(best!.tokens.length).toBe(2);
    expect(best!.logProb).toBeCloseTo(0.5 * best!.attention! + 0.5 * best!.ctc!, 5);
  });

  it('lets attention propose as many tokens as it is told to', async () => {
    // Token 5 was said; attention has it last.
    const table: Table = () => logs(0, 0.05, 0.5, 0.25, 0.15, 0.05);
    const logProbs = new Float32Array(2 * 6).fill(Math.log(0.001));
    logProbs[5] = Math.log(0.995);
    logProbs[6 + BLANK] = Math.log(0.995);
    const sentence = { table, spoken: { logProbs, positions: 2 } };
    const best = async (preBeam?: number) =>
      (await search([sentence], 1, 6, 1, searchOptions(1, 2), preBeam))[0]![0]!.tokens[0];
    expect(await best(4)).toBe(5);
    expect(await best(3)).not.toBe(5);
    expect(await best()).not.toBe(5);
  });

  it('refuses numbers out of range', () => {
    for (const weight of [-0.1, 1.1, Number.NaN])
      expect(() => jointRescorer([], weight, BLANK, END)).toThrow(ConfigError);
    for (const preBeam of [0, 1.5]) expect(() => jointRescorer([], 0.5, BLANK, END, preBeam)).toThrow(ConfigError);
  });
});

describe('a joint search of many sentences', () => {
  const [beam, classes] = [3, 30];
  const sentences = Array.from({ length: 24 }, (_, i) => ({
    table: randomTable(i, classes, i % 3 === 0 ? 4 : undefined),
    spoken: utterance(i, 4 + (i % 9), classes),
  }));
  const limits = sentences.map((_, i) => 3 + (i % 5));

  const run = async (order: readonly number[], size: number, changes: Partial<SearchOptions>) => {
    const results: Hypothesis[][] = new Array(order.length);
    for (let from = 0; from < order.length; from += size) {
      const batch = order.slice(from, from + size);
      const maxLengths = Int32Array.from(batch, (i) => limits[i]!);
      const options = searchOptions(batch.length, 0, { nBest: 3, ...changes, maxLengths });
      const found = await search(
        batch.map((i) => sentences[i]!),
        beam,
        classes,
        0.4,
        options,
      );
      for (const [j, i] of batch.entries()) results[i] = found[j]!;
    }
    return results;
  };

  it('gives each the same result in any batch and order', async () => {
    const order = Array.from(sentences.keys());
    const alone = await run(order, 1, {});
    expect(await run(order, 5, {})).toEqual(alone);
    expect(await run([...order].reverse(), 24, {})).toEqual(alone);
  });

  it('gives each the same where much is forbidden in another, so that the model gives all tokens', async () => {
    // Every other token is 2: what followed it before is forbidden to follow it again.
    const stutter: Table = (prefix) =>
      Float32Array.from({ length: classes }, (_, c) =>
        Math.log(c === 2 && prefix.at(-1) !== 2 ? 0.9 : c === 0 ? 0 : 0.1 / classes),
      );
    const pairs = sentences.slice(0, 8).map((sentence, i) => [
      { ...sentence, spoken: utterance(i, 25, classes) },
      { table: stutter, spoken: utterance(i + 50, 25, classes) },
    ]);
    const changes = { noRepeatNgram: 2, minLength: 12, nBest: 3 };
    for (const [plain, stuttering] of pairs as [Sentence, Sentence][]) {
      const [alone] = await search([plain], beam, classes, 0.4, searchOptions(1, 14, changes));
      const together = await search([plain, stuttering], beam, classes, 0.4, searchOptions(2, 14, changes));
      expect(together[0]).toEqual(alone);
    }
  });

  it('gives what a session gives that names no end mark', async () => {
    const options = searchOptions(24, 0, { nBest: 3, maxLengths: Int32Array.from(limits) });
    const session = new TableSession(
      sentences.map(({ table }) => table),
      beam,
      classes,
    );
    const rescorer = jointRescorer(
      sentences.map(({ spoken }) => spoken),
      0.4,
      BLANK,
      END,
    );
    expect(await beamSearch(session, options, rescorer)).toEqual(await run(Array.from(sentences.keys()), 24, {}));
  });

  it('asks for all tokens only where much is forbidden', async () => {
    const session = new EndingSession([sentences[7]!.table], beam, classes);
    const rescorer = jointRescorer([sentences[7]!.spoken], 0.4, BLANK, END);
    await beamSearch(session, searchOptions(1, 6, { minLength: 6, noRepeatNgram: 1 }), rescorer);
    // Wanted are 6 and the end mark; the end mark and one more token a step are forbidden, and there is room for 10.
    expect(session.tops).toEqual([10, 10, 10, 'all', 'all', 'all', 'all']);
  });
});
