// Pads token sequences of different lengths to one rectangle.

/** Token ids [B, L], row after row; L is the longest row's length. */
export interface PaddedTokens {
  readonly ids: Int32Array;
  readonly length: number;
}

/**
 * Pads `rows` on the right with `pad` to the longest of them.
 * @returns ids [B, L] and L; L is 0 when every row is empty.
 */
export function padTokens(rows: readonly Int32Array[], pad = 0): PaddedTokens {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  const ids = new Int32Array(rows.length * length).fill(pad);
  rows.forEach((row, i) => {
    ids.set(row, i * length);
  });
  return { ids, length };
}
