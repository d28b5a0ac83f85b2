// The programs of decoding: encoding the source into caches, and one step of all hypotheses.
import { add, logSoftmax, matMul, slice, type Tensor, topk, vector } from '../engine/ops.js';
import type { Program, TensorSpec } from '../engine/types.js';
import type { KeysValues } from '../model/attention.js';
import type { ModelConfig } from '../model/config.js';
import { embeddingMatrix } from '../model/embedding.js';
import type { VocabularySizes } from '../model/parameters.js';
import { createScope } from '../model/scope.js';
import { ctcLogits, encodeSource, incrementalStep } from '../model/transformer.js';
import { BOS, EOS, PAD } from '../text/special-tokens.js';
import { sourceSpecs, sourceTensors } from './source-batch.js';

/** Variables that hold the state of the sentences being decoded. */
const CROSS_MASK = 'decode.cross.mask';
const crossName = (layer: number, part: 'key' | 'value'): string => `decode.cross.${layer}.${part}`;
const pastName = (layer: number, part: 'key' | 'value'): string => `decode.past.${layer}.${part}`;

const layersOf = (model: ModelConfig): number[] => Array.from({ length: model.decoderLayers }, (_, i) => i);

/** Names of the self-attention caches `[B, H, C, D/H]`. */
export const pastNames = (model: ModelConfig): string[] =>
  layersOf(model).flatMap((i) => [pastName(i, 'key'), pastName(i, 'value')]);

/** Names of everything kept per sentence. */
export const sentenceNames = (model: ModelConfig): string[] => [
  ...pastNames(model),
  ...layersOf(model).flatMap((i) => [crossName(i, 'key'), crossName(i, 'value')]),
  CROSS_MASK,
];

/** Specs of the caches; `length` is their third dimension. */
function cacheSpecs(model: ModelConfig, name: typeof crossName, length: string): Record<string, TensorSpec> {
  const spec: TensorSpec = { shape: ['B', model.heads, length, model.modelDim / model.heads], dtype: 'float32' };
  return Object.fromEntries(
    layersOf(model).flatMap((i) => [
      [name(i, 'key'), spec],
      [name(i, 'value'), spec],
    ]),
  );
}

/**
 * Encodes a batch of sources and stores what cross-attention needs. Inputs as `sourceSpecs` says. Outputs nothing, or
 * the CTC head's `ctcLogProbs` `[B, S, V]`.
 */
export function encodingProgram(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabulary: VocabularySizes,
  withCtc: boolean,
): Program {
  return {
    name: 'encoding',
    variables: parameters,
    inputs: sourceSpecs(vocabulary),
    body(variables, inputs) {
      const scope = createScope(model, variables);
      const encoded = encodeSource(scope, sourceTensors(inputs));
      const updates: Record<string, Tensor> = { [CROSS_MASK]: encoded.mask };
      encoded.cross.forEach(({ key, value }, i) => {
        updates[crossName(i, 'key')] = key;
        updates[crossName(i, 'value')] = value;
      });
      return { outputs: withCtc ? { ctcLogProbs: logSoftmax(ctcLogits(scope, encoded)) } : {}, updates };
    },
  };
}

/**
 * One step of K hypotheses a sentence. Inputs: `tokens` int32 `[B, K]`, `position` int32 `[1]`, `ancestry` `[B, 1, K, C]`.
 * Outputs: `logProbs` `[B·K, top]` and `ids` int32 `[B·K, top]`, or all of `logProbs` `[B·K, V]`; and `endLogProbs` `[B·K, 1]`.
 * PAD and BOS never follow: their log-probability is -Infinity.
 */
export function decodingStep(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabularySize: number,
  beam: number,
  top: number | 'all',
): Program {
  const never = new Float32Array(vocabularySize);
  never[PAD] = Number.NEGATIVE_INFINITY;
  never[BOS] = Number.NEGATIVE_INFINITY;
  return {
    name: `decoding-step-${beam}-${top}`,
    variables: {
      ...parameters,
      ...cacheSpecs(model, pastName, 'C'),
      ...cacheSpecs(model, crossName, 'S'),
      [CROSS_MASK]: { shape: ['B', 1, 1, 'S'], dtype: 'float32' },
    },
    inputs: {
      tokens: { shape: ['B', beam], dtype: 'int32' },
      position: { shape: [1], dtype: 'int32' },
      ancestry: { shape: ['B', 1, beam, 'C'], dtype: 'float32' },
    },
    body(variables, inputs) {
      const tokens = inputs.tokens as Tensor;
      const scope = createScope(model, variables);
      const caches = (name: typeof crossName): KeysValues[] =>
        layersOf(model).map((i) => ({
          key: variables[name(i, 'key')] as Tensor,
          value: variables[name(i, 'value')] as Tensor,
        }));
      const { state, present } = incrementalStep(scope, tokens, {
        batch: tokens.shape[0] as number,
        beam,
        position: inputs.position as Tensor,
        past: caches(pastName),
        ancestry: inputs.ancestry as Tensor,
        cross: caches(crossName),
        crossMask: variables[CROSS_MASK] as Tensor,
      });
      // [B·K, V]
      const logProbs = add(logSoftmax(matMul(state, embeddingMatrix(scope, 'output'), false, true)), vector(never));
      const appends = Object.fromEntries(
        present.flatMap(({ key, value }, i) => [
          [pastName(i, 'key'), { value: key, axis: 2 }],
          [pastName(i, 'value'), { value, axis: 2 }],
        ]),
      );
      const endLogProbs = slice(logProbs, [0, EOS], [logProbs.shape[0] as number, 1]);
      if (top === 'all') return { outputs: { logProbs, endLogProbs }, appends };
      const best = topk(logProbs, top, true);
      return { outputs: { logProbs: best.values, ids: best.indices, endLogProbs }, appends };
    },
  };
}
