// When words were said: the tokens' places in an alignment, in seconds.
import type { CtcAlignment } from './align.js';

/** A word and the tokens of an output that it consists of, first and last included. */
interface WordSpan {
  readonly word: string;
  readonly firstToken: number;
  readonly lastToken: number;
}

/** A word with its times in seconds from the beginning of the utterance, and the mean confidence of its tokens. */
export interface SpokenWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

/**
 * The words of an aligned output with their times.
 * @param alignment of all tokens of the output
 * @param secondsPerPosition how much sound an encoder position stands for
 */
export function spokenWords(
  spans: readonly WordSpan[],
  { starts, ends, confidences }: CtcAlignment,
  secondsPerPosition: number,
): SpokenWord[] {
  return spans.map(({ word, firstToken, lastToken }) => {
    const own = confidences.subarray(firstToken, lastToken + 1);
    return {
      word,
      start: (starts[firstToken] as number) * secondsPerPosition,
      end: (ends[lastToken] as number) * secondsPerPosition,
      confidence: own.reduce((a, b) => a + b, 0) / own.length,
    };
  });
}
