// The programs that write frames: one step of an autoregressive decoder, a whole output of a parallel one, the postnet.
import { add, div, mul, reshape, sigmoid, slice, type Tensor, vector } from '../../engine/ops.js';
import type { Program, TensorSpec } from '../../engine/types.js';
import type { KeysValues } from '../../model/attention.js';
import type { ModelConfig } from '../../model/config.js';
import { alignmentShape } from '../../model/cross-attention.js';
import { decodeStep } from '../../model/decoder.js';
import {
  frameSettings,
  logDurations,
  outputFrames,
  parallelStates,
  postnet,
  prenet,
  prenetWidth,
  stopLogits,
} from '../../model/frame-decoder.js';
import type { VocabularySizes } from '../../model/parameters.js';
import { createScope } from '../../model/scope.js';
import { encodeSource } from '../../model/transformer.js';
import { alignmentNames, CROSS_MASK, cacheSpecs, crossName, layersOf, pastName } from '../programs.js';
import { sourceSpecs, sourceTensors, speakerSpecs } from '../source-batch.js';

type Parameters = Readonly<Record<string, TensorSpec>>;

/** Which attention heads walk along the source: those that training guides. */
export interface WalkingHeads {
  /** How many of the last decoder layers, and of the first heads; 0 means all. */
  readonly layers: number;
  readonly heads: number;
}

const float = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

/** The mean of the walking heads. @param seen weights `[B, H, T, S]` of each layer @returns `[B, T, S]` */
export function meanOfHeads(seen: readonly Tensor[], { layers, heads }: WalkingHeads): Tensor {
  const chosen = layers > 0 ? seen.slice(-layers) : seen;
  const parts = chosen.map((weights) => {
    const [batch, all, length, sources] = weights.shape as [number, number, number, number];
    const count = heads > 0 ? heads : all;
    const each = Array.from({ length: count }, (_, h) => slice(weights, [0, h, 0, 0], [batch, 1, length, sources]));
    const total = each.reduce((sum, head) => add(sum, head));
    return reshape(div(total, count * chosen.length), [batch, length, sources]);
  });
  return parts.reduce((sum, part) => add(sum, part));
}

/** Where the window of the walking heads is put: 1 for those heads, 0 for the others. */
function windowOf(model: ModelConfig, { layers, heads }: WalkingHeads, window: Tensor) {
  const isWalking = Array.from({ length: model.heads }, (_, h) => (heads === 0 || h < heads ? 1 : 0));
  const first = layers === 0 ? 0 : model.decoderLayers - layers;
  // [B, H, 1, S]
  const mask = mul(window, reshape(vector(isWalking), [1, model.heads, 1, 1]));
  return (layer: number): Tensor | undefined => (layer >= first ? mask : undefined);
}

/**
 * One step of B outputs. Inputs: `frame` `[B, F]`, the last one written; `position` int32 `[1]`; `ancestry` `[B, 1, 1, C]`; `window` additive
 * `[B, 1, 1, S]`; `prenetMasks` `[B, 2·P]` where there is such dropout. Outputs: `frames` `[B, r·F]`, `stop` `[B]` (a probability) and
 * `attention` `[B, S]`, the mean of the walking heads.
 */
