// A bounded cache of encoded pieces that keeps those in use.
import { detach } from './strings.js';

/** Longer pieces seldom come twice. */
const LONGEST_PIECE = 64;

/**
 * Remembers the ids of pieces. It holds two generations of at most `capacity` pieces: when the young one is full, it
 * becomes the old one, and what the old one held and nobody asked for since is forgotten.
 */
export class PieceCache {
  private young = new Map<string, readonly number[]>();
  private old = new Map<string, readonly number[]>();

  constructor(private readonly capacity: number) {}

  get(piece: string): readonly number[] | undefined {
    const ids = this.young.get(piece);
    if (ids !== undefined) return ids;
    const older = this.old.get(piece);
    if (older !== undefined) this.insert(piece, older);
    return older;
  }

  set(piece: string, ids: readonly number[]): void {
    if (piece.length <= LONGEST_PIECE) this.insert(detach(piece), ids);
  }

  private insert(piece: string, ids: readonly number[]): void {
    if (this.young.size >= this.capacity) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(piece, ids);
  }
}
