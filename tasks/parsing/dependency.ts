// Trees of dependencies as labels of words: how far away the head is, and the relation to it.
import type { OutputGrammar } from '../../src/data/output-grammar.js';
import { readAttachments } from '../../src/metrics/trees/attachments.js';
import { EOS } from '../../src/text/tokenizer.js';
import type { GrammarOf, Linearisation } from './linearisation.js';
import { wordsOf } from './words.js';

/** The relation of the word that depends on no other. */
export const ROOT = 'root';
/** What Universal Dependencies calls a relation that is not known. */
const UNSPECIFIED = 'dep';

/** How far to the right the head of a word is, by token: `+1`, `-2`; `0`, the word itself, for the root. */
const OFFSET = /^(0|[-+]\d+)$/;

const offsetToken = (offset: number): string => (offset > 0 ? `+${offset}` : String(offset));

/** The target vocabulary by what its tokens mean. */
interface Labels {
  /** Distance by token, 0 among them; all from −{@link reach} to {@link reach}. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly reach: number;
  readonly relations: readonly number[];
  readonly rootRelation: number;
}

/**
 * For each word (from 1), the word whose head is still open that it leads to, or 0 where it leads to the root.
 * @param heads of the first words, without cycles
 */
function topsOf(heads: readonly number[], words: number): Int32Array {
  const tops = Int32Array.from({ length: words + 1 }, (_, word) => (word > heads.length ? word : -1));
  tops[0] = 0;
  for (let word = 1; word <= heads.length; word++) {
    const path: number[] = [];
    let at = word;
    for (; tops[at]! < 0; at = heads[at - 1]!) path.push(at);
    for (const passed of path) tops[passed] = tops[at]!;
  }
  return tops;
}

/**
 * Trees over exactly the words there are: heads within the sentence, one root, no cycle, the root's relation at the root only.
 *
 * Words whose heads are open are the last ones of the sentence. They can be completed if there is no root yet (the next word becomes
 * it), or if the next word can reach one that leads to the root; each of the others takes the word before it.
 */
function treesOver({ offsets, reach, relations, rootRelation }: Labels, words: number): OutputGrammar {
  return {
    shortest: 2 * words,
    following(prefix) {
      if (prefix.length === 2 * words) return [EOS];
      if (prefix.length % 2 === 1) return offsets.get(prefix.at(-1)!) === 0 ? [rootRelation] : relations;
      const word = prefix.length / 2 + 1;
      const heads = Array.from({ length: word - 1 }, (_, i) => {
        const offset = offsets.get(prefix[2 * i]!)!;
        return offset === 0 ? 0 : i + 1 + offset;
      });
      const tops = topsOf(heads, words);
      const hasRoot = heads.includes(0);
      const lastRooted = tops.lastIndexOf(0);
      // The next word would find nothing that leads to the root: so this one must.
      const mustReach = hasRoot && word < words && lastRooted < word + 1 - reach;
      return [...offsets].flatMap(([token, offset]) => {
        const head = word + offset;
        if (offset === 0) return hasRoot ? [] : [token];
        if (head < 1 || head > words || tops[head] === word) return [];
        return mustReach && tops[head] !== 0 ? [] : [token];
      });
    },
  };
}

/**
 * Two tokens a word, the offset of its head and its relation: the encoding by relative positions of Strzyz et al. (2019, "Viable
 * dependency parsing as sequence labeling"), with offsets in words.
 */
export const dependency: Linearisation = {
  needsWords: false,
  words: wordsOf,
  tokens: (target) =>
    readAttachments(target).flatMap((attachment, i) => {
      const { head, relation } = attachment!;
      return [offsetToken(head === 0 ? 0 : head - i - 1), relation];
    }),
  line(tokens) {
    const items: string[] = [];
    for (let i = 0; i < tokens.length; i += 2) {
      const offset = Number(tokens[i]);
      items.push(`${offset === 0 ? 0 : i / 2 + 1 + offset}:${tokens[i + 1] ?? '_'}`);
    }
    return items.join(' ');
  },
  // Every distance up to the longest seen, so that every sentence has a tree.
  vocabulary(seen) {
    const distances = [...seen].flatMap((token) => (OFFSET.test(token) ? [Math.abs(Number(token))] : []));
    const reach = distances.reduce((most, distance) => Math.max(most, distance), 1);
    const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => offsetToken(i - reach));
    return new Set([...seen, ...offsets, ROOT, UNSPECIFIED]);
  },
  grammar(tokens): GrammarOf {
    const ofOffsets = [...tokens].filter(([token]) => OFFSET.test(token));
    const offsets = new Map(ofOffsets.map(([token, id]) => [id, Number(token)]));
    const relations = [...tokens].flatMap(([token, id]) => (OFFSET.test(token) || token === ROOT ? [] : [id]));
    const labels = { offsets, reach: (offsets.size - 1) / 2, relations, rootRelation: tokens.get(ROOT)! };
    return (words) => treesOver(labels, words);
  },
};
