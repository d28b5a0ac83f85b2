// What the tokenizer tests share: the reference corpus, training on it, and texts for properties.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type TokenizerConfig, tokenizerConfigSchema } from '../../../src/text/config.js';
import { type Tokenizer, trainTokenizer } from '../../../src/text/tokenizer.js';

/** The path of a file in tests/reference/tokenizers. */
export const reference = (name: string) => new URL(`../../reference/tokenizers/${name}`, import.meta.url);

/** The lines of the reference corpus. */
export const corpus: readonly string[] = readFileSync(reference('corpus.txt'), 'utf8').trimEnd().split('\n');

/** A configuration with defaults filled in. */
export const configure = (options: Partial<TokenizerConfig>): TokenizerConfig => tokenizerConfigSchema.parse(options);

/** A tokenizer trained on the reference corpus. */
export const train = (options: Partial<TokenizerConfig>, lines: Iterable<string> = corpus): Tokenizer =>
  trainTokenizer(configure(options), lines);

/** The tokenizers whose files are in tests/reference/tokenizers, by name. */
export const trainReferences = (): Record<string, Tokenizer> => ({
  'ours-char': train({ kind: 'char' }),
  'ours-word': train({ kind: 'word', vocabularySize: 200 }),
  'ours-bpe': train({ kind: 'bpe', vocabularySize: 600 }),
  'ours-bpe-folded': train({ kind: 'bpe', vocabularySize: 500, normalization: 'nfkc', lowercase: true }),
  'ours-byte-bpe': train({ kind: 'byte-bpe', vocabularySize: 480 }),
});

/** Any Unicode text, rich in what tokenizers stumble over. */
export const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...corpus.flatMap((line) => line.split(' '))),
      fc.constantFrom(
        ' ',
        '  ',
        '\t',
        '\n',
        '\r\n',
        '\0',
        '\u0085',
        '\u00a0',
        '\u2028',
        '\u3000',
        '\ufeff',
        '\u200d',
        '\u0301',
      ),
      fc.constantFrom(
        '▁',
        '▁▁',
        '\u001b',
        '\u001b_',
        '\u001b^',
        '_',
        '^',
        '<s>',
        '</s>',
        '<pad>',
        '<unk>',
        '<0x41>',
        '<0xE2>',
      ),
      fc.constantFrom('😀', '👩‍👩‍👧', '🇩🇪', '\u{10ffff}', "'ll", 'Ġ', 'Ċ', '$&'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));
