// Front ends for sources of frames: four feature frames become one encoder position.
import { relu } from '../engine/fused/relu.js';
import { add, concat, matMul, pad, reshape, slice, split, type Tensor } from '../engine/ops.js';
import { FRAMES_PER_POSITION, type ModelConfig } from './config.js';
import { linear } from './layers.js';
import { linearEntries, type ParameterEntry } from './parameter-entry.js';
import type { Scope } from './scope.js';

/** Height and width of a convolution's kernel. */
const KERNEL = 3;

/** A whole number of groups of four features, because the frequency axis is halved twice. */
const paddedFeatures = (features: number): number => Math.ceil(features / 4) * 4;

/**
 * Parameters of the configured front end: name, shape, initial value. A convolution's weight is the matrix `[9·C, C′]` whose
 * row `(3·i + j)·C + c` belongs to tap i in time, tap j in frequency and input channel c.
 */
export function frontEndSpecs(
  { subsampling, subsamplingChannels: channels = 0, modelDim }: ModelConfig,
  features: number,
): ParameterEntry[] {
  if (subsampling === 'stack') return linearEntries('source.projection', FRAMES_PER_POSITION * features, modelDim);
  const taps = KERNEL * KERNEL;
  return [
    ...linearEntries('source.convolution.0', taps, channels),
    ...linearEntries('source.convolution.1', taps * channels, channels),
    ...linearEntries('source.projection', (channels * paddedFeatures(features)) / 4, modelDim),
  ];
}

/**
 * The configured front end. Positions that are padding yield numbers of no meaning; no other position depends on them.
 * @param frames `[B, S, 4·F]`: four frames of F features at each position @returns `[B·S, D]`
 */
export function frontEnd(scope: Scope, frames: Tensor): Tensor {
  return scope.config.subsampling === 'stack' ? stackFrames(scope, frames) : conv2dSubsampling(scope, frames);
}

/** One linear map of the four frames of each position. @param frames `[B, S, 4·F]` @returns `[B·S, D]` */
function stackFrames(scope: Scope, frames: Tensor): Tensor {
  const [batch, length, width] = frames.shape as [number, number, number];
  return linear(scope, 'source.projection', reshape(frames, [batch * length, width]));
}

/**
 * Two convolutions and a linear map of all channels and frequencies that they leave of each position, as in ESPnet's
 * `Conv2dSubsampling` (Watanabe et al., 2018) but for the zeros before each axis (see {@link convolution}): position s sees
 * frames 4s−3 … 4s+3, which are its own four and the three before them, and never a later position.
 * @param frames `[B, S, 4·F]`; F is filled up with zeros to a multiple of 4 @returns `[B·S, D]`
 */
function conv2dSubsampling(scope: Scope, frames: Tensor): Tensor {
  const [batch, length, width] = frames.shape as [number, number, number];
  const features = width / FRAMES_PER_POSITION;
  const missing = paddedFeatures(features) - features;
  // [B, 4·S, F, 1]
  const image = reshape(frames, [batch, FRAMES_PER_POSITION * length, features, 1]);
  const whole =
    missing === 0
      ? image
      : pad(image, [
          [0, 0],
          [0, 0],
          [0, missing],
          [0, 0],
        ]);
  // [B, S, F/4, C]
  const maps = convolution(scope, 'source.convolution.1', convolution(scope, 'source.convolution.0', whole));
  const [, , bins, channels] = maps.shape as [number, number, number, number];
  return linear(scope, 'source.projection', reshape(maps, [batch * length, bins * channels]));
}

/**
 * A 3×3 convolution of stride 2 in time and frequency with a rectifier. There is one row of zeros before each axis and none
 * behind: output (t, f) sees inputs 2t−1 … 2t+1 and 2f−1 … 2f+1, so that 2n inputs give n outputs and no output depends
 * on anything behind its own two.
 *
 * It is one product of the inputs of all nine taps, side by side. With onnxruntime and 64 channels that takes half the time of
 * `Conv` and `ConvTranspose`, though more memory: 18 numbers of each input channel for each output, gradients included.
 * @param x `[B, T, F, C]`, T and F even @returns `[B, T/2, F/2, C′]`
 */
function convolution(scope: Scope, name: string, x: Tensor): Tensor {
  const [batch, time, bins, channels] = x.shape as [number, number, number, number];
  const [rows, columns] = [time / 2, bins / 2];
  // Times 2t and 2t+1, each [B, T/2, F·C]
  const [even, odd] = split(reshape(x, [batch, rows, 2 * bins * channels]), 2, 2) as [Tensor, Tensor];
  /** Frequencies 2f and 2f+1 of one time, each `[B, T/2, F/2, C]`. */
  const halves = (row: Tensor) =>
    split(reshape(row, [batch, rows, columns, 2 * channels]), 2, 3) as [first: Tensor, second: Tensor];
  const [first, second] = halves(odd);
  const taps = [[delayed(first, 1), delayed(second, 1)] as const, halves(even), [first, second] as const];
  // [B·T/2·F/2, 9·C]
  const patches = reshape(
    concat(
      taps.flatMap(([own, next]) => [delayed(next, 2), own, next]),
      3,
    ),
    [batch * rows * columns, KERNEL * KERNEL * channels],
  );
  const weight = scope.parameter(`${name}.weight`);
  const maps = relu(add(matMul(patches, weight), scope.parameter(`${name}.bias`)));
  return reshape(maps, [batch, rows, columns, weight.shape[1] as number]);
}

/** Everything one place later along an axis, with zeros first. @param x rank 4 */
function delayed(x: Tensor, axis: 1 | 2): Tensor {
  const widths = x.shape.map((_dim, i): [number, number] => [i === axis ? 1 : 0, 0]);
  return slice(pad(x, widths), [0, 0, 0, 0], x.shape);
}
