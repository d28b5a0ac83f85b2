// Outputs that must begin with given tokens, outputs of certain tokens only, and outputs of a grammar, in every search.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputGrammar } from '../../../src/data/output-grammar.js';
import { beamSearch } from '../../../src/decode/search/beam.js';
import { diverseBeamSearch } from '../../../src/decode/search/diverse.js';
import type { Hypothesis } from '../../../src/decode/search/frontier.js';
import { greedySearch } from '../../../src/decode/search/greedy.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import { sampleSearch } from '../../../src/decode/search/sample.js';
import { stochasticBeamSearch } from '../../../src/decode/search/stochastic-beam.js';
import { ConfigError } from '../../../src/errors.js';
import { allOutputs, chiSquareZ, countsOf } from './sampling-support.js';
import { exhaustiveSearch, randomTable, searchOptions, type Table, TableSession } from './table-model.js';

const VOCABULARY = 6;
const session = (tables: Table[], beam: number) => new TableSession(tables, beam, VOCABULARY);

/** Every search, with K = 4 where it has one. */
const SEARCHES: Record<string, (tables: Table[], options: SearchOptions) => Promise<Hypothesis[][]>> = {
  greedy: (tables, options) => greedySearch(session(tables, 1), { ...options, nBest: 1 }),
  beam: (tables, options) => beamSearch(session(tables, 4), options),
  diverse: (tables, options) => diverseBeamSearch(session(tables, 4), options, { groups: 2, strength: 0.5 }),
  sample: (tables, options) =>
    sampleSearch(session(tables, 4), options, { seed: 1, sentences: tables.map((_table, i) => i), topP: 0.9 }),
  'sample without replacement': (tables, options) =>
    stochasticBeamSearch(session(tables, 4), options, { seed: 1, sentences: tables.map((_table, i) => i), topK: 3 }),
};

const [OPEN, CLOSE, WORD] = [2, 3, 4];

/** A number of words in balanced brackets. */
function bracketed(words: number): OutputGrammar {
  return {
    shortest: words,
    following(prefix, room) {
      const count = (token: number): number => prefix.filter((other) => other === token).length;
      const left = words - count(WORD);
      const depth = count(OPEN) - count(CLOSE);
      return [
        ...(left > 0 ? [WORD] : []),
        ...(left > 0 && left + depth + 2 <= room ? [OPEN] : []),
        ...(depth > 0 ? [CLOSE] : []),
        ...(left === 0 && depth === 0 ? [1] : []),
      ];
    },
  };
}

/** Whether tokens are a number of words in balanced brackets. */
function isBracketed(tokens: readonly number[], words: number): boolean {
  let [depth, said] = [0, 0];
  for (const token of tokens) {
    if (token === OPEN) depth += 1;
    if (token === CLOSE) depth -= 1;
    if (token === WORD) said += 1;
    // No bracket opens behind the last word.
    if (depth < 0 || (token === OPEN && said === words) || ![OPEN, CLOSE, WORD].includes(token)) return false;
  }
  return depth === 0 && said === words;
}

