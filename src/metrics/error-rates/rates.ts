// Counts of errors, and the rates that they lead to.

/** How many units of a corpus, or a segment, are right and wrong, and in which way. */
export interface ErrorCounts {
  readonly hits: number;
  readonly substitutions: number;
  /** Units of the hypotheses that the references lack. */
  readonly insertions: number;
  /** Units of the references that the hypotheses lack. */
  readonly deletions: number;
}

/** Sums of {@link ErrorCounts}. */
export class ErrorTotals implements ErrorCounts {
  hits = 0;
  substitutions = 0;
  insertions = 0;
  deletions = 0;

  add(counts: ErrorCounts): void {
    this.hits += counts.hits;
    this.substitutions += counts.substitutions;
    this.insertions += counts.insertions;
    this.deletions += counts.deletions;
  }
}

/** Substitutions, insertions and deletions together: the edit distance. */
export const errors = ({ substitutions, insertions, deletions }: ErrorCounts): number =>
  substitutions + insertions + deletions;

export const referenceLength = ({ hits, substitutions, deletions }: ErrorCounts): number =>
  hits + substitutions + deletions;

const hypothesisLength = ({ hits, substitutions, insertions }: ErrorCounts): number =>
  hits + substitutions + insertions;

/**
 * Errors in proportion to the length of the references, as a fraction that may be more than 1: the word error rate (WER), or
 * that of characters (CER) or phonemes (PER), after what was counted. As jiwer 4.0.0 has it, it is the number of insertions
 * where there is no reference at all, so 0 where there is no output either.
 */
export function errorRate(counts: ErrorCounts): number {
  const length = referenceLength(counts);
  return length === 0 ? counts.insertions : errors(counts) / length;
}

/**
 * The match error rate: errors in proportion to all matches and errors, from 0 to 1 (Morris, Maier and Green, Interspeech 2004).
 * 0 where there is neither reference nor output, as in jiwer 4.0.0.
 */
export function matchErrorRate(counts: ErrorCounts): number {
  const wrong = errors(counts);
  return wrong === 0 ? 0 : wrong / (counts.hits + wrong);
}

/**
 * Word information preserved: the share of the references that was recognised times the share of the outputs that is right
 * (Morris, Maier and Green, Interspeech 2004). As in jiwer 4.0.0, 1 where both are empty and 0 where one is.
 */
export function wordInformationPreserved(counts: ErrorCounts): number {
  const expected = referenceLength(counts);
  const found = hypothesisLength(counts);
  if (expected === 0 && found === 0) return 1;
  return expected === 0 || found === 0 ? 0 : (counts.hits / expected) * (counts.hits / found);
}

/** Word information lost: what {@link wordInformationPreserved} lacks to 1. */
export const wordInformationLost = (counts: ErrorCounts): number => 1 - wordInformationPreserved(counts);
