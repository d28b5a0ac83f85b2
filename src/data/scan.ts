// What the pass over a corpus collects about one side of it: blank lines, NUL characters and the longest lines.

/** The halves of a row. */
export const SIDES = ['source', 'target'] as const;
export type Side = (typeof SIDES)[number];

/** How many warnings of a kind are named, and how many of the longest lines are remembered. */
export const NAMED_EXAMPLES = 5;
const LONGEST_KEPT = 256;

/** A line of a corpus and its length in bytes. */
export interface LongLine {
  readonly index: number;
  readonly bytes: number;
}

/** The longest lines of one side. */
export interface LongestLines {
  /** Longest first; lines of one length in the order of the file. */
  readonly lines: readonly LongLine[];
  /** Length in bytes of the longest line that is not among `lines`; 0 when all are. */
  readonly restBytes: number;
}

/** Some lines of one kind: how many, and the first few. */
export class Tally {
  count = 0;
  readonly first: number[] = [];

  add(index: number): void {
    this.count += 1;
    if (this.first.length < NAMED_EXAMPLES) this.first.push(index);
  }
}

/** Collects facts about the lines of one side, given in order. */
export class SideScan {
  readonly blank = new Tally();
  readonly nul = new Tally();
  private kept: LongLine[] = [];
  private restBytes = 0;
  /** A line must be longer than this to be among the longest. */
  private threshold = -1;

  add(index: number, bytes: number, blank: boolean, nul: boolean): void {
    if (blank) this.blank.add(index);
    if (nul) this.nul.add(index);
    if (bytes <= this.threshold) {
      if (bytes > this.restBytes) this.restBytes = bytes;
      return;
    }
    this.kept.push({ index, bytes });
    if (this.kept.length >= 2 * LONGEST_KEPT) this.prune();
  }

  /** Keeps the longest lines only. The sort is stable, so that of equally long lines the earlier stay. */
  private prune(): void {
    this.kept.sort((a, b) => b.bytes - a.bytes);
    const dropped = this.kept[LONGEST_KEPT];
    if (dropped === undefined) return;
    this.restBytes = Math.max(this.restBytes, dropped.bytes);
    this.kept.length = LONGEST_KEPT;
    this.threshold = this.kept[LONGEST_KEPT - 1]?.bytes ?? -1;
  }

  longest(): LongestLines {
    this.prune();
    return { lines: [...this.kept], restBytes: this.restBytes };
  }
}

/** Whether a text is empty or white space only. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** {@link isBlank} of the UTF-8 text in `bytes[start … end)`, without decoding what plainly is not. */
export function isBlankBytes(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  const first = bytes[start] ?? 0;
  // White space starts with a byte up to 0x20 or, beyond ASCII, with one of these leads (U+00A0, U+1680, U+2000 … U+3000, U+FEFF).
  const space = first <= 0x20 || first === 0xc2 || (first >= 0xe1 && first <= 0xe3) || first === 0xef;
  return space && isBlank(bytes.toString('utf8', start, end));
}
