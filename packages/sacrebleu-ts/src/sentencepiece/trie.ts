// A trie over texts, in flat arrays: vocabularies of some 100,000 pieces are common.

/** Slots of the hash table for each edge of the trie. */
const SPARSENESS = 2;

/** Finds the texts that start at a place of another text. Nodes are numbers, the root is 0. */
export class Trie {
  /** Edges hashed by their parent and unit, in three arrays; a child of 0 marks a free slot. */
  private readonly parents: Int32Array;
  private readonly units: Uint16Array;
  private readonly children: Int32Array;
  private readonly mask: number;
  private readonly ids: Int32Array;

  /** @param entries texts and the numbers by which they are known, at least 0 */
  constructor(entries: readonly (readonly [text: string, id: number])[]) {
    const most = entries.reduce((sum, [text]) => sum + text.length, 0);
    let capacity = 1;
    while (capacity <= most * SPARSENESS) capacity *= 2;
    this.mask = capacity - 1;
    this.parents = new Int32Array(capacity);
    this.units = new Uint16Array(capacity);
    this.children = new Int32Array(capacity);
    this.ids = new Int32Array(most + 1).fill(-1);
    let nodes = 1;
    for (const [text, id] of entries) {
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        const slot = this.slot(node, unit);
        if (this.children[slot] === 0) {
          this.parents[slot] = node;
          this.units[slot] = unit;
          this.children[slot] = nodes++;
        }
        node = this.children[slot]!;
      }
      this.ids[node] = id;
    }
  }

  /** The node that a UTF-16 unit leads to; 0 when no text goes on so. */
  child(node: number, unit: number): number {
    return this.children[this.slot(node, unit)]!;
  }

  /** The number of the text that ends at a node; -1 when none does. */
  idAt(node: number): number {
    return this.ids[node]!;
  }

  /** The length of the longest entry that starts at `from`; 0 when none does. */
  longest(text: string, from: number): number {
    let length = 0;
    let node = 0;
    for (let at = from; at < text.length; at++) {
      node = this.child(node, text.charCodeAt(at));
      if (node === 0) break;
      if (this.ids[node]! >= 0) length = at + 1 - from;
    }
    return length;
  }

  /** Where an edge is, or is to be put. */
  private slot(node: number, unit: number): number {
    let slot = Math.imul(Math.imul(node, 0x9e3779b1) ^ unit, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & this.mask;
    while (this.children[slot] !== 0 && (this.parents[slot] !== node || this.units[slot] !== unit)) {
      slot = (slot + 1) & this.mask;
    }
    return slot;
  }
}
