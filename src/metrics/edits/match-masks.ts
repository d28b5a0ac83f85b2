// Where each symbol of a text stands in a pattern, as rows of bits: what bit-parallel dynamic programming reads at each step.

/** Words of memory for the rows that are kept; symbols too rare for a row in it have theirs written anew at each use. */
const KEPT_WORDS = 1 << 22;

/** Offsets of the rows that are always there: that of symbols which the pattern lacks, and that of rare symbols. */
const EMPTY = 0;
const RARE = -1;

/** Local number of a symbol, 0 where the pattern has none; zero everywhere between uses. */
let slots = new Int32Array(1024);

/**
 * The masks of a pattern's symbols, 32 positions a word. Memory is in proportion to the lengths, not to their product: only
 * symbols that occur often keep a row, and the more positions a row has, the fewer such symbols there can be.
 */
export class MatchMasks {
  /** Words in a row. */
  readonly words: number;
  /** All rows. */
  readonly bits: Int32Array;
  /** The text in local numbers: 0 for symbols that the pattern lacks. */
  private readonly text: Int32Array;
  /** Where the row of a symbol begins. */
  private readonly offsets: Int32Array;
  /** `positions[starts[s] .. starts[s + 1]]` are those of a rare symbol s, ascending. */
  private readonly starts: Int32Array;
  private readonly positions: Int32Array;
  /** The positions that stand in the row of rare symbols now. */
  private writtenFrom = 0;
  private writtenTo = 0;

  /** @param pattern @param text symbols as integers from 0, small enough to index an array by */
  constructor(pattern: Int32Array, text: Int32Array) {
    const { length } = pattern;
    const words = (length + 31) >>> 5;
    const { local, symbols, translated } = translate(pattern, text);
    this.words = words;
    this.text = translated;

    const starts = new Int32Array(symbols + 2);
    for (let i = 0; i < length; i++) starts[local[i]! + 1]! += 1;
    // There are at most length / often symbols that occur `often` or more, so their rows fit.
    const often = Math.max(1, Math.ceil((length * words) / KEPT_WORDS));
    this.offsets = new Int32Array(symbols + 1);
    let end = 2 * words;
    for (let symbol = 1; symbol <= symbols; symbol++) {
      const kept = starts[symbol + 1]! >= often;
      this.offsets[symbol] = kept ? end : RARE;
      if (kept) {
        end += words;
        starts[symbol + 1] = 0;
      }
      starts[symbol + 1]! += starts[symbol]!;
    }
    this.bits = new Int32Array(end);
    this.positions = new Int32Array(starts[symbols + 1]!);
    const next = starts.slice();
    for (let i = 0; i < length; i++) {
      const symbol = local[i]!;
      const offset = this.offsets[symbol]!;
      if (offset === RARE) {
        this.positions[next[symbol]!] = i;
        next[symbol]! += 1;
      } else this.bits[offset + (i >>> 5)]! |= 1 << (i & 31);
    }
    this.starts = starts;
  }

  /**
   * Where in {@link bits} the row of the text's j-th symbol begins; it is right from word `first` to word `last`, until the next
   * call. `first` must not decrease from call to call.
   */
  row(j: number, first: number, last: number): number {
    const { bits, positions, starts, words } = this;
    const symbol = this.text[j]!;
    if (symbol === 0) return EMPTY;
    const offset = this.offsets[symbol]!;
    if (offset !== RARE) return offset;
    for (let p = this.writtenFrom; p < this.writtenTo; p++) bits[words + (positions[p]! >>> 5)] = 0;
    const to = starts[symbol + 1]!;
    let p = lowerBound(positions, starts[symbol]!, to, first << 5);
    this.writtenFrom = p;
    const end = (last + 1) << 5;
    for (; p < to && positions[p]! < end; p++) bits[words + (positions[p]! >>> 5)]! |= 1 << (positions[p]! & 31);
    this.writtenTo = p;
    return words;
  }
}

/** Both sequences with the pattern's symbols numbered from 1 on. */
function translate(pattern: Int32Array, text: Int32Array) {
  let symbols = 0;
  const local = new Int32Array(pattern.length);
  for (let i = 0; i < pattern.length; i++) {
    const symbol = pattern[i]!;
    if (symbol >= slots.length) growSlots(symbol);
    let slot = slots[symbol]!;
    if (slot === 0) {
      symbols += 1;
      slot = symbols;
      slots[symbol] = slot;
    }
    local[i] = slot;
  }
  const translated = new Int32Array(text.length);
  // Beyond the table there is no slot, which is the same as an empty one.
  for (let j = 0; j < text.length; j++) translated[j] = text[j]! < slots.length ? slots[text[j]!]! : 0;
  for (let i = 0; i < pattern.length; i++) slots[pattern[i]!] = 0;
  return { local, symbols, translated };
}

function growSlots(symbol: number): void {
  const larger = new Int32Array(Math.max(2 * slots.length, symbol + 1));
  larger.set(slots);
  slots = larger;
}

/** The first of the ascending `values[from .. to]` that is at least `least`. */
function lowerBound(values: Int32Array, from: number, to: number, least: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
