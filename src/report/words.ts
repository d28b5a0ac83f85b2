// Which words of an output agree with its reference, in order.

/** A stretch of an output. */
export interface Stretch {
  readonly text: string;
  /** Whether its words agree with the reference. */
  readonly agrees: boolean;
}

/** Products of lengths beyond this are not compared: a longest common subsequence takes as many steps. */
const MOST_CELLS = 4_000_000;

/** Words and the spaces between them. Scripts that write no spaces are taken character by character. */
function piecesOf(text: string): string[] {
  const unspaced =
    '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}';
  return text.match(new RegExp(`\\s+|[${unspaced}]\\p{M}*|[^\\s${unspaced}]+`, 'gu')) ?? [];
}

/** For each item of `b`, whether it is in a longest common subsequence with `a`; undefined where the two are too long. */
function inCommon(a: readonly string[], b: readonly string[]): boolean[] | undefined {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [rows, columns] = [a.length - start - end, b.length - start - end];
  if (rows * columns > MOST_CELLS) return undefined;
  const found = b.map((_, i) => i < start || i >= b.length - end);
  // Lengths of the longest common subsequences of what remains from (i, j) on. `[rows + 1, columns + 1]`
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const isSame = a[start + i] === b[start + j];
      const [below, beside] = [lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!];
      lengths[i * width + j] = isSame ? lengths[(i + 1) * width + j + 1]! + 1 : Math.max(below, beside);
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (a[start + i] === b[start + j]) {
      found[start + j] = true;
      i += 1;
      j += 1;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i += 1;
    else j += 1;
  }
  return found;
}

/** An output cut into stretches that agree with the reference and such that do not; one that does not where both are very long. */
export function agreement(reference: string, output: string): Stretch[] {
  const isWord = (piece: string): boolean => piece.trim() !== '';
  const pieces = piecesOf(output);
  const found = inCommon(piecesOf(reference).filter(isWord), pieces.filter(isWord));
  if (found === undefined) return [{ text: output, agrees: false }];
  const stretches: { text: string; agrees: boolean }[] = [];
  let word = 0;
  for (const piece of pieces) {
    const last = stretches.at(-1);
    // A space between two words that agree is marked with them.
    const agrees = isWord(piece) ? (found[word++] ?? false) : (last?.agrees ?? false) && (found[word] ?? false);
    if (last && last.agrees === agrees) last.text += piece;
    else stretches.push({ text: piece, agrees });
  }
  return stretches;
}
