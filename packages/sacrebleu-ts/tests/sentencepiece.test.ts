// Pieces equal those of Python's sentencepiece. The cases come from tests/reference/sentencepiece/generate.py; set
// SENTENCEPIECE_CASES to check another file that it wrote.
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BLEU, type BLEUOptions } from '../src/bleu.js';
import { readModel } from '../src/sentencepiece/model.js';
import { readFields } from '../src/sentencepiece/protobuf.js';
import { sentencePieceEncoder, sentencePieceTokenizer } from '../src/sentencepiece/tokenizer.js';
import { decodeUTF8, encodeUTF8 } from '../src/sentencepiece/utf8.js';
import { ours } from './significance-cases.js';

interface Cases {
  models: { name: string; model: string; cases: [line: string, pieces: string[]][] }[];
  bleu: { hypotheses: string[]; references: string[]; text: string; signature: string }[];
}
const file = process.env.SENTENCEPIECE_CASES ?? new URL('sentencepiece.json', import.meta.url);
const { models, bleu } = JSON.parse(readFileSync(file, 'utf8')) as Cases;
const bytesOf = (model: string): Uint8Array => inflateSync(Buffer.from(model, 'base64'));
const model = bytesOf(models[0]!.model);

test.each(models)('$name', ({ model, cases }) => {
  const encode = sentencePieceEncoder(bytesOf(model));
  const differing = cases.filter(([line, pieces]) => JSON.stringify(encode(line)) !== JSON.stringify(pieces));
  expect(differing).toEqual([]);
});

test('BLEU with a model equals sacreBLEU’s with the same one', () => {
  const metric = new BLEU({ tokenize: sentencePieceTokenizer(model, 'flores200'), force: true });
  for (const { hypotheses, references, text, signature } of bleu) {
    const score = metric.corpusScore(hypotheses, [references]);
    expect(score.format({ width: 6 })).toBe(text);
    expect(score.signature).toBe(ours(signature));
  }
});

test('halves of surrogate pairs count as U+FFFD', () => {
  const encode = sentencePieceEncoder(model);
  expect(encode('a\ud83d b\ude00')).toEqual(encode('a\ufffd b\ufffd'));
});

test('statistics gathered with models of one name can be merged', () => {
  const gather = (name: string) => {
    const statistics = new BLEU({ tokenize: sentencePieceTokenizer(model, name) }).statistics();
    statistics.add('the cat', ['the cat']);
    return statistics;
  };
  const statistics = gather('mine');
  statistics.merge(gather('mine'));
  expect(statistics.segments).toBe(2);
  expect(() => statistics.merge(gather('other'))).toThrow(new RangeError('tokenize: expected mine, found other'));
});

