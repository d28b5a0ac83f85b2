// NumPy's default random numbers: the generator PCG64 (O'Neill, HMC-CS-2014-0905), seeded as NumPy seeds it.

const WORD = 0x1_0000_0000;
/** Words of 32 bits in the pool to which a seed is hashed. */
const POOL_SIZE = 4;
/** Words of state and of increment that the generator takes from the pool. */
const SEED_WORDS = 8;

/** The upper 32 bits of the product of two 32-bit numbers, by halves so that no step leaves the range of exact doubles. */
function upperHalf(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + (middle >>> 16) + ((aLow * bHigh + (middle & 0xffff)) >>> 16);
}

/** O'Neill's hash of `seed_seq`: its multiplier changes with every word it has hashed. */
function hasher(start: number, step: number): (word: number) => number {
  let multiplier = start;
  return (word) => {
    const mixed = word ^ multiplier;
    multiplier = Math.imul(multiplier, step);
    const product = Math.imul(mixed, multiplier);
    return (product ^ (product >>> 16)) >>> 0;
  };
}

/** NumPy's `SeedSequence(seed).generate_state(8)`: any seed, however small, becomes words that look random. */
function seedWords(seed: number): Uint32Array {
  const entropy = seed < WORD ? [seed] : [seed % WORD, Math.floor(seed / WORD)];
  const pool = new Uint32Array(POOL_SIZE);
  const hash = hasher(0x43b0d7e5, 0x931e8875);
  for (let i = 0; i < POOL_SIZE; i++) pool[i] = hash(entropy[i] ?? 0);
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from === to) continue;
      const mixed = Math.imul(pool[to]!, 0xca01f9dd) - Math.imul(hash(pool[from]!), 0x4973f715);
      pool[to] = mixed ^ (mixed >>> 16);
    }
  }
  const spread = hasher(0x8b51f9dd, 0x58f38ded);
  return Uint32Array.from({ length: SEED_WORDS }, (_, i) => spread(pool[i % POOL_SIZE]!));
}

/** The multiplier of the 128-bit congruential generator, lowest word first. */
const M0 = 0x9fccf645;
const M1 = 0x4385df64;
const M2 = 0x1fc65da4;
const M3 = 0x2360ed05;

/**
 * The draws of NumPy's `default_rng(seed)` that sacreBLEU makes. Numbers of 128 bits are kept as four 32-bit words, lowest
 * first: that is many times as fast as BigInt.
 */
export class PCG64 {
  private readonly state = new Uint32Array(4);
  private readonly increment = new Uint32Array(4);
  /** The upper half of the last 64 random bits, which the next 32-bit draw takes; -1 when it is used up. */
  private spare = -1;

  /** @throws RangeError when the seed is not a whole number from 0 to 2⁵³ - 1 */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`seed: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found ${seed}`);
    }
    const words = seedWords(seed);
    // The words come in 64-bit numbers, low word first, while the two numbers of a 128-bit one have the high one first.
    const wide = (at: number) => [words[at + 2]!, words[at + 3]!, words[at]!, words[at + 1]!];
    const stream = wide(4);
    this.increment.set(stream.map((word, i) => (word << 1) | (i === 0 ? 1 : stream[i - 1]! >>> 31)));
    this.step();
    let carry = 0;
    for (const [i, word] of wide(0).entries()) {
      const sum = this.state[i]! + word + carry;
      this.state[i] = sum;
      carry = sum >= WORD ? 1 : 0;
    }
    this.step();
  }

  /** 32 random bits, as a number from 0 to 2³² - 1. */
  uint32(): number {
    if (this.spare >= 0) {
      const word = this.spare;
      this.spare = -1;
      return word;
    }
    this.step();
    const state = this.state;
    // The output function XSL-RR: both halves xored, then rotated by the top six bits.
    const high = state[3]!;
    const x = high ^ state[1]!;
    const y = state[2]! ^ state[0]!;
    const turn = high >>> 26;
    const swapped = (turn & 32) !== 0;
    const upper = swapped ? y : x;
    const lower = swapped ? x : y;
    const shift = turn & 31;
    if (shift === 0) {
      this.spare = upper >>> 0;
      return lower >>> 0;
    }
    this.spare = ((upper >>> shift) | (lower << (32 - shift))) >>> 0;
    return ((lower >>> shift) | (upper << (32 - shift))) >>> 0;
  }

  /**
   * Fills `out` with whole numbers from 0 to `bound - 1`, as `rng.choice(bound, out.length)` and `rng.integers(bound, ...)`
   * draw them for bounds up to 2³²: by Lemire's method (ACM TOMACS 2019), from 32 bits each.
   */
  fillBelow(bound: number, out: Uint32Array): void {
    if (bound === 1) {
      out.fill(0);
      return;
    }
    const biased = (WORD - bound) % bound;
    for (let i = 0; i < out.length; i++) {
      let word = this.uint32();
      // Products whose lower half falls below `biased` would make some numbers likelier than others.
      while (Math.imul(word, bound) >>> 0 < biased) word = this.uint32();
      out[i] = upperHalf(word, bound);
    }
  }

  /** A source of random bits like `rng.integers(2, dtype=bool)`: it uses all of a 32-bit draw, lowest bit first. */
  bits(): () => number {
    let word = 0;
    let left = 0;
    return () => {
      if (left === 0) {
        word = this.uint32();
        left = 32;
      }
      const bit = word & 1;
      word >>>= 1;
      left--;
      return bit;
    };
  }

  /** state = state · multiplier + increment, modulo 2¹²⁸. */
  private step(): void {
    const { state, increment } = this;
    const s0 = state[0]!;
    const s1 = state[1]!;
    const s2 = state[2]!;
    const s3 = state[3]!;
    const word0 = (Math.imul(s0, M0) >>> 0) + increment[0]!;
    const word1 =
      upperHalf(s0, M0) +
      (Math.imul(s0, M1) >>> 0) +
      (Math.imul(s1, M0) >>> 0) +
      increment[1]! +
      (word0 >= WORD ? 1 : 0);
    const word2 =
      upperHalf(s0, M1) +
      upperHalf(s1, M0) +
      (Math.imul(s0, M2) >>> 0) +
      (Math.imul(s1, M1) >>> 0) +
      (Math.imul(s2, M0) >>> 0) +
      increment[2]! +
      Math.floor(word1 / WORD);
    const word3 =
      upperHalf(s0, M2) +
      upperHalf(s1, M1) +
      upperHalf(s2, M0) +
      (Math.imul(s0, M3) >>> 0) +
      (Math.imul(s1, M2) >>> 0) +
      (Math.imul(s2, M1) >>> 0) +
      (Math.imul(s3, M0) >>> 0) +
      increment[3]! +
      Math.floor(word2 / WORD);
    // Storing in an array of 32-bit words takes each modulo 2³².
    state[0] = word0;
    state[1] = word1;
    state[2] = word2;
    state[3] = word3;
  }
}
