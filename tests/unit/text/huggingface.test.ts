// tokenizer.json: the same ids, texts and merges as the Python library `tokenizers` (see tests/reference/tokenizers).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { type Tokenizer, tokenizerFromJSON, UNK } from '../../../src/text/tokenizer.js';
import { corpus, reference, train, trainReferences } from './support.js';

/** What `tokenizers` gave for the strings with one tokenizer.json. */
interface Expected {
  ids: number[][];
  /** Decoded text where it is not the string, by the string's number. */
  decoded: Record<string, string>;
  sequences?: [ids: number[], text: string][];
}

const readJson = (name: string) => JSON.parse(readFileSync(reference(name), 'utf8'));
const expected = readJson('expected.json') as Record<string, Expected>;
const { strings, merges } = readJson('expected.json') as { strings: string[]; merges: [string, string][] };

const ours = trainReferences();
const theirs = ['theirs-byte-level', 'theirs-metaspace', 'theirs-word'];
const load = (name: string) => tokenizerFromJSON(readJson(`${name}.json`), `${name}.json`);

function expectParity(tokenizer: Tokenizer, { ids, decoded, sequences = [] }: Expected): void {
  strings.forEach((string, i) => {
    // Where a word in the text reads `<s>`, Python gives the special token itself; s2s never does.
    const wanted = tokenizer.kind === 'word' ? ids[i]!.map((id) => Math.max(id, UNK)) : ids[i]!;
    expect([string, ...tokenizer.encode(string)]).toEqual([string, ...wanted]);
    expect(tokenizer.decode(ids[i]!)).toBe(decoded[i] ?? string);
  });
  for (const [sequence, text] of sequences) expect(tokenizer.decode(sequence)).toBe(text);
}

describe.each(Object.entries(ours))('%s', (name, tokenizer) => {
  it('gives the ids and texts of Python', () => {
    expectParity(tokenizer, expected[name]!);
  });

  it('is the same after reading it back', () => {
    const copy = load(name);
    expect(copy.kind).toBe(tokenizer.kind);
    expect(copy.toJSON()).toEqual(tokenizer.toJSON());
    expectParity(copy, expected[name]!);
  });
});

describe('files of the Python library', () => {
  it.each(theirs)('%s gives the same ids and texts, and keeps giving them after writing', (name) => {
    const tokenizer = load(name);
    expectParity(tokenizer, expected[name]!);
    expectParity(tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)), 'copy'), expected[name]!);
  });

  it('gives the same tokens where the special tokens had other ids', () => {
    const name = 'theirs-llama';
    const vocabulary = readJson(`${name}.json`).model.vocab as Record<string, number>;
    const tokens = new Map(Object.entries(vocabulary).map(([token, id]) => [id, token]));
    const tokenizer = load(name);
    expect([0, 1, 2, 3, 4].map(tokenizer.token)).toEqual(['<pad>', '<s>', '</s>', '<unk>', tokens.get(3)]);
    expect(tokenizer.vocabularySize).toBe(tokens.size + 1);
    strings.forEach((string, i) => {
      const ids = tokenizer.encode(string);
      expect(Array.from(ids, tokenizer.token)).toEqual(expected[name]!.ids[i]!.map((id) => tokens.get(id)));
      expect(tokenizer.decode(ids)).toBe(expected[name]!.decoded[i] ?? string);
    });
  });

  it('learns the same merges from the same corpus', () => {
    const model = (json: { model: unknown }) => json.model as { vocab: object; merges: unknown };
    expect(model(ours['ours-bpe']!.toJSON()).merges).toEqual(merges);
    const theirByteLevel = model(readJson('theirs-byte-level.json'));
    expect(model(ours['ours-byte-bpe']!.toJSON()).merges).toEqual(theirByteLevel.merges);
    expect(model(ours['ours-byte-bpe']!.toJSON()).vocab).toEqual(theirByteLevel.vocab);
  });
});

