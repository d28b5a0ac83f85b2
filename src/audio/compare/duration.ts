// How long a synthetic utterance is beside the recorded one.
import { DataError } from '../../errors.js';

/** Durations compared, both as parts of the reference's. */
export interface DurationError {
  /** |synthetic − reference| / reference. */
  readonly relative: number;
  /** (synthetic − reference) / reference: above 0 where the synthetic utterance is longer. */
  readonly signed: number;
}

/**
 * Compares the durations of an utterance. Silence at the ends counts as it is: cut it from both or from neither.
 *
 * @param referenceSeconds above 0
 * @param syntheticSeconds 0 or more
 * @throws DataError when they are not
 */
export function durationError(referenceSeconds: number, syntheticSeconds: number): DurationError {
  if (!(referenceSeconds > 0 && Number.isFinite(referenceSeconds))) {
    throw new DataError(
      `duration error: expected a reference of more than 0 s, found ${referenceSeconds} s; leave empty recordings out`,
    );
  }
  if (!(syntheticSeconds >= 0 && Number.isFinite(syntheticSeconds))) {
    throw new DataError(`duration error: expected a synthetic sound of 0 s or more, found ${syntheticSeconds} s`);
  }
  const signed = (syntheticSeconds - referenceSeconds) / referenceSeconds;
  return { relative: Math.abs(signed), signed };
}
