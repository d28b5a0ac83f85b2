// What a SentencePiece `.model` file says.
import { readFields } from './protobuf.js';
import { decodeUTF8 } from './utf8.js';

/** What a piece is for; numbered as in the file. */
export enum PieceType {
  normal = 1,
  unknown = 2,
  /** Never found in text. @public read from files, never asked for by name */
  control = 3,
  /** Always kept whole. */
  userDefined = 4,
  unused = 5,
  /** Stands for one byte of a character that no piece covers. */
  byte = 6,
}

/** An entry of the vocabulary. */
interface Piece {
  readonly text: string;
  /** A logarithm of its probability, or for BPE the rank of its merge, both the higher the better; 32 bits. */
  readonly score: number;
  readonly type: PieceType;
}

/** A model: its vocabulary and its options. */
export interface Model {
  readonly pieces: readonly Piece[];
  readonly type: 'unigram' | 'bpe';
  /** Characters that no piece covers are spelt in bytes. */
  readonly byteFallback: boolean;
  /** Spaces belong to the word before them. */
  readonly spaceAsSuffix: boolean;
  readonly normalizer: NormalizerOptions;
}

/** How text is prepared. */
export interface NormalizerOptions {
  /** Replacements of characters, compiled; see {@link CharacterMap}. */
  readonly characterMap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraSpaces: boolean;
  /** Spaces are written as `▁`. */
  readonly escapeSpaces: boolean;
}

const asBytes = (field: string, value: number | Uint8Array): Uint8Array => {
  if (typeof value === 'number') throw new RangeError(`${field}: expected bytes, found the number ${value}`);
  return value;
};

const MODEL_TYPES = ['unigram', 'bpe', 'word', 'char'] as const;

function readPiece(message: Uint8Array): Piece {
  let text = '';
  let score = 0;
  let type = PieceType.normal;
  readFields(message, (field, value) => {
    if (field === 1) text = decodeUTF8(asBytes('piece', value));
    else if (field === 2) score = Number(value);
    else if (field === 3) type = Number(value);
  });
  return { text, score, type };
}

function readTrainerOptions(message: Uint8Array) {
  let type = 1;
  let byteFallback = false;
  let spaceAsSuffix = false;
  readFields(message, (field, value) => {
    if (field === 3) type = Number(value);
    else if (field === 24) spaceAsSuffix = value !== 0;
    else if (field === 35) byteFallback = value !== 0;
  });
  return { type: MODEL_TYPES[type - 1] ?? String(type), byteFallback, spaceAsSuffix };
}

function readNormalizerOptions(message: Uint8Array): NormalizerOptions {
  let characterMap = new Uint8Array();
  let addDummyPrefix = true;
  let removeExtraSpaces = true;
  let escapeSpaces = true;
  readFields(message, (field, value) => {
    if (field === 2) characterMap = Uint8Array.from(asBytes('precompiled_charsmap', value));
    else if (field === 3) addDummyPrefix = value !== 0;
    else if (field === 4) removeExtraSpaces = value !== 0;
    else if (field === 5) escapeSpaces = value !== 0;
  });
  return { characterMap, addDummyPrefix, removeExtraSpaces, escapeSpaces };
}

/**
 * Reads a model from the bytes of its file.
 * @throws RangeError when they are not a model of type unigram or BPE, or one that is not consistent
 */
export function readModel(bytes: Uint8Array): Model {
  const pieces: Piece[] = [];
  let trainer = readTrainerOptions(new Uint8Array());
  let normalizer = readNormalizerOptions(new Uint8Array());
  readFields(bytes, (field, value) => {
    if (field === 1) pieces.push(readPiece(asBytes('pieces', value)));
    else if (field === 2) trainer = readTrainerOptions(asBytes('trainer_spec', value));
    else if (field === 3) normalizer = readNormalizerOptions(asBytes('normalizer_spec', value));
  });
  const { type, byteFallback, spaceAsSuffix } = trainer;
  if (type !== 'unigram' && type !== 'bpe') throw new RangeError(`model: expected type unigram or bpe, found ${type}`);
  checkPieces(pieces, byteFallback);
  return { pieces, type, byteFallback, spaceAsSuffix, normalizer };
}

function checkPieces(pieces: readonly Piece[], byteFallback: boolean): void {
  const seen = new Set<string>();
  for (const [id, { text }] of pieces.entries()) {
    if (text === '') throw new RangeError(`model: expected a text for piece ${id}, found none`);
    if (seen.has(text)) throw new RangeError(`model: expected different pieces, found ${JSON.stringify(text)} twice`);
    seen.add(text);
  }
  const count = (type: PieceType) => pieces.filter((piece) => piece.type === type).length;
  const unknown = count(PieceType.unknown);
  if (unknown !== 1) throw new RangeError(`model: expected one unknown piece among ${pieces.length}, found ${unknown}`);
  if (byteFallback && count(PieceType.byte) !== 256) {
    throw new RangeError(`model: expected 256 byte pieces, found ${count(PieceType.byte)}`);
  }
}
