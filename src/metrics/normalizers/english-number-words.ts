// The English words that numbers are made of.

const UNITS =
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const SCALES =
  'thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion';

export const ZEROS: ReadonlySet<string> = new Set(['o', 'oh', 'zero']);

/** 1 to 19. */
export const ONES: ReadonlyMap<string, bigint> = new Map(UNITS.split(' ').map((word, i) => [word, BigInt(i + 1)]));

export const TENS: ReadonlyMap<string, bigint> = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, i) => [word, BigInt(10 * (i + 2))]),
);

/** Hundred, and the powers of a thousand. */
export const MULTIPLIERS: ReadonlyMap<string, bigint> = new Map([
  ['hundred', 100n],
  ...SCALES.split(' ').map((word, i) => [word, 1000n ** BigInt(i + 1)] as const),
]);

/** What may follow `point`. */
export const DECIMALS: ReadonlySet<string> = new Set([...ONES.keys(), ...TENS.keys(), ...ZEROS]);

interface Suffixed {
  readonly number: bigint;
  readonly suffix: string;
  readonly kind: 'ones' | 'tens' | 'multiplier';
}

const IRREGULAR_ORDINALS = new Map([
  ['one', ['first', 'st']],
  ['two', ['second', 'nd']],
  ['three', ['third', 'rd']],
  ['five', ['fifth', 'th']],
  ['twelve', ['twelfth', 'th']],
  ['eight', ['eighth', 'th']],
]);

function* suffixedWords(): Generator<[string, Suffixed]> {
  yield ['zeroth', { number: 0n, suffix: 'th', kind: 'ones' }];
  for (const [word, number] of ONES) {
    yield [word === 'six' ? 'sixes' : `${word}s`, { number, suffix: 's', kind: 'ones' }];
    const [ordinal, suffix] = IRREGULAR_ORDINALS.get(word) ?? [`${word}th`, 'th'];
    yield [ordinal!, { number, suffix: suffix!, kind: 'ones' }];
  }
  for (const [word, number] of TENS) {
    const stem = word.slice(0, -1);
    yield [`${stem}ies`, { number, suffix: 's', kind: 'tens' }];
    yield [`${stem}ieth`, { number, suffix: 'th', kind: 'tens' }];
  }
  for (const [word, number] of MULTIPLIERS) {
    yield [`${word}s`, { number, suffix: 's', kind: 'multiplier' }];
    yield [`${word}th`, { number, suffix: 'th', kind: 'multiplier' }];
  }
}

/** Ordinals and plurals. `nineth` is Whisper's, so `ninth` stays a word. */
export const SUFFIXED: ReadonlyMap<string, Suffixed> = new Map(suffixedWords());

/** Words before a number, and the symbols that they are written with. */
export const PREFIXES_BEFORE: ReadonlyMap<string, string> = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
]);

/** Words after a number whose symbols stand before it. */
export const PREFIXES_AFTER: ReadonlyMap<string, string> = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
]);

/** All symbols before numbers. */
export const SYMBOLS: ReadonlySet<string> = new Set([...PREFIXES_BEFORE.values(), ...PREFIXES_AFTER.values()]);

/** Every word that may be part of a number. */
export const NUMBER_WORDS: ReadonlySet<string> = new Set([
  ...DECIMALS,
  ...MULTIPLIERS.keys(),
  ...SUFFIXED.keys(),
  ...PREFIXES_BEFORE.keys(),
  ...PREFIXES_AFTER.keys(),
  ...['per', 'percent', 'and', 'double', 'triple', 'point'],
]);
