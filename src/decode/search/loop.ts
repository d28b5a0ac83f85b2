// The loop shared by all searches: feed the open hypotheses, check what the model returns, drop finished sentences.
import { ConfigError, EngineError } from '../../errors.js';
import type { Frontier, Hypothesis, ScoreParts } from './frontier.js';
import type { Candidates, DecodingSession } from './model.js';
import type { SearchOptions } from './options.js';
import { BannedTokens, createProcessors, type LogitsProcessor } from './processors.js';

/** What may follow the open hypotheses of one sentence. */
export interface Continuations {
  readonly sentence: number;
  /** Entry `offset + k × width` of `ids` and `logProbs` is the first candidate of hypothesis k. */
  readonly offset: number;
  readonly width: number;
  /** Token ids by descending log-probability, or `undefined` when candidate j is token j. */
  readonly ids: Int32Array | undefined;
  readonly logProbs: Float32Array;
  /** The maximum length is reached: only the end mark may follow. */
  readonly mustEnd: boolean;
  /** Log-probability of the end mark after hypothesis k; known where `mustEnd`. */
  readonly endLogProb: (hypothesis: number) => number;
  /** Forbidden tokens by row of the whole batch. */
  readonly banned: BannedTokens;
}

/** A second opinion on what may follow, such as that of CTC. */
export interface Rescorer {
  /**
   * How many allowed continuations of each of K hypotheses, besides the end mark, it wants to see: the session is asked for so
   * many whatever is forbidden. It must not look at more, for how many more there are depends on the rest of the batch.
   */
  candidates(beam: number): number;
  /**
   * The continuations of a sentence with other scores, none above 0; called once for each step of a sentence, in order. The
   * tokens of a hypothesis must come by descending score, equal ones by ascending id.
   */
  rescore(next: Continuations, frontier: Frontier): Continuations;
  /** What the score of an open hypothesis consists of, as it is or (`ended`) with the end mark; after {@link rescore}. */
  parts(sentence: number, hypothesis: number, ended: boolean): ScoreParts;
}

/** What tells one kind of search from another. */
export interface SearchStrategy {
  /** How many best allowed continuations of each hypothesis it looks at, where K and the end mark do not suffice. */
  readonly candidates?: number | 'all';
  /**
   * Chooses how one sentence goes on: extends its hypotheses in the frontier (at least one of them) and sets how many are open.
   * Must return the result, best first, when `mustEnd`.
   * @returns the result when the sentence is complete, otherwise `undefined`.
   */
  advance(next: Continuations): Hypothesis[] | undefined;
}

/** Sentences are dropped from the session once at most this share of those present is still open. */
const KEEP_SHARE = 0.75;

/**
 * Runs a search to its end. Every sentence is computed from its own rows alone, so that neither the other sentences nor their
 * order can change its result.
 * @returns for each sentence its hypotheses, best first.
 * @throws EngineError when the model returns something other than log-probabilities.
 */
export async function runSearch(
  session: DecodingSession,
  options: SearchOptions,
  frontier: Frontier,
  strategy: SearchStrategy,
  rescorer?: Rescorer,
): Promise<Hypothesis[][]> {
  const { beam, vocabularySize } = session;
  const { sentences } = frontier;
  const { maxLengths, endToken } = options;
  const processors = createProcessors(options);
  const banned = new BannedTokens(sentences * beam, vocabularySize);
  // The best K + 1 allowed tokens of a row suffice (K to go on with besides the end mark); the rest is room for forbidden ones.
  const { candidates: looksAt = 0 } = strategy;
  const wanted = looksAt === 'all' ? vocabularySize : Math.max(beam, rescorer?.candidates(beam) ?? 0, looksAt);
  const room = Math.min(vocabularySize, Math.max(2 * beam, wanted) + 4);
  const results: (Hypothesis[] | undefined)[] = new Array(sentences).fill(undefined);
  /** The sentences in the session, in its order. */
  let present = Array.from({ length: sentences }, (_, sentence) => sentence);
  let tokens = new Int32Array(sentences * beam);
  let parents = new Int32Array(sentences * beam);
  let remaining = sentences;

  for (let step = 0; remaining > 0; step++) {
    feed(frontier, present, options, tokens, parents);
    forbid(processors, options, frontier, present, banned);
    // A forced end mark may be the least probable token, and so may one to rescore: unless the session reports it, only a list
    // of all tokens has it.
    const ending =
      session.endToken !== endToken &&
      (rescorer !== undefined || present.some((sentence) => !results[sentence] && maxLengths[sentence] === step));
    const needed = Math.min(vocabularySize, wanted + 1 + banned.largest);
    const top = looksAt === 'all' || ending || needed > room ? 'all' : room;
    const candidates = await session.step(tokens, parents, top);
    checkShape(candidates, present.length * beam, top === 'all' ? vocabularySize : top);

    const { width, logProbs, endLogProbs } = candidates;
    const ids = top === 'all' ? undefined : candidates.ids;
    for (const [position, sentence] of present.entries()) {
      if (results[sentence]) continue;
      const offset = position * beam * width;
      checkLogProbs(logProbs, offset, offset + frontier.open[sentence]! * width, step, sentence);
      const forced = options.prefixes?.[sentence]?.[step];
      if (forced !== undefined) checkForced(candidates, ids, offset, forced, step, sentence);
      const mustEnd = maxLengths[sentence] === step;
      const endLogProb = (hypothesis: number): number =>
        (ids === undefined
          ? logProbs[offset + hypothesis * width + endToken]
          : endLogProbs?.[position * beam + hypothesis]) ?? Number.NaN;
      const next = { sentence, offset, width, ids, logProbs, mustEnd, endLogProb, banned };
      const result = strategy.advance(rescorer ? rescorer.rescore(next, frontier) : next);
      if (result === undefined) continue;
      results[sentence] = result;
      frontier.open[sentence] = 0;
      remaining--;
    }
    frontier.commit();

    if (remaining > 0 && remaining <= KEEP_SHARE * present.length) {
      const open = [...present.keys()].filter((position) => !results[present[position]!]);
      await session.keep(open);
      present = open.map((position) => present[position]!);
      tokens = new Int32Array(remaining * beam);
      parents = new Int32Array(remaining * beam);
    }
  }
  return results.map((result) => result ?? []);
}

