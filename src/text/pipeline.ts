// The one tokenizer behind every kind: follows a tokenizer.json from text to ids and back.
import { DataError } from '../errors.js';
import { createBpeModel, createWordModel, type PieceModel } from './bpe-model.js';
import { createDecoder } from './decoders.js';
import type { BpeModelJson, HuggingFaceTokenizerJson } from './huggingface.js';
import { createNormalizer } from './normalizers.js';
import { PairTable } from './pair-table.js';
import { PieceCache } from './piece-cache.js';
import { createPreTokenizer } from './pre-tokenizers.js';
import { UNK } from './special-tokens.js';
import { assertWellFormed } from './strings.js';
import type { EncodeOptions, Tokenizer, TokenizerKind } from './tokenizer-types.js';

/** Pieces a generation of the cache holds: the vocabulary in daily use of a large corpus, in about 20 MB. */
const CACHED_PIECES = 65_536;

/** The token of byte `byte` where a model falls back to bytes, as SentencePiece writes it. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

function kindOf(json: HuggingFaceTokenizerJson): TokenizerKind {
  if (json.model.type === 'WordLevel') return 'word';
  if (json.pre_tokenizer?.type === 'ByteLevel') return 'byte-bpe';
  return json.model.merges.length === 0 && !json.model.byte_fallback ? 'char' : 'bpe';
}

function bpeModel(
  json: BpeModelJson,
  ids: ReadonlyMap<string, number>,
  ordinary: ReadonlyMap<string, number>,
  name: string,
) {
  const fail = (message: string): never => {
    throw new DataError(`${name}: ${message}`);
  };
  const ranks = new PairTable();
  const results = json.merges.map(([left, right], rank) => {
    const [leftId, rightId, result] = [ids.get(left), ids.get(right), ordinary.get(left + right)];
    const merge = `model.merges[${rank}] (${JSON.stringify(left)}, ${JSON.stringify(right)})`;
    if (leftId === undefined || rightId === undefined)
      return fail(`${merge} has a token that is not in the vocabulary`);
    if (result === undefined) {
      return fail(
        `${merge} makes ${JSON.stringify(left + right)}, which is not in the vocabulary or is a special token`,
      );
    }
    if (ranks.add(leftId, rightId) !== rank) fail(`${merge} comes twice`);
    return result;
  });
  const byteId = (byte: number): number =>
    ordinary.get(byteToken(byte)) ?? fail(`model.byte_fallback is true, but the vocabulary lacks ${byteToken(byte)}`);
  return createBpeModel({
    characters: new Map([...ordinary].filter(([token]) => [...token].length === 1)),
    bytes: json.byte_fallback ? Array.from({ length: 256 }, (_, byte) => byteId(byte)) : undefined,
    unknown: UNK,
    fuseUnknown: json.fuse_unk,
    ranks,
    results,
  });
}

/**
 * The tokenizer that `json` describes.
 * @param name what to call the description in error messages, e.g. its file.
 * @throws DataError when vocabulary and merges do not fit together.
 */
export function createPipelineTokenizer(json: HuggingFaceTokenizerJson, name: string): Tokenizer {
  const ids = new Map(Object.entries(json.model.vocab).sort((a, b) => a[1] - b[1]));
  const tokens = [...ids.keys()];
  const skipped = new Set(json.added_tokens.map(({ id }) => id));
  // The text of a special token is text like any other, so special tokens are out of the model's sight.
  const ordinary = new Map([...ids].filter(([, id]) => id !== UNK && !skipped.has(id)));
  const normalize = createNormalizer(json.normalizer);
  const preTokenizer = createPreTokenizer(json.pre_tokenizer);
  const decode = createDecoder(json.decoder);
  const model: PieceModel =
    json.model.type === 'BPE' ? bpeModel(json.model, ids, ordinary, name) : createWordModel(ordinary, UNK);
  const cache = new PieceCache(CACHED_PIECES);

  const encodeCached = (piece: string): readonly number[] => {
    const cached = cache.get(piece);
    if (cached !== undefined) return cached;
    const fresh: number[] = [];
    model.encodePiece(preTokenizer.spell(piece), fresh, 0, undefined);
    cache.set(piece, fresh);
    return fresh;
  };

  const token = (id: number): string => {
    const found = tokens[id];
    if (found === undefined) throw new RangeError(`token id must be in 0 … ${tokens.length - 1}, but is ${id}`);
    return found;
  };

  const encode = (text: string, { dropout = 0, random }: EncodeOptions = {}): Int32Array => {
    assertWellFormed(text);
    if (dropout > 0 && random === undefined) throw new TypeError('encode: dropout needs random');
    const out: number[] = [];
    for (const piece of preTokenizer.split(normalize(text))) {
      if (dropout > 0) model.encodePiece(preTokenizer.spell(piece), out, dropout, random);
      else for (const id of encodeCached(piece)) out.push(id);
    }
    return Int32Array.from(out);
  };

  return {
    kind: kindOf(json),
    vocabularySize: tokens.length,
    encode,
    decode: (sequence, extra = []) =>
      decode(
        Array.from(sequence)
          .filter((id) => !skipped.has(id))
          .map((id) => extra[id - tokens.length] ?? token(id)),
      ),
    token,
    id: (text) => ids.get(text),
    ordinaryId: (text) => ordinary.get(text),
    countUnknown: (text) => encode(text).reduce((count, id) => count + (id === UNK ? 1 : 0), 0),
    unknownTexts: (text) => {
      assertWellFormed(text);
      return preTokenizer.split(normalize(text)).flatMap((piece) => model.unknownTexts(preTokenizer.spell(piece)));
    },
    toJSON: () => structuredClone(json),
  };
}
