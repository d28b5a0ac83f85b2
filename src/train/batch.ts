// Token examples → the input tensors of a training step.
import type { TokenExample } from '../data/examples.js';
import { padTokens } from '../data/padding.js';
import type { HostTensor } from '../engine/types.js';
import { BOS, PAD } from '../text/special-tokens.js';

/** Target tokens that count in the loss: all of them, the stop token included. */
export function targetTokens(examples: readonly TokenExample[]): number {
  return examples.reduce((sum, { target }) => sum + target.length, 0);
}

/**
 * Pads a batch for teacher forcing: decoder inputs are the targets shifted right behind BOS.
 * @param weight of each target token in the loss, usually 1 / (target tokens of the whole step)
 * @returns `source` [B, S], `targetInput`, `targetOutput` and `weights` [B, T]
 */
export function tokenBatch(examples: readonly TokenExample[], weight: number): Record<string, HostTensor> {
  const source = padTokens(
    examples.map((example) => example.source),
    PAD,
  );
  const target = padTokens(
    examples.map((example) => example.target),
    PAD,
  );
  const shape = [examples.length, target.length];
  const input = new Int32Array(target.ids.length);
  const weights = new Float32Array(target.ids.length);
  examples.forEach(({ target: tokens }, row) => {
    const start = row * target.length;
    input[start] = BOS;
    input.set(tokens.subarray(0, -1), start + 1);
    weights.fill(weight, start, start + tokens.length);
  });
  return {
    source: { shape: [examples.length, source.length], data: source.ids },
    targetInput: { shape, data: input },
    targetOutput: { shape, data: target.ids },
    weights: { shape, data: weights },
  };
}