/** Asks the processors what must not follow each open hypothesis; where a token is forced, nothing else may. */
function forbid(
  processors: readonly LogitsProcessor[],
  { prefixes }: SearchOptions,
  frontier: Frontier,
  present: readonly number[],
  banned: BannedTokens,
): void {
  banned.clear();
  if (processors.length === 0 && prefixes === undefined) return;
  for (const sentence of present) {
    const firstRow = sentence * frontier.beam;
    const forced = prefixes?.[sentence]?.[frontier.length];
    for (let row = firstRow; row < firstRow + frontier.open[sentence]!; row++) {
      banned.begin(row);
      if (forced !== undefined) {
        banned.addAllBut((token) => token === forced);
        continue;
      }
      const prefix = frontier.prefix(row);
      for (const processor of processors) processor.ban(prefix, banned, sentence);
    }
  }
}

/** Fills in the last token and the parent of every row present; rows without an open hypothesis get the end mark. */
function feed(
  frontier: Frontier,
  present: readonly number[],
  options: SearchOptions,
  tokens: Int32Array,
  parents: Int32Array,
): void {
  const { beam } = frontier;
  if (frontier.length === 0) {
    tokens.fill(options.beginToken);
    parents.fill(0);
    return;
  }
  for (let position = 0; position < present.length; position++) {
    const sentence = present[position]!;
    for (let k = 0; k < beam; k++) {
      const live = k < frontier.open[sentence]!;
      tokens[position * beam + k] = live ? frontier.lastToken(sentence * beam + k) : options.endToken;
      parents[position * beam + k] = live ? frontier.lastParent(sentence * beam + k) : 0;
    }
  }
}

/** @throws ConfigError when a token that an output must begin with cannot follow; all open hypotheses are the same there */
function checkForced(
  { logProbs, width }: Candidates,
  ids: Int32Array | undefined,
  offset: number,
  token: number,
  step: number,
  sentence: number,
): void {
  const place = ids === undefined ? token : ids.subarray(offset, offset + width).indexOf(token);
  if (logProbs[offset + place] === Number.NEGATIVE_INFINITY) {
    throw new ConfigError(
      `\`prefixes\` begins the output of sentence ${sentence} of the batch with token ${token} in place ${step} (both counted from 0), but the model never generates it there.`,
    );
  }
}

function checkShape(candidates: Candidates, rows: number, needed: number): void {
  const { width, logProbs } = candidates;
  if (width < needed || logProbs.length < rows * width) {
    throw new EngineError(
      `The decoding step must return ${needed} candidates for each of ${rows} rows, but returned ${width} in an array of ${logProbs.length}.`,
    );
  }
}

function checkLogProbs(logProbs: Float32Array, from: number, to: number, step: number, sentence: number): void {
  for (let i = from; i < to; i++) {
    const logProb = logProbs[i]!;
    // False for NaN too.
    if (!(logProb < Number.POSITIVE_INFINITY)) {
      throw new EngineError(
        `The model returned the log-probability ${logProb} at decoding step ${step} for sentence ${sentence} of the batch (both counted from 0): its weights or its input are not finite.`,
      );
    }
  }
}
