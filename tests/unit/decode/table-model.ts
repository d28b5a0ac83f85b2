// Models for the tests of searches: next-token distributions given by a function of the prefix, and slow searches to compare with.
import type { Candidates, DecodingSession } from '../../../src/decode/search/model.js';
import type { SearchOptions } from '../../../src/decode/search/options.js';
import { Random } from '../../../src/random.js';

const BEGIN = 0;
export const END = 1;

/** Log-probability of every token after `prefix` (begin mark excluded). */
export type Table = (prefix: readonly number[]) => Float32Array;

/** Natural logarithms of probabilities. */
export const logs = (...probabilities: number[]): Float32Array => Float32Array.from(probabilities, Math.log);

/**
 * A table of random distributions, each fixed by the seed and the prefix alone.
 * @param levels with few levels many candidates have equal probabilities.
 */
export function randomTable(seed: number, vocabularySize: number, levels = Number.POSITIVE_INFINITY): Table {
  const known = new Map<string, Float32Array>();
  return (prefix) => {
    const key = prefix.join(' ');
    let row = known.get(key);
    if (!row) {
      const random = new Random(seed, key);
      const weights = Array.from({ length: vocabularySize }, () => {
        const u = random.uniform();
        return Number.isFinite(levels) ? Math.ceil(u * levels) : Math.exp(4 * u);
      });
      weights[BEGIN] = 0;
      const sum = weights.reduce((a, b) => a + b);
      row = logs(...weights.map((weight) => weight / sum));
      known.set(key, row);
    }
    return row;
  };
}

/** One call that a search made. */
interface Call {
  readonly sentences: number;
  readonly top: number | 'all';
}

/** A session over one table per sentence. Rows without an open hypothesis yield NaN, so that reading one is noticed. */
export class TableSession implements DecodingSession {
  readonly calls: Call[] = [];
  private prefixes: number[][] = [];

  constructor(
    private tables: Table[],
    readonly beam: number,
    readonly vocabularySize: number,
  ) {}

  get sentences(): number {
    return this.tables.length;
  }

  async step(tokens: Int32Array, parents: Int32Array, top: number | 'all'): Promise<Candidates> {
    const { beam, sentences, vocabularySize } = this;
    const rows = sentences * beam;
    if (tokens.length !== rows || parents.length !== rows)
      throw new Error(`expected ${rows} rows, got ${tokens.length}`);
    this.prefixes = Array.from({ length: rows }, (_, row) => {
      if (this.calls.length === 0) {
        if (tokens[row] !== BEGIN || parents[row] !== 0) throw new Error('the first step must be fed the begin mark');
        return row % beam === 0 ? [] : [END];
      }
      if (!(parents[row]! >= 0 && parents[row]! < beam)) throw new Error(`parent ${parents[row]}`);
      return [...this.prefixes[row - (row % beam) + parents[row]!]!, tokens[row]!];
    });
    this.calls.push({ sentences, top });
    const width = top === 'all' ? vocabularySize : top;
    const ids = new Int32Array(rows * width);
    const logProbs = new Float32Array(rows * width).fill(Number.NaN);
    for (const [row, prefix] of this.prefixes.entries()) {
      if (prefix.includes(END)) continue;
      const table = this.tables[Math.floor(row / beam)]!(prefix);
      const order = Array.from(table.keys());
      if (top !== 'all') order.sort((a, b) => (table[a] === table[b] ? a - b : table[b]! - table[a]!));
      for (let j = 0; j < width; j++) {
        ids[row * width + j] = top === 'all' ? -1 : order[j]!;
        logProbs[row * width + j] = table[order[j]!]!;
      }
    }
    return { width, ids, logProbs };
  }

  async keep(sentences: number[]): Promise<void> {
    if (sentences.some((sentence, i) => i > 0 && sentence <= sentences[i - 1]!)) throw new Error('not ascending');
    const { beam } = this;
    this.prefixes = sentences.flatMap((sentence) => this.prefixes.slice(sentence * beam, (sentence + 1) * beam));
    this.tables = sentences.map((sentence) => this.tables[sentence]!);
  }
}

/** Options that switch everything off, for sentences of at most `maxLength` tokens. */
export function searchOptions(
  sentences: number,
  maxLength: number,
  changes: Partial<SearchOptions> = {},
): SearchOptions {
  return {
    beginToken: BEGIN,
    endToken: END,
    maxLengths: new Int32Array(sentences).fill(maxLength),
    nBest: 1,
    lengthPenalty: 1,
    lengthPenaltyKind: 'power',
    earlyStopping: false,
    minLength: 0,
    noRepeatNgram: 0,
    ...changes,
  };
}

/** One output of the slow searches. */
interface Output {
  readonly tokens: readonly number[];
  readonly logProb: number;
  readonly score: number;
}

const score = (options: SearchOptions, logProb: number, length: number): number => {
  const base = options.lengthPenaltyKind === 'gnmt' ? (5 + length) / 6 : length;
  return logProb / base ** options.lengthPenalty;
};

/** The log-probabilities that the options leave, found without any of the code under test. */
function allowed(table: Table, prefix: readonly number[], options: SearchOptions): number[] {
  const { minLength, noRepeatNgram: n, suppressTokens = [] } = options;
  const mustEnd = prefix.length >= options.maxLengths[0]!;
  const grams = new Set(prefix.flatMap((_, i) => (i + n <= prefix.length ? [prefix.slice(i, i + n).join()] : [])));
  return Array.from(table(prefix), (logProb, token) => {
    const repeats = n > 0 && prefix.length >= n - 1 && grams.has([...prefix, token].slice(-n).join());
    const early = token === END && prefix.length < minLength;
    const late = token !== END && mustEnd;
    return repeats || early || late || suppressTokens.includes(token) ? Number.NEGATIVE_INFINITY : logProb;
  });
}

/** Every output of one sentence that is possible, best first. */
export function exhaustiveSearch(table: Table, options: SearchOptions): Output[] {
  const outputs: Output[] = [];
  const visit = (prefix: number[], total: number) => {
    for (const [token, logProb] of allowed(table, prefix, options).entries()) {
      const sum = total + logProb;
      if (sum === Number.NEGATIVE_INFINITY) continue;
      if (token !== END) visit([...prefix, token], sum);
      else outputs.push({ tokens: prefix, logProb: sum, score: score(options, sum, prefix.length + 1) });
    }
  };
  visit([], 0);
  return outputs.sort((a, b) => b.score - a.score);
}

/** Beam search of one sentence that ranks all candidates and never stops before the maximum length. */
export function slowBeamSearch(table: Table, beam: number, options: SearchOptions): Output[] {
  const outputs: Output[] = [];
  let open: { tokens: number[]; total: number }[] = [{ tokens: [], total: 0 }];
  while (open.length > 0) {
    const candidates = open.flatMap(({ tokens, total }) =>
      allowed(table, tokens, options).map((logProb, token) => ({ tokens, token, total: total + logProb })),
    );
    // A stable sort: equal candidates stay in order of hypothesis, then token.
    const ranked = candidates.filter(({ total }) => total > Number.NEGATIVE_INFINITY).sort((a, b) => b.total - a.total);
    for (const { tokens, token, total } of ranked.slice(0, beam)) {
      if (token === END) outputs.push({ tokens, logProb: total, score: score(options, total, tokens.length + 1) });
    }
    open = ranked
      .filter(({ token }) => token !== END)
      .slice(0, beam)
      .map(({ tokens, token, total }) => ({ tokens: [...tokens, token], total }));
  }
  return outputs.sort((a, b) => b.score - a.score).slice(0, options.nBest);
}
