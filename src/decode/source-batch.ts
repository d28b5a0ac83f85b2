// A batch of sources as a program's inputs.
import { padTokens } from '../data/padding.js';
import { CopyableTokens, FrameSequence, SentenceSequence, type SourceSequence } from '../data/sequences.js';
import type { Tensor } from '../engine/ops.js';
import type { HostTensor, TensorSpec, Tensors } from '../engine/types.js';
import { FRAMES_PER_POSITION } from '../model/config.js';
import type { VocabularySizes } from '../model/parameters.js';
import type { SourceTensors } from '../model/transformer.js';
import { PAD } from '../text/special-tokens.js';

/** The inputs of a program that hold its sources. */
export function sourceSpecs({ source, sentences }: VocabularySizes): Record<string, TensorSpec> {
  if (sentences !== undefined) return { source: { shape: ['B', 'S', 'W'], dtype: 'int32' } };
  if (typeof source === 'number') return { source: { shape: ['B', 'S'], dtype: 'int32' } };
  return {
    source: { shape: ['B', 'S', FRAMES_PER_POSITION * source.features], dtype: 'float32' },
    sourceLengths: { shape: ['B'], dtype: 'int32' },
  };
}

/** The input of whose voice each output is to be in, for models of several. */
export function speakerSpecs({ speakers }: VocabularySizes): Record<string, TensorSpec> {
  return speakers === undefined ? {} : { speaker: { shape: ['B'], dtype: 'int32' } };
}

/** The numbers of the voices, for models of several. */
export function speakerInput(
  { speakers }: VocabularySizes,
  rows: readonly { readonly speaker?: number | undefined }[],
): Record<string, HostTensor> {
  if (speakers === undefined) return {};
  return { speaker: { shape: [rows.length], data: Int32Array.from(rows, ({ speaker = 0 }) => speaker) } };
}

/** The sources among a program's inputs. */
export function sourceTensors({ source, sourceLengths }: Tensors): SourceTensors {
  if (sourceLengths) return { frames: source as Tensor, lengths: sourceLengths };
  return source?.rank === 3 ? { sentences: source } : { ids: source as Tensor };
}

/** Pads sources, frames with zeros. @param sources of one kind; frames must have been loaded */
export function sourceInputs(sources: readonly SourceSequence[]): Record<string, HostTensor> {
  const sentences = sources.filter((source) => source instanceof SentenceSequence);
  if (sentences.length > 0) return sentenceInputs(sentences);
  const frames = sources.filter((source) => source instanceof FrameSequence);
  if (frames.length === 0) {
    const tokens = sources.map((source) => (source instanceof CopyableTokens ? source.ids : (source as Int32Array)));
    const { ids, length } = padTokens(tokens, PAD);
    return { source: { shape: [sources.length, length], data: ids } };
  }
  const width = frames[0]?.width ?? 0;
  const length = frames.reduce((longest, item) => Math.max(longest, item.length), 0);
  const data = new Float32Array(frames.length * length * width);
  frames.forEach((item, i) => {
    data.set(item.data, i * length * width);
  });
  return {
    source: { shape: [frames.length, length, width], data },
    sourceLengths: { shape: [frames.length], data: Int32Array.from(frames, (item) => item.length) },
  };
}

/** Pads sources of sentences: with padding behind the tokens of each, and with sentences of padding alone. */
function sentenceInputs(sources: readonly SentenceSequence[]): Record<string, HostTensor> {
  const length = Math.max(...sources.map((source) => source.length));
  const width = Math.max(...sources.flatMap(({ sentences }) => sentences.map((tokens) => tokens.length)));
  const data = new Int32Array(sources.length * length * width).fill(PAD);
  sources.forEach(({ sentences }, row) => {
    sentences.forEach((tokens, i) => {
      data.set(tokens, (row * length + i) * width);
    });
  });
  return { source: { shape: [sources.length, length, width], data } };
}
