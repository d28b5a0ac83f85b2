// Segmentation by a unigram language model (Kudo, ACL 2018).
import { type Model, PieceType } from './model.js';
import { Trie } from './trie.js';
import { encodeUTF8 } from './utf8.js';

/** A part of a text, in the vocabulary or not. */
export interface Segment {
  readonly text: string;
  readonly known: boolean;
}

/** Splits a normalized text. */
export type Encoder = (text: string) => Segment[];

/** How much less likely an unknown character is than the least likely piece; a logarithm. */
const UNKNOWN_PENALTY = 10;
/** The least that SentencePiece takes for the score of the likeliest piece: the smallest number of 32 bits. */
const LEAST_MAXIMUM = 2 ** -126;

const FOUND_TYPES = [PieceType.normal, PieceType.userDefined];

/**
 * The encoder that finds the likeliest segmentation, by Viterbi's algorithm. Sums are rounded to 32 bits where SentencePiece
 * rounds them, so that ties are broken alike.
 */
export function unigramEncoder({ pieces }: Model): Encoder {
  const normal = pieces.filter(({ type }) => type === PieceType.normal).map(({ score }) => score);
  const least = normal.reduce((a, b) => Math.min(a, b), 3.4028234663852886e38);
  const most = normal.reduce((a, b) => Math.max(a, b), LEAST_MAXIMUM);
  const unknownScore = Math.fround(least - UNKNOWN_PENALTY);
  const scores = Float64Array.from(pieces, ({ text, type, score }) =>
    // A score that no segmentation into other pieces reaches.
    type === PieceType.userDefined ? Math.fround(encodeUTF8(text).length * most) - 0.1 : score,
  );
  const trie = new Trie(
    pieces.flatMap(({ text, type }, id) => (FOUND_TYPES.includes(type) ? [[text, id] as const] : [])),
  );

  return (text) => {
    const best = new Float32Array(text.length + 1);
    /** Where the last piece of the best segmentation up to a place starts; -1 when none is known yet. */
    const starts = new Int32Array(text.length + 1).fill(-1);
    const known = new Uint8Array(text.length + 1);
    for (let from = 0; from < text.length; ) {
      const character = text.codePointAt(from)! > 0xffff ? 2 : 1;
      const before = best[from]!;
      let covered = false;
      let node = 0;
      for (let end = from + 1; end <= text.length; end++) {
        node = trie.child(node, text.charCodeAt(end - 1));
        if (node === 0) break;
        const id = trie.idAt(node);
        if (id < 0) continue;
        if (end - from === character) covered = true;
        const score = Math.fround(before + scores[id]!);
        if (starts[end] === -1 || score > best[end]!) {
          best[end] = score;
          starts[end] = from;
          known[end] = 1;
        }
      }
      if (!covered) {
        const end = from + character;
        const score = Math.fround(before + unknownScore);
        if (starts[end] === -1 || score > best[end]!) {
          best[end] = score;
          starts[end] = from;
          known[end] = 0;
        }
      }
      from += character;
    }
    const segments: Segment[] = [];
    for (let end = text.length; end > 0; end = starts[end]!) {
      segments.push({ text: text.slice(starts[end]!, end), known: known[end] === 1 });
    }
    return segments.reverse();
  };
}