describe.each(Object.entries(SEARCHES))('%s', (_name, search) => {
  const tables = Array.from({ length: 12 }, (_, seed) => randomTable(seed, VOCABULARY));

  it('begins every output with its prefix, at the log-probabilities of the model', async () => {
    const prefixes = tables.map((_table, i) => [5, 5, 3, 2].slice(0, i % 5));
    // The prefix repeats a token and holds a suppressed one: it comes before all rules.
    const options = searchOptions(12, 6, { nBest: 4, prefixes, noRepeatNgram: 1, suppressTokens: [5], minLength: 3 });
    for (const [i, hypotheses] of (await search(tables, options)).entries()) {
      expect(hypotheses.length).toBeGreaterThan(0);
      for (const { tokens, tokenLogProbs, finished } of hypotheses) {
        expect([...tokens.slice(0, prefixes[i]!.length)]).toEqual(prefixes[i]);
        const rest = [...tokens.slice(prefixes[i]!.length)];
        expect(rest).not.toContain(5);
        expect(new Set([...prefixes[i]!, ...rest]).size).toBe(new Set(prefixes[i]!).size + rest.length);
        if (finished) expect(tokens.length).toBeGreaterThanOrEqual(3);
        for (const [k, token] of tokens.entries()) {
          expect(tokenLogProbs[k]).toBe(tables[i]!([...tokens.slice(0, k)])[token]);
        }
      }
    }
  });

  it('writes nothing but what the grammar of its sentence allows, and ends in time', async () => {
    const words = tables.map((_table, i) => 1 + (i % 3));
    const grammars = words.map((count, i) => (i === 5 ? undefined : bracketed(count)));
    const options = searchOptions(12, 6, { nBest: 4, grammars });
    for (const [i, hypotheses] of (await search(tables, options)).entries()) {
      expect(hypotheses.length).toBeGreaterThan(0);
      if (i === 5) continue;
      for (const { tokens, finished } of hypotheses) {
        expect(isBracketed([...tokens], words[i]!), [...tokens].join(' ')).toBe(true);
        // A hypothesis of the most tokens is ended by force, but where the grammar would have ended it too.
        expect(finished).toBe(true);
      }
    }
  });

  it('uses no other tokens than those allowed', async () => {
    const options = searchOptions(12, 5, { nBest: 4, allowedTokens: [2, 4] });
    const found = await search(tables, options);
    const tokens = new Set(found.flatMap((hypotheses) => hypotheses.flatMap((it) => [...it.tokens])));
    expect([...tokens].sort()).toEqual([2, 4]);
    expect(
      found.every((hypotheses) => hypotheses.every((it) => it.tokenLogProbs.length === it.tokens.length + 1)),
    ).toBe(true);
  });

  it('may be given as many tokens as an output can have', async () => {
    const options = searchOptions(1, 2, { nBest: 4, prefixes: [[3, 4]] });
    const [hypotheses] = await search([tables[0]!], options);
    for (const { tokens } of hypotheses!) expect([...tokens]).toEqual([3, 4]);
  });

  it('refuses what cannot be', async () => {
    const run = (changes: Partial<SearchOptions>) =>
      search([tables[0]!], searchOptions(1, 3, { nBest: 4, ...changes }));
    await expect(run({ prefixes: [] })).rejects.toThrow('`prefixes` must have one prefix per sentence (1), but has 0.');
    await expect(run({ prefixes: [[2, 2, 2, 2]] })).rejects.toThrow(
      '4 tokens to begin with, but its maximum length is 3',
    );
    await expect(run({ prefixes: [[2, 1]] })).rejects.toThrow('contains the end token (1)');
    await expect(run({ prefixes: [[9]] })).rejects.toThrow('Token ids must be integers from 0 to 5, but one is 9.');
    await expect(run({ allowedTokens: [2, -1] })).rejects.toThrow(ConfigError);
    // The begin mark has no probability.
    await expect(run({ prefixes: [[2, 0]] })).rejects.toThrow(
      'token 0 in place 1 (both counted from 0), but the model',
    );
  });
});

describe('the search behind a prefix', () => {
  it('of a beam that holds every hypothesis finds the best outputs that begin so', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom([], [2], [3, 2]),
        fc.constantFrom(0, 1),
        async (seed, prefix, alpha) => {
          const table = randomTable(seed, 4);
          const options = searchOptions(1, 4, { lengthPenalty: alpha, nBest: 3 });
          const expected = exhaustiveSearch(table, options)
            .filter(({ tokens }) => tokens.slice(0, prefix.length).join() === prefix.join())
            .slice(0, 3);
          const [found] = await beamSearch(new TableSession([table], 16, 4), { ...options, prefixes: [prefix] });
          expect(found!.map(({ tokens }) => [...tokens])).toEqual(expected.map(({ tokens }) => tokens));
          found!.forEach(({ score }, i) => {
            expect(score).toBeCloseTo(expected[i]!.score, 5);
          });
        },
      ),
    );
  });

  it('draws what follows with its conditional probability', async () => {
    const table = randomTable(9, 5);
    const outputs = allOutputs(table, 3).filter(({ tokens }) => tokens[0] === 3);
    const sum = outputs.reduce((total, { probability }) => total + probability, 0);
    const expected = new Map(outputs.map(({ tokens, probability }) => [tokens.join(), probability / sum]));
    const tables = new Array<Table>(1500).fill(table);
    const options = searchOptions(1500, 3, { nBest: 8, prefixes: tables.map(() => [3]) });
    const sentences = tables.map((_table, i) => i);
    const found = await sampleSearch(new TableSession(tables, 8, 5), options, { seed: 4, sentences });
    const counts = countsOf(found.flatMap((hypotheses) => hypotheses.map(({ tokens }) => tokens.join())));
    expect(Math.abs(chiSquareZ(counts, expected))).toBeLessThan(3.5);
  });
});

it('a beam that holds everything finds the best output of a grammar', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const table = randomTable(seed, VOCABULARY);
    const options = searchOptions(1, 6, { grammars: [bracketed(2)] });
    const all = exhaustiveSearch(table, options).filter(({ tokens }) => isBracketed(tokens, 2));
    const [[best]] = (await beamSearch(session([table], 200), options)) as [[Hypothesis]];
    expect([...best.tokens]).toEqual(all[0]!.tokens);
    expect(best.score).toBeCloseTo(all[0]!.score, 5);
  }
});
