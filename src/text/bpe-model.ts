// Byte-pair encoding of one piece of text with a learned list of merges, with optional dropout of merges.
import type { Random } from '../random.js';
import { Heap } from './heap.js';
import type { PairTable } from './pair-table.js';

/** Cuts one piece (what the pre-tokenizer leaves together) into tokens. */
export interface PieceModel {
  /**
   * Appends the piece's ids to `out`.
   * @param dropout chance of skipping a merge; `random` must be given when it is above 0.
   */
  encodePiece(piece: string, out: number[], dropout: number, random: Random | undefined): void;
  /** The texts of the unknown tokens that the piece gives, in order. */
  unknownTexts(piece: string): string[];
}

/** What {@link createBpeModel} needs: ids of single characters and bytes, and the merges as ids in order of rank. */
interface BpeModelOptions {
  /** Ids of the tokens of one code point. */
  characters: ReadonlyMap<string, number>;
  /** Ids of the 256 byte tokens, for characters without a token; undefined: such characters become `unknown`. */
  bytes: readonly number[] | undefined;
  unknown: number;
  /** Whether several unknown characters in a row make one unknown token. */
  fuseUnknown: boolean;
  /** Rank of each mergeable pair. */
  ranks: PairTable;
  /** The token each merge makes, by rank. */
  results: ArrayLike<number>;
}

const DEAD = -1;
const POSITIONS = 2 ** 31;

/**
 * Byte-pair encoding (Sennrich et al., 2016): repeatedly merges the adjacent pair of lowest rank, the leftmost first.
 * With dropout (Provilkov et al., 2020), every time a merge is chosen each candidate is left out with the given chance.
 */
export function createBpeModel(options: BpeModelOptions): PieceModel {
  const { characters, bytes, unknown, fuseUnknown, ranks, results } = options;
  let symbols = new Int32Array(64);
  // An item is rank · 2³¹ + position, so that plain numeric order is: lowest rank, then leftmost.
  const queue = new Heap((a, b) => a < b);
  const skipped: number[] = [];

  /** Fills `symbols` with one symbol a character (or byte) and returns how many there are. */
  const split = (piece: string): number => {
    // Three bytes at most for one UTF-16 unit.
    if (symbols.length < piece.length * 3) symbols = new Int32Array(piece.length * 6);
    let length = 0;
    let afterUnknown = false;
    for (const character of piece) {
      const id = characters.get(character);
      if (id !== undefined) symbols[length++] = id;
      else if (bytes) for (const byte of Buffer.from(character, 'utf8')) symbols[length++] = bytes[byte]!;
      else if (!(fuseUnknown && afterUnknown)) symbols[length++] = unknown;
      afterUnknown = id === undefined;
    }
    return length;
  };

  const enqueue = (position: number, left: number, right: number): void => {
    const rank = ranks.find(left, right);
    if (rank >= 0) queue.push(rank * POSITIONS + position);
  };

  return {
    encodePiece(piece, out, dropout, random) {
      const length = split(piece);
      if (ranks.size > 0) for (let i = 1; i < length; i++) enqueue(i - 1, symbols[i - 1]!, symbols[i]!);
      for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
        const position = item % POSITIONS;
        const rank = (item - position) / POSITIONS;
        let right = position + 1;
        while (right < length && symbols[right] === DEAD) right++;
        // The symbols may have been merged with others since the pair was queued.
        if (symbols[position] !== ranks.lefts[rank] || right >= length || symbols[right] !== ranks.rights[rank])
          continue;
        if (random && random.uniform() < dropout) {
          skipped.push(item);
          continue;
        }
        while (skipped.length > 0) queue.push(skipped.pop()!);
        const merged = results[rank]!;
        symbols[position] = merged;
        symbols[right] = DEAD;
        let next = right + 1;
        while (next < length && symbols[next] === DEAD) next++;
        if (next < length) enqueue(position, merged, symbols[next]!);
        let previous = position - 1;
        while (previous >= 0 && symbols[previous] === DEAD) previous--;
        if (previous >= 0) enqueue(previous, symbols[previous]!, merged);
      }
      skipped.length = 0;
      for (let i = 0; i < length; i++) if (symbols[i] !== DEAD) out.push(symbols[i]!);
    },
    unknownTexts(piece) {
      const texts: string[] = [];
      if (bytes) return texts;
      let afterUnknown = false;
      for (const character of piece) {
        const isUnknown = !characters.has(character);
        if (isUnknown && fuseUnknown && afterUnknown) texts[texts.length - 1] += character;
        else if (isUnknown) texts.push(character);
        afterUnknown = isUnknown;
      }
      return texts;
    },
  };
}

/** One whole piece, one token: the model of word vocabularies. */
export function createWordModel(words: ReadonlyMap<string, number>, unknown: number): PieceModel {
  return {
    encodePiece(piece, out) {
      out.push(words.get(piece) ?? unknown);
    },
    unknownTexts: (piece) => (words.has(piece) ? [] : [piece]),
  };
}
