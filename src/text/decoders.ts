// The decoders of a Hugging Face tokenizer.json that s2s understands: how tokens become text again.
import { z } from 'zod';
import { fromByteCharacters } from './byte-alphabet.js';
import { namedError } from './component-error.js';

const character = z.string().regex(/^.$/su, 'must be one character');
const simpleSchemas = [
  z.strictObject({ type: z.enum(['ByteFallback', 'Fuse']) }),
  // The options of ByteLevel only concern the pre-tokenizer of the same name.
  z.strictObject({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean().optional(),
    trim_offsets: z.boolean().optional(),
    use_regex: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('Metaspace'),
    replacement: character,
    prepend_scheme: z.enum(['always', 'first', 'never']),
    split: z.boolean().default(true),
  }),
  z.strictObject({
    type: z.literal('Replace'),
    pattern: z.strictObject({ String: z.string().min(1) }),
    content: z.string(),
  }),
  z.strictObject({ type: z.literal('Strip'), content: character, start: z.int().min(0), stop: z.int().min(0) }),
] as const;
const supported = 'ByteFallback, ByteLevel, Fuse, Metaspace, Replace (of a String), Strip and Sequence';

/** A decoder as written in tokenizer.json. */
export const decoderSchema = z.discriminatedUnion(
  'type',
  [
    ...simpleSchemas,
    z.strictObject({
      type: z.literal('Sequence'),
      decoders: z.array(z.discriminatedUnion('type', simpleSchemas, namedError('decoder', supported))),
    }),
  ],
  namedError('decoder', supported),
);
type DecoderJson = z.infer<typeof decoderSchema>;

type DecodeStep = (tokens: string[]) => string[];

// A byte order mark is a character like any other.
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** The text of a run of bytes; when the run as a whole is not UTF-8, one U+FFFD a byte, as `tokenizers` does. */
function bytesToText(bytes: number[]): string {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

const byteFallback: DecodeStep = (tokens) => {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) out.push(bytesToText(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    if (/^<0x[0-9A-Fa-f]{2}>$/.test(token)) {
      bytes.push(Number.parseInt(token.slice(3, 5), 16));
    } else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
};

function strip(token: string, content: string, start: number, stop: number): string {
  let text = token;
  for (let i = 0; i < start && text.startsWith(content); i++) text = text.slice(content.length);
  for (let i = 0; i < stop && text.endsWith(content); i++) text = text.slice(0, -content.length);
  return text;
}

function createStep(json: DecoderJson): DecodeStep {
  switch (json.type) {
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'ByteLevel':
      return (tokens) => [lenient.decode(Buffer.concat(tokens.map(fromByteCharacters)))];
    case 'Metaspace': {
      const first = json.prepend_scheme === 'never' ? ' ' : '';
      return (tokens) => tokens.map((token, i) => token.replaceAll(json.replacement, i === 0 ? first : ' '));
    }
    case 'Replace':
      return (tokens) => tokens.map((token) => token.replaceAll(json.pattern.String, () => json.content));
    case 'Strip':
      return (tokens) => tokens.map((token) => strip(token, json.content, json.start, json.stop));
    case 'Sequence': {
      const steps = json.decoders.map(createStep);
      return (tokens) => steps.reduce((decoded, step) => step(decoded), tokens);
    }
  }
}

/** The function a decoder stands for, equal to that of the Python library `tokenizers`; without one, spaces join. */
export function createDecoder(json: DecoderJson | null): (tokens: string[]) => string {
  if (json === null) return (tokens) => tokens.join(' ');
  const step = createStep(json);
  return (tokens) => step(tokens).join('');
}