describe('tokenizerFromJSON', () => {
  const base = () => readJson('theirs-metaspace.json');
  const change = (edit: (json: ReturnType<typeof base>) => void, name = 'theirs-metaspace') => {
    const json = readJson(`${name}.json`);
    edit(json);
    return () => tokenizerFromJSON(json, 'some.json');
  };

  it('maps special tokens under other names', () => {
    const tokenizer = change((json) => {
      const { vocab, merges: pairs } = json.model;
      json.model = { type: 'BPE', vocab: { ...vocab, '<|endoftext|>': 5000 }, merges: pairs };
      for (const special of ['<pad>', '<s>', '</s>', '<unk>']) delete json.model.vocab[special];
      json.added_tokens = [{ ...json.added_tokens[0], id: 5000, content: '<|endoftext|>' }];
    }, 'theirs-byte-level')();
    expect([0, 1, 2, 3].map(tokenizer.token)).toEqual(['<pad>', '<s>', '<|endoftext|>', '<unk>']);
    expect(tokenizer.vocabularySize).toBe(480);
    const text = `${corpus[0]} <|endoftext|>`;
    expect(tokenizer.encode(text)).not.toContain(2);
    expect(tokenizer.decode([...tokenizer.encode(text), 2])).toBe(text);
  });

  it('reads merges written as strings', () => {
    const tokenizer = change((json) => {
      json.model.merges = json.model.merges.map((pair: string[]) => pair.join(' '));
    })();
    expectParity(tokenizer, expected['theirs-metaspace']!);
  });

  it('keeps tokens named like members of objects', () => {
    const tokenizer = train({ kind: 'word' }, ['__proto__ constructor 1 0 toString']);
    const copy = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)), 'copy');
    expect(copy.vocabularySize).toBe(9);
    expect(copy.decode(copy.encode('constructor __proto__ 0 1'))).toBe('constructor __proto__ 0 1');
  });

  it.each<[string, (json: ReturnType<typeof base>) => void, RegExp]>([
    [
      'a Unigram model',
      (json) => {
        json.model = { type: 'Unigram', vocab: [] };
      },
      /model type "Unigram" is not supported; supported are BPE and WordLevel/,
    ],
    [
      'a Precompiled normalizer',
      (json) => {
        json.normalizer = { type: 'Precompiled' };
      },
      /normalizer\.type: .*"Precompiled" is not supported/,
    ],
    [
      'an unknown normalizer in a sequence',
      (json) => {
        json.normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Nmt' }] };
      },
      /normalizer\.normalizers\.1\.type: .*"Nmt"/,
    ],
    [
      'a BertPreTokenizer',
      (json) => {
        json.pre_tokenizer = { type: 'BertPreTokenizer' };
      },
      /pre-tokenizer type "BertPreTokenizer"/,
    ],
    [
      'a foreign Split',
      (json) => {
        json.pre_tokenizer = { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated', invert: false };
      },
      /pre_tokenizer\.pattern\.Regex: Split is supported with/,
    ],
    [
      'a WordPiece decoder',
      (json) => {
        json.decoder = { type: 'WordPiece', prefix: '##', cleanup: true };
      },
      /decoder type "WordPiece"/,
    ],
    [
      'a subword prefix',
      (json) => {
        json.model.continuing_subword_prefix = '##';
      },
      /model\.continuing_subword_prefix/,
    ],
    [
      'dropout',
      (json) => {
        json.model.dropout = 0.1;
      },
      /model\.dropout: must be null/,
    ],
    [
      'ignore_merges',
      (json) => {
        json.model.ignore_merges = true;
      },
      /model\.ignore_merges/,
    ],
    [
      'tokens found inside text',
      (json) => {
        json.added_tokens[0].special = false;
      },
      /added_tokens\.0\.special: tokens that are not special/,
    ],
    [
      'an unknown key',
      (json) => {
        json.model.surprise = 1;
      },
      /surprise/,
    ],
    [
      'a missing model',
      (json) => {
        delete json.model;
      },
      /model/,
    ],
    [
      'a vocabulary that is no object',
      (json) => {
        json.model.vocab = [];
      },
      /model\.vocab must be an object/,
    ],
    [
      'an id that is no number',
      (json) => {
        json.model.vocab.x = '7';
      },
      /the id of "x" must be a non-negative integer, but is "7"/,
    ],
    [
      'one id for two tokens',
      (json) => {
        json.model.vocab.x = 300;
      },
      /share id 300/,
    ],
    [
      'one token with two ids',
      (json) => {
        json.added_tokens[1].id = 9;
      },
      /added_tokens gives "<s>" the id 9, but model\.vocab 1/,
    ],
    [
      'merges that are no list',
      (json) => {
        json.model.merges = {};
      },
      /model\.merges must be a list/,
    ],
    [
      'a merge of three',
      (json) => {
        json.model.merges[0] = ['a', 'b', 'c'];
      },
      /model\.merges\[0\] must be a pair/,
    ],
    [
      'a merge of unknown tokens',
      (json) => {
        json.model.merges[0] = ['a', '¶'];
      },
      /merges\[0\] \("a", "¶"\) has a token that is not in the vocabulary/,
    ],
    [
      'a merge of no result',
      (json) => {
        json.model.merges[0] = ['<', 's'];
      },
      /merges\[0\] \("<", "s"\) makes "<s"/,
    ],
    [
      'a merge that comes twice',
      (json) => {
        json.model.merges.push(json.model.merges[0]);
      },
      /comes twice/,
    ],
    [
      'missing byte tokens',
      (json) => {
        delete json.model.vocab['<0x0A>'];
      },
      /lacks <0x0A>/,
    ],
    [
      'an unknown token that is missing',
      (json) => {
        json.model.unk_token = '??';
      },
      /unk_token "\?\?" is not in the vocabulary/,
    ],
    [
      'one token in two roles',
      (json) => {
        json.model.unk_token = '<s>';
      },
      /one token serves as two/,
    ],
    [
      'a special token that is not listed',
      (json) => {
        json.added_tokens = [];
        json.model.vocab['<s>'] = 9999;
      },
      /<s> is an ordinary one/,
    ],
  ])('refuses %s', (_, edit, message) => {
    expect(change(edit)).toThrow(DataError);
    expect(change(edit)).toThrow(message);
    expect(change(edit)).toThrow(/^some\.json: /);
  });

  it('refuses what is no tokenizer at all', () => {
    for (const json of [null, 5, 'x', [], {}]) expect(() => tokenizerFromJSON(json, 'some.json')).toThrow(DataError);
  });
});
