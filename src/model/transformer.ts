// The whole model: encode, teacher-forced decoder states, the incremental step.
import { add, cast, gather, greater, maximum, mul, range, reshape, type Tensor } from '../engine/ops.js';
import { causalMask, type KeysValues, paddingMask } from './attention.js';
import { crossKeysValues, decodeSequence, decodeStep, type StepContext, type StepResult } from './decoder.js';
import { embedFrames, embedTokens, isToken, type MixedTokens } from './embedding.js';
import { encode } from './encoder.js';
import { isParallel } from './frame-decoder.js';
import { linear } from './layers.js';
import type { Scope } from './scope.js';
import { embedSentences, sentencePresence } from './sentence-embedding.js';

/**
 * What an encoder reads: token ids int32 `[B, S]`, each row with its stop token; token ids of sentences int32 `[B, S, W]`; or frames
 * `[B, S, W]` and lengths int32 `[B]`.
 */
export type SourceTensors =
  | { readonly sentences: Tensor }
  | { readonly ids: Tensor; readonly mixed?: MixedTokens }
  | { readonly frames: Tensor; readonly lengths: Tensor };

/** A source of tokens with other tokens `[B, S]` mixed into it. */
export function mixedSource(source: SourceTensors, ids?: Tensor, share?: Tensor): SourceTensors {
  return 'ids' in source && ids && share ? { ids: source.ids, mixed: { ids, share } } : source;
}

/** An encoded source: what the decoder's cross-attention needs, and what a CTC head reads. */
export interface EncodedSource {
  /** `[B·S, D]` */
  readonly memory: Tensor;
  readonly cross: readonly KeysValues[];
  /** Additive `[B, 1, 1, S]` */
  readonly mask: Tensor;
  /** `[B, S]`: 1 at the positions that there are, 0 at padding. */
  readonly present: Tensor;
}

/** 1 where there is a position, 0 at padding. @returns `[B, S]` */
function presence(source: SourceTensors, batch: number, length: number): Tensor {
  if ('sentences' in source) return sentencePresence(source.sentences);
  if ('ids' in source) {
    return source.mixed ? maximum(isToken(source.ids), isToken(source.mixed.ids)) : isToken(source.ids);
  }
  return cast(greater(reshape(source.lengths, [batch, 1]), reshape(range(length), [1, length])), 'float32');
}

/** The tensor of a source that has its batch and its positions. */
const tensorOf = (source: SourceTensors): Tensor =>
  'ids' in source ? source.ids : 'sentences' in source ? source.sentences : source.frames;

/** @returns `[B·S, D]` */
function embedSource(scope: Scope, source: SourceTensors, length: number): Tensor {
  if ('sentences' in source) return embedSentences(scope, source.sentences);
  return 'ids' in source
    ? embedTokens(scope, 'source', source.ids, range(length), source.mixed)
    : embedFrames(scope, source.frames, range(length));
}

/** Adds the embedding of each source's speaker to all of its positions. @param speaker int32 `[B]` @returns `[B·S, D]` */
function inVoice(scope: Scope, memory: Tensor, speaker: Tensor, batch: number, length: number): Tensor {
  const width = scope.config.modelDim;
  const voices = reshape(gather(scope.parameter('speaker.embedding'), speaker as never), [batch, 1, width]);
  const scaled = mul(voices, Math.sqrt(width));
  return reshape(add(reshape(memory, [batch, length, width]), scaled), [batch * length, width]);
}

/** Encodes a batch of sources. @param speaker int32 `[B]`, whose voice the output is to be in, for models of several */
export function encodeSource(scope: Scope, source: SourceTensors, speaker?: Tensor): EncodedSource {
  const [batch, length] = tensorOf(source).shape as [number, number];
  const present = presence(source, batch, length);
  const mask = paddingMask(present);
  const encoded = encode(scope, 'encoder', embedSource(scope, source, length), batch, length, mask, present);
  const memory = speaker ? inVoice(scope, encoded, speaker, batch, length) : encoded;
  const cross = isParallel(scope.config) ? [] : crossKeysValues(scope, memory, batch, length);
  return { memory, cross, mask, present };
}

/**
 * Decoder states under teacher forcing.
 * @param target int32 `[B·K, T]`, inputs starting with BOS, K rows for each source one after another
 * @returns `[B·K·T, D]`
 */
export function teacherForcedStates(scope: Scope, encoded: EncodedSource, target: Tensor): Tensor {
  return decodedStates(scope, encoded, embedTokens(scope, 'target', target, range(target.shape[1] as number)), target);
}

/**
 * Decoder states for inputs that are embedded already.
 * @param x `[B·K·T, D]` @param target anything of shape `[B·K, T]`
 */
export function decodedStates(scope: Scope, { cross, mask }: EncodedSource, x: Tensor, target: Tensor): Tensor {
  const [rows, length] = target.shape as [number, number];
  const sources = mask.shape[0] as number;
  // Padding comes last, so the causal mask already hides it from every real position.
  return decodeSequence(scope, x, { sources, perSource: rows / sources, length }, cross, causalMask(length), mask);
}

/** Logits of the CTC head. @returns `[B, S, V]` */
export function ctcLogits(scope: Scope, { memory, present }: EncodedSource): Tensor {
  const [batch, length] = present.shape as [number, number];
  const logits = linear(scope, 'ctc', memory);
  return reshape(logits, [batch, length, logits.shape[1] as number]);
}

/** Logits of the CTC head on a decoder of frames. @param states `[B·T, D]` @returns `[B, T, V]` */
export function targetTextLogits(scope: Scope, states: Tensor, batch: number): Tensor {
  const logits = linear(scope, 'targetText', states);
  const [positions, classes] = logits.shape as [number, number];
  return reshape(logits, [batch, positions / batch, classes]);
}

/** One incremental step. @param tokens int32 `[B, K]` */
export function incrementalStep(scope: Scope, tokens: Tensor, context: StepContext): StepResult {
  return decodeStep(scope, embedTokens(scope, 'target', tokens, context.position), context);
}
