// Alignments and errors as text, in the form in which jiwer prints them.
import type { AlignedSegment, Alignment, AlignmentChunk } from './alignment.js';
import { errorRate, matchErrorRate, wordInformationLost, wordInformationPreserved } from './rates.js';

/** How {@link renderAlignment} writes. Defaults are jiwer's. */
export interface RenderOptions {
  /** Whether units are words, which are set apart by spaces, or characters. */
  readonly unit: 'word' | 'character';
  /** Add counts and rates at the end; true unless told. */
  readonly showMeasures?: boolean;
  /** Leave out segments without an error; true unless told. */
  readonly skipCorrect?: boolean;
  /** Begin a new line where one would grow longer than this, as far as units allow. */
  readonly lineWidth?: number | undefined;
}

/** Length and padding go by code points, as in Python. */
const width = (text: string): number => (/[\ud800-\udfff]/.test(text) ? Array.from(text).length : text.length);
const pad = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text))) + text;

/** A fraction as a percentage with two decimals; exact halves go to the even digit, as in Python. */
function percent(fraction: number): string {
  const value = fraction * 100;
  const eighths = value * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return value.toFixed(2);
  const cents = Math.floor(value * 100);
  return ((cents + (cents % 2)) / 100).toFixed(2);
}

/** A unit of each text with the letter of its operation; `*` stands for nothing. */
function* columns({ reference, hypothesis, chunks }: AlignedSegment): Generator<[string, string, string]> {
  const letters = { equal: ' ', substitute: 'S', insert: 'I', delete: 'D' } as const;
  for (const { type, referenceStart, referenceEnd, hypothesisStart, hypothesisEnd } of chunks) {
    const length = Math.max(referenceEnd - referenceStart, hypothesisEnd - hypothesisStart);
    for (let k = 0; k < length; k++) {
      const expected = type === 'insert' ? '*' : reference[referenceStart + k]!;
      const found = type === 'delete' ? '*' : hypothesis[hypothesisStart + k]!;
      yield [expected, found, letters[type]];
    }
  }
}

/** A segment's three lines: reference, hypothesis and operations below each other. */
function renderSegment(segment: AlignedSegment, gap: string, lineWidth: number): string {
  const heads = ['REF: ', 'HYP: ', '     '];
  const blocks: string[] = [];
  let lines = heads;
  const finish = () => lines.map((line) => `${gap === '' ? line : line.slice(0, -1)}\n`).join('');
  let used = width(heads[0]!);
  for (const [expected, found, letter] of columns(segment)) {
    const wide = Math.max(width(expected), width(found), 1);
    if (used + wide > lineWidth) {
      blocks.push(finish());
      lines = heads;
      used = width(heads[0]!);
    }
    // jiwer goes by the text, so a unit that is an asterisk itself is drawn out as well.
    const stars = '*'.repeat(wide);
    const cells = [expected === '*' ? stars : expected, found === '*' && expected !== '*' ? stars : found, letter];
    lines = lines.map((line, k) => line + pad(cells[k]!, wide) + gap);
    used += wide + gap.length;
  }
  blocks.push(finish());
  return blocks.join('\n');
}

/** Whether jiwer takes a segment for one without an error. */
const isCorrect = (chunks: readonly AlignmentChunk[]): boolean =>
  chunks.length === 0 || (chunks.length === 1 && chunks[0]!.type === 'equal');

