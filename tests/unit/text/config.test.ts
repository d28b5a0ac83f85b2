// The tokenizer section of a configuration: defaults and contradictions.
import { describe, expect, it } from 'vitest';
import { tokenizerConfigSchema } from '../../../src/text/config.js';

const messages = (config: object) =>
  tokenizerConfigSchema.safeParse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('tokenizerConfigSchema', () => {
  it('fills in defaults', () => {
    expect(tokenizerConfigSchema.parse({})).toEqual({
      kind: 'bpe',
      vocabularySize: 8000,
      joint: true,
      normalization: 'none',
      lowercase: false,
      characterCoverage: 1,
      minFrequency: 1,
      bpeDropout: 0,
    });
  });

  it('describes every field', () => {
    for (const field of Object.values(tokenizerConfigSchema.shape)) expect(field.description).toMatch(/^[^\n]{10,}$/);
  });

  it('refuses unknown keys and options that would have no effect', () => {
    expect(messages({ vocabSize: 5 })?.[0]).toContain('vocabSize');
    expect(messages({ kind: 'char', bpeDropout: 0.1 })).toEqual([
      'bpeDropout: bpeDropout needs kind bpe or byte-bpe, but is 0.1 with kind char.',
    ]);
    expect(messages({ kind: 'word', characterCoverage: 0.9 })?.[0]).toContain('needs kind char or bpe, but is 0.9');
    expect(messages({ targetTokenizer: 'de.json', sourceTokenizer: 'en.json' })?.[0]).toContain('set joint: false');
    expect(messages({ targetTokenizer: 'a.json', sourceTokenizer: 'a.json' })).toBeUndefined();
    expect(messages({ joint: false, targetTokenizer: 'de.json' })).toBeUndefined();
  });
});
