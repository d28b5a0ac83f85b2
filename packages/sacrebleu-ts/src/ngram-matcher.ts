// Counts the n-grams that a hypothesis shares with its references, clipped as BLEU wants them.

/**
 * Finds clipped n-gram matches, one segment at a time. The references' n-grams form a trie: a node is an n-gram, found
 * from its first n − 1 tokens' node and its last token through one open-addressing hash table. Its memory is reused from
 * segment to segment and is as large as the largest one needs.
 */
export class NgramMatcher {
  private readonly tokenIds = new Map<string, number>();
  private ids = new Int32Array(0);
  private nodes = 1;
  /** Hash table of nodes; 0, the trie's root, marks a free slot. Only the first `mask + 1` slots are in use. */
  private slots = new Int32Array(0);
  private mask = 0;
  // Per node: its parent and last token; the reference that met it last and how often that one did; the most often that
  // any one reference met it; how often the hypothesis did, up to that.
  private parent = new Int32Array(0);
  private token = new Int32Array(0);
  private reference = new Int32Array(0);
  private current = new Int32Array(0);
  private most = new Int32Array(0);
  private used = new Int32Array(0);

  /** @param maxOrder the longest n-gram counted. */
  constructor(private readonly maxOrder: number) {}

  /**
   * Adds to `counts[from + n - 1]` the number of the hypothesis' n-grams of each order that some reference has, each n-gram at
   * most as often as the one reference that has it most often.
   */
  addMatches(
    hypothesis: readonly string[],
    references: readonly (readonly string[])[],
    counts: Float64Array,
    from: number,
  ): void {
    this.reset(references);
    for (let r = 0; r < references.length; r++) this.addReference(references[r]!, r);
    const { maxOrder, tokenIds, most, used } = this;
    const ids = this.room(hypothesis.length);
    for (let i = 0; i < hypothesis.length; i++) ids[i] = tokenIds.get(hypothesis[i]!) ?? -1;
    for (let start = 0; start < hypothesis.length; start++) {
      const end = Math.min(start + maxOrder, hypothesis.length);
      let node = 0;
      for (let i = start; i < end && ids[i]! >= 0; i++) {
        const next = this.slots[this.find(node, ids[i]!)]!;
        // An n-gram that no reference has is no part of a longer one that some reference has.
        if (next === 0) break;
        if (used[next]! < most[next]!) {
          used[next] = used[next]! + 1;
          counts[from + i - start] = counts[from + i - start]! + 1;
        }
        node = next;
      }
    }
  }

  private addReference(tokens: readonly string[], reference: number): void {
    const { maxOrder, tokenIds, current, most } = this;
    const ids = this.room(tokens.length);
    for (let i = 0; i < tokens.length; i++) {
      let id = tokenIds.get(tokens[i]!);
      if (id === undefined) {
        id = tokenIds.size;
        tokenIds.set(tokens[i]!, id);
      }
      ids[i] = id;
    }
    for (let start = 0; start < tokens.length; start++) {
      const end = Math.min(start + maxOrder, tokens.length);
      let node = 0;
      for (let i = start; i < end; i++) {
        node = this.findOrAdd(node, ids[i]!);
        if (this.reference[node] !== reference) {
          this.reference[node] = reference;
          current[node] = 0;
        }
        current[node] = current[node]! + 1;
        if (current[node]! > most[node]!) most[node] = current[node]!;
      }
    }
  }

  /** The table's slot that holds the n-gram `parent` + `token`, or the free slot where it would go. */
  private find(parent: number, token: number): number {
    const { slots, mask } = this;
    let hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (;;) {
      const node = slots[slot]!;
      if (node === 0 || (this.parent[node] === parent && this.token[node] === token)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private findOrAdd(parent: number, token: number): number {
    const slot = this.find(parent, token);
    if (this.slots[slot] !== 0) return this.slots[slot]!;
    const node = this.nodes++;
    this.slots[slot] = node;
    this.parent[node] = parent;
    this.token[node] = token;
    this.reference[node] = -1;
    this.most[node] = 0;
    this.used[node] = 0;
    return node;
  }

  /** Empties the trie and makes room for every n-gram of the references, at most half filling the table. */
  private reset(references: readonly (readonly string[])[]): void {
    let most = 1;
    for (const tokens of references) most += tokens.length * Math.min(this.maxOrder, tokens.length);
    let size = 64;
    while (size < 2 * most) size *= 2;
    if (size > this.slots.length) {
      this.slots = new Int32Array(size);
      this.parent = new Int32Array(size / 2);
      this.token = new Int32Array(size / 2);
      this.reference = new Int32Array(size / 2);
      this.current = new Int32Array(size / 2);
      this.most = new Int32Array(size / 2);
      this.used = new Int32Array(size / 2);
    } else {
      this.slots.fill(0, 0, size);
    }
    this.mask = size - 1;
    this.nodes = 1;
    this.tokenIds.clear();
  }

  /** Scratch space for the token ids of one line. */
  private room(length: number): Int32Array {
    if (length > this.ids.length) this.ids = new Int32Array(2 * length);
    return this.ids;
  }
}
