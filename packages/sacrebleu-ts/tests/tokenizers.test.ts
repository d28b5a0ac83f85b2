// Tokens equal those of sacreBLEU 2.6.0's tokenizers.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TOKENIZERS, type TokenizerName } from '../src/tokenizers.js';
import { isWhitespace, splitWhitespace, trim, trimEnd } from '../src/whitespace.js';

type Probe = { input: string } & Record<Exclude<TokenizerName, 'none'>, string>;
const file = new URL('sacrebleu-tests.json', import.meta.url);
const { tokenizers } = JSON.parse(readFileSync(file, 'utf8')) as { tokenizers: Probe[] };

describe.each(['13a', 'intl', 'zh', 'char'] as const)('%s', (name) => {
  test.each(tokenizers)('splits $input as sacreBLEU does', (probe) => {
    expect(TOKENIZERS[name](probe.input)).toEqual(splitWhitespace(probe[name]));
  });
});

// The expected sides below were printed by sacreBLEU 2.6.0.
test('13a splits runs of stops and commas in the order of mteval’s rules', () => {
  expect(TOKENIZERS['13a']('a.,b 1.,2 ..1 5- 5--x 1.x x.1').join(' ')).toBe(
    'a . , b 1 . , 2 . .1 5 - 5 - -x 1 . x x . 1',
  );
});

test('13a undoes escapes one after another, once each', () => {
  expect(TOKENIZERS['13a']('&amp;lt; &amp;quot; &apos; a<skipped>b co-\noperate')).toEqual([
    '<',
    '&',
    'quot',
    ';',
    '&',
    'apos',
    ';',
    'ab',
    'cooperate',
  ]);
});

test('intl keeps a full stop that ends the line after a number', () => {
  expect(TOKENIZERS.intl('in 1999.')).toEqual(['in', '1999.']);
  expect(TOKENIZERS.intl('in 1999. Then')).toEqual(['in', '1999', '.', 'Then']);
});

test('intl and char see code points, not UTF-16 units', () => {
  expect(TOKENIZERS.intl('𝟙.𝟚 a😀b 𐄀x')).toEqual(['𝟙.𝟚', 'a', '😀', 'b', '𐄀', 'x']);
  expect(TOKENIZERS.char('a😀 é')).toEqual(['a', '😀', 'é']);
});

test('zh strips the line first, so that a leading full stop stays with its number', () => {
  expect(TOKENIZERS.zh(' .5')).toEqual(['.5']);
  expect(TOKENIZERS['13a']('.5')).toEqual(['.', '5']);
});

test('zh sets the same characters apart as sacreBLEU, supplementary ideographs not among them', () => {
  const apart = [
    0x2001, 0x2010, 0x201c, 0x2190, 0x2a6d, 0x2e80, 0x2f81, 0x2fdf, 0x2ff0, 0x303f, 0x3100, 0x312f, 0x31a0,
  ];
  apart.push(0x31bf, 0x31c0, 0x31ef, 0x3200, 0x4db5, 0x4e00, 0x9fbb, 0xf900, 0xfa2d, 0xfa30, 0xfa6a, 0xfa70, 0xfad9);
  apart.push(0xfe10, 0xfe1f, 0xfe30, 0xfe4f, 0xff00, 0xffef);
  const joined = [
    0x1fff, 0x2a6e, 0x2e7f, 0x2fe0, 0x2fef, 0x3040, 0x30ff, 0x3130, 0x319f, 0x31f0, 0x31ff, 0x4db6, 0x4dff,
  ];
  joined.push(0x9fbc, 0xf8ff, 0xfa2e, 0xfa6b, 0xfada, 0xfe0f, 0xfe20, 0xfe2f, 0xfe50, 0xfeff, 0xfff0, 0x20000, 0x2f800);
  const splits = (code: number) => TOKENIZERS.zh(`x${String.fromCodePoint(code)}x`).length > 1;
  expect(apart.filter((code) => !splits(code)).map((code) => code.toString(16))).toEqual([]);
  expect(joined.filter(splits).map((code) => code.toString(16))).toEqual([]);
});

test('white space is Python’s', () => {
  const codes = Array.from({ length: 0x10000 }, (_, code) => code).filter(isWhitespace);
  expect(codes.map((code) => code.toString(16)).join(' ')).toBe(
    '9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 202f 205f 3000',
  );
  expect(splitWhitespace('\u001c a\u0085b\ufeff \u3000')).toEqual(['a', 'b\ufeff']);
  expect(trim('\u2029 a b\u00a0')).toBe('a b');
  expect(trimEnd(' a \u001f')).toBe(' a');
  expect([trim(' \n'), trimEnd('\t'), splitWhitespace('')]).toEqual(['', '', []]);
});

test('no tokenizer loses or makes up characters other than white space', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom(...(['intl', 'char', 'zh', 'none'] as const)),
      (line, name) => {
        expect(TOKENIZERS[name](line).join('')).toBe(splitWhitespace(line).join(''));
      },
    ),
  );
});
