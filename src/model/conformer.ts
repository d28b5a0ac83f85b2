// The Conformer block: an encoder layer that sees its neighbourhood by convolution and the whole by attention.
import { depthwiseConv } from '../engine/fused/depthwise-conv.js';
import { add, mul, reshape, sigmoid, type Tensor } from '../engine/ops.js';
import { attendAndProject, projectHeads, projectKeysValues } from './attention.js';
import type { ModelConfig } from './config.js';
import { feedForward, linear, normalize } from './layers.js';
import { linearEntries, normEntries, type ParameterEntry } from './parameter-entry.js';
import { rotate } from './positions.js';
import type { Scope } from './scope.js';

/** Parameters of one layer. @param layer such as `encoder.layers.0` */
export function conformerSpecs(layer: string, config: ModelConfig): ParameterEntry[] {
  const { modelDim: width, feedForwardDim: inner, convolutionKernel } = config;
  const map = (name: string, from: number, to: number) => linearEntries(`${layer}.${name}`, from, to);
  const norm = (name: string) => normEntries(`${layer}.${name}`, config);
  const feedForward = (name: string): ParameterEntry[] => [
    ...norm(`${name}Norm`),
    ...map(`${name}.inner`, width, inner),
    ...(config.activation === 'swiglu' ? map(`${name}.gate`, width, inner) : []),
    ...map(`${name}.outer`, inner, width),
  ];
  return [
    ...feedForward('firstFeedForward'),
    ...norm('selfAttentionNorm'),
    ...['query', 'key', 'value', 'output'].flatMap((part) => map(`selfAttention.${part}`, width, width)),
    ...norm('convolutionNorm'),
    ...map('convolution.inner', width, width),
    ...map('convolution.gate', width, width),
    ...map('convolution.depthwise', convolutionKernel, width),
    ...norm('convolution.norm'),
    ...map('convolution.outer', width, width),
    ...feedForward('secondFeedForward'),
    ...norm('norm'),
  ];
}

/**
 * One layer (Gulati et al., 2020): half a feed-forward, self-attention, convolution and half a feed-forward, each with a
 * normalisation before it and a residual connection around it whatever `normPosition` says, and a normalisation at the end.
 *
 * Departures from the paper: positions and the activation of the feed-forwards are those of the configuration (the paper has
 * relative positions as in Transformer-XL, and swish), and the convolution module normalises each position by itself, where
 * the paper normalises over the batch: no result depends on what else is in its batch.
 * @param layer name of the layer
 * @param state `[B·S, D]`
 * @param mask additive `[B, 1, 1, S]`
 * @param present `[B, S]`: 1 at the positions that there are, 0 at padding
 * @param positions int32 `[S]`
 * @returns `[B·S, D]`
 */
export function conformerLayer(
  scope: Scope,
  layer: string,
  state: Tensor,
  batch: number,
  length: number,
  mask: Tensor,
  present: Tensor,
  positions: Tensor,
): Tensor {
  const sublayer = (x: Tensor, name: string, f: (input: Tensor) => Tensor): Tensor =>
    add(x, scope.drop(f(normalize(scope, `${layer}.${name}Norm`, x)), scope.config.dropout));
  const halfFeedForward = (name: string) => (input: Tensor) => mul(feedForward(scope, `${layer}.${name}`, input), 0.5);
  let x = sublayer(state, 'firstFeedForward', halfFeedForward('firstFeedForward'));
  x = sublayer(x, 'selfAttention', (input) => {
    const name = `${layer}.selfAttention`;
    const query = rotate(scope, projectHeads(scope, `${name}.query`, input, batch, length), positions);
    const { key, value } = projectKeysValues(scope, name, input, batch, length);
    return attendAndProject(scope, name, query, { key: rotate(scope, key, positions), value }, mask);
  });
  x = sublayer(x, 'convolution', (input) => convolutionModule(scope, `${layer}.convolution`, input, present));
  x = sublayer(x, 'secondFeedForward', halfFeedForward('secondFeedForward'));
  return normalize(scope, `${layer}.norm`, x);
}

/**
 * Gated linear unit, depthwise convolution over time, normalisation, swish and a linear map. Padding is set to 0 before the
 * convolution, so that the last positions of a sequence see the zeros that they would see at the end of a batch.
 * @param x `[B·S, D]` @param present `[B, S]` @returns `[B·S, D]`
 */
function convolutionModule(scope: Scope, name: string, x: Tensor, present: Tensor): Tensor {
  const [batch, length] = present.shape as [number, number];
  const width = scope.config.modelDim;
  // The two halves of the paper's map to 2·D (Dauphin et al., 2017)
  const gated = mul(linear(scope, `${name}.inner`, x), sigmoid(linear(scope, `${name}.gate`, x)));
  const alone = mul(reshape(gated, [batch, length, width]), reshape(present, [batch, length, 1]));
  const convolved = depthwiseConv(alone, scope.parameter(`${name}.depthwise.weight`));
  const biased = add(reshape(convolved, [batch * length, width]), scope.parameter(`${name}.depthwise.bias`));
  const normalised = normalize(scope, `${name}.norm`, biased);
  return linear(scope, `${name}.outer`, mul(normalised, sigmoid(normalised)));
}
