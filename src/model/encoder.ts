// The encoder stack.
import { range, type Tensor } from '../engine/ops.js';
import { attendAndProject, projectHeads, projectKeysValues } from './attention.js';
import { conformerLayer } from './conformer.js';
import { feedForward, finalNorm, residual } from './layers.js';
import { rotate } from './positions.js';
import type { Scope } from './scope.js';

/**
 * Encodes embedded source positions.
 * @param x `[B·S, D]` @param mask additive `[B, 1, 1, S]`
 * @param present `[B, S]`: 1 at the positions that there are, 0 at padding
 * @returns memory `[B·S, D]`
 */
export function encode(scope: Scope, x: Tensor, batch: number, length: number, mask: Tensor, present: Tensor): Tensor {
  const positions = range(length);
  const selfAttention = (name: string) => (input: Tensor) => {
    const query = rotate(scope, projectHeads(scope, `${name}.query`, input, batch, length), positions);
    const { key, value } = projectKeysValues(scope, name, input, batch, length);
    return attendAndProject(scope, name, query, { key: rotate(scope, key, positions), value }, mask);
  };
  let state = x;
  for (let i = 0; i < scope.config.encoderLayers; i++) {
    const layer = `encoder.layers.${i}`;
    if (scope.config.encoderBlock === 'conformer') {
      state = conformerLayer(scope, layer, state, batch, length, mask, present, positions);
      continue;
    }
    state = residual(scope, `${layer}.selfAttentionNorm`, state, selfAttention(`${layer}.selfAttention`));
    state = residual(scope, `${layer}.feedForwardNorm`, state, (input) =>
      feedForward(scope, `${layer}.feedForward`, input),
    );
  }
  return finalNorm(scope, 'encoder.norm', state);
}
