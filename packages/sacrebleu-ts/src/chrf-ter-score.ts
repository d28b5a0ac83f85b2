// What the scores of chrF and TER have in common: a name, a number and a signature, written on one line.
import { formatScore, type ScoreFormat } from './format.js';
import type { Score, Signatures } from './metric.js';

/** A score that is written as its name and its number only. */
export abstract class OneNumberScore implements Score {
  abstract readonly name: string;
  readonly score: number;
  readonly signature: string;
  readonly shortSignature: string;
  readonly warnings: readonly string[] = [];

  protected constructor(score: number, signatures: Signatures) {
    this.score = score;
    this.signature = signatures.signature;
    this.shortSignature = signatures.shortSignature;
  }

  /** The score as sacreBLEU prints it: `chrF2 = 59.73`, `TER = 20.00`. */
  format(format?: ScoreFormat): string {
    return formatScore(this, '', format);
  }

  /** As {@link OneNumberScore.format} without options. */
  toString(): string {
    return this.format();
  }
}