describe('refusals', () => {
  const spliced = (at: number, ...bytes: number[]) => Uint8Array.from([...model.slice(0, at), ...bytes]);
  /** A message's field of bytes. */
  const field = (number: number, bytes: readonly number[]) => [number * 8 + 2, bytes.length, ...bytes];
  const piece = (text: string, type: number) => field(1, [...field(1, encodeUTF8(text)), 3 * 8, type]);

  test.each([
    ['a text', Uint8Array.from(encodeUTF8('not a model')), /^model: expected/],
    ['nothing', new Uint8Array(), /^model: expected one unknown piece among 0, found 0$/],
    ['a model cut short', model.subarray(0, 1000), /^model: expected \d+ bytes at \d+, found \d+$/],
    ['groups', spliced(0, 0x0b), /^model: expected wire type 0, 1, 2 or 5 at 0, found 3$/],
    ['field 0', spliced(0, 0x00), /^model: expected a field at 0, found tag 0$/],
    [
      'endless numbers',
      spliced(0, ...Array<number>(11).fill(0xff)),
      /^model: expected a number of at most 10 bytes at 0/,
    ],
    ['numbers for pieces', spliced(0, 0x08, 0x01), /^pieces: expected bytes, found the number 1$/],
    [
      'a word model',
      Uint8Array.from([...piece('<unk>', 2), ...field(2, [3 * 8, 3])]),
      /^model: expected type unigram or bpe, found word$/,
    ],
    [
      'no byte pieces',
      Uint8Array.from([...piece('<unk>', 2), ...field(2, [0x98, 0x02, 1])]),
      /^model: expected 256 byte pieces, found 0$/,
    ],
    ['pieces without text', Uint8Array.from(piece('', 1)), /^model: expected a text for piece 0, found none$/],
    [
      'pieces twice',
      Uint8Array.from([...piece('a', 1), ...piece('a', 1)]),
      /^model: expected different pieces, found "a" twice$/,
    ],
    ['bad text', Uint8Array.from(field(1, field(1, [0x61, 0xc0]))), /^text: expected UTF-8, found byte 0xc0 at 1$/],
    [
      'a bad map',
      Uint8Array.from([...piece('<unk>', 2), ...field(3, field(2, [9, 0, 0, 0]))]),
      /^precompiled_charsmap: expected a trie within 4 bytes, found one of 9$/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => sentencePieceTokenizer(bytes, 'mine')).toThrow(RangeError);
    expect(() => sentencePieceTokenizer(bytes, 'mine')).toThrow(message);
  });

  test.each(['', 'a b', 'a|b', 'a:b', '13a'])('name %j', (name) => {
    expect(() => sentencePieceTokenizer(model, name)).toThrow(
      new RangeError(
        `name: expected a text without white space, | or :, other than 13a, intl, char, zh, none, found ${JSON.stringify(name)}`,
      ),
    );
  });

  test.each([
    ['ja-mecab', "tokenize the texts with MeCab beforehand and use 'none'"],
    ['ko-mecab', "tokenize the texts with MeCab beforehand and use 'none'"],
    ...['spm', 'flores101', 'flores200', 'spBLEU-1K'].map((name) => [
      name,
      'give sentencePieceTokenizer(model, name) with the bytes of its SentencePiece model instead',
    ]),
  ])('of BLEU: %s', (tokenize, advice) => {
    expect(() => new BLEU({ tokenize } as BLEUOptions)).toThrow(
      new RangeError(
        `tokenize: expected one of 13a, intl, char, zh, none or a tokenizer, found ${tokenize}: ${advice}`,
      ),
    );
  });

  test('of BLEU: what is no tokenizer', () => {
    expect(() => new BLEU({ tokenize: 'words' } as object as BLEUOptions)).toThrow(
      new RangeError('tokenize: expected one of 13a, intl, char, zh, none or a tokenizer, found words'),
    );
    const message = 'tokenize: expected a name or an object with name and tokenize, found {"name":"x"}';
    expect(() => new BLEU({ tokenize: { name: 'x' } } as object as BLEUOptions)).toThrow(new TypeError(message));
    expect(() => new BLEU({ tokenize: { name: 'zh', tokenize: (line) => [line] } })).toThrow(/^name: expected a text/);
  });
});

test('a model without a character map or options has SentencePiece’s defaults', () => {
  const bytes = Uint8Array.from([0x0a, 0x09, 0x0a, 0x05, ...encodeUTF8('<unk>'), 0x18, 0x02]);
  expect(readModel(bytes)).toMatchObject({ type: 'unigram', byteFallback: false, spaceAsSuffix: false });
  expect(sentencePieceEncoder(bytes)(' a  b ')).toEqual(['▁a▁b']);
});

test('a view of a larger buffer is read from where it starts', () => {
  const larger = new Uint8Array(model.length + 7);
  larger.set(model, 7);
  expect(readModel(larger.subarray(7))).toEqual(readModel(model));
});

test('fields of 64 bits are passed over', () => {
  const seen: unknown[] = [];
  readFields(Uint8Array.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x96, 0x01, 0x1d, 0, 0, 0x80, 0x3f]), (...each) =>
    seen.push(each),
  );
  expect(seen).toEqual([
    [2, 150],
    [3, 1],
  ]);
});

test('UTF-8 is read as the platform reads it', () => {
  const text = 'aé€𝄞\u0000\uffff\u{10ffff}\u07ff\u0800';
  expect(encodeUTF8(text)).toEqual([...new TextEncoder().encode(text)]);
  expect(decodeUTF8(new TextEncoder().encode(text))).toBe(text);
  for (const bytes of [
    [0x80],
    [0xc1, 0x80],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
    [0xc3, 0x28],
  ]) {
    expect(() => decodeUTF8(Uint8Array.from(bytes))).toThrow(/^text: expected UTF-8, found byte 0x/);
  }
});
