// Errors of one segment: split, numbered, aligned with the reference that it is closest to.
import { align, type Edits } from '../edits/align.js';
import { Numbering } from '../edits/numbering.js';
import { errors, referenceLength } from './rates.js';
import type { Splitter } from './units.js';

/**
 * The edits of a hypothesis against the reference with the fewest errors. Of references that have equally many the one with more
 * units counts, as its rate is the lower one; of those, the first. (jiwer knows single references only.)
 *
 * @throws RangeError without any reference
 */
export function countErrors(hypothesis: string, references: readonly string[], split: Splitter): Edits {
  const numbering = new Numbering();
  const target = numbering.ids(split(hypothesis));
  let best: Edits | undefined;
  for (const reference of references) {
    const edits = align(numbering.ids(split(reference)), target);
    const gain = best === undefined ? 1 : errors(best) - errors(edits);
    if (best === undefined || gain > 0 || (gain === 0 && referenceLength(edits) > referenceLength(best))) best = edits;
  }
  if (best === undefined)
    throw new RangeError('references: expected at least one text, found none; give every segment one');
  return best;
}
