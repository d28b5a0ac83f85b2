// A hash table from pairs of token ids to consecutive numbers, much faster than a Map with string or float keys.

/** Numbers pairs of non-negative 32-bit integers 0, 1, 2, … in the order they are added. */
export class PairTable {
  private slots = new Int32Array(1024).fill(-1);
  /** Left and right member by pair number; longer than {@link size}. */
  lefts = new Int32Array(512);
  rights = new Int32Array(512);
  size = 0;

  /** The slot holding the pair, or the empty slot where it belongs. */
  private slot(left: number, right: number): number {
    const mask = this.slots.length - 1;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    for (;;) {
      const pair = this.slots[slot]!;
      if (pair < 0 || (this.lefts[pair] === left && this.rights[pair] === right)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** The pair's number, or -1. */
  find(left: number, right: number): number {
    return this.slots[this.slot(left, right)]!;
  }

  /** The pair's number; a new pair gets the next one. */
  add(left: number, right: number): number {
    const slot = this.slot(left, right);
    const found = this.slots[slot]!;
    if (found >= 0) return found;
    const pair = this.size++;
    this.slots[slot] = pair;
    this.lefts[pair] = left;
    this.rights[pair] = right;
    if (this.size === this.lefts.length) this.grow();
    return pair;
  }

  private grow(): void {
    const capacity = this.lefts.length * 2;
    const { lefts, rights } = this;
    this.lefts = new Int32Array(capacity);
    this.rights = new Int32Array(capacity);
    this.lefts.set(lefts);
    this.rights.set(rights);
    this.slots = new Int32Array(capacity * 2).fill(-1);
    for (let pair = 0; pair < this.size; pair++) {
      this.slots[this.slot(this.lefts[pair]!, this.rights[pair]!)] = pair;
    }
  }
}
