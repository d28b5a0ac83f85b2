// Counts how often each piece of a corpus occurs, in bounded memory.
import { detach } from './strings.js';

/** What an entry costs besides its characters, in characters. */
const ENTRY_COST = 24;

/**
 * Counts pieces. When the distinct pieces held reach `budget` (their length plus 24 for each, in UTF-16 units), the
 * rarest are forgotten: those counted once, then those counted twice, and so on until at most half the budget is in use.
 * Counts are exact until then; afterwards a rare piece may be missing or counted too low, a frequent one hardly.
 */
export class PieceCounter {
  private readonly cells = new Map<string, { count: number }>();
  private used = 0;

  /** @param forget told of each forgotten piece and its count. */
  constructor(
    private readonly budget: number,
    private readonly forget: (piece: string, count: number) => void = () => {},
  ) {}

  add(piece: string): void {
    const cell = this.cells.get(piece);
    if (cell !== undefined) {
      cell.count++;
      return;
    }
    this.cells.set(detach(piece), { count: 1 });
    this.used += piece.length + ENTRY_COST;
    if (this.used > this.budget) this.prune();
  }

  private prune(): void {
    for (let rarest = 1; this.used > this.budget / 2; rarest++) {
      for (const [piece, { count }] of this.cells) {
        if (count > rarest) continue;
        this.cells.delete(piece);
        this.used -= piece.length + ENTRY_COST;
        this.forget(piece, count);
      }
    }
  }

  /** The pieces and their counts, in order of first appearance. */
  *entries(): Generator<[piece: string, count: number]> {
    for (const [piece, { count }] of this.cells) yield [piece, count];
  }
}
