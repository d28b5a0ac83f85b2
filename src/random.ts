// Seeded, counter-based random numbers in named streams: everything random in s2s comes from here and can be replayed.

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the unsigned product of two 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** FNV-1a over UTF-16 code units, to turn a stream's name into a number. */
function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Where a stream stands; JSON-safe, restored with {@link Random.restore}. */
export interface RandomState {
  key: [number, number];
  index: [number, number];
  counter: number;
  used: number;
}

/**
 * One stream of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A stream is fixed by a seed, a name and up to two indices (say an epoch and an example), so that the numbers drawn for
 * one purpose never depend on how many were drawn for another.
 */
export class Random {
  private readonly key: [number, number];
  private readonly index: [number, number];
  private counter = 0;
  private used = 4;
  private readonly block = new Uint32Array(4);

  /** @param seed integer; @param name the purpose, e.g. `shuffle`; @param index, subIndex e.g. epoch and example. */
  constructor(seed: number, name: string, index = 0, subIndex = 0) {
    this.key = [seed >>> 0, (hashName(name) ^ Math.floor(seed / 0x100000000)) >>> 0];
    this.index = [index >>> 0, subIndex >>> 0];
  }

  /** A stream standing where `state` was taken. */
  static restore(state: RandomState): Random {
    const random = new Random(0, '');
    random.key[0] = state.key[0];
    random.key[1] = state.key[1];
    random.index[0] = state.index[0];
    random.index[1] = state.index[1];
    random.counter = state.counter;
    random.used = state.used;
    if (state.used < 4) {
      random.counter -= 1;
      random.refill();
      random.used = state.used;
    }
    return random;
  }

  /** The present position, to be saved with a checkpoint. */
  state(): RandomState {
    return { key: [...this.key], index: [...this.index], counter: this.counter, used: this.used };
  }

  private refill(): void {
    let c0 = this.counter >>> 0;
    let c1 = Math.floor(this.counter / 0x100000000) >>> 0;
    let c2 = this.index[0];
    let c3 = this.index[1];
    let [k0, k1] = this.key;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(M0, c0);
      const low0 = Math.imul(M0, c0) >>> 0;
      const high1 = multiplyHigh(M1, c2);
      const low1 = Math.imul(M1, c2) >>> 0;
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0;
      k0 = (k0 + W0) >>> 0;
      k1 = (k1 + W1) >>> 0;
    }
    this.block[0] = c0;
    this.block[1] = c1;
    this.block[2] = c2;
    this.block[3] = c3;
    this.counter += 1;
    this.used = 0;
  }

  /** A uniform integer in [0, 2³²). */
  uint32(): number {
    if (this.used === 4) this.refill();
    return this.block[this.used++] as number;
  }

  /** A uniform number in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.uint32() / 0x100000000;
  }

  /** A uniform integer in [0, limit), without modulo bias. @param limit 1 … 2³². */
  integer(limit: number): number {
    const bound = 0x100000000 - (0x100000000 % limit);
    let x = this.uint32();
    while (x >= bound) x = this.uint32();
    return x % limit;
  }

  /** A standard normal number (Box–Muller). */
  normal(): number {
    const u = 1 - this.uniform();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles `items` in place (Fisher–Yates) and returns it. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  }
}