/** References and hypotheses below each other with a letter below each error, as jiwer 4.0.0's `visualize_alignment` has it. */
export function renderAlignment({ segments, counts }: Alignment, options: RenderOptions): string {
  const { unit, showMeasures = true, skipCorrect = true, lineWidth = Infinity } = options;
  const parts: string[] = [];
  for (const [i, segment] of segments.entries()) {
    if (skipCorrect && isCorrect(segment.chunks)) continue;
    parts.push(`=== SENTENCE ${i + 1} ===\n\n${renderSegment(segment, unit === 'word' ? ' ' : '', lineWidth)}\n`);
  }
  // jiwer takes the last character away, whatever it is.
  if (!showMeasures) return parts.join('').slice(0, -1);
  const { substitutions, deletions, insertions, hits } = counts;
  const rates =
    unit === 'character'
      ? `cer=${percent(errorRate(counts))}%`
      : [
          `mer=${percent(matchErrorRate(counts))}%`,
          `wil=${percent(wordInformationLost(counts))}%`,
          `wip=${percent(wordInformationPreserved(counts))}%`,
          `wer=${percent(errorRate(counts))}%`,
        ].join('\n');
  parts.push(
    `=== SUMMARY ===\nnumber of sentences: ${segments.length}\n`,
    `substitutions=${substitutions} deletions=${deletions} insertions=${insertions} hits=${hits}\n\n${rates}\n`,
  );
  return parts.join('');
}

/** How often each error occurred: what was expected, what was found, and how often; most frequent first. */
export interface FrequentErrors {
  readonly substitutions: readonly { readonly expected: string; readonly found: string; readonly count: number }[];
  readonly insertions: readonly { readonly found: string; readonly count: number }[];
  readonly deletions: readonly { readonly expected: string; readonly count: number }[];
}

/** Counts runs of errors as jiwer 4.0.0's `collect_error_counts` does: neighbouring errors of one kind are one. */
export function frequentErrors({ segments }: Alignment, unit: RenderOptions['unit']): FrequentErrors {
  const tallies = {
    substitute: new Map<string, number>(),
    insert: new Map<string, number>(),
    delete: new Map<string, number>(),
  };
  const gap = unit === 'word' ? ' ' : '';
  for (const { reference, hypothesis, chunks } of segments) {
    for (const { type, referenceStart, referenceEnd, hypothesisStart, hypothesisEnd } of chunks) {
      if (type === 'equal') continue;
      const expected = reference.slice(referenceStart, referenceEnd).join(gap);
      const found = hypothesis.slice(hypothesisStart, hypothesisEnd).join(gap);
      const key = JSON.stringify([expected, found]);
      tallies[type].set(key, (tallies[type].get(key) ?? 0) + 1);
    }
  }
  const list = (tally: Map<string, number>) =>
    [...tally]
      .map(([key, count]) => {
        const [expected, found] = JSON.parse(key) as [string, string];
        return { expected, found, count };
      })
      .sort((a, b) => b.count - a.count);
  return {
    substitutions: list(tallies.substitute),
    insertions: list(tallies.insert).map(({ found, count }) => ({ found, count })),
    deletions: list(tallies.delete).map(({ expected, count }) => ({ expected, count })),
  };
}

/** The errors and how often they occurred, as jiwer 4.0.0's `visualize_error_counts` prints them. */
export function renderFrequentErrors({ substitutions, insertions, deletions }: FrequentErrors): string {
  const section = (title: string, rows: readonly { readonly cells: readonly string[]; readonly count: number }[]) => {
    const widest = Math.max(0, ...rows.flatMap(({ cells }) => cells.map(width)));
    const fill = (text: string) => text + ' '.repeat(widest - width(text));
    const lines = rows.map(({ cells, count }) => `${cells.map(fill).join(' --> ')} = ${count}x\n`);
    return `=== ${title} ===\n${rows.length === 0 ? 'none' : lines.join('')}`;
  };
  const text = [
    section(
      'SUBSTITUTIONS',
      substitutions.map(({ expected, found, count }) => ({ cells: [expected, found], count })),
    ),
    section(
      'INSERTIONS',
      insertions.map(({ found, count }) => ({ cells: [found], count })),
    ),
    section(
      'DELETIONS',
      deletions.map(({ expected, count }) => ({ cells: [expected], count })),
    ),
  ].join('\n');
  return text.replace(/\n$/, '');
}
