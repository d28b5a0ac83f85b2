// Which token of its text each frame of a recording belongs to, learned from nothing but the texts and the recordings.
import { setImmediate } from 'node:timers/promises';
import { Gaussians, Statistics } from './gaussians.js';
import { observationSize, observe } from './observations.js';
import { bestPath } from './viterbi.js';

/** States of a token, stage after stage: with few of them first, the rough places are found that the next stage goes on from. */
const STAGES = [1, 2, 3] as const;

/** Rounds of aligning and estimating in a stage, at most. */
const ROUNDS = 8;

/** Rounds of all stages. */
export const FIT_ROUNDS = STAGES.length * ROUNDS;

/** A recording and its text. */
export interface Utterance {
  readonly tokens: Int32Array;
  /** Log-mel frames, at least `[count, features]` */
  readonly frames: Float32Array;
  readonly count: number;
}

/** An utterance as it is aligned. */
interface Observed {
  readonly tokens: Int32Array;
  readonly count: number;
  /** `[count, W]` */
  readonly observations: Float32Array;
}

/** The tokens there are. */
export interface TokenSet {
  readonly size: number;
  /** Whether a token may take no time, as spaces and punctuation may. */
  isSilent(token: number): boolean;
}

export interface FitOptions {
  /** Called after each round, of {@link FIT_ROUNDS} at most. */
  readonly onRound?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Divides frames evenly among tokens or states. @returns the one that each frame belongs to */
const evenly = (frames: number, parts: number): Int32Array =>
  Int32Array.from({ length: frames }, (_, t) => Math.floor((t * parts) / frames));

/** The frames of each token divided evenly among its states. @param owners the token of each frame @returns their states */
function dividedTokens(owners: Int32Array, states: number): Int32Array {
  const result = new Int32Array(owners.length);
  for (let start = 0; start < owners.length; ) {
    const token = owners[start] as number;
    let end = start;
    while (end < owners.length && owners[end] === token) end++;
    const parts = evenly(end - start, states);
    for (let t = start; t < end; t++) result[t] = token * states + (parts[t - start] as number);
    start = end;
  }
  return result;
}

/**
 * A hidden Markov model of speech with a flat start (Young et al., The HTK Book): every recording is first divided evenly among the tokens
 * of its text; then, in turns, Gaussians are estimated for the states of each token and the best path through each text is found.
 */
export class ForcedAligner {
  private constructor(
    private readonly tokens: TokenSet,
    private readonly features: number,
    private readonly states: number,
    private readonly gaussians: Gaussians,
  ) {}

  /**
   * Fits a model to utterances.
   * @param features of a frame
   * @throws the signal's reason once it is aborted
   */
  static async fit(
    utterances: AsyncIterable<Utterance>,
    tokens: TokenSet,
    features: number,
    { onRound = () => undefined, signal }: FitOptions = {},
  ): Promise<ForcedAligner> {
    const observed: Observed[] = [];
    for await (const { tokens: text, frames, count } of utterances) {
      signal?.throwIfAborted();
      observed.push({ tokens: text, count, observations: observe(frames, count, features) });
    }
    const width = observationSize(features);
    /** The model with the most likely Gaussians for these paths. */
    const estimated = (paths: readonly Int32Array[], states: number): ForcedAligner => {
      const statistics = new Statistics(tokens.size * states, width);
      observed.forEach(({ tokens: text, observations }, i) => {
        paths[i]?.forEach((state, t) => {
          statistics.add(observations, t, (text[Math.floor(state / states)] as number) * states + (state % states));
        });
      });
      return new ForcedAligner(tokens, features, states, Gaussians.estimated(statistics));
    };
    let owners = observed.map(({ count, tokens: { length } }) => evenly(count, length));
    for (let stage = 0; ; stage++) {
      const states = STAGES[stage] as number;
      let paths = owners.map((own) => dividedTokens(own, states));
      let aligner = estimated(paths, states);
      for (let round = 0; round < ROUNDS; round++) {
        const next: Int32Array[] = [];
        for (const utterance of observed) {
          if (next.length % 32 === 0) await setImmediate();
          signal?.throwIfAborted();
          next.push(aligner.path(utterance) ?? (paths[next.length] as Int32Array));
        }
        const isSame = next.every((path, i) => path.every((state, t) => state === paths[i]?.[t]));
        paths = next;
        aligner = estimated(paths, states);
        onRound(stage * ROUNDS + round + 1);
        if (isSame) break;
      }
      if (stage === STAGES.length - 1) return aligner;
      owners = paths.map((path) => path.map((state) => Math.floor(state / states)));
    }
  }

  /** Frames that each token of an utterance lasts; an even division where there are fewer frames than tokens that take time. */
  durations({ tokens, frames, count }: Utterance): number[] {
    const path = this.path({ tokens, count, observations: observe(frames, count, this.features) });
    const durations = new Array<number>(tokens.length).fill(0);
    const owners = path?.map((state) => Math.floor(state / this.states)) ?? evenly(count, tokens.length);
    for (const token of owners) durations[token] = (durations[token] as number) + 1;
    return durations;
  }

  /** The state of each frame. */
  private path({ tokens, count, observations }: Observed): Int32Array | undefined {
    const { states, gaussians } = this;
    // A token that comes several times is scored once.
    const distinct = [...new Set(tokens)];
    const places = new Map(distinct.map((token, i) => [token, i * states]));
    const scores = new Float32Array(count * distinct.length * states);
    for (let t = 0, i = 0; t < count; t++) {
      for (const token of distinct) {
        for (let own = 0; own < states; own++, i++) {
          scores[i] = gaussians.logDensity(observations, t, token * states + own);
        }
      }
    }
    return bestPath(scores, count, {
      states,
      columns: tokens.map((token) => places.get(token) as number),
      isSilent: Array.from(tokens, (token) => this.tokens.isSilent(token)),
    });
  }
}
