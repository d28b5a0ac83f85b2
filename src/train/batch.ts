// Examples → the input tensors of a training step.

import { ctcMinimumFrames, ctcTargets } from '../data/ctc-targets.js';
import { type ModelExample, targetTokensOf } from '../data/examples.js';
import { withinVocabulary } from '../data/extended-vocabulary.js';
import { padTokens } from '../data/padding.js';
import { CopyableTokens } from '../data/sequences.js';
import { copySourceInput } from '../decode/copy.js';
import { sourceInputs } from '../decode/source-batch.js';
import type { HostTensor } from '../engine/types.js';
import { BOS, PAD, UNK } from '../text/special-tokens.js';

/** Target positions that count in the loss: all tokens, the stop token included, or all positions of frames. */
export function targetTokens(examples: readonly ModelExample[]): number {
  return examples.reduce((sum, { target }) => sum + target.length, 0);
}

/**
 * Pads a batch for teacher forcing: decoder inputs are the targets shifted right behind BOS.
 * @param weight of each target token in the loss, usually 1 / (target tokens of the whole step)
 * @param withCtc whether the model has a CTC loss, also where no example of the batch has targets for it
 * @returns the source (see `sourceInputs`), `targetInput`, `targetOutput` and `weights` [B, T]; where sources can be copied from also
 *   `copySource` [B, S] and `copyTarget` [B, T], ids of the extended vocabularies
 */
export function tokenBatch(
  examples: readonly ModelExample[],
  weight: number,
  withCtc = hasCtc(examples),
): Record<string, HostTensor> {
  const targets = examples.map(plainTarget);
  const target = padTokens(targets, PAD);
  const shape = [examples.length, target.length];
  const input = new Int32Array(target.ids.length);
  const weights = new Float32Array(target.ids.length);
  targets.forEach((tokens, row) => {
    const start = row * target.length;
    input[start] = BOS;
    input.set(tokens.subarray(0, -1), start + 1);
    weights.fill(weight, start, start + tokens.length);
    examples[row]?.targetWeights?.forEach((own, i) => {
      weights[start + i] = weight * own;
    });
  });
  return {
    ...sourceInputs(examples.map((example) => example.source)),
    targetInput: { shape, data: input },
    targetOutput: { shape, data: target.ids },
    weights: { shape, data: weights },
    ...(withCtc ? ctcInputs(examples, weight) : {}),
    ...copyInputs(examples),
  };
}

/** The target within the vocabulary. */
function plainTarget(example: ModelExample): Int32Array {
  const { source } = example;
  const target = targetTokensOf(example);
  return source instanceof CopyableTokens ? withinVocabulary(target, source.vocabulary.size, UNK) : target;
}

/** Sources and targets in the extended vocabularies. A word of the part that was cut off a source is unknown again. */
function copyInputs(examples: readonly ModelExample[]): Record<string, HostTensor> {
  const sources = examples.flatMap(({ source }) => (source instanceof CopyableTokens ? [source] : []));
  if (sources.length === 0) return {};
  const targets = examples.map((example, row) => {
    const { copyIds, vocabulary } = sources[row] as CopyableTokens;
    return targetTokensOf(example).map((id) => (id < vocabulary.size || copyIds.includes(id) ? id : UNK));
  });
  const { ids, length } = padTokens(targets, PAD);
  return { copySource: copySourceInput(sources), copyTarget: { shape: [examples.length, length], data: ids } };
}

const hasCtc = (examples: readonly ModelExample[]): boolean =>
  examples.some(({ ctcTarget }) => ctcTarget !== undefined);

/**
 * The targets of a CTC loss; a row that has none, or that has no path, weighs nothing.
 * @param head on the encoder, or on a decoder of frames; see `CTC_INPUTS` and `TARGET_TEXT_INPUTS`
 */
export function ctcInputs(
  examples: readonly ModelExample[],
  weight: number,
  head: 'ctc' | 'targetText' = 'ctc',
): Record<string, HostTensor> {
  const rows = examples.map(({ source, target, ctcTarget, targetText }) =>
    head === 'ctc' ? { tokens: ctcTarget, room: source.length } : { tokens: targetText, room: target.length },
  );
  const { labels, skip, final, length } = ctcTargets(
    rows.map(({ tokens }) => tokens ?? new Int32Array(0)),
    PAD,
  );
  const weights = Float32Array.from(rows, ({ tokens, room }) =>
    tokens && room >= ctcMinimumFrames(tokens) ? weight : 0,
  );
  const shape = [examples.length, length];
  return {
    [`${head}Labels`]: { shape, data: labels },
    [`${head}Skip`]: { shape, data: skip },
    [`${head}Final`]: { shape, data: final },
    [`${head}Weights`]: { shape: [examples.length], data: weights },
  };
}
