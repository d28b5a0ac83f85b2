// Counts the n-grams that a hypothesis shares with each of its references, as chrF wants them.
import type { SymbolSequence } from './chrf-symbols.js';

/**
 * Finds shared n-grams order by order. An n-gram is known by its first n − 1 symbols' number and its last symbol: a hash
 * table gives it a number of its own. Only those of the hypothesis are in the table, and only where all their parts are
 * shared with some reference: a longer n-gram cannot be shared otherwise. The table is emptied for the next order, so memory
 * is a small multiple of the hypothesis' length, and is reused from segment to segment.
 */
export class SharedNgramCounter {
  private nodes = 1;
  /** Hash table of n-grams; 0 marks a free slot. Only the first `2 ** (32 - shift)` slots are in use. */
  private slots = new Int32Array(0);
  private shift = 0;
  // Per n-gram: the number of its first symbols and its last symbol; how often the hypothesis has it; the reference that
  // met it last and how often that one did, up to the hypothesis' count.
  private parent = new Int32Array(0);
  private symbol = new Int32Array(0);
  private count = new Int32Array(0);
  private reference = new Int32Array(0);
  private used = new Int32Array(0);
  private shared = new Float64Array(0);

  /**
   * How many n-grams of each order the hypothesis shares with each reference, every one as often as the text that has it
   * more rarely.
   *
   * @returns the number for reference k and order n at `k * maxOrder + n - 1`; overwritten by the next call.
   */
  countShared(hypothesis: SymbolSequence, references: readonly SymbolSequence[], maxOrder: number): Float64Array {
    const size = references.length * maxOrder;
    if (this.shared.length < size) this.shared = new Float64Array(size);
    else this.shared.fill(0, 0, size);
    this.reserve(hypothesis.length);
    let alive = begin(hypothesis);
    const aliveReferences = references.map(begin);
    for (let n = 1; n <= maxOrder && alive > 0; n++) {
      this.slots.fill(0, 0, 2 ** (32 - this.shift));
      this.nodes = 1;
      alive = this.enter(hypothesis, alive, n);
      for (let k = 0; k < references.length; k++) {
        const left = this.match(references[k]!, aliveReferences[k]!, n, k, k * maxOrder + n - 1);
        aliveReferences[k] = left;
      }
      alive = this.keepShared(hypothesis, alive);
    }
    return this.shared;
  }

  /** Enters the hypothesis' n-grams; returns how many positions are left. */
  private enter({ symbols, positions, nodes, length }: SymbolSequence, alive: number, n: number): number {
    const { slots, parent, symbol, count, reference } = this;
    let kept = 0;
    for (let i = 0; i < alive; i++) {
      const position = positions[i]!;
      if (position + n > length) break; // as do all after it
      const [first, last] = [nodes[i]!, symbols[position + n - 1]!];
      const slot = this.find(first, last);
      let node = slots[slot]!;
      if (node === 0) {
        node = this.nodes++;
        slots[slot] = node;
        parent[node] = first;
        symbol[node] = last;
        count[node] = 0;
        reference[node] = -1;
      }
      count[node] = count[node]! + 1;
      positions[kept] = position;
      nodes[kept++] = node;
    }
    return kept;
  }

  /** Counts the n-grams of reference k that the hypothesis has; returns how many positions are left. */
  private match(sequence: SymbolSequence, alive: number, n: number, k: number, place: number): number {
    const { symbols, positions, nodes, length } = sequence;
    const { slots, count, reference, used } = this;
    let kept = 0;
    let matches = 0;
    for (let i = 0; i < alive; i++) {
      const position = positions[i]!;
      if (position + n > length) break;
      const node = slots[this.find(nodes[i]!, symbols[position + n - 1]!)]!;
      if (node === 0) continue;
      if (reference[node] !== k) {
        reference[node] = k;
        used[node] = 0;
      }
      if (used[node]! < count[node]!) {
        used[node] = used[node]! + 1;
        matches++;
      }
      positions[kept] = position;
      nodes[kept++] = node;
    }
    this.shared[place] = matches;
    return kept;
  }

  /** Leaves only the hypothesis' positions whose n-gram some reference has; returns how many. */
  private keepShared({ positions, nodes }: SymbolSequence, alive: number): number {
    const { reference } = this;
    let kept = 0;
    for (let i = 0; i < alive; i++) {
      const node = nodes[i]!;
      if (reference[node]! < 0) continue;
      positions[kept] = positions[i]!;
      nodes[kept++] = node;
    }
    return kept;
  }

  /** The table's slot that holds the n-gram `first` + `last`, or the free slot where it would go. */
  private find(first: number, last: number): number {
    const { slots, shift, parent, symbol } = this;
    let hash = (Math.imul(first, 0x9e3779b1) + Math.imul(last, 0x85ebca6b)) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = hash >>> shift;
    const mask = -1 >>> shift;
    for (;;) {
      const node = slots[slot]!;
      if (node === 0 || (parent[node] === first && symbol[node] === last)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Makes room for so many n-grams, which fill at most half of the table. */
  private reserve(length: number): void {
    let bits = 6;
    while (2 ** bits < 2 * length) bits++;
    this.shift = 32 - bits;
    const size = 2 ** bits;
    if (size <= this.slots.length) return;
    this.slots = new Int32Array(size);
    this.parent = new Int32Array(size / 2 + 1);
    this.symbol = new Int32Array(size / 2 + 1);
    this.count = new Int32Array(size / 2 + 1);
    this.reference = new Int32Array(size / 2 + 1);
    this.used = new Int32Array(size / 2 + 1);
  }
}

/** Every position is where an n-gram starts, of which nothing is known yet. */
function begin(sequence: SymbolSequence): number {
  const { positions, nodes, length } = sequence;
  for (let i = 0; i < length; i++) positions[i] = i;
  nodes.fill(0, 0, length);
  return length;
}
