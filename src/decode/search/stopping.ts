// When a sentence is complete: its limits of length, and whether an open hypothesis can still win.
import type { DecodingConfig } from '../config.js';
import { bestAttainableScore, type LengthPenalty } from './length-penalty.js';

/**
 * Most tokens (end mark excluded) that the output of each sentence may have: the lowest of `maxLength` and
 * `maxLengthRatio` × source length + `maxLengthConstant` (rounded down), but never below `minLength` nor 1.
 * @param sourceLengths length of each source, in the positions that the encoder receives.
 */
export function maximumLengths(
  config: Pick<DecodingConfig, 'minLength' | 'maxLength' | 'maxLengthRatio' | 'maxLengthConstant'>,
  sourceLengths: ArrayLike<number>,
): Int32Array {
  const { minLength, maxLength, maxLengthRatio = Number.POSITIVE_INFINITY, maxLengthConstant = 0 } = config;
  return Int32Array.from(sourceLengths, (sourceLength) => {
    const relative = Math.floor(maxLengthRatio * Math.max(sourceLength, 1)) + maxLengthConstant;
    return Math.max(Math.min(maxLength, relative), minLength, 1);
  });
}

/** When beam search gives up the open hypotheses of a sentence. */
export interface StoppingRule {
  readonly penalty: LengthPenalty;
  readonly minLength: number;
  /** Stop as soon as this many hypotheses have ended, whatever the open ones could still reach. */
  readonly enough: number;
}

/** What is known of a sentence after a step. */
interface SentenceProgress {
  /** Hypotheses that have ended so far, whether kept or not. */
  readonly ended: number;
  /** Score of the last of the n best that have ended, or `undefined` while there are fewer than n. */
  readonly worstKept: number | undefined;
  /** Log-probability of the most probable open hypothesis; all open ones are of the same length. */
  readonly bestOpen: number;
  /** Tokens of the open hypotheses. */
  readonly length: number;
  /** Most tokens the output may have. */
  readonly maxLength: number;
}

/**
 * Whether going on cannot change the result (or is not wanted, see `enough`). An open hypothesis that could at best draw level
 * loses, because among equal scores the one that ended first ranks first.
 */
export function isComplete(rule: StoppingRule, progress: SentenceProgress): boolean {
  if (progress.ended >= rule.enough) return true;
  if (progress.worstKept === undefined) return false;
  // Lengths with the end mark: the next step is the first occasion to end.
  const shortest = Math.max(progress.length, rule.minLength) + 1;
  return bestAttainableScore(rule.penalty, progress.bestOpen, shortest, progress.maxLength + 1) <= progress.worstKept;
}
