// The encoder stack, which a parallel decoder is another of.
import { range, type Tensor } from '../engine/ops.js';
import { attendAndProject, projectHeads, projectKeysValues } from './attention.js';
import { conformerLayer } from './conformer.js';
import { feedForward, finalNorm, residual } from './layers.js';
import { rotate } from './positions.js';
import type { Scope } from './scope.js';

/**
 * Encodes embedded positions that all see each other.
 * @param stack `encoder`, or `decoder` where that is parallel
 * @param x `[B·S, D]` @param mask additive `[B, 1, 1, S]`
 * @param present `[B, S]`: 1 at the positions that there are, 0 at padding
 * @returns `[B·S, D]`
 */
export function encode(
  scope: Scope,
  stack: 'encoder' | 'decoder',
  x: Tensor,
  batch: number,
  length: number,
  mask: Tensor,
  present: Tensor,
): Tensor {
  const positions = range(length);
  const selfAttention = (name: string) => (input: Tensor) => {
    const query = rotate(scope, projectHeads(scope, `${name}.query`, input, batch, length), positions);
    const { key, value } = projectKeysValues(scope, name, input, batch, length);
    return attendAndProject(scope, name, query, { key: rotate(scope, key, positions), value }, mask);
  };
  let state = x;
  const layers = stack === 'encoder' ? scope.config.encoderLayers : scope.config.decoderLayers;
  for (let i = 0; i < layers; i++) {
    const layer = `${stack}.layers.${i}`;
    if (scope.config.encoderBlock === 'conformer') {
      state = conformerLayer(scope, layer, state, batch, length, mask, present, positions);
      continue;
    }
    state = residual(scope, `${layer}.selfAttentionNorm`, state, selfAttention(`${layer}.selfAttention`));
    state = residual(scope, `${layer}.feedForwardNorm`, state, (input) =>
      feedForward(scope, `${layer}.feedForward`, input),
    );
  }
  return finalNorm(scope, `${stack}.norm`, state);
}