export function frameStep(
  model: ModelConfig,
  parameters: Parameters,
  features: number,
  walking: WalkingHeads,
): Program {
  const shape = alignmentShape<string>(model, 'B', 1, 'S');
  const names = alignmentNames(model);
  const hasMasks = frameSettings(model).prenetDropout > 0;
  return {
    name: 'frame-step',
    variables: {
      ...parameters,
      ...cacheSpecs(model, pastName, 'C'),
      ...cacheSpecs(model, crossName, 'S'),
      [CROSS_MASK]: float('B', 1, 1, 'S'),
      ...(shape ? Object.fromEntries(names.map((name) => [name, { shape, dtype: 'float32' as const }])) : {}),
    },
    inputs: {
      frame: float('B', features),
      position: { shape: [1], dtype: 'int32' },
      ancestry: float('B', 1, 1, 'C'),
      window: float('B', 1, 1, 'S'),
      ...(hasMasks ? { prenetMasks: float('B', 2 * prenetWidth(model)) } : {}),
    },
    body(variables, inputs) {
      const seen: Tensor[] = [];
      const plain = createScope(model, variables, undefined, (name, weights) => {
        if (name.endsWith('.crossAttention')) seen.push(weights);
      });
      const scope = hasMasks ? { ...plain, prenetMasks: inputs.prenetMasks as Tensor } : plain;
      const frame = inputs.frame as Tensor;
      const batch = frame.shape[0] as number;
      const caches = (name: typeof crossName): KeysValues[] =>
        layersOf(model).map((i) => ({
          key: variables[name(i, 'key')] as Tensor,
          value: variables[name(i, 'value')] as Tensor,
        }));
      const position = inputs.position as Tensor;
      const { state, present, alignments } = decodeStep(
        scope,
        prenet(scope, reshape(frame, [batch, 1, features]), position),
        {
          batch,
          beam: 1,
          position,
          past: caches(pastName),
          ancestry: inputs.ancestry as Tensor,
          cross: caches(crossName),
          crossMask: variables[CROSS_MASK] as Tensor,
          crossWindow: windowOf(model, walking, inputs.window as Tensor),
          alignments: names.map((name) => variables[name] as Tensor),
        },
      );
      const appends = Object.fromEntries(
        present.flatMap(({ key, value }, i) => [
          [pastName(i, 'key'), { value: key, axis: 2 }],
          [pastName(i, 'value'), { value, axis: 2 }],
        ]),
      );
      const weights = meanOfHeads(seen, walking);
      const outputs = {
        frames: outputFrames(scope, state),
        stop: sigmoid(stopLogits(scope, state)),
        attention: reshape(weights, [batch, weights.shape[2] as number]),
      };
      return { outputs, appends, updates: Object.fromEntries(names.map((name, i) => [name, alignments[i] as Tensor])) };
    },
  };
}

/** Variable that holds the encoded sources of a parallel decoder. */
export const MEMORY = 'decode.memory';

/** Encodes sources for a parallel decoder. Output: `logDurations` `[B, S]`. */
export function parallelEncoding(model: ModelConfig, parameters: Parameters, vocabulary: VocabularySizes): Program {
  return {
    name: 'parallel-encoding',
    variables: parameters,
    inputs: { ...sourceSpecs(vocabulary), ...speakerSpecs(vocabulary) },
    body(variables, inputs) {
      const scope = createScope(model, variables);
      const { memory, present } = encodeSource(scope, sourceTensors(inputs), inputs.speaker);
      return { outputs: { logDurations: logDurations(scope, memory, present) }, updates: { [MEMORY]: memory } };
    },
  };
}

/** Writes whole outputs. Inputs: `alignment` int32 `[B, T]`, rows of the memory, and `present` `[B, T]`. Output: `frames` `[B, T, r·F]`, before the postnet. */
export function parallelFrames(model: ModelConfig, parameters: Parameters): Program {
  return {
    name: 'parallel-frames',
    variables: { ...parameters, [MEMORY]: float('N', model.modelDim) },
    inputs: { alignment: { shape: ['B', 'T'], dtype: 'int32' }, present: float('B', 'T') },
    body(variables, inputs) {
      const scope = createScope(model, variables);
      const alignment = inputs.alignment as Tensor;
      const [batch, length] = alignment.shape as [number, number];
      const states = parallelStates(scope, variables[MEMORY] as Tensor, alignment, inputs.present as Tensor);
      const frames = outputFrames(scope, states);
      return { outputs: { frames: reshape(frames, [batch, length, frames.shape[1] as number]) } };
    },
  };
}

/** Refines whole outputs. Inputs: `frames` `[B, L, F]` and `present` `[B, L]`. Output: `frames`. */
export function postnetProgram(model: ModelConfig, parameters: Parameters, features: number): Program {
  return {
    name: 'postnet',
    variables: parameters,
    inputs: { frames: float('B', 'L', features), present: float('B', 'L') },
    body(variables, inputs) {
      const scope = createScope(model, variables);
      return { outputs: { frames: postnet(scope, inputs.frames as Tensor, inputs.present as Tensor) } };
    },
  };
}
