// What a decoder of frames has around its layers: prenet, output layers, postnet, and the length regulator of parallel ones.
import { layerNorm } from '../engine/fused/layer-norm.js';
import { relu } from '../engine/fused/relu.js';
import { add, gather, mul, range, reshape, slice, type Tensor, tanh } from '../engine/ops.js';
import { EngineError } from '../errors.js';
import { paddingMask } from './attention.js';
import type { FrameDecoderConfig, ModelConfig } from './config.js';
import { convolutionEntries, convolve } from './convolution.js';
import { placeRows } from './embedding.js';
import { encode } from './encoder.js';
import { linear } from './layers.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** Whether a model writes all of its frames at once. */
export const isParallel = ({ frames }: ModelConfig): boolean => frames?.kind === 'parallel';

/** The settings of a decoder of frames. @throws EngineError where the model writes tokens */
export function frameSettings({ frames }: ModelConfig): FrameDecoderConfig {
  if (frames) return frames;
  throw new EngineError('internal: expected a model that writes frames, found one that writes tokens');
}

/** Width of the prenet's two layers. */
export const prenetWidth = (config: ModelConfig): number => frameSettings(config).prenetDim ?? config.modelDim;

/** Scale and bias of a layer normalisation of any width. */
const normOf = (name: string, width: number): ParameterEntry[] => [
  [`${name}.scale`, [width], 'ones'],
  [`${name}.bias`, [width], 'zeros'],
];

/** Parameters besides those of the layers. @param features of a frame */
export function frameDecoderEntries(config: ModelConfig, features: number): ParameterEntry[] {
  const { modelDim: width } = config;
  const settings = frameSettings(config);
  const { reduction, postnetLayers, postnetChannels, postnetKernel, durationLayers, durationKernel } = settings;
  const prenet = prenetWidth(config);
  const ends = isParallel(config)
    ? [
        ...Array.from({ length: durationLayers }, (_, i) => [
          ...convolutionEntries(`duration.layers.${i}`, durationKernel, width, width),
          ...normOf(`duration.layers.${i}.norm`, width),
        ]).flat(),
        ...linearEntries('duration.output', width, 1),
      ]
    : [
        ...linearEntries('prenet.layers.0', features, prenet),
        ...linearEntries('prenet.layers.1', prenet, prenet),
        ...linearEntries('prenet.output', prenet, width),
        ...linearEntries('output.stop', width, 1),
      ];
  const postnet = Array.from({ length: postnetLayers }, (_, i) => {
    const isLast = i === postnetLayers - 1;
    const from = i === 0 ? features : postnetChannels;
    const name = `postnet.layers.${i}`;
    return isLast
      ? convolutionEntries(name, postnetKernel, from, features)
      : [...convolutionEntries(name, postnetKernel, from, postnetChannels), ...normOf(`${name}.norm`, postnetChannels)];
  });
  return [...ends, ...linearEntries('output.frames', width, reduction * features), ...postnet.flat()];
}

/**
 * Brings decoder inputs to the model's width: two narrow rectified layers with dropout (Shen et al., 2018) and a linear map. The dropout
 * is there in decoding too, where its masks come from the scope.
 * @param frames `[B, T, F]`: the last frame written before each position, zeros before the first
 * @param positions int32 `[T]` or `[1]`
 * @returns `[B·T, D]`
 */
export function prenet(scope: Scope, frames: Tensor, positions: Tensor): Tensor {
  const [batch, length, features] = frames.shape as [number, number, number];
  const { prenetDropout } = frameSettings(scope.config);
  const width = prenetWidth(scope.config);
  let x = reshape(frames, [batch * length, features]);
  for (const i of [0, 1]) {
    x = relu(linear(scope, `prenet.layers.${i}`, x));
    x = scope.prenetMasks
      ? mul(x, slice(scope.prenetMasks, [0, i * width], [batch * length, width]))
      : scope.drop(x, prenetDropout);
  }
  return placeRows(scope, 'target', linear(scope, 'prenet.output', x), batch, length, positions);
}

/** The frames that decoder states say. @param states `[N, D]` @returns `[N, r·F]` */
export const outputFrames = (scope: Scope, states: Tensor): Tensor => linear(scope, 'output.frames', states);

/** Logits of being the last position. @param states `[N, D]` @returns `[N]` */
export const stopLogits = (scope: Scope, states: Tensor): Tensor =>
  reshape(linear(scope, 'output.stop', states), [states.shape[0] as number]);

/**
 * Refines whole outputs by convolutions whose result is added to them (Shen et al., 2018). Each position is normalised by itself, where the
 * paper normalises over the batch, so that no output depends on its batch.
 * @param frames `[B, L, F]` @param present `[B, L]`: 1 where there is a frame @returns `[B, L, F]`
 */
export function postnet(scope: Scope, frames: Tensor, present: Tensor): Tensor {
  const { postnetLayers, postnetKernel, postnetDropout } = frameSettings(scope.config);
  if (postnetLayers === 0) return frames;
  const [batch, length, features] = frames.shape as [number, number, number];
  const isThere = reshape(present, [batch, length, 1]);
  let x = mul(frames, isThere);
  for (let i = 0; i < postnetLayers; i++) {
    const name = `postnet.layers.${i}`;
    const flat = convolve(scope, name, x, postnetKernel);
    if (i === postnetLayers - 1)
      return add(frames, reshape(scope.drop(flat, postnetDropout), [batch, length, features]));
    const norm = layerNorm(flat, scope.parameter(`${name}.norm.scale`), scope.parameter(`${name}.norm.bias`));
    const channels = flat.shape[1] as number;
    const active = scope.drop(tanh(norm), postnetDropout);
    x = mul(reshape(active, [batch, length, channels]), isThere);
  }
  return x;
}

/**
 * How long each source position lasts, as `log(1 + positions)`: convolutions with rectifier and normalisation, and a linear map (Ren et al.,
 * 2019).
 * @param memory `[B·S, D]` @param present `[B, S]` @returns `[B, S]`
 */
export function logDurations(scope: Scope, memory: Tensor, present: Tensor): Tensor {
  const { durationLayers, durationKernel, durationDropout } = frameSettings(scope.config);
  const [batch, length] = present.shape as [number, number];
  const width = scope.config.modelDim;
  const isThere = reshape(present, [batch, length, 1]);
  let x = memory;
  for (let i = 0; i < durationLayers; i++) {
    const name = `duration.layers.${i}`;
    const alone = mul(reshape(x, [batch, length, width]), isThere);
    const active = relu(convolve(scope, name, alone, durationKernel));
    const norm = layerNorm(active, scope.parameter(`${name}.norm.scale`), scope.parameter(`${name}.norm.bias`));
    x = scope.drop(norm, durationDropout);
  }
  return reshape(linear(scope, 'duration.output', x), [batch, length]);
}

/**
 * The states of a parallel decoder: each target position takes over the memory of the source position it belongs to (the length
 * regulator of Ren et al., 2019), and a stack like the encoder's goes over all of them.
 * @param memory `[B·S, D]`
 * @param alignment int32 `[B, T]`, rows of the memory @param present `[B, T]`: 1 where there is a target position
 * @returns `[B·T, D]`
 */
export function parallelStates(scope: Scope, memory: Tensor, alignment: Tensor, present: Tensor): Tensor {
  const [batch, length] = alignment.shape as [number, number];
  const rows = gather(memory, reshape(alignment, [batch * length]) as never);
  const x = placeRows(scope, 'target', rows, batch, length, range(length));
  return encode(scope, 'decoder', x, batch, length, paddingMask(present), present);
}
