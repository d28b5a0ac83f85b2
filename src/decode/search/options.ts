// The options of one search and the check that they fit together and fit the session.
import type { OutputGrammar } from '../../data/output-grammar.js';
import { ConfigError } from '../../errors.js';
import type { DecodingConfig } from '../config.js';
import type { LengthPenalty } from './length-penalty.js';
import type { DecodingSession } from './model.js';

/** The settings of {@link DecodingConfig} that steer a search, and what only the caller knows. */
export interface SearchOptions
  extends Pick<
    DecodingConfig,
    'nBest' | 'lengthPenalty' | 'lengthPenaltyKind' | 'earlyStopping' | 'minLength' | 'noRepeatNgram'
  > {
  /** Token fed at the first step. */
  readonly beginToken: number;
  /** Token that ends a hypothesis. */
  readonly endToken: number;
  /** `[B]` most tokens the output of each sentence may have, end mark excluded; see `maximumLengths`. */
  readonly maxLengths: Int32Array;
  /** Tokens that are never generated, such as the padding and begin marks. */
  readonly suppressTokens?: readonly number[];
  /** The only tokens that are generated, besides the end mark; all unless given. */
  readonly allowedTokens?: readonly number[];
  /**
   * `[B]` tokens that the output of each sentence begins with. They keep the log-probabilities that the model gives them, count
   * as generated in everything that counts tokens, and come before every other rule.
   */
  readonly prefixes?: readonly ArrayLike<number>[];
  /** `[B]` what the output of each sentence may look like; anything where there is none. They come after prefixes and before `maxLengths`. */
  readonly grammars?: readonly (OutputGrammar | undefined)[] | undefined;
}

/** @throws ConfigError when options contradict each other or the session. */
export function checkSearchOptions(session: DecodingSession, options: SearchOptions): void {
  const { nBest, minLength, noRepeatNgram, lengthPenalty, endToken, maxLengths } = options;
  for (const [name, value, least] of [
    ['nBest', nBest, 1],
    ['minLength', minLength, 0],
    ['noRepeatNgram', noRepeatNgram, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new ConfigError(`\`${name}\` must be an integer of at least ${least}, but is ${value}.`);
    }
  }
  if (!Number.isFinite(lengthPenalty))
    throw new ConfigError(`\`lengthPenalty\` must be finite, but is ${lengthPenalty}.`);
  if (nBest > session.beam) {
    throw new ConfigError(
      `\`nBest\` must be at most \`beam\` (${session.beam}), because a search keeps no more hypotheses, but is ${nBest}.`,
    );
  }
  if (maxLengths.length !== session.sentences) {
    throw new ConfigError(
      `\`maxLengths\` must have one limit per sentence (${session.sentences}), but has ${maxLengths.length}.`,
    );
  }
  const tooShort = maxLengths.findIndex((limit) => limit < minLength);
  if (tooShort >= 0) {
    throw new ConfigError(
      `\`minLength\` must be at most the maximum length of every sentence, but is ${minLength} where sentence ${tooShort} of the batch may have ${maxLengths[tooShort]} tokens.`,
    );
  }
  checkPrefixes(session, options);
  const { allowedTokens = [], prefixes = [], suppressTokens = [] } = options;
  const prefixTokens = prefixes.flatMap((prefix) => Array.from(prefix));
  for (const token of [options.beginToken, endToken, ...suppressTokens, ...allowedTokens, ...prefixTokens]) {
    if (!Number.isInteger(token) || token < 0 || token >= session.vocabularySize) {
      throw new ConfigError(`Token ids must be integers from 0 to ${session.vocabularySize - 1}, but one is ${token}.`);
    }
  }
  if (suppressTokens.includes(endToken)) {
    throw new ConfigError(`\`suppressTokens\` contains the end token (${endToken}): no output could ever end.`);
  }
}

function checkPrefixes({ sentences }: DecodingSession, { prefixes, maxLengths, endToken }: SearchOptions): void {
  if (prefixes === undefined) return;
  if (prefixes.length !== sentences) {
    throw new ConfigError(`\`prefixes\` must have one prefix per sentence (${sentences}), but has ${prefixes.length}.`);
  }
  for (const [sentence, prefix] of prefixes.entries()) {
    const limit = maxLengths[sentence]!;
    if (prefix.length > limit) {
      throw new ConfigError(
        `\`prefixes\` gives sentence ${sentence} of the batch ${prefix.length} tokens to begin with, but its maximum length is ${limit}.`,
      );
    }
    if (Array.from(prefix).includes(endToken)) {
      throw new ConfigError(
        `\`prefixes\` contains the end token (${endToken}) in the prefix of sentence ${sentence} of the batch: nothing could follow it; leave it out.`,
      );
    }
  }
}

/** The length penalty that the options describe. */
export function lengthPenaltyOf(options: SearchOptions): LengthPenalty {
  return { kind: options.lengthPenaltyKind, alpha: options.lengthPenalty };
}
