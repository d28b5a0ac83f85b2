// Learns byte-pair merges from counted pieces, updating pair counts instead of counting anew after each merge.
import { Heap } from './heap.js';
import { PairTable } from './pair-table.js';

/** The place of a symbol that was merged into the one on its left. */
const DEAD = -2;
/** Stands between pieces, and for characters without a token: never part of a pair. */
const BARRIER = -1;

/** The corpus as symbols, and for each pair of neighbours its count and places. */
class PairIndex {
  readonly pairs = new PairTable();
  /** Count of each pair; -∞ for a pair that must not be merged. */
  readonly counts: number[] = [];
  /** Places of a pair: a chain of entries from its head. An entry may be out of date. */
  private readonly heads: number[] = [];
  private places = new Int32Array(1024);
  private links = new Int32Array(1024);
  private entries = 0;

  /** Adds `change` (maybe negative) to the pair's count, and `place` (when not negative) to its places. @returns its number. */
  add(left: number, right: number, change: number, place: number): number {
    const pair = this.pairs.add(left, right);
    if (pair === this.counts.length) {
      this.counts.push(0);
      this.heads.push(-1);
    }
    this.counts[pair]! += change;
    if (place >= 0) {
      if (this.entries === this.places.length) {
        this.places = grown(this.places);
        this.links = grown(this.links);
      }
      this.places[this.entries] = place;
      this.links[this.entries] = this.heads[pair]!;
      this.heads[pair] = this.entries++;
    }
    return pair;
  }

  /** Takes out the pair's places, from left to right. */
  take(pair: number): Int32Array {
    let length = 0;
    for (let entry = this.heads[pair]!; entry >= 0; entry = this.links[entry]!) length++;
    const places = new Int32Array(length);
    for (let entry = this.heads[pair]!; entry >= 0; entry = this.links[entry]!) places[--length] = this.places[entry]!;
    this.heads[pair] = -1;
    return places.sort();
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** What {@link learnMerges} needs. */
interface MergeLearnerOptions {
  /** The vocabulary so far, by id; the pieces' characters are looked up in it. */
  tokens: readonly string[];
  /** Texts that no merge may make, because they have another meaning in the vocabulary. */
  reserved: ReadonlySet<string>;
  /** Stop when the vocabulary has this many tokens. */
  vocabularySize: number;
  /** Stop when no pair occurs this often. */
  minFrequency: number;
}

/**
 * Byte-pair encoding (Sennrich et al., 2016): merges the most frequent pair of neighbouring tokens until the vocabulary is
 * full. Among equally frequent pairs, the one whose left, then right, token has the smaller id wins, so the result does not
 * depend on the order of `pieces`. Two pairs may make the same token, which then has two merges (as in `tokenizers`).
 * @param pieces what the pre-tokenizer leaves together, and how often; merges do not cross pieces, nor characters that
 *   have no token.
 */
export function learnMerges(
  pieces: readonly (readonly [string, number])[],
  options: MergeLearnerOptions,
): { tokens: string[]; merges: [string, string][] } {
  const { reserved, vocabularySize, minFrequency } = options;
  const tokens = [...options.tokens];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: [string, string][] = [];

  // All pieces one after another, with a barrier on both sides of each.
  const space = pieces.reduce((sum, [piece]) => sum + piece.length + 1, 1);
  const symbols = new Int32Array(space).fill(BARRIER);
  const pieceAt = new Int32Array(space);
  const index = new PairIndex();
  let end = 1;
  pieces.forEach(([piece, count], number) => {
    for (const character of piece) {
      symbols[end] = ids.get(character) ?? BARRIER;
      pieceAt[end] = number;
      if (symbols[end]! >= 0 && symbols[end - 1]! >= 0) index.add(symbols[end - 1]!, symbols[end]!, count, end - 1);
      end++;
    }
    end++;
  });

  // Heap items are offers: a pair and its count when offered. Offers are checked against the present count when taken.
  const { pairs, counts } = index;
  const offeredPairs: number[] = [];
  const offeredCounts: number[] = [];
  const offers = new Heap((a, b) => {
    if (offeredCounts[a] !== offeredCounts[b]) return offeredCounts[a]! > offeredCounts[b]!;
    const [pairA, pairB] = [offeredPairs[a]!, offeredPairs[b]!];
    if (pairs.lefts[pairA] !== pairs.lefts[pairB]) return pairs.lefts[pairA]! < pairs.lefts[pairB]!;
    return pairs.rights[pairA]! < pairs.rights[pairB]!;
  });
  const offer = (pair: number): void => {
    if (counts[pair]! < minFrequency) return;
    offeredPairs.push(pair);
    offeredCounts.push(counts[pair]!);
    offers.push(offeredPairs.length - 1);
  };
  for (let pair = 0; pair < pairs.size; pair++) offer(pair);

  while (tokens.length < vocabularySize) {
    const taken = offers.pop();
    if (taken === undefined) break;
    const pair = offeredPairs[taken]!;
    if (counts[pair] !== offeredCounts[taken]) {
      // The count fell since the offer. (Had it risen, the higher offer would have come first.)
      if (counts[pair]! < offeredCounts[taken]!) offer(pair);
      continue;
    }
    const [left, right] = [pairs.lefts[pair]!, pairs.rights[pair]!];
    const merged = tokens[left]! + tokens[right]!;
    if (reserved.has(merged)) {
      counts[pair] = Number.NEGATIVE_INFINITY;
      continue;
    }
    merges.push([tokens[left]!, tokens[right]!]);
    let id = ids.get(merged);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(merged);
      ids.set(merged, id);
    }
    const risen = new Set<number>();
    for (const place of index.take(pair)) {
      let second = place + 1;
      while (symbols[second] === DEAD) second++;
      if (symbols[place] !== left || symbols[second] !== right) continue;
      const count = pieces[pieceAt[place]!]![1];
      let before = place - 1;
      while (symbols[before] === DEAD) before--;
      let after = second + 1;
      while (symbols[after] === DEAD) after++;
      symbols[place] = id;
      symbols[second] = DEAD;
      if (symbols[before]! >= 0) {
        index.add(symbols[before]!, left, -count, -1);
        risen.add(index.add(symbols[before]!, id, count, before));
      }
      if (symbols[after]! >= 0) {
        index.add(right, symbols[after]!, -count, -1);
        risen.add(index.add(id, symbols[after]!, count, place));
      }
    }
    counts[pair] = 0;
    for (const other of risen) offer(other);
  }
  return { tokens, merges };
}
