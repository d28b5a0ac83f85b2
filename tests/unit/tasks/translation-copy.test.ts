// The translation codec of a model that copies: joint and separate vocabularies, and tokenizers that do not fit together.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CopyableTokens } from '../../../src/data/sequences.js';
import { ConfigError } from '../../../src/errors.js';
import { tokenizerConfigSchema } from '../../../src/text/config.js';
import { EOS, trainTokenizer, UNK } from '../../../src/text/tokenizer.js';
import { translation } from '../../../tasks/translation/adapter.js';

const split = { source: 'a', target: 'b' };
const config = (tokenizer: Record<string, unknown>, copy = true) =>
  translation.configSchema.parse({
    task: 'translation',
    data: { train: split, valid: split },
    tokenizer: { kind: 'word', minFrequency: 2, ...tokenizer },
    model: { copy, embeddings: tokenizer.joint === false ? 'tied' : 'shared' },
  });
const context = { cacheDir: '.' };
const ROWS = [
  { index: 0, source: 'ein Haus in Rom', target: 'a house in Rom', origin: 'a:1' },
  { index: 1, source: 'ein Haus in Bonn', target: 'a house in Bonn', origin: 'a:2' },
];
async function* rows() {
  yield* ROWS;
}
const codecOf = (tokenizer: Record<string, unknown>, copy = true) =>
  translation.createCodec(config(tokenizer, copy), rows, '.', context);

describe('the codec of a model that copies', () => {
  it('gives words that no vocabulary has ids of their own', async () => {
    const codec = await codecOf({});
    const { source, target } = await codec.encodeRow({
      index: 0,
      source: 'ein Haus </s> in Ulm',
      target: 'a Ulm in Köln',
      origin: 'a:3',
    });
    const { ids, copyIds, vocabulary } = source as CopyableTokens;
    const size = codec.vocabulary.target as number;
    const tokens = target as Int32Array;
    expect(ids[2]).toBe(UNK);
    expect(vocabulary).toEqual({ size, words: ['</s>', 'Ulm'] });
    expect([...copyIds]).toEqual([ids[0], ids[1], size, ids[3], size + 1, EOS]);
    expect([tokens[1], tokens[3], tokens[4]]).toEqual([size + 1, UNK, EOS]);
    expect(codec.decodeOutput(tokens.subarray(0, -1), source)).toBe('a Ulm in <unk>');
    expect(codec.tokenNames('target', Int32Array.of(size, size + 1), source)).toEqual(['</s>', 'Ulm']);
  });

  it('joins separate vocabularies by spelling: a word that only the source knows can be copied too', async () => {
    const codec = await codecOf({ joint: false });
    const source = (await codec.encodeSource('ein Haus in Rom')) as CopyableTokens;
    const size = codec.vocabulary.target as number;
    expect(source.vocabulary.words).toEqual(['ein', 'Haus', 'Rom']);
    expect(source.ids.slice(0, 2).includes(UNK)).toBe(false);
    const tokens = Int32Array.of(source.copyIds[2] as number, size + 1, size + 2);
    expect(source.copyIds[2]).toBeLessThan(size);
    expect(codec.decodeOutput(tokens, source)).toBe('in Haus Rom');
  });

  it('has plain sources where nothing is copied', async () => {
    const codec = await codecOf({}, false);
    expect(await codec.encodeSource('ein Ulm')).toBeInstanceOf(Int32Array);
  });

  it('refuses tokenizers of different kinds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 's2s-copy-'));
    const file = join(folder, 'chars.json');
    const chars = trainTokenizer(tokenizerConfigSchema.parse({ kind: 'char' }), ['ein Haus']);
    await writeFile(file, JSON.stringify(chars.toJSON()));
    await expect(codecOf({ joint: false, sourceTokenizer: file })).rejects.toThrow(ConfigError);
    await expect(codecOf({ joint: false, sourceTokenizer: file })).rejects.toThrow(
      'source’s tokenizer is of kind char and the target’s of kind word',
    );
    await rm(folder, { recursive: true });
  });
});
