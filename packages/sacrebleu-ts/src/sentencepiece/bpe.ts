// Segmentation by byte-pair encoding (Sennrich et al., ACL 2016): neighbours are merged, the best pair first.
import { type Model, PieceType } from './model.js';
import type { Trie } from './trie.js';
import type { Encoder, Segment } from './unigram.js';

/** Two neighbours that could be merged. */
interface Pair {
  readonly score: number;
  readonly left: number;
  readonly right: number;
  /** Length of both when the pair was found: it is out of date when that has changed. */
  readonly length: number;
}

const before = (a: Pair, b: Pair) => a.score > b.score || (a.score === b.score && a.left < b.left);

/** Pairs, of which the best can be taken: a binary heap. */
class Agenda {
  private readonly pairs: Pair[] = [];

  add(pair: Pair): void {
    const { pairs } = this;
    let at = pairs.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(pair, pairs[parent]!)) break;
      pairs[at] = pairs[parent]!;
      at = parent;
    }
    pairs[at] = pair;
  }

  take(): Pair | undefined {
    const { pairs } = this;
    const best = pairs[0];
    const last = pairs.pop();
    if (last === undefined || pairs.length === 0) return best;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= pairs.length) break;
      if (child + 1 < pairs.length && before(pairs[child + 1]!, pairs[child]!)) child++;
      if (!before(pairs[child]!, last)) break;
      pairs[at] = pairs[child]!;
      at = child;
    }
    pairs[at] = last;
    return best;
  }
}

const FOUND_TYPES = [PieceType.normal, PieceType.userDefined, PieceType.unused];

/** The encoder that merges pairs as long as the vocabulary has what comes of it. Pieces defined by users are not merged. */
export function bpeEncoder({ pieces }: Model, userDefined: Trie): Encoder {
  const vocabulary = new Map(
    pieces.filter(({ type }) => FOUND_TYPES.includes(type)).map((piece) => [piece.text, piece] as const),
  );

  return (text) => {
    // Symbols form a list: those merged into another are empty and no longer linked.
    const symbols: string[] = [];
    const frozen: boolean[] = [];
    for (let at = 0; at < text.length; ) {
      const whole = userDefined.longest(text, at);
      const length = whole > 0 ? whole : text.codePointAt(at)! > 0xffff ? 2 : 1;
      symbols.push(text.slice(at, at + length));
      frozen.push(whole > 0);
      at += length;
    }
    const next = symbols.map((_, i) => i + 1);
    const previous = symbols.map((_, i) => i - 1);
    const agenda = new Agenda();
    /** Of which halves pieces that are not to be used were made. */
    const halves = new Map<string, readonly [string, string]>();
    const consider = (left: number, right: number) => {
      if (left < 0 || right >= symbols.length || frozen[left] || frozen[right]) return;
      const merged = symbols[left]! + symbols[right]!;
      const piece = vocabulary.get(merged);
      if (piece === undefined) return;
      agenda.add({ score: piece.score, left, right, length: merged.length });
      if (piece.type === PieceType.unused) halves.set(merged, [symbols[left]!, symbols[right]!]);
    };
    for (let i = 1; i < symbols.length; i++) consider(i - 1, i);
    for (let pair = agenda.take(); pair !== undefined; pair = agenda.take()) {
      const { left, right, length } = pair;
      const [first, second] = [symbols[left]!, symbols[right]!];
      if (first === '' || second === '' || first.length + second.length !== length) continue;
      symbols[left] = first + second;
      symbols[right] = '';
      const after = next[right]!;
      next[left] = after;
      if (after < symbols.length) previous[after] = left;
      consider(previous[left]!, left);
      consider(left, after);
    }

    const segments: Segment[] = [];
    const emit = (symbol: string) => {
      const parts = vocabulary.get(symbol)?.type === PieceType.unused ? halves.get(symbol) : undefined;
      if (parts) parts.forEach(emit);
      else segments.push({ text: symbol, known: vocabulary.has(symbol) });
    };
    for (let i = 0; i < symbols.length; i = next[i]!) emit(symbols[i]!);
    return segments;
  };
}
