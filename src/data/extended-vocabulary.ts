// The vocabulary of one source: the target's tokens, and the words of the source that are not among them.
import { CopyableTokens } from './sequences.js';

/** A text as token ids, and what its unknown tokens stand for, in order. */
export interface ReadTokens {
  readonly ids: Int32Array;
  readonly unknownTexts: readonly string[];
}

/** What connects a source's tokens with the target's vocabulary. */
export interface CopyMap {
  /** V: tokens of the target's vocabulary. */
  readonly size: number;
  readonly unknownId: number;
  /** The target's id of a token of the source that is not unknown, or its text where the target has none. */
  target(id: number): number | string;
  /** The target's id of a text, if it has one. */
  idOf(text: string): number | undefined;
}

/**
 * A source with its extended vocabulary (See et al., 2017): a token that the target's vocabulary has stands for that token, any other
 * one for id V + j, where j counts the distinct ones of this source from 0.
 */
export function copyableSource({ ids, unknownTexts }: ReadTokens, map: CopyMap): CopyableTokens {
  const words: string[] = [];
  const numbers = new Map<string, number>();
  const extended = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    const id = map.size + words.length;
    numbers.set(text, id);
    words.push(text);
    return id;
  };
  let unknown = 0;
  const copyIds = Int32Array.from(ids, (id) => {
    if (id !== map.unknownId) {
      const target = map.target(id);
      return typeof target === 'number' ? target : extended(target);
    }
    const text = unknownTexts[unknown++] as string;
    return map.idOf(text) ?? extended(text);
  });
  return new CopyableTokens(ids, copyIds, { size: map.size, words });
}

/** A target in the extended vocabulary of its source: an unknown word that the source has gets the id that it has there. */
export function extendedTarget(
  { ids, unknownTexts }: ReadTokens,
  { vocabulary }: CopyableTokens,
  unknownId: number,
): Int32Array {
  let unknown = 0;
  return Int32Array.from(ids, (id) => {
    if (id !== unknownId) return id;
    const place = vocabulary.words.indexOf(unknownTexts[unknown++] as string);
    return place < 0 ? unknownId : vocabulary.size + place;
  });
}

/** The ids with those beyond a vocabulary of `size` tokens as unknown ones: what a decoder can read. */
export function withinVocabulary(ids: Int32Array, size: number, unknownId: number): Int32Array {
  return ids.map((id) => (id < size ? id : unknownId));
}
