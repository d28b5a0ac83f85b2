// Outputs of a model: when their words were said, and those of pieces put together.

import { CopyableTokens, loadedSource, SentenceSequence, type SourceSequence } from '../data/sequences.js';
import { ctcAlign } from '../decode/ctc/align.js';
import { type SpokenWord, spokenWords } from '../decode/ctc/words.js';
import type { AttentionWeights, CtcLogProbs, TransformerDecoder } from '../decode/session.js';
import type { Codec } from '../task.js';
import { EOS, PAD } from '../text/special-tokens.js';

/** One output of a line. */
export interface DecodedOutput {
  readonly text: string;
  readonly score: number;
  /** False where the output was cut at the maximum length. */
  readonly finished: boolean;
  /** When each word was said, where that was asked for and can be told. */
  readonly words?: readonly SpokenWord[];
  /** Where the decoder looked, where that was asked for and the source was decoded whole. */
  readonly attention?: OutputAttention;
  /** The tokens that were copied rather than generated, where the model copies and that was asked for. */
  readonly copied?: readonly CopiedToken[];
}

/** A token of an output that more likely than not was copied from the source. */
export interface CopiedToken {
  readonly token: string;
  /** Its place among the output's tokens, counted from 0. */
  readonly position: number;
  /** The share of its probability that copying had, from 0.5 to 1; the rest is that of being generated. */
  readonly share: number;
}

/** Cross-attention between the tokens of an output and the positions of its source. */
export interface OutputAttention extends AttentionWeights {
  /** Tokens, or for sound the second that each position begins at. */
  readonly source: readonly string[];
  /** Tokens of the output, the stop token included where the output is finished. */
  readonly target: readonly string[];
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** The words of an output by the best path of the CTC head through its tokens; none where there is no path. */
export function wordTimes(codec: Codec, tokens: Int32Array, ctc: CtcLogProbs): SpokenWord[] {
  const alignment = tokens.length > 0 ? ctcAlign(ctc, tokens, PAD) : undefined;
  if (!alignment) return [];
  const found = spokenWords(codec.words?.(tokens) ?? [], alignment, codec.secondsPerPosition ?? 1);
  return found.map(({ word, start, end, confidence }) => {
    return { word, start: rounded(start), end: rounded(end), confidence: rounded(confidence) };
  });
}

/** The attention of an output, with names for its rows and columns. */
export async function attentionOf(
  codec: Codec,
  decoder: TransformerDecoder,
  source: SourceSequence,
  tokens: Int32Array,
  finished: boolean,
): Promise<OutputAttention> {
  const output = finished ? Int32Array.of(...tokens, EOS) : tokens;
  const seconds = codec.secondsPerPosition ?? 1;
  const nameSource = (): string[] => {
    if (source instanceof Int32Array) return codec.tokenNames('source', source);
    if (source instanceof CopyableTokens) return codec.tokenNames('target', source.copyIds, source);
    if (source instanceof SentenceSequence)
      return source.sentences.map((tokens) => codec.tokenNames('source', tokens).join(' '));
    return Array.from({ length: source.length }, (_, i) => (i * seconds).toFixed(2));
  };
  const loaded = await loadedSource(source);
  return {
    ...(await decoder.attention(loaded, output)),
    source: nameSource(),
    target: codec.tokenNames('target', output, source),
  };
}

/** The copied tokens of each output of a source. */
export async function copiedTokens(
  codec: Codec,
  decoder: TransformerDecoder,
  source: SourceSequence,
  outputs: readonly Int32Array[],
): Promise<CopiedToken[][]> {
  const shares = await decoder.copyShares(source, outputs);
  return outputs.map((tokens, k) => {
    const names = codec.tokenNames('target', tokens, source);
    return names.flatMap((token, position) => {
      const share = rounded(shares[k]?.[position] as number);
      return share < 0.5 ? [] : [{ token, position, share }];
    });
  });
}

/** Outputs with the times of a piece that begins later. */
export function later(outputs: readonly DecodedOutput[], start: number): DecodedOutput[] {
  const move = (time: number): number => rounded(time + start);
  return outputs.map((output) =>
    output.words
      ? { ...output, words: output.words.map((word) => ({ ...word, start: move(word.start), end: move(word.end) })) }
      : output,
  );
}

/** The best output of the pieces so far and that of the next one as one. */
export function joined(before: readonly DecodedOutput[], next: readonly DecodedOutput[]): DecodedOutput[] {
  const [a, b] = [before[0], next[0]];
  if (!a || !b) return [...before];
  return [
    {
      text: [a.text, b.text].filter((text) => text !== '').join(' '),
      score: a.score + b.score,
      finished: a.finished && b.finished,
      ...(a.words && b.words ? { words: [...a.words, ...b.words] } : {}),
    },
  ];
}
