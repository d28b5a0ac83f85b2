// Alignments of segments with their references, as jiwer describes them.
import { align, DELETE, type Edits, EQUAL, INSERT, SUBSTITUTE } from '../edits/align.js';
import { Numbering } from '../edits/numbering.js';
import { ErrorTotals } from './rates.js';
import type { Splitter } from './units.js';

/** A run of operations of one kind. */
export interface AlignmentChunk {
  readonly type: 'equal' | 'substitute' | 'insert' | 'delete';
  /** The first unit of the reference concerned; `referenceEnd` is the one after the last. */
  readonly referenceStart: number;
  readonly referenceEnd: number;
  readonly hypothesisStart: number;
  readonly hypothesisEnd: number;
}

/** A segment beside its reference, in units. */
export interface AlignedSegment {
  readonly reference: readonly string[];
  readonly hypothesis: readonly string[];
  readonly chunks: readonly AlignmentChunk[];
}

/** A corpus beside its references. */
export interface Alignment {
  readonly segments: readonly AlignedSegment[];
  readonly counts: ErrorTotals;
}

const TYPES: readonly AlignmentChunk['type'][] = ((names: AlignmentChunk['type'][]) => {
  names[EQUAL] = 'equal';
  names[SUBSTITUTE] = 'substitute';
  names[INSERT] = 'insert';
  names[DELETE] = 'delete';
  return names;
})([]);

/** Operations as runs of the same one. */
function chunksOf({ operations }: Edits): AlignmentChunk[] {
  const chunks: AlignmentChunk[] = [];
  let referenceStart = 0;
  let hypothesisStart = 0;
  for (let from = 0; from < operations.length; ) {
    const code = operations[from]!;
    let to = from + 1;
    while (to < operations.length && operations[to] === code) to++;
    const referenceEnd = referenceStart + (code === INSERT ? 0 : to - from);
    const hypothesisEnd = hypothesisStart + (code === DELETE ? 0 : to - from);
    chunks.push({ type: TYPES[code]!, referenceStart, referenceEnd, hypothesisStart, hypothesisEnd });
    referenceStart = referenceEnd;
    hypothesisStart = hypothesisEnd;
    from = to;
  }
  return chunks;
}

/**
 * Aligns hypotheses with one reference each, as jiwer 4.0.0's `process_words` and `process_characters` do.
 *
 * @param split `words` or `codePoints` for what jiwer does
 * @throws RangeError when there are not as many references as hypotheses
 */
export function alignSegments(
  references: readonly string[],
  hypotheses: readonly string[],
  split: Splitter,
): Alignment {
  if (references.length !== hypotheses.length) {
    throw new RangeError(
      `references: expected ${hypotheses.length}, one for each hypothesis, found ${references.length}; ` +
        'leave an empty text where there is none',
    );
  }
  const counts = new ErrorTotals();
  const segments = hypotheses.map((text, i) => {
    const reference = split(references[i]!);
    const hypothesis = split(text);
    const numbering = new Numbering();
    const edits = align(numbering.ids(reference), numbering.ids(hypothesis));
    counts.add(edits);
    return { reference, hypothesis, chunks: chunksOf(edits) };
  });
  return { segments, counts };
}
