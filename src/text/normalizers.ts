// The normalizers of a Hugging Face tokenizer.json that s2s understands: what is done to a text before it is cut.
import { z } from 'zod';
import { namedError } from './component-error.js';

const simpleSchemas = [
  z.strictObject({ type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase']) }),
  z.strictObject({ type: z.literal('Prepend'), prepend: z.string() }),
  z.strictObject({
    type: z.literal('Replace'),
    pattern: z.strictObject({ String: z.string().min(1) }),
    content: z.string(),
  }),
] as const;
const supported = 'NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace (of a String) and Sequence';

/** A normalizer as written in tokenizer.json. */
export const normalizerSchema = z.discriminatedUnion(
  'type',
  [
    ...simpleSchemas,
    z.strictObject({
      type: z.literal('Sequence'),
      normalizers: z.array(z.discriminatedUnion('type', simpleSchemas, namedError('normalizer', supported))),
    }),
  ],
  namedError('normalizer', supported),
);
type NormalizerJson = z.infer<typeof normalizerSchema>;

/** The function a normalizer stands for, equal to that of the Python library `tokenizers`. */
export function createNormalizer(json: NormalizerJson | null): (text: string) => string {
  if (json === null) return (text) => text;
  switch (json.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = json.type;
      return (text) => text.normalize(form);
    }
    case 'Lowercase':
      // `tokenizers` lowercases each character by itself, so a final Σ becomes σ, not ς.
      return (text) => text.replaceAll('Σ', 'σ').toLowerCase();
    case 'Prepend':
      return (text) => (text === '' ? '' : json.prepend + text);
    case 'Replace': {
      const from = json.pattern.String;
      // A function, because `$` has a meaning in a replacement string.
      return (text) => (text.includes(from) ? text.replaceAll(from, () => json.content) : text);
    }
    case 'Sequence': {
      const steps = json.normalizers.map(createNormalizer);
      return (text) => steps.reduce((normalized, step) => step(normalized), text);
    }
  }
}
